"""Which files of a folder are no documents: hidden ones, and what programs and systems lay beside documents.

Names alone decide; no file is opened.
"""

from __future__ import annotations

from pathlib import PurePosixPath

#: What editors and browsers write while they work.
TEMPORARY_ENDINGS = ("~", ".tmp", ".part", ".partial", ".crdownload", ".download", ".swp", ".swx")
TEMPORARY_BEGINNING = "#"
#: What Office lays beside a document that is open begins so, and holds the user's name alone.
_LOCK = "~$"
_OF_SYSTEMS = {"thumbs.db", "ehthumbs.db", "desktop.ini", "icon\r"}


def is_temporary(name: str) -> bool:
    """Whether a file is no document, or what a program keeps only while it works."""
    return (
        is_no_document(name)
        or name.startswith(TEMPORARY_BEGINNING)
        or name.lower().endswith(TEMPORARY_ENDINGS)
    )


def is_no_document(path: str) -> bool:
    """Whether a file, or a folder it is in, is hidden, or a program or system laid it beside documents."""
    parts = PurePosixPath(path.replace("\\", "/")).parts
    if any((part.startswith(".") and part not in (".", "..")) or part == "__MACOSX" for part in parts):
        return True
    name = parts[-1] if parts else ""
    return name.startswith(_LOCK) or name.lower() in _OF_SYSTEMS
