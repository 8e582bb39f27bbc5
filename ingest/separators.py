"""Where a passage may end, by format: the splitters' separators, strongest first.

Only places are chosen here; sizes are the business of chunking.py.
"""

from __future__ import annotations

import re
from functools import lru_cache

SENTENCE_END = re.compile(r"(?<=[.!?])[\"')\]\u201d\u2019]*\s+|[\u3002\uff01\uff1f]")
_BLANK_LINE, _LINE, _SPACE = re.compile(r"\n\s*\n"), re.compile(r"\n"), re.compile(r"\s+")
#: Rows end at line ends; only a row longer than a passage is cut within.
TABLE_SEPARATORS = (_LINE, SENTENCE_END, _SPACE)

#: MIME type of a format and the name that the splitters know its language by.
LANGUAGES = {
    "text/markdown": "markdown",
    "text/x-rst": "rst",
    "text/x-python": "python",
    "text/x-c": "c",
    "text/x-c++": "cpp",
    "text/x-csharp": "csharp",
    "text/x-go": "go",
    "text/x-java": "java",
    "text/x-javascript": "js",
    "text/x-typescript": "ts",
    "text/x-kotlin": "kotlin",
    "text/x-lua": "lua",
    "text/x-perl": "perl",
    "text/x-php": "php",
    "text/x-ruby": "ruby",
    "text/x-rust": "rust",
    "text/x-scala": "scala",
    "text/x-swift": "swift",
    "text/x-haskell": "haskell",
    "text/x-elixir": "elixir",
    "text/x-powershell": "powershell",
    "text/x-tex": "latex",
    "text/x-protobuf": "proto",
}


@lru_cache(maxsize=32)
def separators_of(mime_type: str) -> tuple[re.Pattern[str], ...]:
    """The separators of the format's language, with sentence ends before spaces."""
    language = LANGUAGES.get(mime_type)
    patterns = [] if language is None else [re.compile(pattern) for pattern in _given(language)]
    is_code = language not in (None, "markdown", "rst", "latex")
    ends = (_LINE, SENTENCE_END) if is_code else (SENTENCE_END, _LINE)
    return (*patterns, _BLANK_LINE, *ends, _SPACE)


def _given(language: str) -> list[str]:
    from langchain_text_splitters import Language, RecursiveCharacterTextSplitter

    given = RecursiveCharacterTextSplitter.get_separators_for_language(Language(language))
    # Headings are boundaries already, and cutting after a heading's mark would part it from its text.
    strong = [separator for separator in given if separator.strip() and "#" not in separator]
    if language == "markdown":
        return strong
    # What a separator names begins the next passage: only its line end stays with the one before.
    return [f"\n(?={separator[1:]})" if separator.startswith("\n") else separator for separator in strong]
