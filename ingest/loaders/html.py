"""Web pages: the visible text, block by block, with headings.

Leaves out scripts, styles, templates, what the page hides and menus, unless there is hardly
anything else; fetches nothing and keeps no markup.
"""

from __future__ import annotations

import re
import warnings as python_warnings
from dataclasses import dataclass

from bs4 import BeautifulSoup, CData, Tag, XMLParsedAsHTMLWarning
from bs4.element import NavigableString

from ingest.loaders.builder import header_of, one_line
from ingest.loaders.package import iso_date
from ingest.loaders.text import decode, title_from_name
from rag.settings import IngestSettings
from rag.types import Heading, ParsedDocument, TableSpan

_CHARSET = re.compile(
    rb"""<(?:meta|\?xml)[^>]*?(?:charset|encoding)\s*=\s*["']?\s*([A-Za-z0-9_:.-]+)""", re.IGNORECASE
)
_CHARSET_WITHIN = 4096
_LEFT_OUT = frozenset(
    (
        "script",
        "style",
        "noscript",
        "template",
        "head",
        "iframe",
        "object",
        "embed",
        "canvas",
        "audio",
        "video",
    )
)
_MENUS = frozenset(("navigation", "menu", "menubar"))
_OF_THE_PAGE = ["main", "article", "h1"]
#: A page with fewer characters beside its menus may have its text in them.
LEAST_BESIDE_MENUS = 200
#: Names of the meta elements that name authors and the day of publication, the plainest first.
_AUTHORS = ("author", "dc.creator", "dcterms.creator", "citation_author")
_DATES = (
    *("date", "article:published_time", "dc.date", "dcterms.created", "dcterms.issued", "dc.date.issued"),
    *("citation_publication_date", "citation_date", "pubdate"),
)
# fmt: off
_BLOCKS = frozenset((
    "address", "article", "aside", "blockquote", "body", "caption", "center", "dd", "details", "dialog",
    "div", "dl", "dt", "fieldset", "figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5",
    "h6", "header", "hgroup", "hr", "html", "legend", "li", "main", "nav", "ol", "optgroup", "option", "p",
    "pre", "section", "select", "summary", "table", "tbody", "td", "textarea", "tfoot", "th", "thead", "tr",
    "ul",
))
# fmt: on
_TIGHT = frozenset(("li", "tr", "dt", "dd", "option", "tbody", "thead", "tfoot"))
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_HIDDEN_STYLE = re.compile(r"(?:^|;)\s*(?:display\s*:\s*none|visibility\s*:\s*hidden)", re.IGNORECASE)
_STRENGTH = ("", " ", " | ", "\n", "\n\n")
_SPACE = re.compile(r"[ \t\r\n\f]+")


def load(data: bytes, name: str, password: str | None, limits: IngestSettings) -> ParsedDocument:
    """Blocks separated by blank lines, items and rows by line breaks, cells by bars."""
    declared = _CHARSET.search(data[:_CHARSET_WITHIN])
    markup, warnings = decode(data, name, declared.group(1).decode("ascii") if declared else "")
    page = read_markup(markup)
    top = next((heading.text for heading in page.headings if heading.level == 1), "")
    return ParsedDocument(
        text=page.text,
        title=page.title or top or title_from_name(name),
        mime_type="text/html",
        headings=page.headings,
        author=page.author,
        created=iso_date(page.date),
        language=page.language,
        warnings=warnings,
        tables=page.tables,
    )


@dataclass(frozen=True, slots=True)
class Page:
    """What a page shows, and what it says of itself."""

    text: str
    headings: tuple[Heading, ...]
    tables: tuple[TableSpan, ...]
    title: str
    author: str
    date: str
    language: str


def read_markup(markup: str) -> Page:
    """The visible text of decoded HTML or XHTML."""
    with python_warnings.catch_warnings():
        python_warnings.simplefilter("ignore", XMLParsedAsHTMLWarning)
        # The parser is given text, so a charset in the markup cannot decode it twice; an encoding
        # named in an XML declaration would make it refuse text, so that goes.
        soup = BeautifulSoup(re.sub(r"\A\s*<\?xml[^>]*\?>", "", markup), "lxml")
    writer = _Writer(menus=False)
    writer.walk(soup)
    text = "".join(writer.parts)
    if writer.menus_left and len(text) < LEAST_BESIDE_MENUS:
        writer = _Writer(menus=True)
        writer.walk(soup)
        text = "".join(writer.parts)
    root = soup.find("html")
    language = root.get("lang") or root.get("xml:lang") or "" if isinstance(root, Tag) else ""
    said = _said_of_itself(soup)
    return Page(
        text=text,
        headings=tuple(writer.headings),
        tables=tuple(
            TableSpan(start, end, header_of(text[start:end].split("\n"))) for start, end in writer.tables
        ),
        title="" if soup.title is None else " ".join(soup.title.get_text().split()),
        author="; ".join(next((said[name] for name in _AUTHORS if name in said), [])),
        date=next((said[name][0].replace("/", "-") for name in _DATES if name in said), ""),
        language=re.split("[-_]", str(language).strip())[0].lower()[:3],
    )


