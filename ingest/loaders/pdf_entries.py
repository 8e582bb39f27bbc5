"""What people wrote onto a PDF's page: values in form fields, typed notes, stamps, as text of the page.

They are drawn into the page itself, in memory alone, so that they are read, cited and outlined as all other
text is, after it. Comments that only show when they are opened are no part of a page. Whoever calls holds
PDFIUM_LOCK.
"""

from __future__ import annotations

import logging
from typing import Any

import pypdfium2
from pypdfium2 import raw

logger = logging.getLogger(__name__)

_WRITTEN = {raw.FPDF_ANNOT_WIDGET, raw.FPDF_ANNOT_FREETEXT, raw.FPDF_ANNOT_STAMP}


def prepare(document: Any) -> None:
    """Let pdfium know a form's fields; to be done before any page is opened."""
    try:
        document.init_forms()
    except pypdfium2.PdfiumError as error:
        logger.warning("The form of a PDF cannot be read, and is left out: %s", error)


def with_entries(document: Any, page: Any, index: int) -> Any:
    """The page with what was written onto it; where that makes it another, the one given is closed."""
    if not _has_entries(page) or raw.FPDFPage_Flatten(page, raw.FLAT_NORMALDISPLAY) != raw.FLATTEN_SUCCESS:
        return page
    page.close()
    return document[index]


def _has_entries(page: Any) -> bool:
    for place in range(raw.FPDFPage_GetAnnotCount(page)):
        annotation = raw.FPDFPage_GetAnnot(page, place)
        if not annotation:
            continue
        kind = raw.FPDFAnnot_GetSubtype(annotation)
        raw.FPDFPage_CloseAnnot(annotation)
        if kind in _WRITTEN:
            return True
    return False
