"""A document on its way through the pipeline, and what is said of it at the end. It stores nothing."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from ingest.progress import FileResult
from ingest.report import FileReport
from rag.catalog import DocumentRecord
from rag.document_authors import authors_of
from rag.types import Chunk, ParsedDocument, Vector


@dataclass(slots=True)
class Document:
    """A document on its way through: `chunks[:given]` are with the embedder or have come from it.

    `has_original` says that its bytes were kept, as those of files are.
    """

    name: str
    document_id: str
    size: int
    started: float
    parsed: ParsedDocument | None = None
    chunks: list[Chunk] = field(default_factory=list)
    vectors: list[Vector] = field(default_factory=list)
    token_bits: list[bytes] = field(default_factory=list)
    given: int = 0
    has_original: bool = False
    language: str = ""
    warnings: tuple[str, ...] = ()
    report: FileReport = field(default_factory=FileReport)
    result: FileResult | None = None

    def seconds(self) -> float:
        """Since its reading began."""
        return time.monotonic() - self.started

    def outcome(self, status: str, error: str | None = None) -> FileResult:
        """What is reported of the file."""
        pages = 0
        if self.parsed is not None:
            has_text = bool(self.chunks) or bool(self.parsed.text.strip())
            pages = len(self.parsed.pages) or int(has_text)
        return FileResult(
            self.name,
            status,
            self.document_id,
            pages,
            len(self.chunks),
            self.seconds(),
            error,
            self.warnings,
        )

    def record(self, collection: str, recipe: str, status: str) -> DocumentRecord:
        """What the catalog is to hold of it, once there is a result."""
        result, parsed = self.result, self.parsed
        return DocumentRecord(
            collection=collection,
            name=self.name,
            document_id=self.document_id,
            status=status,
            error=(result.error or "") if result else "",
            pages=result.pages if result else 0,
            chunks=len(self.chunks),
            bytes=self.size,
            title=parsed.title if parsed else "",
            mime_type=parsed.mime_type if parsed else "",
            authors=authors_of(parsed.author) if parsed else (),
            dated=parsed.created.date() if parsed and parsed.created else None,
            language=self.language,
            warnings=self.warnings,
            tokens=self.tokens,
            report=self.report.pages,
            signature=self.report.signature,
            recipe=recipe,
        )

    @property
    def tokens(self) -> int:
        """Tokens of all passages embedded so far."""
        if not self.vectors:
            return 0
        return sum(map(len, self.token_bits)) // (len(self.vectors[0]) // 8)
