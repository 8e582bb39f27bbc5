"""The entry point: `python app.py [--port PORT]`, or `streamlit run app.py`.

It serves the pages and the HTTP routes, warms the models and does ingestion jobs in the background. It
never waits for them: the first page paints before any model is loaded.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import logging
import socket
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from typing import Any

import streamlit as st

import rag  # noqa: F401  (switches telemetry off before Streamlit loads)
from api import routes
from ingest.worker import start_worker, stop_workers
from rag.errors import AskanceError
from rag.folder_lease import in_use
from rag.maintenance import Maintenance, Schedule
from rag.settings import load_settings

logger = logging.getLogger("askance")
ADDRESS = "127.0.0.1"
#: How long a job under way may take to stop with the app.
SECONDS_TO_STOP = 5.0


@asynccontextmanager
async def lifespan(application: Any) -> AsyncIterator[dict[str, Any]]:
    """Warm the models, go on with waiting jobs and keep the tables tidy while the server answers."""
    threading.Thread(target=_warm, name="warm-up", daemon=True).start()
    _start_worker()
    schedule = Schedule(_maintenance, _tidy_originals)
    schedule.start()
    try:
        with _in_use():
            yield {}
    finally:
        await asyncio.to_thread(schedule.stop)
        # A job that does not stop in time is taken over by whoever starts next.
        await asyncio.to_thread(stop_workers, SECONDS_TO_STOP)


def _start_worker() -> None:
    from rag.workspace import open_workspace

    try:
        start_worker(load_settings().data_dir, lambda: open_workspace(load_settings()))
    except AskanceError as error:
        logger.warning("%s", error)


def _maintenance() -> Maintenance:
    from rag.workspace import open_workspace

    workspace = open_workspace(load_settings())
    return Maintenance(workspace.store, workspace.settings.data_dir)


def _tidy_originals() -> None:
    from rag.needed_blobs import remove_stray
    from rag.workspace import open_workspace

    remove_stray(open_workspace(load_settings()))


@contextmanager
def _in_use() -> Iterator[None]:
    """Let others see that an app runs on the data folder, so that no restore exchanges it meanwhile."""
    with ExitStack() as held:
        try:
            held.enter_context(in_use(load_settings().data_dir))
        except AskanceError as error:
            logger.warning("%s", error)
        yield


def _warm() -> None:
    from rag.workspace import open_workspace

    try:
        workspace = open_workspace(load_settings())
        workspace.history.recover()
        workspace.store.embedder.embed(["warm"], query=True)
    except AskanceError as error:
        logger.warning("%s", error)
    # Half a million objects of the libraries stay for good. Each look through them for garbage stops
    # every page and every answer under way.
    gc.collect()
    gc.freeze()


def main() -> int:
    """Start the server; returns the exit status."""
    parser = argparse.ArgumentParser(description="Start Askance.")
    parser.add_argument("--port", type=int, default=8501)
    options = parser.parse_args()
    try:
        settings = load_settings()
    except AskanceError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    if not 1 <= options.port <= 65535:
        sys.stderr.write(
            f"Port {options.port} is not between 1 and 65535. Choose another: make run PORT=8502\n"
        )
        return 1
    if _is_taken(options.port):
        sys.stderr.write(
            f"Port {options.port} on {ADDRESS} is in use, perhaps by Askance itself. "
            f"Open http://{ADDRESS}:{options.port} or choose another port: make run PORT={options.port + 1}\n"
        )
        return 1
    sys.stdout.write(
        f"Askance: http://{ADDRESS}:{options.port}  (documents in {settings.data_dir}; stop with Ctrl+C)\n"
    )
    sys.stdout.flush()
    app.run(config={"server.port": options.port})
    return 0


def _is_taken(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((ADDRESS, port))
        except OSError:
            return True
    return False


app = st.App("pages/main.py", lifespan=lifespan, routes=routes)

if __name__ == "__main__":
    sys.exit(main())
