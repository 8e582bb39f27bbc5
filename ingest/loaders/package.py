"""Documents that are ZIP archives of XML: Office, OpenDocument, EPUB.

Opens them within bounds. Refuses what unpacks to far more than a document holds, and entity
declarations, which no office program writes and which serve to blow a parser up.
"""

from __future__ import annotations

import io
import zipfile
import zlib
from datetime import UTC, datetime
from typing import Any

from rag.errors import CorruptFile, TooLarge

#: Bytes that the whole package, and its XML alone, may unpack to.
MOST_UNPACKED = 1 << 30
MOST_XML = 256 << 20
_DECLARED_WITHIN = 4096


def opened_package(data: bytes, name: str, kind: str, *, allow_doctype: bool = False) -> zipfile.ZipFile:
    """The archive of a document of this kind ("a Word document"). Raises CorruptFile or TooLarge."""
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
        members = archive.infolist()
        markup = [member for member in members if member.filename.lower().endswith((".xml", ".rels"))]
        if (
            sum(member.file_size for member in markup) > MOST_XML
            or sum(member.file_size for member in members) > MOST_UNPACKED
        ):
            raise TooLarge(f"{name} unpacks to more than {kind} should hold. Split it and add the parts.")
        for member in [] if allow_doctype else markup:
            with archive.open(member) as stream:
                # Without the NULs, UTF-16 reads like ASCII.
                start = stream.read(_DECLARED_WITHIN).replace(b"\0", b"")
            if b"<!DOCTYPE" in start or b"<!ENTITY" in start:
                raise CorruptFile(
                    f"{name} declares entities, which {kind} never does, and was not read. "
                    "Save it again where it was made and add that."
                )
    except (zipfile.BadZipFile, ValueError, NotImplementedError, EOFError, zlib.error, OSError) as error:
        raise CorruptFile(
            f"{name} is damaged: it is not {kind} as a whole ({error}). Copy or download it again."
        ) from error
    return archive


def parsed_member(archive: zipfile.ZipFile, member: str, name: str) -> Any:
    """The root element of an XML member, None when there is no such member. Raises CorruptFile."""
    from lxml import etree

    if member not in archive.namelist():
        return None
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True)
    try:
        return etree.fromstring(archive.read(member), parser)
    except (etree.XMLSyntaxError, zipfile.BadZipFile, zlib.error, ValueError, EOFError, OSError) as error:
        raise CorruptFile(
            f"{name} is damaged: its part {member} cannot be read ({str(error)[:200]}). "
            "Save it again where it was made and add that."
        ) from error


def as_utc(moment: datetime | None) -> datetime | None:
    """A time in UTC; one without a zone is taken to be in it."""
    if moment is None:
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def iso_date(value: str) -> datetime | None:
    """A time written like 2024-05-01 or 2024-05-01T10:00:00Z, in UTC; None when it is not one."""
    try:
        return as_utc(datetime.fromisoformat(value.strip()))
    except (ValueError, OverflowError):
        return None
