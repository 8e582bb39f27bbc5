"""What is opened beside a page: passages to leaf through, one of them shown. Plain data."""

from __future__ import annotations

from dataclasses import dataclass, replace

from rag.types import Citation

#: Widths of a page that can be chosen, in hundredths of what fits the panel.
ZOOMS = (50, 75, 100, 150, 200, 300)


@dataclass(frozen=True)
class Opened:
    """Passages of a collection, or of those that they name, and the one shown.

    `page` is set while another page than its own is shown. `kind` names them on the panel: citation or
    passage. `zoom` is one of ZOOMS.
    """

    collection: str
    passages: tuple[Citation, ...]
    index: int = 0
    page: int | None = None
    kind: str = "citation"
    zoom: int = 100

    @property
    def where(self) -> str:
        """The collection of the passage shown."""
        return self.passage.collection or self.collection

    @property
    def passage(self) -> Citation:
        """The passage shown."""
        return self.passages[self.index]

    def moved(self, step: int) -> Opened:
        """The passage `step` further on, on its own page; the last and the first are the ends."""
        return replace(self, index=min(max(self.index + step, 0), len(self.passages) - 1), page=None)

    def at_page(self, page: int) -> Opened:
        """The same passage while looking at another page."""
        return replace(self, page=page)

    def zoomed(self, step: int) -> Opened:
        """The same place, `step` zooms larger or smaller; the largest and the smallest are the ends."""
        place = min(max(ZOOMS.index(self.zoom) + step, 0), len(ZOOMS) - 1)
        return replace(self, zoom=ZOOMS[place])

    def fitted(self) -> Opened:
        """The same place, as wide as the panel."""
        return replace(self, zoom=100)
