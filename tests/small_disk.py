"""A data folder on a real disk of a few megabytes, in a process of its own. Asserts nothing.

The disk is a tmpfs that only the process sees (Linux, `unshare`). The process takes steps, one a line of
JSON: {"leave": bytes} fills the disk up but for so many bytes, null frees it again; {"ingest": [...]} and
{"rag": [...]} are the command lines; {"submit": [paths]}, {"resume": true} do a job to its end or rest;
{"counts": true} tells what table and catalog hold.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import shutil
import subprocess
import sys
import traceback
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
PATIENCE = 240.0
MOUNT = 'mount -t tmpfs -o size="$0" askance-test "$1" && shift && exec "$@"'


def on_small_disk(folder: Path, megabytes: int, steps: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Take the steps with `folder` as such a disk; what came of each. Skips where there can be none."""
    folder.mkdir(exist_ok=True)
    if (
        shutil.which("unshare") is None
        or subprocess.run(
            ["unshare", "-rm", "sh", "-c", MOUNT, "1m", str(folder), "true"], capture_output=True, check=False
        ).returncode
    ):
        pytest.skip("this machine does not let a test mount a small disk of its own (unshare -rm, tmpfs)")
    own = [sys.executable, __file__, str(folder)]
    done = subprocess.run(
        ["unshare", "-rm", "sh", "-c", MOUNT, f"{megabytes}m", str(folder), *own],
        input=json.dumps(steps),
        env=os.environ | {"ASKANCE_DATA_DIR": str(folder / "data"), "ASKANCE_EMBEDDING_MODEL": "hash"},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: list[dict[str, Any]] = json.loads(done.stdout.splitlines()[-1])
    return found


class _Steps:
    """The other side: what the process does."""

    def __init__(self, folder: Path) -> None:
        import ingest.pipeline

        # Small commits, so that some documents are in before the disk is full.
        ingest.pipeline.COMMIT_CHUNKS = ingest.pipeline.POOL_CHUNKS = 4
        self._folder = folder
        self._filler = folder / "filler"
        self._job: Any = None

    def take(self, step: dict[str, Any]) -> dict[str, Any]:
        [(what, given)] = step.items()
        result: dict[str, Any] = getattr(self, f"do_{what}")(given)
        return result

    def do_leave(self, room: int | None) -> dict[str, Any]:
        self._filler.unlink(missing_ok=True)
        state = os.statvfs(self._folder)
        free = state.f_bavail * state.f_frsize
        if room is not None:
            with self._filler.open("wb") as stream:
                stream.write(bytes(max(free - room, 0)))
        return {}

    def do_ingest(self, arguments: list[str]) -> dict[str, Any]:
        from ingest.__main__ import main

        return _called(main, arguments)

    def do_rag(self, arguments: list[str]) -> dict[str, Any]:
        from rag.__main__ import main

        return _called(main, arguments)

    def do_submit(self, paths: list[str]) -> dict[str, Any]:
        from ingest.given import given_path

        self._job = self._jobs().submit("default", [given_path(Path(path)) for path in paths], label="job")
        return self._ended()

    def do_resume(self, _given: bool) -> dict[str, Any]:
        self._jobs().resume(self._job)
        return self._ended()

    def do_counts(self, _given: bool) -> dict[str, Any]:
        from rag.settings import load_settings
        from rag.workspace import open_workspace

        workspace = open_workspace(load_settings())
        records = workspace.catalog.documents("default")
        return {
            "table": workspace.table("default").chunk_counts(),
            "catalog": {record.document_id: record.chunks for record in records if record.status == "ready"},
            "names": sorted(record.name for record in records),
        }

    def _ended(self) -> dict[str, Any]:
        jobs = self._jobs()
        assert jobs.wait(self._job, PATIENCE / 2), "the job neither ends nor rests"
        job = jobs.get(self._job.id)
        return {"state": job.state, "error": job.error, "counts": job.counts, "left_out": job.left_out}

    def _jobs(self) -> Any:
        from ingest.jobs import Jobs
        from ingest.worker import ensure_worker
        from rag.settings import load_settings
        from rag.workspace import open_workspace

        return Jobs(open_workspace(load_settings()), wake=ensure_worker)


def _called(main: Any, arguments: list[str]) -> dict[str, Any]:
    out, err = io.StringIO(), io.StringIO()
    status: Any
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            status = main(arguments)
        except BaseException:  # noqa: BLE001
            # What a shell would show.
            status = traceback.format_exc()
    return {"status": status, "out": out.getvalue(), "err": err.getvalue()}


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    own = _Steps(Path(sys.argv[1]))
    outcomes = [own.take(each) for each in json.load(sys.stdin)]
    sys.stdout.write(f"\n{json.dumps(outcomes)}\n")
    sys.stdout.flush()
    # Threads of the libraries may not hold up the test.
    os._exit(0)
