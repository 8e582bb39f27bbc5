"""PowerPoint presentations through python-pptx: a slide is a page, its title a heading, its notes follow.

Leaves out pictures, charts and what stands on the slide master.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

from ingest.loaders.builder import TextBuilder, one_line
from ingest.loaders.package import as_utc, opened_package
from ingest.loaders.stored_titles import sensible_title
from ingest.loaders.text import title_from_name
from rag.settings import IngestSettings
from rag.types import ParsedDocument

MIME_TYPE = "application/vnd.openxmlformats-officedocument.presentationml.presentation"


def load(data: bytes, name: str, password: str | None, limits: IngestSettings) -> ParsedDocument:
    """Title, text boxes, tables and notes of each slide, in the order of its shapes."""
    import pptx

    opened_package(data, name, "a PowerPoint presentation").close()
    presentation = pptx.Presentation(io.BytesIO(data))
    builder = TextBuilder()
    for slide in presentation.slides:
        builder.begin_page()
        _add_slide(builder, slide)
        builder.end_page()
    core = presentation.core_properties
    title = sensible_title(core.title or "")
    if not title:
        title = builder.headings[0].text if builder.headings else title_from_name(name)
    return builder.document(
        title, MIME_TYPE, author=one_line(core.author or ""), created=as_utc(core.created)
    )


def _add_slide(builder: TextBuilder, slide: Any) -> None:
    title = slide.shapes.title
    if title is not None and title.has_text_frame:
        builder.heading(title.text_frame.text, 1)
    for shape in _shapes(slide):
        if title is not None and shape.shape_id == title.shape_id:
            continue
        if shape.has_text_frame:
            text = _paragraphs(shape.text_frame)
            if text:
                builder.block(text)
        elif getattr(shape, "has_table", False):
            builder.table([cell.text_frame.text for cell in row.cells] for row in shape.table.rows)
    if slide.has_notes_slide and slide.notes_slide.notes_text_frame is not None:
        notes = _paragraphs(slide.notes_slide.notes_text_frame)
        if notes:
            builder.block(f"Notes: {notes}")


def _shapes(slide: Any) -> Iterator[Any]:
    """All shapes in order, those in groups too, however deep."""
    stack = list(reversed(list(slide.shapes)))
    while stack:
        shape = stack.pop()
        if hasattr(shape, "shapes"):
            stack.extend(reversed(list(shape.shapes)))
        else:
            yield shape


def _paragraphs(frame: Any) -> str:
    lines = (paragraph.text.replace("\v", "\n").strip() for paragraph in frame.paragraphs)
    return "\n".join(line for line in lines if line)
