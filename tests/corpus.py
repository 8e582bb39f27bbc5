"""A few short texts in a collection, for tests that search and answer."""

from __future__ import annotations

from ingest.pipeline import Pipeline
from ingest.sources import bytes_source
from rag.workspace import Workspace

TEXTS = {
    "boiler.md": (
        "# Boiler room\n\n## Valves\n\nThe relief valve of boiler 7 opens at 8.8 bar. Ines Marchetti tested "
        "it in March 2024.\n\n## Pumps\n\nPump P-118B feeds the east wing and draws 3.2 kW.\n"
    ),
    "staff/leave.txt": (
        "Parental leave lasts 26 weeks. Requests go to the personnel office eight weeks before it begins."
    ),
    "orchard.html": (
        "<html><head><title>Orchard</title></head><body><h1>Orchard</h1><p>The Bramley trees were grafted in "
        "1931 by Tomas Okoye.</p><script>alert(1)</script></body></html>"
    ),
    "hostile.md": (
        "# <img src=x onerror=alert(1)>\n\n[click](javascript:alert(1)) ![x](http://192.0.2.1/x.png) ends.\n"
    ),
}


def fill(workspace: Workspace, texts: dict[str, str] | None = None, collection: str = "default") -> None:
    """Put the texts into a collection; every one must arrive."""
    pipeline = Pipeline(collection, workspace)
    sources = [
        source
        for name, text in (texts or TEXTS).items()
        for source in bytes_source(name, text.encode(), workspace.settings.ingest)
    ]
    results = list(pipeline.run(sources))
    assert {result.status for result in results} == {"added"}
