"""Answer styles: the prompts that say how an answer is written. Some come along, people add their own.

A style is a prompt file with two names: `$rules` (cite, do not guess) and `$passages` (the passages
behind their fence). Both must be there, so that no style can leave them out. Those that come along
stand in `prompts`, people's own in the folder `styles` of the data folder; nothing is ever written
beside the program. Nothing here asks a model.
"""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from string import Template

from rag.errors import PromptError
from rag.prompts import fill, load

STANDARD = "standard"
#: Styles that come along, as settings and history name them: the name people see, and the prompt file.
BUILT_IN = {
    STANDARD: ("Standard", "answer"),
    "short": ("Short", "answer_short"),
    "detailed": ("Detailed", "answer_detailed"),
    "table": ("Table", "answer_table"),
    "quotes": ("Quotes only", "answer_quotes"),
    "steps": ("Step by step", "answer_steps"),
}
#: Names that the text of a style must hold, and the only ones it may.
NAMES = ("rules", "passages")
LONGEST_NAME = 40
LONGEST_TEXT = 20_000
FOLDER = "styles"
#: What a new style begins with.
BEGINNING = (
    "You answer questions about the user's own documents from numbered passages.\n\n"
    "$rules\n- Describe here how answers are to be written.\n\n$passages"
)
_NAME = re.compile(r"[^\W_](?:[\w -]*[^\W_])?")


@dataclass(frozen=True)
class Style:
    """A way to write answers. `text` is a prompt with $rules and $passages."""

    name: str
    title: str
    text: str
    own: bool = False

    @property
    def digest(self) -> str:
        """The first 12 hexadecimal digits of the SHA-256 of the text and of the rules put into it."""
        whole = "\0".join((self.text, load("answer_rules"), load("answer_passages")))
        return hashlib.sha256(whole.encode()).hexdigest()[:12]

    def instructions(self, *, fence: str, passages: str) -> str:
        """The prompt for a model, with the rules and the passages in their places."""
        return Template(self.text).substitute(
            rules=load("answer_rules"),
            passages=fill("answer_passages", fence=fence, passages=passages),
        )


def standard_style() -> Style:
    """The style of answers when none was chosen."""
    title, prompt = BUILT_IN[STANDARD]
    return Style(STANDARD, title, load(prompt))


def style_titles(data_dir: Path) -> dict[str, str]:
    """The name people see of every style there is, those that come along first. Reads no style."""
    return {name: title for name, (title, _) in BUILT_IN.items()} | {
        name: name for name in own_style_names(data_dir)
    }


def own_style_names(data_dir: Path) -> list[str]:
    """The names of people's own styles, sorted."""
    folder = data_dir / FOLDER
    names = [file.stem for file in folder.glob("*.md")] if folder.is_dir() else []
    return sorted(unicodedata.normalize("NFC", name) for name in names if not name.startswith("."))


def get_style(data_dir: Path, name: str) -> Style:
    """The style of this name. Raises PromptError when there is none, or its file is damaged."""
    if name in BUILT_IN:
        title, prompt = BUILT_IN[name]
        text = load(prompt)
        _check_text(text, f"The prompt {prompt}.md")
        return Style(name, title, text)
    if name not in own_style_names(data_dir):
        raise PromptError(
            f"There is no answer style {name!r}; it may have been deleted. Choose another beside the "
            f"question, or as answer.style in the settings: {', '.join(style_titles(data_dir))}."
        )
    style = Style(name, name, own_style_text(data_dir, name), own=True)
    _check_text(style.text, f"The answer style “{name}”")
    return style


def own_style_text(data_dir: Path, name: str) -> str:
    """The text of one of people's own styles, as it stands. Raises PromptError when it cannot be read."""
    file = _file(data_dir, name)
    try:
        return file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise PromptError(
            f"The answer style {file} cannot be read ({type(error).__name__}). "
            "Write it anew in the settings, or delete it there."
        ) from error


def save_style(data_dir: Path, name: str, text: str, *, replacing: str = "") -> Style:
    """Keep a style of one's own under `name`; `replacing` is the one that it takes the place of.

    Raises PromptError for a name that is taken or that no file can have, and for a text that lacks a
    $name or holds an unknown one.
    """
    name = checked_style_name(data_dir, name, replacing=replacing)
    text = text.strip()
    _check_text(text, "The text")
    file = _file(data_dir, name)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        _write_whole(file, text)
        if replacing and replacing != name:
            remove_style(data_dir, replacing)
    except OSError as error:
        raise PromptError(
            f"The answer style cannot be written to {file}: {error.strerror}. Make the folder writable."
        ) from error
    return Style(name, name, text, own=True)


def remove_style(data_dir: Path, name: str) -> None:
    """Delete a style of one's own; answers made with it keep its text. Raises PromptError."""
    if name in BUILT_IN or name not in own_style_names(data_dir):
        raise PromptError(f"There is no answer style of your own named {name!r}; nothing was deleted.")
    try:
        _file(data_dir, name).unlink(missing_ok=True)
    except OSError as error:
        raise PromptError(
            f"The answer style {name!r} cannot be deleted: {error.strerror}. "
            f"Make {data_dir / FOLDER} writable."
        ) from error


def checked_style_name(data_dir: Path, name: str, *, replacing: str = "") -> str:
    """The name as it is kept. Raises PromptError when it is taken or cannot be a name."""
    name = unicodedata.normalize("NFC", " ".join(name.split()))
    if not name or len(name) > LONGEST_NAME or not _NAME.fullmatch(name):
        raise PromptError(
            f"{name!r} cannot name an answer style. Use letters, digits, spaces and -, "
            f"at most {LONGEST_NAME} characters."
        )
    taken = {*BUILT_IN, *(title for title, _ in BUILT_IN.values()), *own_style_names(data_dir)} - {replacing}
    if name.casefold() in {other.casefold() for other in taken}:
        raise PromptError(
            f"There is an answer style {name!r} already. Choose another name, or edit that one."
        )
    return name


def _check_text(text: str, what: str) -> None:
    if len(text) > LONGEST_TEXT:
        raise PromptError(f"{what} has {len(text):,} characters; {LONGEST_TEXT:,} is the most. Shorten it.")
    template = Template(text)
    if not template.is_valid():
        raise PromptError(f"{what} has a $ that begins no name. Write $$ for a dollar sign.")
    named = set(template.get_identifiers())
    known = " and ".join(f"${name}" for name in NAMES)
    unknown = sorted(named - set(NAMES))
    if unknown:
        raise PromptError(
            f"{what} names {_listed(unknown)}, which nothing fills. Remove it; only {known} are known. "
            "Write $$ for a dollar sign."
        )
    missing = [name for name in NAMES if name not in named]
    if missing:
        told = {"rules": "the rules for citing stand there", "passages": "the passages stand there"}
        reasons = ", ".join(f"${name} ({told[name]})" for name in missing)
        raise PromptError(f"{what} lacks {reasons}. Put it where its content belongs.")


def _listed(names: list[str]) -> str:
    return ", ".join(f"${name}" for name in names)


def _file(data_dir: Path, name: str) -> Path:
    return data_dir / FOLDER / f"{name}.md"


def _write_whole(file: Path, text: str) -> None:
    handle, half = tempfile.mkstemp(dir=file.parent, prefix=".", suffix=".half")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(f"{text}\n")
        Path(half).replace(file)
    except BaseException:
        Path(half).unlink(missing_ok=True)
        raise
