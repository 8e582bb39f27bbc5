"""Backup of a folder in use, and restoring: whole, checked, never half, and never outside its folder."""

from __future__ import annotations

import io
import json
import os
import shutil
import stat
import tarfile
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from corpus import TEXTS, fill

from rag.answer_record import settings_used
from rag.backup import back_up
from rag.backup_file import MANIFEST, check_backup
from rag.database import DATABASE_FILE, open_database
from rag.errors import BackupError, FolderBusy
from rag.folder_lease import in_use, lease
from rag.kept_versions import keep_version, kept_versions
from rag.restore import restore
from rag.settings import (
    SECRETS_FILE,
    SETTINGS_FILE,
    Settings,
    load_settings,
    save_settings,
    value_at,
    with_overrides,
    write_atomically,
)
from rag.workspace import Workspace, open_workspace

KEY = "sk-quite-secret-0123456789"


def opened(folder: Path, settings: Settings) -> Workspace:
    return open_workspace(Settings(data_dir=folder, embedding=settings.embedding))


def tree(folder: Path) -> dict[str, bytes]:
    return {
        file.relative_to(folder).as_posix(): file.read_bytes() for file in folder.rglob("*") if file.is_file()
    }


@pytest.fixture
def backup(workspace: Workspace, tmp_path: Path) -> Path:
    """A backup of a folder with a few documents and a conversation."""
    fill(workspace)
    workspace.history.start("default")
    back_up(workspace.settings.data_dir, tmp_path / "backup.tar")
    return tmp_path / "backup.tar"


def test_a_backup_made_while_documents_are_added_is_consistent(
    workspace: Workspace, settings: Settings, tmp_path: Path
) -> None:
    fill(workspace)
    stop, adding = threading.Event(), threading.Event()
    faults: list[BaseException] = []

    def add() -> None:
        number = 0
        try:
            while not stop.is_set():
                number += 1
                fill(workspace, {f"more/{number}.txt": f"Note {number} on valve V-{number}."})
                adding.set()
        except BaseException as error:  # noqa: BLE001
            faults.append(error)

    writer = threading.Thread(target=add)
    writer.start()
    try:
        assert adding.wait(30)
        manifest = back_up(settings.data_dir, tmp_path / "backup.tar")
        workspace.catalog.documents("default")
    finally:
        stop.set()
        writer.join()
    assert faults == []
    counted = manifest.collections["default"]
    assert counted.documents == counted.listed > len(TEXTS)
    assert (counted.astray, manifest.missing) == (0, ())

    done = restore(tmp_path / "backup.tar", tmp_path / "elsewhere")
    assert done.manifest == manifest
    copy = opened(tmp_path / "elsewhere", settings)
    records = copy.catalog.documents("default")
    table = copy.table("default")
    assert table.chunk_counts() == {record.document_id: record.chunks for record in records}
    assert table.count() == counted.passages
    assert table.version == counted.version
    assert all(copy.blobs.verify(record.document_id) for record in records)
    assert all(copy.blobs.get_parsed(record.document_id) for record in records)
    ours, theirs = (
        [hit.chunk.text for hit in each.table("default").text_search("relief valve boiler", 1)]
        for each in (workspace, copy)
    )
    assert ours == theirs != []
    fill(copy, {"later.txt": "The copy lives on by itself."})
    assert copy.table("default").text_search("copy", 1)[0].chunk.document == "later.txt"


def test_the_folder_is_left_as_it_was(workspace: Workspace, settings: Settings, tmp_path: Path) -> None:
    fill(workspace)
    before = {path: data for path, data in tree(settings.data_dir).items() if not path.endswith(".lock")}
    abandoned = settings.data_dir / ".backup-abandoned"
    abandoned.mkdir()
    back_up(settings.data_dir, tmp_path / "backup.tar")
    after = {path: data for path, data in tree(settings.data_dir).items() if not path.endswith(".lock")}
    kept = {path for path in before if not path.startswith(DATABASE_FILE)}
    assert {path: after[path] for path in kept} == {path: before[path] for path in kept}
    assert not abandoned.exists()
    assert [file.name for file in tmp_path.iterdir() if file.name.startswith(".")] == []


