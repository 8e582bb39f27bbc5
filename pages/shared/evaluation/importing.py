"""Questions brought in from files, with what was taken and what could not be found.

What files hold is shown as text. Nothing is looked up here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from pages.shared import session
from pages.shared.comparison.draft import Draft
from pages.shared.plain_text import markdown_plain
from rag.errors import AskanceError
from rag.evaluation_runs import question_sets
from rag.judged_tasks import text_reader
from rag.question_files import SUFFIXES, read_question_files
from rag.question_import import judged_from
from rag.question_sets import QuestionSet

IMPORTED = "Imported"


def draw_import(draft: Draft, collection: str) -> None:
    """The form; what is brought in becomes the chosen set."""
    st.markdown(
        "A CSV file with columns *question*, *document* and, where known, *page*, *passage* or *grade*; JSON "
        "lines with the same names; or *queries.jsonl* with its *.tsv* of judgements, as BEIR has them."
    )
    with st.form("evaluation-import", border=False, clear_on_submit=True):
        files = st.file_uploader(
            "Files with questions", type=list(SUFFIXES), accept_multiple_files=True, key="evaluation-files"
        )
        sent = st.form_submit_button("Import", icon=":material/upload:")
    if not sent or not files:
        return
    workspace = session.workspace()
    try:
        imported = judged_from(
            read_question_files(_by_name(files)),
            collection=collection,
            catalog=workspace.catalog,
            document_text=text_reader(workspace.blobs),
        )
    except AskanceError as error:
        st.error(markdown_plain(str(error)), icon=":material/error:")
        return
    kept = question_sets(workspace).add(collection, IMPORTED, imported.questions)
    draft.question_set = kept.id
    draft.imported = (kept.id, (imported.taken, *imported.notes))
    draft.additions += 1
    st.rerun()


def draw_imported(draft: Draft, chosen: QuestionSet) -> None:
    """What was imported into the chosen set, and what could not be found, until it is put away."""
    set_id, told = draft.imported
    if set_id != chosen.id:
        return
    with st.container(border=True, key="evaluation-imported"):
        icon = ":material/warning:" if told[1:] else ":material/check_circle:"
        st.markdown(f"{icon} **{markdown_plain(told[0])}**")
        for note in told[1:]:
            st.markdown(f"- {markdown_plain(note)}")
        st.button(
            "Close",
            key="evaluation-imported-close",
            icon=":material/close:",
            type="tertiary",
            on_click=_put_away,
            args=(draft,),
        )


def _put_away(draft: Draft) -> None:
    draft.imported = ("", ())


def _by_name(files: Sequence[UploadedFile]) -> dict[str, bytes]:
    """What was uploaded by name; those that share one have a number before it."""
    shared = Counter(file.name for file in files)
    return {
        file.name if shared[file.name] == 1 else f"{number}/{file.name}": file.getvalue()
        for number, file in enumerate(files, start=1)
    }
