"""Whether an embedder can read a question at all, by the script that it is written in. Pure text."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

#: Languages (ISO 639-1) that are not written in Latin letters.
OTHER_SCRIPTS = frozenset(
    "am ar as be bg bn dz el fa gu he hi hy ja ka kk km kn ko ku ky lo mk ml mn mr ne or ps ru si sr ta te "
    "th ug uk ur zh".split()
)


def can_read(text: str, languages: Sequence[str]) -> bool:
    """Whether a model trained on these languages knows the script of most letters of a text.

    No languages at all means any. A text without letters can be read.
    """
    if not languages or OTHER_SCRIPTS & set(languages):
        return True
    letters = [letter for letter in text if letter.isalpha()]
    latin = sum(unicodedata.name(letter, "").startswith("LATIN") for letter in letters)
    return 2 * latin >= len(letters)
