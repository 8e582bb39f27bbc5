"""Mailboxes: each e-mail is a document of its own, with its attachments, and none is made up."""

from __future__ import annotations

import mailbox
from email.message import EmailMessage
from pathlib import Path

import pytest

from ingest.loaders import load
from ingest.sources import bytes_source
from rag.errors import CorruptFile
from rag.settings import IngestSettings

LIMITS = IngestSettings()


def mail(subject: str, text: str, attached: dict[str, bytes] | None = None) -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"] = "Ann <ann@example.org>", "ben@example.org"
    message["Subject"], message["Date"] = subject, "Mon, 05 Jan 2026 10:00:00 +0000"
    message.set_content(text)
    for name, data in (attached or {}).items():
        message.add_attachment(data, maintype="application", subtype="octet-stream", filename=name)
    return message


def boxed(folder: Path, *messages: EmailMessage) -> bytes:
    """The mailbox as the standard library writes it."""
    box = mailbox.mbox(folder / "made.mbox")
    for message in messages:
        box.add(message)
    box.close()
    return (folder / "made.mbox").read_bytes()


def contents(name: str, data: bytes) -> dict[str, bytes]:
    return {source.name: source.read() for source in bytes_source(name, data, LIMITS)}


@pytest.mark.parametrize("name", ["inbox.mbox", "Inbox", "inbox.txt"])
def test_each_mail_and_attachment_is_a_document(tmp_path: Path, name: str) -> None:
    data = boxed(tmp_path, mail("Fees", "They rose."), mail("Minutes", "See below.", {"notes.txt": b"Tides"}))
    found = contents(name, data)
    assert list(found) == [f"{name}!Fees.eml", f"{name}!Minutes.eml", f"{name}!Minutes.eml!notes.txt"]
    first = load(found[f"{name}!Fees.eml"], "Fees.eml")
    assert (first.title, "Minutes" in first.text) == ("Fees", False)
    assert first.text.endswith("They rose.")
    assert found[f"{name}!Minutes.eml!notes.txt"] == b"Tides"


def test_a_line_that_begins_with_from_parts_no_mail(tmp_path: Path) -> None:
    text = "Dear all,\n\nFrom tomorrow on: fees rise.\n\n>From old habit: none pays.\n"
    found = contents("inbox.mbox", boxed(tmp_path, mail("Fees", text), mail("Tides", "High.")))
    assert list(found) == ["inbox.mbox!Fees.eml", "inbox.mbox!Tides.eml"]
    assert "From tomorrow on: fees rise." in load(found["inbox.mbox!Fees.eml"], "a.eml").text


def test_a_subject_whose_encoding_is_broken_costs_nothing(tmp_path: Path) -> None:
    broken = b"From: Ann <ann@example.org>\nTo: ben@example.org\nSubject: =?utf-8?b?a?=\n\nFees rose.\n"
    found = contents("inbox.mbox", b"From ann Mon Jan  5 10:00:00 2026\n" + broken)
    assert list(found) == ["inbox.mbox!=?utf-8?b?a?=.eml"]
    loaded = load(broken, "fees.eml")
    assert (loaded.title, loaded.text.endswith("Fees rose.")) == ("=?utf-8?b?a?=", True)


def test_a_long_line_of_beginnings_is_looked_through_once(tmp_path: Path) -> None:
    data = boxed(tmp_path, mail("Fees", "They rose.")) + b"From " * 4_000_000
    assert list(contents("inbox.mbox", data)) == ["inbox.mbox!Fees.eml"]


def test_mails_of_one_subject_or_none_get_names_of_their_own(tmp_path: Path) -> None:
    data = boxed(tmp_path, mail("a/b: c", "1"), mail("a/b: c", "2"), mail("", "3"))
    assert list(contents("in.mbox", data)) == [
        "in.mbox!a b c.eml",
        "in.mbox!a b c (2).eml",
        "in.mbox!message.eml",
    ]


def test_one_mail_saved_with_the_line_of_a_mailbox_stays_a_mail(tmp_path: Path) -> None:
    data = boxed(tmp_path, mail("Fees", "They rose."))
    assert list(contents("fees.eml", data)) == ["fees.eml"]
    assert list(contents("fees.mbox", data)) == ["fees.mbox!Fees.eml"]


def test_a_mailbox_without_mails_says_so() -> None:
    broken = b"From ann@example.org\nnothing like a header\nFrom: a@b.c\nTo: d@e.f\nSubject: x\n\nhello\n"
    with pytest.raises(CorruptFile, match="holds no e-mail"):
        contents("in.mbox", broken)
