"""Plain text: the decoded source, verbatim but for a byte order mark.

Also the decoding that the other text formats share. Refuses what is not text; never drops a
character silently: a guessed encoding or a replaced byte is told in a warning.
"""

from __future__ import annotations

import codecs
import re
from itertools import pairwise

from rag.errors import UnsupportedFormat
from rag.settings import IngestSettings
from rag.types import ParsedDocument

_SAMPLE_BYTES = 1 << 20
_GUESS_BYTES = 1 << 16
_BYTE_ORDER_MARKS = (
    # UTF-32 first: its little-endian mark begins with that of UTF-16.
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_CONTROLS = bytes(code for code in range(32) if code not in b"\t\n\x0b\x0c\r\x1b") + b"\x7f"
_MOST_CONTROLS = 0.02
_MOST_CONTROLS_NAMED = 0.3
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
#: What European languages write beyond ASCII in Windows-1252.
_WESTERN = frozenset("ÄÖÜäöüßÀÁÂÃÅÆÇÈÉÊËÌÍÎÏÑÒÓÔÕØÙÚÛàáâãåæçèéêëìíîïñòóôõøùúûÿ„“”‘’–—…€£§©®°·«»\xa0")
#: UTF-7 reads plain signs as other characters; the rest are mainframe encodings, in which ASCII is noise.
_NEVER_GUESSED = ["utf_7", "cp037", "cp273", "cp424", "cp500", "cp875", "cp1026", "cp1140"]
_BEYOND_ASCII = re.compile(rb"[\x80-\xff]")
_LONGEST_LINE = 4096


def load(data: bytes, name: str, password: str | None, limits: IngestSettings) -> ParsedDocument:
    """The whole file as one text without pages or headings."""
    text, warnings = decode(data, name)
    return ParsedDocument(text=text, title=title_from_name(name), mime_type="text/plain", warnings=warnings)


def title_from_name(name: str) -> str:
    """A file's name without archives, folders and suffix, underscores and dashes as spaces."""
    base = re.sub(r"^.*\.\w+!", "", name.replace("\\", "/"), flags=re.DOTALL).rsplit("/", 1)[-1]
    stem = base.rsplit(".", 1)[0] if "." in base.lstrip(".") else base
    return re.sub(r"[\s_-]+", " ", stem).strip() or base


def is_textual(data: bytes, *, named_so: bool = False) -> bool:
    """Whether the content is text in some encoding; empty content is.

    UTF-8 that is `named_so`, as a text, may hold more control characters.
    """
    sample = data[:_SAMPLE_BYTES]
    if any(sample.startswith(mark) for mark, _ in _BYTE_ORDER_MARKS) or _wide_encoding(sample):
        return True
    controls = len(sample) - len(sample.translate(None, _CONTROLS))
    if named_so and controls <= _MOST_CONTROLS_NAMED * len(sample) and _is_utf_8(sample):
        return True
    return controls <= max(_MOST_CONTROLS * len(sample), 1 if len(sample) > 16 else 0)


def decode(data: bytes, name: str = "The file", declared: str = "") -> tuple[str, tuple[str, ...]]:
    """The text of the content, and sentences about what had to be guessed or replaced.

    `declared` is an encoding that the content itself names; UTF-8 and byte order marks go first,
    because where they fit they are right.
    """
    for mark, encoding in _BYTE_ORDER_MARKS:
        if data.startswith(mark):
            return _replacing(data[len(mark) :], encoding, name)
    wide = _wide_encoding(data[:_SAMPLE_BYTES])
    if wide:
        text, warnings = _replacing(data, wide, name)
        return text, (f"{name} names no encoding; it was read as {wide.upper()}.", *warnings)
    try:
        return cleaned(data.decode("utf-8")), ()
    except UnicodeDecodeError:
        pass
    if declared:
        try:
            return cleaned(data.decode(declared)), ()
        except (UnicodeDecodeError, LookupError, ValueError):
            pass
    if _mostly_utf_8(data):
        return _replacing(data, "utf-8", name)
    guessed = _guess(data, name)
    text, warnings = _replacing(data, guessed, name)
    warning = (
        f"{name} is not UTF-8; its encoding was guessed as {guessed}. "
        "If characters look wrong, save it as UTF-8 and add it again."
    )
    return text, (warning, *warnings)


def cleaned(text: str) -> str:
    """The text without what the store cannot hold; the length stays, so that offsets do."""
    if "\x00" in text:
        text = text.replace("\x00", " ")
    if not text.isascii() and _LONE_SURROGATE.search(text):
        text = _LONE_SURROGATE.sub("\ufffd", text)
    return text


def _replacing(data: bytes, encoding: str, name: str) -> tuple[str, tuple[str, ...]]:
    try:
        return cleaned(data.decode(encoding)), ()
    except UnicodeDecodeError:
        text = data.decode(encoding, errors="replace")
    warning = (
        f"Some bytes of {name} are not valid {encoding.upper()} and are shown as \ufffd; check its encoding."
    )
    return cleaned(text), (warning,)


def _wide_encoding(sample: bytes) -> str:
    """UTF-16 without a byte order mark, told by where its NULs are; "" when it is something else."""
    pairs = len(sample) // 2
    if pairs < 2:
        return ""
    high, low = sample[: 2 * pairs : 2].count(0) / pairs, sample[1 : 2 * pairs : 2].count(0) / pairs
    if max(high, low) < 0.4 or min(high, low) > 0.05:
        return ""
    encoding = "utf-16-be" if high > low else "utf-16-le"
    decoded = sample[: 2 * pairs].decode(encoding, errors="replace")
    strange = sum(not character.isprintable() and not character.isspace() for character in decoded[:4096])
    return encoding if strange <= _MOST_CONTROLS * len(decoded[:4096]) else ""


def _is_utf_8(sample: bytes) -> bool:
    """Whether it is UTF-8, but for a character that the sample's end parts."""
    try:
        codecs.getincrementaldecoder("utf-8")().decode(sample)
    except UnicodeDecodeError:
        return False
    return True


def _mostly_utf_8(data: bytes) -> bool:
    """Whether only a stray byte in a hundred sequences keeps the content from being UTF-8."""
    sample = _beyond_ascii(data)
    decoded = sample.decode("utf-8", errors="replace")
    replaced = decoded.count("\ufffd")
    sequences = sum(not character.isascii() for character in decoded) - replaced
    return sequences > 0 and replaced <= max(0.01 * sequences, 1 if sequences >= 20 else 0)


def _beyond_ascii(data: bytes) -> bytes:
    """The lines that tell encodings apart, up to a bounded size: ASCII looks alike in most."""
    lines: list[bytes] = []
    size = 0
    match = _BEYOND_ASCII.search(data)
    while match and size < _GUESS_BYTES:
        found = match.start()
        start = max(data.rfind(b"\n", 0, found) + 1, found - _LONGEST_LINE)
        end = data.find(b"\n", found, found + _LONGEST_LINE)
        end = min(found + _LONGEST_LINE, len(data)) if end < 0 else end
        lines.append(data[start:end])
        size += end - start + 1
        match = _BEYOND_ASCII.search(data, end)
    return b"\n".join(lines)


def _guess(data: bytes, name: str) -> str:
    sample = _beyond_ascii(data)
    if _looks_western(sample):
        return "cp1252"
    from charset_normalizer import from_bytes

    best = from_bytes(sample, cp_exclusion=_NEVER_GUESSED).best()
    if best is None:
        raise UnsupportedFormat(
            f"{name} is not text in any encoding that Askance knows. Save it as UTF-8 text, PDF or DOCX."
        )
    return str(best.encoding)


def _looks_western(sample: bytes) -> bool:
    """Whether this is Windows-1252: a few accented letters and quotation marks, seldom two together.

    Statistics over a few words easily prefer some rare encoding.
    """
    try:
        text = sample.decode("cp1252")
    except UnicodeDecodeError:
        return False
    beyond = sum(not character.isascii() for character in text)
    known = sum(character in _WESTERN for character in text)
    together = sum(not first.isascii() and not second.isascii() for first, second in pairwise(text))
    return known == beyond and beyond <= 0.4 * len(text) and together <= max(0.2 * beyond, 2)
