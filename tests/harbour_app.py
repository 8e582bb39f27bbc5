"""The running app with the harbour document in it, and a model server that says given replies, if any."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from documents import pdf_with_text
from model_servers import start_openai_server
from running_app import ROOT, running_app
from served_models import ModelServer
from test_journey import PAGES


def write_harbour(folder: Path) -> Path:
    """The document, written into a folder."""
    file = folder / "harbour.pdf"
    file.write_bytes(pdf_with_text(PAGES))
    return file


def add(file: Path) -> None:
    """Put a file into the data folder of this test by the command line."""
    subprocess.run([sys.executable, "-m", "ingest", str(file)], cwd=ROOT, env=os.environ, check=True)


@contextmanager
def harbour_app(folder: Path, **environment: str) -> Iterator[str]:
    """The address of the app with the document; it answers with quotes."""
    add(write_harbour(folder))
    with running_app(folder / "app.log", **environment) as address:
        yield address


@contextmanager
def answered_app(
    folder: Path, replies: Sequence[str], **environment: str
) -> Iterator[tuple[str, ModelServer]]:
    """The address of the app with the document, and the server whose model says the replies in turn."""
    with ExitStack() as stack:
        server = stack.enter_context(start_openai_server(list(replies)))
        address = stack.enter_context(
            harbour_app(
                folder,
                ASKANCE_ANSWER_MODEL="openai",
                ASKANCE_OPENAI_BASE_URL=server.base_url,
                ASKANCE_OPENAI_MODEL=server.models[0],
                **environment,
            )
        )
        yield address, server
