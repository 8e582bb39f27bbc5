"""Nothing tries to leave this machine: documents in, search, answer and evaluation, watched from two sides.

Python's own attempts are recorded by an audit hook, whatever library makes them. Those of native code
are counted by the kernel, where this system lets us have an empty network of our own.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import pytest

from rag.privacy import SILENCED
from tests.corpus import TEXTS

ROOT = Path(__file__).parents[1]
OWN_NETWORK = ("unshare", "--map-root-user", "--net")

#: Loaded by every Python process that has its folder in PYTHONPATH, before anything else.
WATCH = """
import os, sys

def watch(event, arguments):
    if event.startswith("socket.") and event.split(".")[1] in (
        "connect", "getaddrinfo", "gethostbyname", "gethostbyaddr", "getnameinfo", "sendto", "sendmsg"
    ):
        family = getattr(arguments[0], "family", None)
        if family is None or family.name != "AF_UNIX":
            with open(os.environ["ATTEMPTS"], "a") as stream:
                stream.write(f"{event} {arguments[1:] if family else arguments}\\n")
            if os.environ["REFUSE"]:
                raise OSError("nothing leaves this machine")

sys.addaudithook(watch)
"""

#: Runs modules as `python -m` does, one after the other, so that the model is loaded once.
IN_TURN = """
import contextlib, io, json, os, runpy, sys

printed = []
for command in json.loads(sys.argv[1]):
    sys.argv = command
    output = io.StringIO()
    try:
        with contextlib.redirect_stdout(output):
            runpy.run_module(command[0], run_name="__main__", alter_sys=True)
    except SystemExit as leaving:
        assert not leaving.code, (command, leaving.code)
    printed.append(output.getvalue())
print(json.dumps({"printed": printed, "environment": dict(os.environ)}))
"""


@dataclass(frozen=True)
class Watched:
    """What a process printed, and the attempts that were seen; `packets` is None where none are counted."""

    output: str
    attempts: tuple[str, ...]
    packets: int | None


@lru_cache(maxsize=1)
def has_own_network() -> bool:
    if shutil.which("unshare") is None:
        return False
    done = subprocess.run([*OWN_NETWORK, "true"], capture_output=True, check=False)
    return done.returncode == 0


def watched(code: str, *arguments: str, folder: Path, fails: bool = False) -> Watched:
    """Run Python code with a home of its own and no way out, and watch it."""
    watch = folder / "watch"
    watch.mkdir(parents=True)
    (watch / "sitecustomize.py").write_text(WATCH)
    recorded = folder / "attempts.txt"
    recorded.touch()
    kept = {name: value for name, value in os.environ.items() if name not in SILENCED}
    environment = kept | {
        "ASKANCE_DATA_DIR": str(folder / "data"),
        "ATTEMPTS": str(recorded),
        "REFUSE": "" if has_own_network() else "yes",
        "HOME": str(folder),
        "PYTHONPATH": f"{watch}{os.pathsep}{ROOT}",
        "PYTHONWARNINGS": "default",
    }
    command = [sys.executable, "-c", code, *arguments]
    counters = folder / "counters.txt"
    if has_own_network():
        shell = f'"$@"; status=$?; cat /proc/net/snmp > "{counters}"; exit $status'
        command = [*OWN_NETWORK, "sh", "-c", shell, "sh", *command]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert fails or done.returncode == 0, done.stderr
    packets = packets_in(counters.read_text()) if counters.exists() else None
    return Watched(done.stdout, tuple(recorded.read_text().splitlines()), packets)


def packets_in(counters: str) -> int:
    """Packets that were sent, or that would have been had there been a way."""
    names, values = (line.split() for line in counters.splitlines() if line.startswith("Ip:"))
    found = dict(zip(names, values, strict=True))
    return int(found["OutRequests"]) + int(found["OutNoRoutes"])


@pytest.mark.parametrize(
    "attempt",
    [
        "import socket; socket.create_connection(('192.0.2.1', 80), timeout=0.2)",
        "import socket; socket.getaddrinfo('example.org', 443)",
        "import urllib.request; urllib.request.urlopen('http://192.0.2.1/', timeout=0.2)",
    ],
)
def test_the_watch_sees_what_tries_to_leave(attempt: str, tmp_path: Path) -> None:
    seen = watched(attempt, folder=tmp_path, fails=True)
    assert seen.attempts
    if has_own_network() and "192.0.2.1" in attempt:
        assert seen.packets


def test_ingest_search_ask_and_evaluate_stay_on_this_machine(tmp_path: Path) -> None:
    documents = tmp_path / "documents"
    for name, text in TEXTS.items():
        (documents / name).parent.mkdir(parents=True, exist_ok=True)
        (documents / name).write_text(text)
    questions = tmp_path / "questions.jsonl"
    questions.write_text(json.dumps({"question": "Who grafted the trees?", "document": "orchard.html"}))
    commands: Sequence[Sequence[str]] = [
        ["ingest", str(documents), "--json"],
        ["rag", "search", "safety device of the boiler", "--json"],
        ["rag", "search", "valve", "--reranker", "cross-encoder", "--json"],
        ["rag", "ask", "At what pressure does the relief valve of boiler 7 open?", "--json"],
        ["rag", "evaluate", str(questions), "--json"],
    ]
    seen = watched(IN_TURN, json.dumps(commands), folder=tmp_path / "home")
    found = json.loads(seen.output)
    ingested, search, fallen_back, answer, evaluation = found["printed"]
    assert [json.loads(line)["status"] for line in ingested.splitlines()] == ["added"] * len(TEXTS)
    assert json.loads(search)["hits"][0]["document"] == "boiler.md"
    # A model that is not here is done without: nobody is asked for it.
    assert "not on this machine" in json.loads(fallen_back)["notes"][0]
    assert "8.8 bar" in json.loads(answer)["answer"]
    assert json.loads(evaluation)["variants"][0]["hit@1"] == 1
    assert seen.attempts == ()
    assert not seen.packets
    assert found["environment"].items() >= SILENCED.items()


def test_streamlit_gathers_no_usage_statistics() -> None:
    configured = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text())
    assert configured["browser"]["gatherUsageStats"] is False
