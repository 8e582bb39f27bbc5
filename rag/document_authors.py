"""Who wrote a document: names out of what its file says, and whom people mean by a part of a name.

It reads no files and asks no catalog.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterable, Sequence

from rag.document_names import NAMES_SHOWN, listed
from rag.errors import DocumentNotFound

#: What parts names; a comma does not, since it also stands within "Marchetti, Ines".
_PARTED = re.compile(r"[;\n]")
#: Longer is a sentence, not a name.
LONGEST_NAME = 200


def authors_of(said: str) -> tuple[str, ...]:
    """The names in an author field, in order, each once: "A. Okoye; I. Marchetti" names two."""
    names = (" ".join(part.split())[:LONGEST_NAME] for part in _PARTED.split(said))
    return tuple(dict.fromkeys(name for name in names if name))


def authors_meant(given: Iterable[str], known: Sequence[str], collection: str) -> tuple[str, ...]:
    """Those of the known authors whose names hold all words of one that is given.

    Capitals and accents do not count. One given in full means itself alone. Raises DocumentNotFound where
    nobody fits.
    """
    found: list[str] = []
    for name in given:
        words = _words(name)
        fitting = [own for own in known if own == name] or [
            own for own in known if words and words <= _words(own)
        ]
        if not fitting:
            raise DocumentNotFound(
                f"No document in collection {collection!r} names {name!r} as its author. "
                + _nearest(name, known)
            )
        found += fitting
    return tuple(dict.fromkeys(found))


def _nearest(name: str, known: Sequence[str]) -> str:
    if not known:
        return "None names anybody; documents read by an earlier version do so once they are read again."
    folded = {" ".join(sorted(_words(own))): own for own in known}
    close = difflib.get_close_matches(" ".join(sorted(_words(name))), folded, n=NAMES_SHOWN, cutoff=0.5)
    if close:
        return f"Did you mean {listed([folded[own] for own in close])}?"
    return f"There are {listed(known)}."


def _words(name: str) -> set[str]:
    plain = unicodedata.normalize("NFKD", name.casefold())
    return set(re.findall(r"[\w@.+-]+", "".join(own for own in plain if not unicodedata.combining(own))))
