"""The only owner of session state keys and process-wide resources; pages use these functions.

Nothing is drawn here.
"""

from __future__ import annotations

from typing import Any

import streamlit as st

from ingest.jobs import JobQueue
from ingest.page_view import render_page
from pages.shared.opened import Opened
from rag.blobs import BlobStore
from rag.settings import Settings, load_settings
from rag.suggestions import suggest_questions
from rag.workspace import Workspace, open_workspace

_COLLECTION = "collection"
_CONVERSATION = "conversation_id"
_CONVERSATION_PARAMETER = "conversation"
_DRAFT_DOCUMENTS = "draft_documents"
_PENDING_QUESTION = "pending_question"
_OPENED = "opened_passages"
_ALL_CONVERSATIONS = "all_conversations"
_COMPARISON = "comparison"
_UPLOADS = "uploads_taken"
_ASK_ONLY = "ask_only_documents"
DEFAULT_COLLECTION = "default"


def settings() -> Settings:
    """The settings in force, read from their files at every run so that a saved change applies at once."""
    return load_settings()


def workspace() -> Workspace:
    """The data folder under the settings in force."""
    return open_workspace(settings())


@st.cache_resource
def jobs() -> JobQueue:
    """The process's ingestion jobs."""
    return JobQueue()


def collections() -> list[str]:
    """Collections to choose from; the default one is always there."""
    named = [
        summary.name for summary in workspace().catalog.collections() if not summary.name.startswith("beir-")
    ]
    return sorted({DEFAULT_COLLECTION, *named})


def collection() -> str:
    """The collection chosen, kept over page changes; the default one if it is gone."""
    chosen = str(st.session_state.get(_COLLECTION, DEFAULT_COLLECTION))
    return chosen if chosen in collections() else DEFAULT_COLLECTION


def choose_collection(name: str) -> None:
    """Choose the collection that chat, library and compare work on."""
    st.session_state[_COLLECTION] = name


def conversation_id() -> str | None:
    """The conversation open in the chat."""
    chosen: str | None = st.session_state.get(_CONVERSATION)
    return chosen


def open_conversation(identifier: str | None) -> None:
    """Open a conversation in the chat; None for a new one."""
    st.session_state[_CONVERSATION] = identifier


def requested_conversation() -> str | None:
    """The conversation that the address of the page names."""
    return st.query_params.get(_CONVERSATION_PARAMETER) or None


def show_conversation_in_address(identifier: str | None) -> None:
    """Let the address name the open conversation, so that a reload and a link open it."""
    if identifier is None:
        st.query_params.pop(_CONVERSATION_PARAMETER, None)
    elif requested_conversation() != identifier:
        st.query_params[_CONVERSATION_PARAMETER] = identifier


def draft_documents() -> tuple[str, ...]:
    """The documents that a conversation not yet begun is restricted to; empty for all."""
    return tuple(st.session_state.get(_DRAFT_DOCUMENTS, ()))


def choose_draft_documents(names: tuple[str, ...]) -> None:
    """Restrict the conversation that is about to begin."""
    st.session_state[_DRAFT_DOCUMENTS] = names


def ask_about(document_name: str) -> None:
    """Open a new conversation about one document of the chosen collection."""
    open_conversation(None)
    show_conversation_in_address(None)
    choose_draft_documents((document_name,))


def put_question(text: str) -> None:
    """Leave a question for the chat to ask in this run or the next."""
    st.session_state[_PENDING_QUESTION] = text


def take_question() -> str | None:
    """The question left for the chat; it is asked once."""
    question: str | None = st.session_state.pop(_PENDING_QUESTION, None)
    return question


def opened(place: str) -> Opened | None:
    """The passages opened on a page (chat, compare)."""
    return st.session_state.get(f"{_OPENED}:{place}")


def show_opened(place: str, passages: Opened | None) -> None:
    """Open passages on a page, or close them with None."""
    st.session_state[f"{_OPENED}:{place}"] = passages


def shows_all_conversations() -> bool:
    """Whether the list of conversations is shown whole."""
    return bool(st.session_state.get(_ALL_CONVERSATIONS, False))


def show_all_conversations() -> None:
    """Show the list of conversations whole from now on."""
    st.session_state[_ALL_CONVERSATIONS] = True


def comparison() -> Any:
    """The last comparison, kept over page changes."""
    return st.session_state.get(_COMPARISON)


def keep_comparison(made: Any) -> None:
    """Keep a comparison for the compare page."""
    st.session_state[_COMPARISON] = made


@st.cache_data(show_spinner=False, max_entries=32)
def page_image(
    document_id: str,
    page: int,
    start: int,
    end: int,
    words: tuple[tuple[int, int], ...],
    page_start: int,
    _blobs: BlobStore,
) -> bytes:
    """A page with a passage highlighted as PNG; a document id is its content, so this never goes stale."""
    image = render_page(_blobs.get(document_id), page, start, end, words=words, page_start=page_start)
    return image.png


def sample_questions(collection_name: str) -> list[str]:
    """Questions to begin with, made from the first documents of a collection."""
    opened_workspace = workspace()
    ready = [
        record for record in opened_workspace.catalog.documents(collection_name) if record.status == "ready"
    ]
    chosen = tuple((record.name, record.document_id) for record in ready[:: max(1, len(ready) // 4)][:4])
    return _suggested(chosen, opened_workspace.blobs)


@st.cache_data(show_spinner=False, max_entries=32)
def _suggested(documents: tuple[tuple[str, str], ...], _blobs: BlobStore) -> list[str]:
    parsed = [(name, _blobs.get_parsed(document_id)) for name, document_id in documents]
    return suggest_questions([(name, document) for name, document in parsed if document is not None])


def value(key: str, default: Any = None) -> Any:
    """State of a page under a key that this module defines."""
    return st.session_state.get(key, default)


def uploads_taken() -> int:
    """How often the drop zone has been emptied; part of its key, so that nothing is taken in twice."""
    return int(st.session_state.get(_UPLOADS, 0))


def empty_drop_zone() -> None:
    """Give the drop zone a new key at the next run, which forgets what was dropped."""
    st.session_state[_UPLOADS] = uploads_taken() + 1


def ask_only(documents: tuple[str, ...]) -> None:
    """Restrict the next questions of the chat to these documents, by name; empty means all."""
    st.session_state[_ASK_ONLY] = documents


def asked_only() -> tuple[str, ...]:
    """The documents that the chat's questions are restricted to; empty means all."""
    return tuple(st.session_state.get(_ASK_ONLY, ()))
