"""E-mails (EML and Outlook's MSG): who wrote what to whom and when, and the text.

Attachments become documents of their own: ingest/archives.py takes them out through `attachments`.
Pictures that a message shows within its text are left out; nothing that it links to is fetched.
"""

from __future__ import annotations

import email
import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from email.errors import MessageError
from email.header import Header, decode_header, make_header
from email.message import Message
from email.utils import parsedate_to_datetime

from ingest.loaders.builder import TextBuilder, one_line
from ingest.loaders.html import read_markup
from ingest.loaders.package import as_utc
from ingest.loaders.text import cleaned, decode, title_from_name
from rag.errors import AskanceError, CorruptFile
from rag.settings import IngestSettings
from rag.types import Heading, ParsedDocument

EML, MSG, MBOX = "message/rfc822", "application/vnd.ms-outlook", "application/mbox"
OLE_PREFIX = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_DEEPEST = 50
#: What the standard library calls the encoding of bytes beyond ASCII in a header.
_UNKNOWN_CHARSET = "unknown-8bit"
_HEADER = re.compile(rb"^([A-Za-z][A-Za-z0-9-]*):[ \t]?", re.MULTILINE)
_HEADERS_END = re.compile(rb"\r?\n\r?\n")
_SENDING = {b"from", b"sender", b"return-path"}
_TELLING = {
    b"to", b"cc", b"subject", b"date", b"received", b"message-id", b"mime-version", b"delivered-to",
    b"content-type", b"reply-to",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Mail:
    """A message taken apart: its attachments by name and content, and how many are `locked` in it."""

    subject: str
    sender: str
    to: str
    cc: str
    date: datetime | None
    body: str
    message_id: str = ""
    attachments: list[tuple[str, bytes]] = field(default_factory=list)
    locked: int = 0


def looks_like_mail(head: bytes) -> bool:
    """Whether the content begins with the header lines of an e-mail."""
    block = _header_lines(begun(head))
    if not _HEADER.match(block) and not block.startswith(b"From "):
        return False
    names = {match.group(1).lower() for match in _HEADER.finditer(block)}
    return bool(names & _SENDING) and len(names & _TELLING) >= 2


def begun(data: bytes) -> bytes:
    """The content from its first line on that says something."""
    return data.removeprefix(b"\xef\xbb\xbf").lstrip(b"\r\n")


def subject_of(data: bytes) -> str:
    """The subject of the message that begins so; "" without one."""
    return _header(email.message_from_bytes(_header_lines(data)), "Subject")


def is_mailbox(data: bytes) -> bool:
    """Whether an e-mail begins as the first of a mailbox does (the format's "From " line, RFC 4155)."""
    return begun(data).startswith(b"From ")


def load(data: bytes, name: str, password: str | None, limits: IngestSettings) -> ParsedDocument:
    """Header lines, then the text. Sender and date are its heading, so that every passage carries them."""
    mail = read(data, name)
    date = "" if mail.date is None else mail.date.strftime("%Y-%m-%d %H:%M")
    fields = (
        ("From", mail.sender), ("To", mail.to), ("Cc", mail.cc), ("Date", date), ("Subject", mail.subject),
    )  # fmt: skip
    builder = TextBuilder()
    lines = [f"{field}: {value}" for field, value in fields if value]
    attached = [file for file, _ in mail.attachments]
    if attached:
        lines.append(f"Attachments: {', '.join(attached)}")
    if lines:
        builder.block("\n".join(lines))
    if mail.body.strip():
        builder.block(mail.body.strip())
    about = ", ".join(part for part in (mail.sender, date) if part)
    if about:
        builder.headings.append(Heading(0, 1, about))
    stored = [(field, value) for field, value in fields if value]
    if mail.message_id:
        stored.append(("Message-ID", mail.message_id))
    warnings = (
        (f"{mail.locked} messages attached to {name} cannot be taken out. Save them as files and add those.",)
        if mail.locked
        else ()
    )
    return builder.document(
        mail.subject or title_from_name(name),
        MSG if data.startswith(OLE_PREFIX) else EML,
        author=mail.sender,
        created=as_utc(mail.date),
        warnings=warnings,
        metadata=tuple((field, cleaned(value)) for field, value in stored),
    )


def attachments(data: bytes, name: str) -> list[tuple[str, bytes]]:
    """Names and contents of the files attached to a message; its text is not read. Raises CorruptFile."""
    if data.startswith(OLE_PREFIX):
        return read(data, name).attachments
    with _explained(name):
        return list(_attached(email.message_from_bytes(begun(data)), 0))


def read(data: bytes, name: str) -> Mail:
    """The message in these bytes. Raises CorruptFile."""
    with _explained(name):
        return _outlook(data, name) if data.startswith(OLE_PREFIX) else _internet(data, name)


@contextmanager
def _explained(name: str) -> Iterator[None]:
    try:
        yield
    except AskanceError:
        raise
    except Exception as error:
        raise CorruptFile(
            f"{name} cannot be read as an e-mail ({type(error).__name__}: {str(error)[:200]}). "
            "Save it again from the mail program and add that."
        ) from error


def _internet(data: bytes, name: str) -> Mail:
    message = email.message_from_bytes(begun(data))
    date: datetime | None = None
    try:
        date = parsedate_to_datetime(_header(message, "Date"))
    except (ValueError, TypeError, IndexError, OverflowError):
        date = None
    return Mail(
        subject=_header(message, "Subject"),
        sender=_header(message, "From") or _header(message, "Sender"),
        to=_header(message, "To"),
        cc=_header(message, "Cc"),
        date=date,
        body=_body(message, name, 0),
        message_id=_header(message, "Message-ID"),
        attachments=list(_attached(message, 0)),
    )


def _header_lines(data: bytes) -> bytes:
    end = _HEADERS_END.search(data)
    return data[: end.start()] if end else data


def _header(message: Message, field: str) -> str:
    value = message.get(field)
    if value is None:
        return ""
    return cleaned(one_line(_decoded(value, _charset(message))))


def _decoded(value: Header | str, charset: str) -> str:
    """Encoded words as what they say; a text whose encoding is broken as it stands.

    Bytes beyond ASCII, which no header may hold, are read in `charset` where they are no UTF-8.
    """
    try:
        parts = decode_header(value)
        if any(encoding == _UNKNOWN_CHARSET for _, encoding in parts):
            whole = b"".join(part for part, _ in parts if isinstance(part, bytes))
            parts = decode_header(decode(whole, declared=charset)[0])
        return str(make_header(parts))
    except (ValueError, LookupError, MessageError):
        return str(value)


def _body(part: Message, name: str, depth: int) -> str:
    """The text of a part: of alternatives the plain one, of a mixture all."""
    if depth > _DEEPEST or _is_attachment(part):
        return ""
    if part.is_multipart():
        children = [child for child in part.get_payload() if isinstance(child, Message)]
        if part.get_content_type() == "multipart/alternative":
            plain = [child for child in children if child.get_content_type() == "text/plain"]
            texts = [_body(child, name, depth + 1) for child in (*plain, *reversed(children))]
            return next((text for text in texts if text.strip()), "")
        return "\n\n".join(text for child in children if (text := _body(child, name, depth + 1)).strip())
    if part.get_content_maintype() != "text":
        return ""
    content = part.get_payload(decode=True)
    text, _ = decode(content if isinstance(content, bytes) else b"", name, _charset(part))
    if part.get_content_subtype() == "html":
        return read_markup(text).text
    return text.replace("\r\n", "\n")


def _charset(part: Message) -> str:
    """The encoding that a part names, without what that says of the direction of writing."""
    return re.sub(r"-[ie]$", "", (part.get_content_charset() or "").lower())


def _is_attachment(part: Message) -> bool:
    if part.get_content_type() == "message/rfc822" or part.get_content_disposition() == "attachment":
        return True
    return bool(part.get_filename()) and not part.is_multipart()


def _attached(part: Message, depth: int) -> Iterator[tuple[str, bytes]]:
    if depth > _DEEPEST:
        return
    if part.get_content_type() == "message/rfc822" and depth:
        inner = part.get_payload()
        original = inner[0] if isinstance(inner, list) and inner else None
        if isinstance(original, Message):
            title = part.get_filename() or f"{_header(original, 'Subject') or 'message'}.eml"
            yield cleaned(one_line(title)), original.as_bytes()
    elif _is_attachment(part) and not part.is_multipart():
        # A picture with an id is shown within the text: a logo, a signature.
        shown_within = part.get_content_maintype() == "image" and part.get("Content-ID")
        content = part.get_payload(decode=True)
        if isinstance(content, bytes) and not (
            shown_within and part.get_content_disposition() != "attachment"
        ):
            yield _file_name(part), content
    elif part.is_multipart():
        for child in part.get_payload():
            if isinstance(child, Message):
                yield from _attached(child, depth + 1)


def _file_name(part: Message) -> str:
    given = cleaned(one_line(_decoded(part.get_filename() or "", "")))
    return given or f"attachment.{part.get_content_subtype()}"


def _outlook(data: bytes, name: str) -> Mail:
    import oxmsg

    message = oxmsg.Message.load(io.BytesIO(data))
    headers = {field.lower(): value for field, value in message.message_headers.items()}
    body = message.body or ""
    if not body.strip() and message.html_body:
        body = read_markup(message.html_body).text
    recipients = [f'"{each.name}" <{each.email_address}>' for each in message.recipients]
    taken: list[tuple[str, bytes]] = []
    locked = 0
    for attached in message.attachments:
        content = attached.file_bytes if attached.attached_by_value else None
        if content is None:
            locked += 1
        else:
            taken.append((cleaned(one_line(attached.file_name or "attachment")), content))
    return Mail(
        subject=cleaned(one_line(message.subject or "")),
        sender=cleaned(one_line(message.sender or headers.get("from", ""))),
        to=cleaned(one_line(headers.get("to", "") or ", ".join(recipients))),
        cc=cleaned(one_line(headers.get("cc", ""))),
        date=message.sent_date,
        body=body.replace("\r\n", "\n"),
        message_id=headers.get("message-id", ""),
        attachments=taken,
        locked=locked,
    )