def test_a_restored_folder_is_open_to_whom_it_was(
    workspace: Workspace, settings: Settings, tmp_path: Path
) -> None:
    fill(workspace)
    back_up(settings.data_dir, tmp_path / "backup.tar")
    settings.data_dir.chmod(0o700)
    empty = tmp_path / "empty"
    empty.mkdir(mode=0o700)
    new = tmp_path / "new"
    restore(tmp_path / "backup.tar", settings.data_dir, force=True)
    restore(tmp_path / "backup.tar", empty)
    earlier = os.umask(0o027)
    try:
        restore(tmp_path / "backup.tar", new)
    finally:
        os.umask(earlier)
    modes = [stat.S_IMODE(folder.stat().st_mode) for folder in (settings.data_dir, empty, new)]
    assert modes == [0o700, 0o700, 0o750]


def test_kept_versions_come_along(workspace: Workspace, settings: Settings, tmp_path: Path) -> None:
    fill(workspace)
    keep_version(workspace, "default", "spring")
    back_up(settings.data_dir, tmp_path / "backup.tar")
    restore(tmp_path / "backup.tar", tmp_path / "elsewhere")
    (kept,) = kept_versions(opened(tmp_path / "elsewhere", settings).table("default"))
    assert (kept.name, kept.documents) == ("spring", len(TEXTS))


def test_secrets_only_when_asked_for(workspace: Workspace, settings: Settings, tmp_path: Path) -> None:
    fill(workspace)
    save_settings(settings.data_dir, {"openai.api_key": KEY, "retrieval.k": 7})
    assert not back_up(settings.data_dir, tmp_path / "open.tar").secrets
    assert KEY.encode() not in (tmp_path / "open.tar").read_bytes()
    assert back_up(settings.data_dir, tmp_path / "closed.tar", with_secrets=True).secrets
    assert (tmp_path / "closed.tar").stat().st_mode & 0o077 == 0
    for name, key in (("open", ""), ("closed", KEY)):
        restore(tmp_path / f"{name}.tar", tmp_path / name)
        found = load_settings(data_dir=tmp_path / name, environment={})
        assert (found.retrieval.k, found.openai.api_key) == (7, key)
    assert (tmp_path / "closed" / SECRETS_FILE).stat().st_mode & 0o077 == 0
    assert (tmp_path / "closed" / SETTINGS_FILE).exists()


SECRET_ADDRESSES = {
    "openai.base_url": f"https://me:{KEY}@proxy.example/v1?api-version=2024-06-01&token={KEY}",
    "ollama.host": f"me:{KEY}@127.0.0.1:11434",
    "models.fast.base_url": f"https://{KEY}@models.example/v1",
    "reranking.jina_url": f"https://rank.example/v1/rerank?key={KEY}",
}
PUBLIC_ADDRESSES = {
    "openai.base_url": "https://proxy.example/v1?api-version=2024-06-01",
    "ollama.host": "127.0.0.1:11434",
    "models.fast.base_url": "https://models.example/v1",
    "reranking.jina_url": "https://rank.example/v1/rerank",
}


@pytest.mark.parametrize("by_hand", [False, True])
def test_an_address_with_a_password_is_a_secret(
    workspace: Workspace, settings: Settings, tmp_path: Path, by_hand: bool
) -> None:
    fill(workspace)
    kept = {"models.fast.kind": "openai"} | SECRET_ADDRESSES
    if by_hand:
        write_atomically(settings.data_dir / SETTINGS_FILE, kept)
    else:
        save_settings(settings.data_dir, kept)
        assert KEY not in (settings.data_dir / SETTINGS_FILE).read_text()
    found = load_settings(data_dir=settings.data_dir, environment={})
    assert {path: value_at(found, path) for path in kept} == kept
    assert KEY not in repr(found)
    assert KEY not in repr(settings_used(with_overrides(found, {"answer.model": "fast"})))
    back_up(settings.data_dir, tmp_path / "open.tar")
    assert KEY.encode() not in (tmp_path / "open.tar").read_bytes()
    restore(tmp_path / "open.tar", tmp_path / "open")
    # Questions go to no other server than before.
    found = load_settings(data_dir=tmp_path / "open", environment={})
    assert {path: value_at(found, path) for path in PUBLIC_ADDRESSES} == PUBLIC_ADDRESSES
    back_up(settings.data_dir, tmp_path / "closed.tar", with_secrets=True)
    restore(tmp_path / "closed.tar", tmp_path / "closed")
    found = load_settings(data_dir=tmp_path / "closed", environment={})
    assert {path: value_at(found, path) for path in kept} == kept


