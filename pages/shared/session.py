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
