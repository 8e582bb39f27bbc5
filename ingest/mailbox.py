"""A mailbox file (mbox, RFC 4155) parted into its e-mails, each of which is then read as an EML file is.

Of an e-mail it reads the subject alone, which names it.
"""

from __future__ import annotations

import re

from ingest.loaders.mail import begun, subject_of
from rag.errors import CorruptFile

#: What begins an e-mail: a line of its own, after an empty one, with header lines after it. Looking back only
#: after "From " lets the search skip to the next, and each line is read once, however many it has.
_BEGINNING = re.compile(rb"From (?<![^\n]From )[^\r\n]*+\r?\n(?=[A-Za-z][A-Za-z0-9-]*+:)")
_BEFORE = (b"\n\n", b"\n\r\n")
#: A line of a text that would begin an e-mail has a mark before it.
_MARKED = re.compile(rb"^>(?=>*From )", re.MULTILINE)
LONGEST_SUBJECT = 80


def messages_of(data: bytes, name: str) -> list[tuple[str, bytes]]:
    """The name and the bytes of each e-mail, in order. Raises CorruptFile when there is none."""
    data = begun(data)
    beginnings = [
        match
        for match in _BEGINNING.finditer(data)
        if match.start() == 0 or data[max(0, match.start() - 3) : match.start()].endswith(_BEFORE)
    ]
    if not beginnings:
        raise CorruptFile(f"{name} holds no e-mail. Export the mailbox again.")
    ends = [match.start() for match in beginnings[1:]] + [len(data)]
    messages = [data[begin.end() : end] for begin, end in zip(beginnings, ends, strict=True)]
    return [(_name_of(message), _unmarked(message)) for message in messages]


def _unmarked(message: bytes) -> bytes:
    return _MARKED.sub(b"", message) if b">From " in message else message


def _name_of(message: bytes) -> str:
    subject = re.sub(r"[/\\:!]+", " ", subject_of(message))
    return f"{' '.join(subject.split())[:LONGEST_SUBJECT].strip(' .') or 'message'}.eml"