def test_an_address_without_a_secret_takes_the_place_of_one(settings: Settings) -> None:
    save_settings(settings.data_dir, {"openai.base_url": SECRET_ADDRESSES["openai.base_url"]})
    save_settings(settings.data_dir, {"openai.base_url": "http://127.0.0.1:8000/v1"})
    found = load_settings(data_dir=settings.data_dir, environment={})
    assert found.openai.base_url == "http://127.0.0.1:8000/v1"
    assert KEY not in (settings.data_dir / SECRETS_FILE).read_text()
    save_settings(settings.data_dir, {"openai.base_url": SECRET_ADDRESSES["openai.base_url"]})
    save_settings(settings.data_dir, {"openai.base_url": None})
    found = load_settings(data_dir=settings.data_dir, environment={})
    assert found.openai.base_url == Settings().openai.base_url


def test_where_a_backup_may_not_go(workspace: Workspace, settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(BackupError, match="nothing to back up"):
        back_up(tmp_path / "nowhere", tmp_path / "backup.tar")
    with pytest.raises(BackupError, match="data folder itself"):
        back_up(settings.data_dir, settings.data_dir / "backup.tar")
    with pytest.raises(BackupError, match="does not exist"):
        back_up(settings.data_dir, tmp_path / "no" / "backup.tar")
    (tmp_path / "taken.tar").write_bytes(b"mine")
    with pytest.raises(BackupError, match="exists already"):
        back_up(settings.data_dir, tmp_path / "taken.tar")
    assert (tmp_path / "taken.tar").read_bytes() == b"mine"
    with lease(settings.data_dir, "backup"), pytest.raises(FolderBusy, match="backup"):
        back_up(settings.data_dir, tmp_path / "backup.tar")


def test_what_is_missing_or_astray_is_told(workspace: Workspace, settings: Settings, tmp_path: Path) -> None:
    fill(workspace)
    boiler, orchard = (
        workspace.catalog.resolve("default", name).document_id for name in ("boiler.md", "orchard.html")
    )
    workspace.blobs.remove(boiler)
    workspace.table("default").delete_documents([orchard])
    manifest = back_up(settings.data_dir, tmp_path / "backup.tar")
    assert manifest.missing == (boiler,)
    assert manifest.collections["default"].astray == 1
    assert restore(tmp_path / "backup.tar", tmp_path / "elsewhere").manifest == manifest


def test_a_filled_folder_is_refused_and_with_force_moved_aside(
    backup: Path, settings: Settings, workspace: Workspace
) -> None:
    fill(workspace, {"later.txt": "Added after the backup."})
    with pytest.raises(BackupError, match="not empty"):
        restore(backup, settings.data_dir)
    with in_use(settings.data_dir), pytest.raises(BackupError, match="Askance runs on"):
        restore(backup, settings.data_dir, force=True)
    assert opened(settings.data_dir, settings).table("default").count() == workspace.table("default").count()
    done = restore(backup, settings.data_dir, force=True)
    assert done.aside is not None
    assert (done.aside / DATABASE_FILE).exists()
    engine = open_database(settings.data_dir)
    from rag.catalog import Catalog

    assert {record.name for record in Catalog(engine).documents("default")} == set(TEXTS)
    names = [record.name for record in Catalog(open_database(done.aside)).documents("default")]
    assert "later.txt" in names


def test_a_disk_that_refuses_leaves_everything_as_it_was(
    backup: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = tree(settings.data_dir)
    rename = Path.rename

    def refused(self: Path, target: Path) -> Path:
        if ".restoring-" in self.name:
            raise OSError(5, "Input/output error")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", refused)
    with pytest.raises(BackupError, match="The folder is as it was"):
        restore(backup, settings.data_dir, force=True)
    after = tree(settings.data_dir)
    assert {path for path in before if path.startswith(("blobs", "tables"))} <= set(after)
    assert not list(settings.data_dir.parent.glob(f".{settings.data_dir.name}.restoring-*"))
    assert not list(settings.data_dir.parent.glob("*.before-restore-*"))


Members = list[tuple[tarfile.TarInfo, bytes]]
Change = Callable[[tarfile.TarInfo, bytes], Members]


def rewritten(backup: Path, change: Change) -> Path:
    """The backup with other members, in a new file."""
    place = backup.with_name("changed.tar")
    with tarfile.open(backup) as old, tarfile.open(place, "w") as new:
        for member in old:
            stream = old.extractfile(member)
            assert stream is not None
            for own, data in change(member, stream.read()):
                own.size = len(data) if own.isreg() else 0
                new.addfile(own, io.BytesIO(data))
    return place


def without_last_blob(member: tarfile.TarInfo, data: bytes) -> Members:
    return [] if member.name.startswith("blobs/") else [(member, data)]


def with_changed_blob(member: tarfile.TarInfo, data: bytes) -> Members:
    return [(member, data[:-1] + b"\0")] if member.name.startswith("blobs/") else [(member, data)]


def without_manifest(member: tarfile.TarInfo, data: bytes) -> Members:
    return [] if member.name == MANIFEST else [(member, data)]


def with_wrong_counts(member: tarfile.TarInfo, data: bytes) -> Members:
    if member.name == MANIFEST:
        manifest = json.loads(data)
        manifest["collections"]["default"]["passages"] += 1
        data = json.dumps(manifest).encode()
    return [(member, data)]


def adding(name: str, kind: bytes = tarfile.REGTYPE, target: str = "") -> Change:
    def change(member: tarfile.TarInfo, data: bytes) -> Members:
        if member.name != MANIFEST:
            return [(member, data)]
        extra = tarfile.TarInfo(name)
        extra.type, extra.linkname = kind, target
        return [(extra, b"evil"), (member, data)]

    return change


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(without_last_blob, id="a file is missing"),
        pytest.param(with_changed_blob, id="a byte is changed"),
        pytest.param(without_manifest, id="no manifest"),
        pytest.param(with_wrong_counts, id="wrong counts"),
        pytest.param(adding("extra.txt"), id="a file too many"),
        pytest.param(adding("../outside.txt"), id="leaves the folder"),
        pytest.param(adding("blobs/../../outside.txt"), id="leaves it from inside"),
        pytest.param(adding("/tmp/outside.txt"), id="absolute"),  # noqa: S108
        pytest.param(adding("C:\\outside.txt"), id="absolute on Windows"),
        pytest.param(adding("link", tarfile.SYMTYPE, "/etc/passwd"), id="a symbolic link"),
        pytest.param(adding("hard", tarfile.LNKTYPE, DATABASE_FILE), id="a hard link"),
        pytest.param(adding("pipe", tarfile.FIFOTYPE), id="a pipe"),
        pytest.param(adding(DATABASE_FILE), id="a path twice"),
    ],
)
def test_a_damaged_or_hostile_backup_restores_nothing(backup: Path, tmp_path: Path, change: Change) -> None:
    changed = rewritten(backup, change)
    there = sorted(tmp_path.iterdir())
    with pytest.raises(BackupError, match=r"another backup"):
        restore(changed, tmp_path / "elsewhere")
    assert sorted(tmp_path.iterdir()) == there


@pytest.mark.parametrize("share", [0.0, 0.3, 0.9])
def test_a_backup_that_was_cut_off_is_none(backup: Path, tmp_path: Path, share: float) -> None:
    data = backup.read_bytes()
    cut = tmp_path / "cut.tar"
    cut.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(BackupError):
        check_backup(cut)
    with pytest.raises(BackupError):
        restore(cut, tmp_path / "elsewhere")
    assert not (tmp_path / "elsewhere").exists()


def test_a_file_that_is_no_backup(tmp_path: Path) -> None:
    (tmp_path / "photo.jpg").write_bytes(b"\xff\xd8\xff\xe0" * 500)
    for name in ("photo.jpg", "missing.tar"):
        with pytest.raises(BackupError, match=name):
            restore(tmp_path / name, tmp_path / "elsewhere")


def test_a_disk_without_links_gets_copies(
    workspace: Workspace, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object, **__: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    fill(workspace)
    monkeypatch.setattr(os, "link", refused)
    manifest = back_up(settings.data_dir, tmp_path / "backup.tar")
    shutil.rmtree(settings.data_dir)
    assert restore(tmp_path / "backup.tar", settings.data_dir).manifest == manifest
    assert opened(settings.data_dir, settings).catalog.documents("default")
