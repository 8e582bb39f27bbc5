"""How names of documents are checked, compared and listed in messages. It knows no collection."""

from __future__ import annotations

import difflib
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
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


class DocumentNames:
    """The names of a collection's documents, to look up many names that files have for them."""

    def __init__(self, names: Iterable[str]) -> None:
        self._exact = set(names)
        self._by_ending: list[dict[str, list[str]]] = [{}, {}, {}]
        for name in self._exact:
            forms = (name, folded(name), _without_suffix(name))
            for known, form in zip(self._by_ending, forms, strict=True):
                for ending in _endings(form):
                    known.setdefault(ending, []).append(name)

    def meant(self, name: str) -> list[str]:
        """Those that may be meant, by the rule of `Catalog.resolve`, or else those named so but for a suffix.

        Ids of documents in published question sets have no suffix.
        """
        if name in self._exact:
            return [name]
        exactly, in_any_case, without_suffix = self._by_ending
        found = exactly.get(name) or in_any_case.get(folded(name)) or without_suffix.get(folded(name))
        return sorted(found or ())


def _endings(path: str) -> Iterator[str]:
    """Every ending of whole parts of a path; see `ends_in`."""
    yield path
    yield from (path[place + 1 :] for place, sign in enumerate(path) if sign in "/!" and path[place + 1 :])


def _without_suffix(name: str) -> str:
    return folded(name).removesuffix(folded(PurePosixPath(name).suffix))


def nearest_names(name: str, everything: Sequence[str]) -> str:
    """A sentence that names what is spelled alike."""
    by_base = {folded(PurePosixPath(each).name): each for each in everything}
    close = difflib.get_close_matches(folded(PurePosixPath(name).name), by_base, n=NAMES_SHOWN)
    if close:
        return f"Did you mean {listed([by_base[each] for each in close])}?"
    return "The library lists what there is; add the document if it is missing."
