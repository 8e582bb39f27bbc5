"""How names of documents are checked, compared and listed in messages. It knows no collection."""

from __future__ import annotations

import difflib
import unicodedata
from collections.abc import Sequence
from pathlib import PurePosixPath

from rag.errors import StoreError

NAMES_SHOWN = 5


def checked_name(what: str, name: str) -> None:
    """Raise StoreError for a name (of a `what`) that cannot be stored."""
    try:
        name.encode("utf-8")
    except UnicodeEncodeError as error:
        raise StoreError(
            f"The {what} name {name!r} is not valid Unicode and cannot be stored. Rename it, then try again."
        ) from error
    if not name.strip() or "\0" in name:
        raise StoreError(f"The {what} name {name!r} is empty or holds a NUL character. Give another name.")


def folded(name: str) -> str:
    """The name as it is compared: capitals and the encoding of accents do not count."""
    return unicodedata.normalize("NFC", name.casefold())


def ends_in(path: str, ending: str) -> bool:
    """Whether the path ends in these whole parts of a path."""
    return path == ending or (bool(ending) and path.endswith((f"/{ending}", f"!{ending}")))


def listed(names: Sequence[str]) -> str:
    """The first names, and how many more there are."""
    shown = ", ".join(repr(name) for name in names[:NAMES_SHOWN])
    more = len(names) - NAMES_SHOWN
    return f"{shown} and {more} more" if more > 0 else shown


def nearest_names(name: str, everything: Sequence[str]) -> str:
    """A sentence that names what is spelled alike."""
    by_base = {folded(PurePosixPath(each).name): each for each in everything}
    close = difflib.get_close_matches(folded(PurePosixPath(name).name), by_base, n=NAMES_SHOWN)
    if close:
        return f"Did you mean {listed([by_base[each] for each in close])}?"
    return "The library lists what there is; add the document if it is missing."
