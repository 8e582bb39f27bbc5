"""The commands of python -m rag that look after the data folder rather than its contents.

optimize, backup, restore, versions, tag, untag and restore-version. They only call what does the work
and say what came of it.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rag.backup import back_up
from rag.backup_file import Manifest, as_dict
from rag.kept_ledger import KeptVersion
from rag.kept_versions import (
    forget_version,
    keep_version,
    kept_versions,
    restore_version,
)
from rag.maintenance import Maintenance, UpkeepRun
from rag.needed_blobs import remove_stray
from rag.restore import restore
from rag.settings import Settings
from rag.table_upkeep import TableHealth
from rag.workspace import open_workspace

_NAMES_SHOWN = 20


def add_upkeep_commands(commands: Any) -> None:
    """Add the commands to a parser's subparsers; each sets `run(options, settings) -> dict`."""
    output = argparse.ArgumentParser(add_help=False)
    output.add_argument("--json", action="store_true", help="print JSON alone on standard output")
    one = argparse.ArgumentParser(add_help=False, parents=[output])
    one.add_argument("--collection", default="default", help="the collection it is about")

    optimize = commands.add_parser("optimize", parents=[output], help="tidy the tables: smaller and faster")
    optimize.add_argument("--collection", help="only this collection")
    optimize.set_defaults(run=_optimize)

    backup = commands.add_parser("backup", parents=[output], help="save the data folder in one .tar file")
    backup.add_argument("file", type=Path)
    backup.add_argument("--with-secrets", action="store_true", help="include keys of servers; keep it safe")
    backup.set_defaults(run=_backup)

    back = commands.add_parser("restore", parents=[output], help="bring a backup back")
    back.add_argument("file", type=Path)
    back.add_argument("--force", action="store_true", help="move what is in the data folder aside first")
    back.set_defaults(run=_restore)

    versions = commands.add_parser("versions", parents=[one], help="versions kept of a collection")
    versions.set_defaults(run=_versions)
    for name, run, help_text in (
        ("tag", _tag, "keep the present version of a collection under a name"),
        ("untag", _untag, "let go of a kept version"),
        ("restore-version", _restore_version, "bring a collection back to a kept version"),
    ):
        named = commands.add_parser(name, parents=[one], help=help_text)
        named.add_argument("name")
        named.set_defaults(run=run)


def _optimize(options: argparse.Namespace, settings: Settings) -> dict[str, Any]:
    workspace = open_workspace(settings)
    wanted = None if options.collection is None else [options.collection]
    runs = Maintenance(workspace.store, settings.data_dir).run(wanted)
    for run in runs:
        _tell(options, _run_text(run))
        if run.failure:
            sys.stderr.write(f"{run.failure}\n")
    if not runs:
        _tell(options, "There are no collections yet.")
    removed = remove_stray(workspace)
    if removed:
        _tell(options, f"{removed} originals that nothing needs were removed.")
    return {"collections": [asdict(run) for run in runs], "originals_removed": removed}


def _run_text(run: UpkeepRun) -> str:
    found = f"; vector index finds {run.vectors.recall:.1%} of the nearest" if run.vectors.indexed else ""
    change = f"{_health_text(run.before)} -> {_health_text(run.after)}"
    return f"{run.collection}: {change} in {run.seconds:.1f} s{found}"


def _health_text(health: TableHealth) -> str:
    return (
        f"{health.fragments} fragments, {health.versions} versions, {health.unindexed_rows} rows unindexed, "
        f"{health.size / 1e6:.1f} MB"
    )


def _backup(options: argparse.Namespace, settings: Settings) -> dict[str, Any]:
    manifest = back_up(settings.data_dir, options.file, with_secrets=options.with_secrets)
    _tell(options, f"{options.file} holds {_manifest_text(manifest)}. It was read back and is whole.")
    _warn(manifest)
    return {"file": str(options.file), **as_dict(manifest)}


def _restore(options: argparse.Namespace, settings: Settings) -> dict[str, Any]:
    done = restore(options.file, settings.data_dir, force=options.force)
    _tell(options, f"{done.folder} holds {_manifest_text(done.manifest)} again.")
    if done.aside:
        _tell(options, f"What was there before is in {done.aside}; remove it when you no longer need it.")
    _warn(done.manifest)
    aside = str(done.aside) if done.aside else None
    return {"folder": str(done.folder), "aside": aside, **as_dict(done.manifest)}


def _manifest_text(manifest: Manifest) -> str:
    listed = sum(own.listed for own in manifest.collections.values())
    passages = sum(own.passages for own in manifest.collections.values())
    return (
        f"{len(manifest.collections)} collections with {listed} documents and {passages} passages, "
        f"and {manifest.conversations} conversations ({manifest.bytes / 1e6:.1f} MB)"
    )


def _warn(manifest: Manifest) -> None:
    astray = sum(own.astray for own in manifest.collections.values())
    if astray:
        sys.stderr.write(
            f"{astray} documents are in the tables and not in the list of documents, or the other way round. "
            "Rows that another program added count here too.\n"
        )
    if manifest.missing:
        sys.stderr.write(
            f"The original files of {len(manifest.missing)} documents were not there. "
            "Their passages are; add those files again to open their pages.\n"
        )


def _versions(options: argparse.Namespace, settings: Settings) -> dict[str, Any]:
    table = open_workspace(settings).table(options.collection)
    kept = kept_versions(table)
    for own in kept:
        _tell(options, _version_text(own))
    if not kept:
        _tell(options, "No version is kept. Keep the present one with: python -m rag tag NAME")
    return {
        "collection": options.collection,
        "present": table.version,
        "kept": [_version_as_dict(own) for own in kept],
    }


def _tag(options: argparse.Namespace, settings: Settings) -> dict[str, Any]:
    kept = keep_version(open_workspace(settings), options.collection, options.name)
    _tell(options, f"Kept {_version_text(kept)}")
    return {"collection": options.collection, **_version_as_dict(kept)}


def _untag(options: argparse.Namespace, settings: Settings) -> dict[str, Any]:
    forget_version(open_workspace(settings), options.collection, options.name)
    _tell(options, f"{options.name} is no longer kept.")
    return {"collection": options.collection, "name": options.name}


def _restore_version(options: argparse.Namespace, settings: Settings) -> dict[str, Any]:
    done = restore_version(open_workspace(settings), options.collection, options.name)
    _tell(options, f"{options.collection} is as it was in {_version_text(done.version)}")
    for what, names in (("Left", done.left), ("Back again", done.returned), ("Changed", done.changed)):
        if names:
            shown = ", ".join(names[:_NAMES_SHOWN])
            more = f" and {len(names) - _NAMES_SHOWN} more" if len(names) > _NAMES_SHOWN else ""
            _tell(options, f"{what}: {shown}{more}")
    command = f"python -m rag restore-version {done.undo} --collection {options.collection}"
    _tell(options, f"To undo it: {command}")
    return {
        "collection": options.collection,
        "version": _version_as_dict(done.version),
        "left": list(done.left),
        "returned": list(done.returned),
        "changed": list(done.changed),
        "undo": done.undo,
    }


def _version_text(kept: KeptVersion) -> str:
    moment = f"{kept.kept_at:%Y-%m-%d %H:%M} UTC"
    return f"{kept.name}: {kept.documents} documents, {kept.passages} passages, kept {moment}"


def _version_as_dict(kept: KeptVersion) -> dict[str, Any]:
    return asdict(kept) | {"kept_at": kept.kept_at.isoformat(timespec="seconds")}


def _tell(options: argparse.Namespace, text: str) -> None:
    if not options.json:
        sys.stdout.write(f"{text}\n")
