"""PDF: text, pages, outline and metadata through pdfium.

The text of a page is a function of that page alone, and every character of it knows its pdfium
index, so that a citation can find its boxes again. Pages that are scans are left to pdf_scans.py.
It never touches pdfium without PDFIUM_LOCK, for pdfium is not thread-safe.
"""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pypdfium2
import pypdfium2.raw

from ingest.loaders.pdf_entries import prepare, with_entries
from ingest.loaders.pdf_scans import read_scans
from ingest.loaders.stored_titles import sensible_title
from ingest.loaders.text import title_from_name
from rag.errors import CorruptFile, PasswordNeeded, UnsupportedFormat
from rag.settings import IngestSettings
from rag.types import Heading, PageSpan, ParsedDocument

logger = logging.getLogger(__name__)

#: Held around every use of pdfium, a page at a time so that others get their turn. Opening,
#: closing and garbage are uses too: whatever is opened here is closed here, explicitly.
PDFIUM_LOCK = threading.RLock()

PAGE_SEPARATOR = "\n\n"

_UNWRITTEN = "\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff"
_STRAY = re.compile(f"[{_UNWRITTEN}]")
_SPECIAL = re.compile(f"\r\n?|[\ufffe{_UNWRITTEN}]")
_SECOND_HALF = re.compile("\ufffe[^\\W_]*")
_WORD = re.compile(r"[^\W_]+(?:-[^\W_]+)*")
#: A page on which fewer than this share of the lines ends in a hyphen was not hyphenated by machine.
_HYPHENATED_PAGE = 0.05
_MOST_ASTRAY = 3
_DATE = re.compile(r"(?:D:)?(\d{4})(\d\d)?(\d\d)?(\d\d)?(\d\d)?(\d\d)?(?:([+-])(\d\d)'?(\d\d)?|Z)?")


@contextmanager
def opened(data: bytes, name: str, password: str | None) -> Iterator[Any]:
    """The pdfium document, closed at the end; the caller takes PDFIUM_LOCK around each use of it.

    Raises PasswordNeeded, UnsupportedFormat (an unknown encryption) or CorruptFile.
    """
    with PDFIUM_LOCK:
        try:
            document = pypdfium2.PdfDocument(data, password=password or None)
        except pypdfium2.PdfiumError as error:
            raise _as_document_error(error, name, password) from error
    try:
        with PDFIUM_LOCK:
            prepare(document)
        yield document
    finally:
        with PDFIUM_LOCK:
            document.close()


def load(data: bytes, name: str, password: str | None, limits: IngestSettings) -> ParsedDocument:
    """All pages' texts, a blank line between pages, with the outline as headings."""
    warnings: list[str] = []
    with opened(data, name, password) as document:
        with PDFIUM_LOCK:
            page_count = len(document)
            metadata, outline, labels = _about(document, page_count, name, warnings)
        if page_count == 0:
            raise CorruptFile(f"{name} is a PDF without pages. Save it again where it was made and add that.")
        texts: list[str] = []
        unreadable: list[int] = []
        scans: list[int] = []
        for index in range(page_count):
            with PDFIUM_LOCK:
                try:
                    page = document[index]
                except pypdfium2.PdfiumError:
                    logger.warning("Page %d of %s cannot be read", index + 1, name)
                    unreadable.append(index + 1)
                    texts.append("")
                    continue
                try:
                    text = page_text(page)
                    if not text.strip() and next(page.get_objects(max_depth=1), None) is not None:
                        scans.append(index)
                    elif (written := with_entries(document, page, index)) is not page:
                        page = written
                        text = page_text(page)
                    texts.append(text)
                finally:
                    page.close()
        warnings.extend(read_scans(document, scans, texts, name, limits))
    if len(unreadable) == page_count:
        raise CorruptFile(
            f"{name} is damaged: none of its pages can be read. Save it again where it was made and add that."
        )
    pages: list[PageSpan] = []
    start = 0
    for number, (text, label) in enumerate(zip(texts, labels, strict=True), start=1):
        pages.append(PageSpan(number, start, start + len(text), "" if label == str(number) else label))
        start += len(text) + len(PAGE_SEPARATOR)
    if unreadable:
        listed = ", ".join(map(str, unreadable[:10])) + (" ..." if len(unreadable) > 10 else "")
        warnings.append(
            f"{len(unreadable)} of {page_count} pages of {name} are damaged and were left out: {listed}."
        )
    return ParsedDocument(
        text=PAGE_SEPARATOR.join(texts),
        title=_title(metadata.get("Title", ""), name),
        mime_type="application/pdf",
        pages=tuple(pages),
        headings=tuple(_headings(outline, texts, pages)),
        author=_printable(metadata.get("Author", "")),
        created=_date(metadata.get("CreationDate", "")),
        warnings=tuple(warnings),
        scans=tuple(index + 1 for index in scans if not texts[index].strip()),
    )


def page_text(page: Any) -> str:
    """The text of a pdfium page as Askance stores it."""
    raw_text, _ = _raw_text(page, indexed=False)
    return _stored(raw_text, _kept_hyphens(raw_text))


