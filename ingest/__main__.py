"""The command line for putting documents in: python -m ingest PATH... [--collection C] [--json].

A line a file on standard output (with --json, an object a file); progress on standard error.
Exit status: 0 all added, updated or unchanged; 1 some empty or failed; 2 wrong usage.
`worker`, `watch`, `jobs`, `again` as the first word are commands; a file of such a name is given as ./jobs.
"""

from __future__ import annotations

import argparse
import io
import json
import logging
import sys
from collections.abc import Sequence
from pathlib import Path

from ingest.again_command import again_command
from ingest.job_commands import jobs_command, run, watch_command, worker_command
from ingest.moved_files import folders_taken
from ingest.pipeline import Pipeline
from ingest.progress import FileResult, Progress
from ingest.sources import path_sources
from rag.errors import AskanceError
from rag.folder_lease import in_use
from rag.settings import Settings, load_settings
from rag.workspace import open_workspace

COMMANDS = {"worker": worker_command, "watch": watch_command, "jobs": jobs_command, "again": again_command}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit status."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    if given and given[0] in COMMANDS:
        return run(COMMANDS[given[0]], given[1:])
    parser = argparse.ArgumentParser(
        prog="python -m ingest",
        description="Put documents into a collection.",
        epilog="Commands beside: worker, watch FOLDER, jobs, again COLLECTION; each has its own --help.",
    )
    parser.add_argument(
        "paths", nargs="+", type=Path, metavar="PATH", help="a file, a folder or a ZIP archive"
    )
    parser.add_argument("--collection", default="default", help="the collection to add to (default: default)")
    parser.add_argument("--password", help="password of encrypted files")
    parser.add_argument("--force", action="store_true", help="read files again that have not changed")
    parser.add_argument("--json", action="store_true", help="print a JSON object a file")
    options = parser.parse_args(given)
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A console that cannot show a letter of a document shows its code.
        sys.stdout.reconfigure(errors="backslashreplace")
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(levelname)s: %(message)s")
    try:
        settings = load_settings()
        with in_use(settings.data_dir):
            return 0 if _add(options, settings) else 1
    except AskanceError as error:
        sys.stderr.write(f"{error}\n")
    except KeyboardInterrupt:
        sys.stderr.write("\nStopped. What was listed is kept; run the same command again to go on.\n")
    return 1


def _add(options: argparse.Namespace, settings: Settings) -> bool:
    """Put the files in, a line each; says whether all went well."""
    progress = Progress()
    workspace = open_workspace(settings)
    pipeline = Pipeline(options.collection, workspace)
    sources = list(path_sources(options.paths, settings.ingest, options.password))
    if not sources:
        sys.stderr.write("There are no files in what was named (hidden ones are left out).\n")
    all_well = True
    folders = folders_taken(workspace, options.collection, options.paths, sources)
    results = pipeline.run(sources, progress=progress, password=options.password, force=options.force)
    for count, result in enumerate(results, start=1):
        all_well = all_well and result.status not in ("empty", "failed")
        sys.stdout.write((json.dumps(result.as_dict()) if options.json else _line(result)) + "\n")
        sys.stdout.flush()
        if sys.stderr.isatty():
            sys.stderr.write(_status(count, len(sources), progress))
    for old, new in [each for folder in folders for each in folder.ended(progress)]:
        sys.stderr.write(f"Renamed: {old} is now {new}.\n")
    pipeline.tidy()
    return all_well


def _line(result: FileResult) -> str:
    size = f"{result.pages} pages, {result.chunks} passages" if result.chunks else ""
    return "  ".join(part for part in (f"{result.status:<9}", result.file, size, result.error or "") if part)


def _status(done: int, total: int, progress: Progress) -> str:
    left = progress.seconds_left()
    estimate = f", about {round(left)} s left" if left is not None and done < total else ""
    return f"\r{done} of {total} files, {progress.chunks_done} passages{estimate}\033[K" + (
        "\n" if done == total else ""
    )


if __name__ == "__main__":
    sys.exit(main())