def _said_of_itself(soup: BeautifulSoup) -> dict[str, list[str]]:
    """What the page's meta elements say, by name in small letters, in order."""
    said: dict[str, list[str]] = {}
    for element in soup.find_all("meta"):
        name = str(element.get("name") or element.get("property") or "").strip().lower()
        content = one_line(str(element.get("content") or ""))
        if name and content:
            said.setdefault(name, []).append(content)
    return said


class _Writer:
    """Collects text while the tree is walked; a break is written only before text that follows it."""

    def __init__(self, *, menus: bool) -> None:
        """`menus` takes in what only leads to other pages, too."""
        self._menus = menus
        self.menus_left = False
        self.parts: list[str] = []
        self.headings: list[Heading] = []
        self.tables: list[tuple[int, int]] = []
        self._table: Tag | None = None
        self._table_start = -1
        self._length = 0
        self._break = ""
        self._marker = ""
        self._cells = 0
        self._preformatted = 0
        self._heading: Tag | None = None
        self._heading_start = 0
        self._heading_parts: list[str] = []

    def walk(self, root: Tag) -> None:
        """Visit the tree without recursion: a page may be nested deeper than Python's stack."""
        stack: list[tuple[object, bool]] = [(root, True)]
        while stack:
            node, entering = stack.pop()
            if not isinstance(node, Tag):
                # Comments, doctypes and the like are subclasses of the string.
                if type(node) is NavigableString or type(node) is CData:
                    self._write(str(node))
            elif not entering:
                self._leave(node)
            elif node.name in _LEFT_OUT or _hidden(node):
                continue
            elif not self._menus and _is_menu(node):
                self.menus_left = True
                self._request("\n\n")
            else:
                self._enter(node)
                stack.append((node, False))
                stack.extend((child, True) for child in reversed(node.contents))

    def _enter(self, tag: Tag) -> None:
        if tag.name == "br":
            self._request("\n")
        elif _is_data_cell(tag):
            # Weaker than the break of the row, so it shows between cells only, and empty ones leave none.
            self._request(" | ")
            self._cells += 1
        elif tag.name in _BLOCKS:
            self._request("\n" if tag.name in _TIGHT else "\n\n")
            self._marker = "- " if tag.name == "li" else self._marker
        if tag.name == "table" and tag.find("table") is None:
            self._table, self._table_start = tag, -1
        if tag.name == "pre":
            self._preformatted += 1
        if tag.name in _HEADINGS and self._heading is None:
            self._heading, self._heading_parts = tag, []

    def _leave(self, tag: Tag) -> None:
        if tag is self._heading:
            self._heading = None
            text = " ".join("".join(self._heading_parts).split())
            if text:
                self.headings.append(Heading(self._heading_start, _HEADINGS[tag.name], text))
        if tag is self._table:
            self._table = None
            if self._table_start >= 0:
                self.tables.append((self._table_start, self._length))
        if tag.name == "pre":
            self._preformatted -= 1
        if _is_data_cell(tag):
            self._cells -= 1
        elif tag.name in _BLOCKS:
            self._marker = "" if tag.name == "li" else self._marker
            self._request("\n" if tag.name in _TIGHT else "\n\n")

    def _request(self, separator: str) -> None:
        """Ask for a break: of those asked for between two texts the strongest is written.

        A cell stays on one line.
        """
        if self._cells and "\n" in separator:
            separator = " "
        if _STRENGTH.index(separator) > _STRENGTH.index(self._break):
            self._break = separator

    def _write(self, text: str) -> None:
        if self._preformatted and not self._cells:
            body = text.replace("\r\n", "\n").replace("\r", "\n")
            if not body or (not body.strip() and not self.parts):
                return
            after = ""
        else:
            folded = _SPACE.sub(" ", text)
            body = folded.strip()
            if folded[:1].isspace():
                self._request(" ")
            if not body:
                return
            after = " " if folded[-1].isspace() else ""
        before = (self._break if self.parts else "") + self._marker
        self._break = self._marker = ""
        if self._heading is not None:
            if not self._heading_parts:
                self._heading_start = self._length + len(before)
            self._heading_parts.append(before + body if self._heading_parts else body)
        if self._table is not None and self._table_start < 0:
            self._table_start = self._length + len(before)
        self.parts.append(before + body)
        self._length += len(before) + len(body)
        if after:
            self._request(after)


def _is_data_cell(tag: Tag) -> bool:
    """Whether this is a cell of figures or words, not one that a page was laid out with."""
    return tag.name in ("td", "th") and tag.find("table") is None


def _is_menu(tag: Tag) -> bool:
    """Whether a part only leads elsewhere; one never closed holds the page itself."""
    named = tag.name == "nav" or str(tag.get("role") or "").strip().lower() in _MENUS
    return named and tag.find(_OF_THE_PAGE) is None


def _hidden(tag: Tag) -> bool:
    return tag.has_attr("hidden") or _HIDDEN_STYLE.search(str(tag.get("style") or "")) is not None