def page_characters(page: Any) -> tuple[str, list[int]]:
    """`page_text`, and for each of its characters the index pdfium knows it by.

    Lines end in a line feed; control characters are left out; a word hyphenated at the end of a
    line is joined, unless the hyphen belongs to it.
    """
    raw_text, indices = _raw_text(page, indexed=True)
    kept_hyphens = _kept_hyphens(raw_text)
    kept: list[int] = []
    position = 0
    for match in _SPECIAL.finditer(raw_text):
        found = match.start()
        kept.extend(indices[position:found])
        position = match.end()
        if _replacement(raw_text[found], found in kept_hyphens):
            kept.append(indices[found])
    kept.extend(indices[position:])
    return _stored(raw_text, kept_hyphens), kept


def _raw_text(page: Any, *, indexed: bool) -> tuple[str, Sequence[int]]:
    """What pdfium reads on a page, and, where asked for, its index of each character."""
    with PDFIUM_LOCK:
        text_page = page.get_textpage()
        try:
            raw_text: str = text_page.get_text_range(errors="surrogatepass")
            if not indexed:
                return raw_text, ()
            # pdfium counts UTF-16 units, and leaves characters without a meaning out of the text.
            units = len(raw_text.encode("utf-16-le", "surrogatepass")) // 2
            indices: Sequence[int] = range(units)
            if units != text_page.count_chars():
                to_index = pypdfium2.raw.FPDFText_GetCharIndexFromTextIndex
                indices = [to_index(text_page, unit) for unit in indices]
        finally:
            text_page.close()
    if units != len(raw_text):
        unit = 0
        first_units: list[int] = []
        for character in raw_text:
            first_units.append(indices[unit])
            unit += 2 if character > "\uffff" else 1
        indices = first_units
    return raw_text, indices


def _stored(raw_text: str, kept_hyphens: set[int]) -> str:
    text = raw_text.replace("\r\n", "\n").replace("\r", "\n")
    first, *others = text.split("\ufffe")
    if others:
        places = (match.start() for match in re.finditer("\ufffe", raw_text))
        joints = (_replacement("\ufffe", place in kept_hyphens) for place in places)
        text = first + "".join(joint + other for joint, other in zip(joints, others, strict=True))
    return _STRAY.sub(lambda match: _replacement(match.group(), False), text)


def _replacement(character: str, keep_hyphen: bool) -> str:
    if character == "\r":
        return "\n"
    if character == "\ufffe":
        return "-" if keep_hyphen else ""
    return "\ufffd" if "\ud800" <= character <= "\udfff" else ""


def _kept_hyphens(raw_text: str) -> set[int]:
    """Where a hyphen at the end of a line (U+FFFE from pdfium) belongs to the word: "forward-looking".

    The page itself decides: what it writes elsewhere, whether both halves are words of it, and
    whether its lines were hyphenated at all. On the development PDFs this is right for 94 of 100
    hyphens whose truth the rest of the document tells; always joining is right for 46.
    """
    if "\ufffe" not in raw_text:
        return set()
    hyphenated = _hyphenated(raw_text)
    borders = [0, *(place for start, _, end in hyphenated for place in (start, end)), len(raw_text)]
    whole = " ".join(raw_text[start:end] for start, end in zip(borders[::2], borders[1::2], strict=True))
    words = {word.lower() for word in _WORD.findall(whole)}
    parts = {part for word in words for part in word.split("-")}
    by_machine = len(hyphenated) >= _HYPHENATED_PAGE * (raw_text.count("\n") + len(hyphenated) + 1)
    kept: set[int] = set()
    for start, hyphen, end in hyphenated:
        before, after = raw_text[start:hyphen], raw_text[hyphen + 1 : end]
        first, second = before.lower(), after.lower()
        if not before or not after or not before[-1].isalpha() or not after[0].islower():
            # Digits, names and scripts without case are not broken by a hyphen.
            belongs = True
        elif f"{first}-{second}" in words:
            belongs = True
        elif first + second in parts:
            belongs = False
        elif len(first) > 2 and len(second) > 2 and first in parts and second in parts:
            belongs = True
        else:
            belongs = not by_machine
        if belongs:
            kept.add(hyphen)
    return kept


def _hyphenated(raw_text: str) -> list[tuple[int, int, int]]:
    """Of each hyphen at the end of a line where its word begins, where itself is, and where the word ends."""
    found: list[tuple[int, int, int]] = []
    earliest = 0
    for match in _SECOND_HALF.finditer(raw_text):
        start = match.start()
        while start > earliest and raw_text[start - 1].isalnum():
            start -= 1
        earliest = match.end()
        found.append((start, match.start(), earliest))
    return found


