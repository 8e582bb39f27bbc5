"""The only owner of session state keys and process-wide resources; pages use these functions.

Nothing is drawn here.
"""

from __future__ import annotations

from typing import Any

import streamlit as st

from ingest.jobs import JobQueue
from rag.settings import Settings, load_settings
from rag.workspace import Workspace, open_workspace

_COLLECTION = "collection"
_CONVERSATION = "conversation_id"
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
    named = [summary.name for summary in workspace().catalog.collections() if not summary.name.startswith("beir-")]
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
    return st.session_state.get(_CONVERSATION)


def open_conversation(identifier: str | None) -> None:
    """Open a conversation in the chat; None for a new one."""
    st.session_state[_CONVERSATION] = identifier


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
