"""Files attached to a conversation: taken in through the library's jobs, asked, and removed with it.

They form a collection of the conversation's own. Nothing is read here; the jobs do that.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePosixPath

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from ingest.documents import remove_collection
from ingest.uploads import given_uploads
from pages.shared import session
from pages.shared.figures import counted
from pages.shared.job_cards import draw_jobs
from pages.shared.plain_text import markdown_plain, shortened
from rag.attached_files import Asked, asked_of, attached_to
from rag.errors import AskanceError, DocumentError, StoreError
from rag.history import Conversation, Turn

#: Names of attached files told one by one.
NAMED = 3


def attach(conversation: Conversation, files: Sequence[UploadedFile]) -> None:
    """Give the files to a job. Raises AskanceError when a disk refuses, or nothing is among them."""
    workspace = session.workspace()
    given = given_uploads(
        ((file.name, file.getvalue()) for file in files), workspace.settings.ingest, workspace.blobs
    )
    if not given:
        raise DocumentError("Hidden files are not read, and there was no other. Attach another file.")
    label = files[0].name if len(files) == 1 else counted(len(files), "file")
    session.jobs().submit(attached_to(conversation.id), given, label=label)


def is_reading(conversation: Conversation | None) -> bool:
    """Whether files of the conversation are being read, or wait for that."""
    if conversation is None:
        return False
    return any(job.active for job in session.jobs().jobs(attached_to(conversation.id)))


def waits_for_files(asked: Asked) -> bool:
    """Whether the question that waits came with files of which none is there to be asked."""
    waiting = session.waiting().next
    return waiting is not None and waiting.needs_files and asked is Asked.COLLECTION


def draw_reading(conversation: Conversation) -> None:
    """How far the reading is, and what could not be read; files read without trouble need no word."""
    own = attached_to(conversation.id)
    jobs = session.jobs()
    known = jobs.jobs(own)
    if not known:
        return
    jobs.forget(*(job for job in known if job.state == "done" and not job.troubled))
    with st.container(key="attached-jobs"):
        draw_jobs(own)


def draw_attached(conversation: Conversation | None, collection: str, turns: Sequence[Turn]) -> Asked:
    """The files attached, and a switch for what the next question is asked of; returns that."""
    records = session.ready_documents(attached_to(conversation.id)) if conversation else []
    if conversation is None or not records:
        return Asked.COLLECTION
    names = [shortened(PurePosixPath(record.name).name, 28) for record in records[:NAMED]]
    if len(records) > NAMED:
        names.append(f"{len(records) - NAMED:,} more")
    own = f":material/attach_file: {markdown_plain(', '.join(names))}"
    if not session.ready_documents(collection):
        st.caption(own)
        return Asked.FILES
    before = asked_of(turns[-1]) if turns else Asked.FILES
    if before is Asked.COLLECTION and turns[-1].created_at < max(record.added_at for record in records):
        before = Asked.FILES
    names_of = {
        Asked.FILES: own,
        Asked.COLLECTION: f":material/folder: {markdown_plain(shortened(collection, 28))}",
        Asked.BOTH: "Both",
    }
    chosen = st.segmented_control(
        "Ask",
        list(names_of),
        default=before,
        required=True,
        format_func=names_of.__getitem__,
        key=f"ask-of-{conversation.id}-{len(records)}",
        label_visibility="collapsed",
        help="What the next question is asked of: the files attached here, your documents, or both.",
    )
    return Asked(chosen)


def told_before_removing(conversation: Conversation) -> str:
    """What goes with a conversation, in a sentence."""
    records = session.documents(attached_to(conversation.id))
    if not records:
        return "Its questions and answers go. Your documents stay."
    names = ", ".join(shortened(record.name, 40) for record in records[:NAMED])
    more = f" and {len(records) - NAMED:,} more" if len(records) > NAMED else ""
    files = counted(len(records), "attached file")
    return f"Its questions and answers go, and its {files}: {names}{more}. Your other documents stay."


def remove_attached(conversation: Conversation) -> None:
    """Remove the files of a conversation. Raises StoreError while they are being read."""
    own = attached_to(conversation.id)
    jobs = session.jobs()
    if is_reading(conversation):
        raise StoreError("Its files are being read. Stop that, or wait until it is done; then delete again.")
    jobs.forget(*jobs.jobs(own))
    workspace = session.workspace()
    if workspace.catalog.has_collection(own):
        remove_collection(workspace, own)


def draw_refusal(error: AskanceError) -> None:
    """Why files were not taken in."""
    st.error(markdown_plain(str(error)), icon=":material/error:")