def _about(
    document: Any, page_count: int, name: str, warnings: list[str]
) -> tuple[dict[str, str], list[tuple[int, str, int]], list[str]]:
    """Metadata, outline (level from 1, title, page index) and page labels, each as far as readable."""
    metadata: dict[str, str] = {}
    outline: list[tuple[int, str, int]] = []
    labels = [""] * page_count
    try:
        metadata = document.get_metadata_dict()
        for bookmark in document.get_toc():
            destination = bookmark.get_dest()
            index = None if destination is None else destination.get_index()
            title = _printable(bookmark.get_title())
            if index is not None and 0 <= index < page_count and title:
                outline.append((bookmark.level + 1, title, index))
        labels = [_printable(document.get_page_label(index)) for index in range(page_count)]
        warnings.extend(_attached(document, name))
    except (pypdfium2.PdfiumError, UnicodeError, ValueError, RecursionError) as error:
        logger.warning("The metadata or outline of %s cannot be read: %s", name, error)
        warnings.append(
            f"The outline or metadata of {name} is damaged and was left out; its pages were read."
        )
    return metadata, outline, labels


def _attached(document: Any, name: str) -> Iterator[str]:
    """What to say of files within the PDF, which a portfolio is made of."""
    count = document.count_attachments()
    if count:
        files = [_printable(document.get_attachment(place).get_name()) for place in range(min(count, 5))]
        more = f" and {count - len(files)} more" if count > len(files) else ""
        yield (
            f"{name} holds files that were not read: {', '.join(files)}{more}. "
            "Save them from a PDF viewer and add them."
        )


def _headings(
    outline: list[tuple[int, str, int]], texts: list[str], pages: list[PageSpan]
) -> Iterator[Heading]:
    """Each outline entry at its own words on its page, or at the start of the page.

    Many entries on a page that holds the words of none are left over from pages taken out.
    """
    found: list[Heading] = []
    astray: dict[int, list[Heading]] = {}
    folded: dict[int, tuple[str, list[int]]] = {}
    searched_to: dict[int, int] = {}
    for level, title, index in outline:
        if index not in folded:
            folded[index] = _folded(texts[index])
        start = _find_heading(title, texts[index], *folded[index], searched_to.get(index, 0))
        if start is None:
            astray.setdefault(index, []).append(Heading(pages[index].start, level, title))
        else:
            searched_to[index] = start + 1
            found.append(Heading(pages[index].start + start, level, title))
    for headings in astray.values():
        if len(headings) <= _MOST_ASTRAY:
            found.extend(headings)
    return iter(sorted(found, key=lambda heading: heading.start))


def _folded(text: str) -> tuple[str, list[int]]:
    """Without white space and case, with the place each character came from."""
    pairs = [
        (folded, place)
        for place, character in enumerate(text)
        if not character.isspace()
        for folded in character.casefold()
    ]
    return "".join(character for character, _ in pairs), [place for _, place in pairs]


def _find_heading(title: str, text: str, folded: str, places: list[int], searched_to: int) -> int | None:
    """Where the title stands: best on a line of its own (a number may precede it), else between words."""
    wanted = _folded(title)[0]
    between_words: int | None = None
    position = folded.find(wanted)
    while position >= 0 and wanted:
        start, end = places[position], places[position + len(wanted) - 1] + 1
        line_start = text.rfind("\n", 0, start) + 1
        if start >= searched_to and not text[end : end + 1].isalnum():
            if not any(character.isalpha() for character in text[line_start:start]):
                return line_start
            if between_words is None and not text[start - 1].isalnum():
                between_words = start
        position = folded.find(wanted, position + 1)
    return between_words


def _title(stored: str, name: str) -> str:
    title = sensible_title(_printable(stored))
    # A number alone is a register's.
    return title if len(title) > 3 and any(map(str.isalpha, title)) else title_from_name(name)


def _printable(value: str) -> str:
    """One line without control characters or halves of surrogate pairs."""
    clean = "".join(
        " " if character.isspace() else character
        for character in value
        if character.isprintable() or character.isspace()
    )
    return " ".join(clean.split())


def _date(value: str) -> datetime | None:
    match = _DATE.match(value.strip())
    if match is None:
        return None
    year, month, day, hour, minute, second, sign, offset_hours, offset_minutes = match.groups()
    offset = timedelta(hours=int(offset_hours or 0), minutes=int(offset_minutes or 0))
    try:
        local = datetime(
            int(year), int(month or 1), int(day or 1), int(hour or 0), int(minute or 0), int(second or 0),
            tzinfo=timezone(-offset if sign == "-" else offset),
        )  # fmt: skip
        return local.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _as_document_error(error: Exception, name: str, password: str | None) -> Exception:
    code = getattr(error, "err_code", None)
    if code == pypdfium2.raw.FPDF_ERR_PASSWORD:
        if password:
            return PasswordNeeded(f"The password given does not open {name}. Give the right one.")
        return PasswordNeeded(f"{name} is protected by a password. Give the password to read it.")
    if code == pypdfium2.raw.FPDF_ERR_SECURITY:
        return UnsupportedFormat(
            f"{name} is encrypted in a way that Askance cannot undo. Save an unencrypted copy and add that."
        )
    return CorruptFile(
        f"{name} is damaged or not a PDF ({str(error).rstrip('.')}). "
        "Open it in a PDF viewer, save it again and add that."
    )
