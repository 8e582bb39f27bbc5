"""Source code: the decoded source verbatim, with functions and classes as headings where a line tells.

Nothing is compiled or run.
"""

from __future__ import annotations

import re
from pathlib import PurePath

from ingest.loaders.text import decode
from rag.settings import IngestSettings
from rag.types import Heading, ParsedDocument

#: Suffixes of source code and the MIME types that separators.py knows their languages by.
SUFFIXES = {
    ".py": "text/x-python", ".pyi": "text/x-python", ".c": "text/x-c", ".h": "text/x-c",
    ".cc": "text/x-c++", ".cpp": "text/x-c++", ".cxx": "text/x-c++", ".hpp": "text/x-c++",
    ".cs": "text/x-csharp", ".go": "text/x-go", ".java": "text/x-java", ".js": "text/x-javascript",
    ".mjs": "text/x-javascript", ".jsx": "text/x-javascript", ".ts": "text/x-typescript",
    ".tsx": "text/x-typescript", ".kt": "text/x-kotlin", ".lua": "text/x-lua", ".pl": "text/x-perl",
    ".php": "text/x-php", ".rb": "text/x-ruby", ".rs": "text/x-rust", ".scala": "text/x-scala",
    ".swift": "text/x-swift", ".hs": "text/x-haskell", ".ex": "text/x-elixir", ".exs": "text/x-elixir",
    ".ps1": "text/x-powershell", ".tex": "text/x-tex", ".proto": "text/x-protobuf",
    ".sh": "text/x-shellscript", ".bash": "text/x-shellscript", ".sql": "text/x-sql", ".r": "text/x-r",
    ".css": "text/css", ".toml": "text/x-toml", ".yaml": "text/x-yaml", ".yml": "text/x-yaml",
    ".ini": "text/x-ini",
}  # fmt: skip
_INDENTED = r"^(?P<indent>[ \t]*)"
_BRACED = (
    r"(?:(?:export|default|public|private|protected|internal|static|final|abstract|async|pub(?:\([^)]*\))?|open"
    r"|override|sealed|data|unsafe|suspend)[ \t]+)*"
    r"(?:class|interface|struct|enum|trait|impl|object|record|namespace|module|function\*?|fn|func|fun|def|type)"
    r"\b[ \t]*(?P<name>[^\r\n{;=]*)"
)
_DEFINITIONS = {
    "text/x-python": re.compile(_INDENTED + r"(?:async[ \t]+def|def|class)[ \t]+(?P<name>\w+)", re.MULTILINE),
    "text/x-ruby": re.compile(_INDENTED + r"(?:def|class|module)[ \t]+(?P<name>[\w.:?!]+)", re.MULTILINE),
    "text/x-tex": re.compile(
        r"^(?P<indent>)\\(?:chapter|(?:sub)*section)\*?\{(?P<name>[^}\r\n]*)\}", re.MULTILINE
    ),
    "text/x-sql": re.compile(
        r"^(?P<indent>)create[ \t]+(?:or[ \t]+replace[ \t]+)?(?:table|view|function|procedure|trigger)[ \t]+"
        r"(?:if[ \t]+not[ \t]+exists[ \t]+)?(?P<name>[\w.\"`]+)",
        re.MULTILINE | re.IGNORECASE,
    ),
}
_BRACE_LANGUAGES = {
    f"text/x-{language}"
    for language in (
        "csharp",
        "go",
        "java",
        "javascript",
        "typescript",
        "kotlin",
        "php",
        "rust",
        "scala",
        "swift",
    )
}
_DEFINITIONS |= {mime: re.compile(_INDENTED + _BRACED, re.MULTILINE) for mime in _BRACE_LANGUAGES}
#: Deeper than this are helpers within functions.
_DEEPEST = 4


def load(data: bytes, name: str, password: str | None, limits: IngestSettings) -> ParsedDocument:
    """The whole source; its title is the file's name, suffix included."""
    text, warnings = decode(data, name)
    path = PurePath(name.rpartition("!")[2].replace("\\", "/"))
    mime_type = SUFFIXES.get(path.suffix.lower(), "text/plain")
    return ParsedDocument(
        text=text,
        title=path.name or name,
        mime_type=mime_type,
        headings=tuple(_headings(text, mime_type)),
        warnings=warnings,
    )


def _headings(text: str, mime_type: str) -> list[Heading]:
    pattern = _DEFINITIONS.get(mime_type)
    headings: list[Heading] = []
    for match in pattern.finditer(text) if pattern else ():
        depth = len(match["indent"].expandtabs(4))
        name = " ".join(match["name"].split())[:100].strip()
        if depth <= _DEEPEST and name:
            headings.append(Heading(match.start(), 1 if depth == 0 else 2, name))
    return headings
