"""The app as a process of its own, and a real browser that looks at it.

The browser notes every request that leaves this machine; leaving the context fails the test if there was one.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

import pytest

ROOT = Path(__file__).parents[1]
#: Without the last ones Chromium itself looks up its maker's hosts.
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
#: Seconds for what a busy machine may take long for; what is there sooner is not waited for.
PATIENCE = 240
#: Milliseconds without a run after which none follows at once.
QUIET = 250
OURS = ("http://127.0.0.1:", "ws://127.0.0.1:", "data:", "blob:", "about:")


def chromium() -> str:
    """The Chromium of this machine; skips the test without one, or fails where one is required."""
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if found is None:
        reason = "no Chromium here; install it with: sudo apt-get install chromium"
        if os.environ.get("TEST_REQUIRE_BROWSER"):
            pytest.fail(reason)
        pytest.skip(reason)
    return found


@contextmanager
def running_app(log: Path, **environment: str) -> Iterator[str]:
    """The address of the app, started over the test's data folder; what it says goes to `log`."""
    server, address = started_app(log, **environment)
    try:
        yield address
    finally:
        end(server)


def end(server: subprocess.Popen[bytes]) -> None:
    """Ask the app to end; one that does not is killed, and fails the test."""
    server.terminate()
    try:
        server.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait(PATIENCE)
        raise


def started_app(log: Path, script: str = "app.py", **environment: str) -> tuple[subprocess.Popen[bytes], str]:
    """The app's process, ready to be asked, and its address; whoever starts it ends it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with log.open("wb") as output:
        server = subprocess.Popen(
            [sys.executable, script, "--port", str(port)],
            cwd=ROOT,
            env=os.environ | environment,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        _wait_for(f"http://127.0.0.1:{port}/healthz", server, log)
    except BaseException:
        server.kill()
        server.wait(PATIENCE)
        raise
    return server, f"http://127.0.0.1:{port}"


@contextmanager
def browser_page(**options: Any) -> Iterator[Any]:
    """A page of a fresh browser; smuggled scripts and requests to other machines fail the test."""
    executable = chromium()
    from playwright.sync_api import sync_playwright

    foreign: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=ARGUMENTS)
        page = browser.new_page(**({"viewport": {"width": 1400, "height": 900}} | options))
        page.set_default_timeout(PATIENCE * 1000)
        page.on("request", lambda request: foreign.append(request.url))
        page.on("dialog", lambda dialog: pytest.fail(f"a script ran: {dialog.message}"))
        try:
            yield page
        except Exception as error:
            error.add_note(_looks(page))
            raise
        browser.close()
    assert [address for address in foreign if not address.startswith(OURS)] == []


def settled(page: Any) -> None:
    """Wait until the page's script has run to its end, and no other run of it follows at once.

    What a click brings is to be waited for by itself: before its run begins, the page is settled, too.
    """
    page.evaluate("() => { window.quietSince = null; }")
    page.wait_for_function(
        """(quiet) => {
          const state = document.querySelector('[data-testid="stApp"]')?.dataset.testScriptState;
          window.quietSince = state === 'notRunning' ? (window.quietSince ?? performance.now()) : null;
          return window.quietSince !== null && performance.now() - window.quietSince >= quiet;
        }""",
        arg=QUIET,
    )


def counted(located: Any, count: int) -> Any:
    """The elements found, once there are so many and no more."""
    from playwright.sync_api import expect

    expect(located).to_have_count(count, timeout=PATIENCE * 1000)
    return located


def _looks(page: Any) -> str:
    """What the page shows when a test of it fails."""
    screenshot(page, "failed")
    state = page.evaluate(
        "() => document.querySelector('[data-testid=\"stApp\"]')?.getAttribute('data-test-script-state')"
    )
    return f"{page.url} ({state}) shows:\n{page.locator('body').inner_text(timeout=5_000)}"


def screenshot(page: Any, name: str) -> None:
    """Keep a picture where TEST_SCREENSHOTS names a folder, for people to look at."""
    folder = os.environ.get("TEST_SCREENSHOTS")
    if folder:
        Path(folder).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=Path(folder) / f"{name}.png")


def _wait_for(address: str, server: subprocess.Popen[bytes], log: Path) -> None:
    pause = threading.Event()
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        assert server.poll() is None, log.read_text(errors="replace")
        try:
            with urlopen(address, timeout=5):  # noqa: S310
                return
        except (URLError, OSError):
            pause.wait(0.1)
    pytest.fail(f"the app did not answer: {log.read_text(errors='replace')}")
