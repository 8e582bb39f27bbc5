"""Prompts are Markdown files with $names, one file per prompt, in the folder `prompts`.

Nothing here asks a model, reads a document or fills a name with a default: a name that the
file does not have, or that the caller does not give, is an error.
"""

from __future__ import annotations

import re
import secrets
from functools import lru_cache
from pathlib import Path
from string import Template

from rag.errors import PromptError
from rag.near_copies import also_in, place_of
from rag.passage_places import place_in_words
from rag.types import Hit

FOLDER = Path(__file__).parent.parent / "prompts"


def fill(name: str, /, **values: str) -> str:
    """The prompt `prompts/NAME.md` with each $name replaced by its value.

    Values are put in as they are: a $ inside one is not looked at again. Raises PromptError when
    the file is missing or malformed, a value has no $name in it, or a $name has no value.
    """
    file = FOLDER / f"{name}.md"
    template = Template(load(name))
    if not template.is_valid():
        raise PromptError(f"{file} has a $ that begins no name. Write $$ for a dollar sign.")
    wanted = set(template.get_identifiers())
    unfilled = sorted(wanted - values.keys())
    if unfilled:
        raise PromptError(
            f"{file} names {_listed(unfilled)}, which the program does not fill. "
            f"Remove it there; known here: {_listed(sorted(values)) or 'none'}."
        )
    unknown = sorted(values.keys() - wanted)
    if unknown:
        raise PromptError(f"{file} does not name {_listed(unknown)}. Put it where its value belongs.")
    return template.substitute(values)


def new_fence() -> str:
    """A token that no document can know: 16 hexadecimal digits, fresh for each call."""
    return secrets.token_hex(8)


def passage_block(number: int, hit: Hit, fence: str, *, end: int | None = None) -> str:
    """The passage as the model sees it, between two lines that carry `fence`.

    `end` cuts the passage's text at that character. The block ends with an empty line.
    """
    chunk = hit.chunk
    also = also_in([place_of(own) for own in hit.also_in])
    source = " ".join(f"{place_in_words(chunk)}. {chunk.header}{'. ' if also else ''}{also}".split())
    return (
        f"<<<passage {number} {fence}>>>\nSource: {source}\n\n{chunk.text[:end].strip()}\n"
        f"<<<end {number} {fence}>>>\n\n"
    )


def load(name: str) -> str:
    """The text of `prompts/NAME.md` as it stands, without white space around it. Raises PromptError."""
    if not re.fullmatch(r"[a-z][a-z0-9_-]*", name):
        raise PromptError(f"{name!r} is no prompt name. Use lower-case letters, digits, - and _.")
    file = FOLDER / f"{name}.md"
    try:
        return _read(file, file.stat().st_mtime_ns)
    except (OSError, UnicodeDecodeError) as error:
        raise PromptError(
            f"The prompt {file} cannot be read ({type(error).__name__}). "
            "Restore the file from the repository."
        ) from error


@lru_cache(maxsize=32)
def _read(file: Path, modified: int) -> str:
    return file.read_text(encoding="utf-8").strip()


def _listed(names: list[str]) -> str:
    return ", ".join(f"${name}" for name in names)
