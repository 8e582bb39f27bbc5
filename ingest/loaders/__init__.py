"""From a file's bytes to a ParsedDocument: what the format is, and which module reads it.

A new format is one module with a `load` function and one row in formats.py. Nothing here reads a
file, follows a link or lets a parser's own exception escape: whatever goes wrong is a DocumentError
(or a MissingDependency) that says what to do.
"""

from __future__ import annotations

import logging
from importlib import import_module
from typing import Protocol, cast

from ingest.loaders.formats import FORMATS
from ingest.loaders.sniffing import sniff
from rag.errors import AskanceError, CorruptFile, TooLarge, UnsupportedFormat
from rag.settings import IngestSettings
from rag.types import ParsedDocument

__all__ = ["load", "sniff"]

logger = logging.getLogger(__name__)

_DEFAULT_LIMITS = IngestSettings()


class Loader(Protocol):
    """What every module of a format offers."""

    def load(self, data: bytes, name: str, password: str | None, limits: IngestSettings) -> ParsedDocument:
        """Parse the content of the file called `name`."""


def load(
    data: bytes, name: str, *, password: str | None = None, limits: IngestSettings = _DEFAULT_LIMITS
) -> ParsedDocument:
    """Parse a file's content; empty content is an empty document, not an error.

    Raises UnsupportedFormat, PasswordNeeded, CorruptFile or TooLarge (all DocumentError), or
    MissingDependency when a program that reads the format does not work.
    """
    mime_type = sniff(data, name)
    row = next((row for row in FORMATS if row.mime_type == mime_type), None)
    if row is None:
        raise UnsupportedFormat(
            f"{name} is neither text nor of a format that Askance reads. Save it as PDF, DOCX, HTML or text."
        )
    if not row.module:
        raise UnsupportedFormat(f"{name} is {row.description}, and Askance does not read those. {row.advice}")
    loader = cast(Loader, import_module(f"{__name__}.{row.module}"))
    try:
        return loader.load(data, name, password, limits)
    except AskanceError:
        raise
    except MemoryError as error:
        raise TooLarge(
            f"{name} does not fit into this machine's memory. Split it and add the parts."
        ) from error
    except Exception as error:
        logger.warning("The loader for %s failed on %s", mime_type, name, exc_info=True)
        reason = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        raise CorruptFile(
            f"{name} cannot be read as {row.description}: {reason[:300]}. "
            "Open it where it was made, save it again and add the new file."
        ) from error
