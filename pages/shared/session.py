"""The only owner of session state keys and process-wide resources; pages use these functions.

Nothing is drawn here.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import streamlit as st

from ingest.jobs import Jobs
from ingest.near_duplicates import near_duplicates
from ingest.rereadings import Rereadings
from ingest.worker import ensure_worker
from pages.shared.opened import Opened
from pages.shared.waiting import Waiting
from rag.answerers import set_up
from rag.catalog import Catalog, DocumentRecord
from rag.chat import Chats
from rag.citation_standing import Standings, StandingsApart
from rag.collection_names import is_attached
from rag.downloads import Downloads
from rag.errors import StoreError
from rag.history import Conversation
from rag.settings import Settings, load_settings, with_overrides
from rag.styles import STANDARD, style_titles
from rag.turns import last_asked_with
from rag.types import Scope
from rag.waiting_questions import WaitingQuestion
from rag.workspace import Workspace, open_workspace

_COLLECTION = "collection"
_CONVERSATION = "conversation_id"
_CONVERSATION_PARAMETER = "conversation"
_CHOSEN_SCOPE = "chosen_scope"
_SCOPE_WIDGET = "scope"
_CHOSEN_STYLE = "chosen_style"
_CHOSEN_ANSWERER = "chosen_answerer"
_WAITING = "waiting_questions"
_OPENED = "opened_passages"
_SHOWN_WHOLE = "shown_whole"
_VIEWED = "viewed_passage"
_COMPARISON = "comparison"
_UPLOADS = "uploads_taken"
_EDITION = "settings_edition"
_SAVED_NOTE = "settings_saved_note"
_FOUND_MODELS = "found_models"
DEFAULT_COLLECTION = "default"


def settings() -> Settings:
    """The settings in force, read from their files at every run so that a saved change applies at once."""
    return load_settings()


def workspace(overrides: Sequence[tuple[str, Any]] = ()) -> Workspace:
    """The data folder under the settings in force, or with some replaced."""
    return open_workspace(with_overrides(settings(), dict(overrides)))


def jobs() -> Jobs:
    """The ingestion jobs of the data folder, whichever process does them."""
    return Jobs(workspace(), wake=ensure_worker)


@st.cache_resource
def chats() -> Chats:
    """The process's answers under way."""
    return Chats()


@st.cache_resource
def downloads() -> Downloads:
    """The process's downloads of models."""
    return Downloads()


@st.cache_resource
def rereadings() -> Rereadings:
    """The collections that this process is reading again."""
    return Rereadings()


def collections() -> list[str]:
    """Collections to choose from; the default one is always there."""
    named = [
        summary.name
        for summary in workspace().catalog.collections()
        if not (summary.name.startswith("beir-") or is_attached(summary.name))
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
    """Open a conversation in the chat, with what it was last asked with; None for a new one."""
    _held().clear()
    _begin_with(identifier)


def _begin_with(identifier: str | None) -> None:
    st.session_state[_CONVERSATION] = identifier
    _take_choices_of(identifier)
    show_opened("chat", None)
    show_conversation_in_address(identifier)


def _take_choices_of(identifier: str | None) -> None:
    asked_with = last_asked_with(workspace().history, identifier)
    choose_scope("chat", asked_with.scope)
    choose_style(asked_with.style)
    choose_answerer(asked_with.answerer)


def current_conversation() -> Conversation | None:
    """The conversation that is open, or that the address names; its collection becomes the chosen one."""
    wanted = conversation_id() or requested_conversation()
    if wanted is None:
        return None
    try:
        found = workspace().history.get(wanted)
    except StoreError:
        # Deleted, or a link to somebody else's: the chat begins anew, with what was just asked.
        _begin_with(None)
        return None
    if conversation_id() is None:
        # A reload or a link.
        _take_choices_of(found.id)
    st.session_state[_CONVERSATION] = found.id
    show_conversation_in_address(found.id)
    choose_collection(found.collection)
    return found


def start_conversation(collection_name: str) -> Conversation:
    """Begin a conversation and open it, with the documents chosen for it."""
    started = workspace().history.start(collection_name)
    st.session_state[_CONVERSATION] = started.id
    show_conversation_in_address(started.id)
    return started


def requested_conversation() -> str | None:
    """The conversation that the address of the page names."""
    return st.query_params.get(_CONVERSATION_PARAMETER) or None


def conversation_query(identifier: str) -> str:
    """The end of an address that opens a conversation."""
    return f"{_CONVERSATION_PARAMETER}={identifier}"


def show_conversation_in_address(identifier: str | None) -> None:
    """Let the address name the open conversation, so that a reload and a link open it."""
    if identifier is None:
        st.query_params.pop(_CONVERSATION_PARAMETER, None)
    elif requested_conversation() != identifier:
        st.query_params[_CONVERSATION_PARAMETER] = identifier


def chosen_scope(place: str) -> Scope:
    """What the next question is asked of on a page (chat, compare)."""
    chosen: Scope = st.session_state.get(f"{_CHOSEN_SCOPE}:{place}", Scope())
    return chosen


def choose_scope(place: str, scope: Scope) -> None:
    """Ask the next question of this only."""
    st.session_state[f"{_CHOSEN_SCOPE}:{place}"] = scope


def chosen_style() -> str:
    """The style that the next answer is written in; that of the settings unless another was chosen."""
    in_force = settings()
    wanted = (st.session_state.get(_CHOSEN_STYLE), in_force.answer.style)
    titles = style_titles(in_force.data_dir)
    return next((name for name in wanted if name in titles), STANDARD)


def choose_style(name: str) -> None:
    """Write the next answers in this style; empty for that of the settings."""
    st.session_state[_CHOSEN_STYLE] = name


def chosen_answerer() -> str:
    """Who gives the next answers; the one of the settings unless another was chosen."""
    in_force = settings()
    wanted = str(st.session_state.get(_CHOSEN_ANSWERER, ""))
    return wanted if wanted in set_up(in_force) else in_force.answer.model


def choose_answerer(name: str) -> None:
    """Let this one give the next answers; empty for the one of the settings."""
    st.session_state[_CHOSEN_ANSWERER] = name


def scope_widget(place: str, part: str, options: Collection[str] | None = None) -> str:
    """The key of the widget of a part of the scope; it shows what is chosen, and keeps it by `keep_scope`."""
    key = f"{_SCOPE_WIDGET}-{place}-{part}"
    chosen = getattr(chosen_scope(place), part)
    st.session_state[key] = chosen if options is None else [own for own in chosen if own in set(options)]
    return key


def keep_scope(place: str, part: str) -> None:
    """Keep what was chosen in a widget, whose own state does not survive page changes."""
    kept = st.session_state[f"{_SCOPE_WIDGET}-{place}-{part}"]
    changed: dict[str, Any] = {part: tuple(kept) if isinstance(kept, list) else kept}
    choose_scope(place, replace(chosen_scope(place), **changed))


def leave_out(place: str, parts: Sequence[str], value: str | None = None) -> None:
    """Take one value out of parts of the scope, or empty them."""
    scope, empty = chosen_scope(place), Scope()
    left: dict[str, Any] = {
        part: tuple(own for own in getattr(scope, part) if own != value) if value else getattr(empty, part)
        for part in parts
    }
    choose_scope(place, replace(scope, **left))


def documents(collection_name: str) -> list[DocumentRecord]:
    """The documents of a collection, read from the database only when something about it has changed."""
    opened_workspace = workspace()
    changed = opened_workspace.catalog.changed_at(collection_name)
    folder = str(opened_workspace.settings.data_dir)
    return _documents(folder, collection_name, changed, opened_workspace.catalog)


@st.cache_resource(show_spinner=False, max_entries=8)
def _documents(
    folder: str, collection_name: str, changed: datetime | None, _catalog: Catalog
) -> list[DocumentRecord]:
    return _catalog.documents(collection_name)


def standings(collection_name: str) -> Standings:
    """What has become of cited documents since; a citation that names no collection is of this one."""
    return StandingsApart(collection_name, _standings_in)


def _standings_in(collection_name: str) -> Standings:
    opened_workspace = workspace()
    changed = opened_workspace.catalog.changed_at(collection_name)
    folder = str(opened_workspace.settings.data_dir)
    return _standings(folder, collection_name, changed, opened_workspace)


@st.cache_resource(show_spinner=False, max_entries=8)
def _standings(
    folder: str, collection_name: str, changed: datetime | None, _workspace: Workspace
) -> Standings:
    records = _documents(folder, collection_name, changed, _workspace.catalog)
    return Standings(records, _workspace.blobs.get_parsed)


def near_duplicates_of(collection_name: str) -> dict[str, list[tuple[str, float]]]:
    """Which documents of a collection, by name, say nearly the same as which others, and how alike."""
    opened_workspace = workspace()
    changed = opened_workspace.catalog.changed_at(collection_name)
    return _near_duplicates(str(opened_workspace.settings.data_dir), collection_name, changed)


@st.cache_resource(show_spinner=False, max_entries=8)
def _near_duplicates(
    folder: str, collection_name: str, changed: datetime | None
) -> dict[str, list[tuple[str, float]]]:
    return near_duplicates({record.name: record.signature for record in documents(collection_name)})


def ready_documents(collection_name: str) -> list[DocumentRecord]:
    """The documents of a collection that can be asked about."""
    return [record for record in documents(collection_name) if record.status == "ready"]


def ask_about(document_name: str) -> None:
    """Open a new conversation about one document of the chosen collection."""
    open_conversation(None)
    choose_scope("chat", Scope(documents=(document_name,)))


def typed(key: str) -> Any:
    """What stands in the widget of this key, for callbacks."""
    return st.session_state.get(key)


def waiting() -> Waiting:
    """The questions left for the chat to ask in this run or a later one."""
    return Waiting(workspace().waiting, conversation_id(), _held())


def _held() -> list[WaitingQuestion]:
    """The questions that no conversation keeps yet."""
    held: list[WaitingQuestion] = st.session_state.setdefault(_WAITING, [])
    return held


def opened(place: str) -> Opened | None:
    """The passages opened on a page (chat, compare)."""
    return st.session_state.get(f"{_OPENED}:{place}")


def show_opened(place: str, passages: Opened | None) -> None:
    """Open passages on a page, or close them with None."""
    st.session_state[f"{_OPENED}:{place}"] = passages


def shows_all(of: str) -> bool:
    """Whether something long is shown whole: the list of conversations, or the turns of one."""
    return bool(st.session_state.get(f"{_SHOWN_WHOLE}:{of}", False))


def show_all(of: str) -> None:
    """Show it whole from now on."""
    st.session_state[f"{_SHOWN_WHOLE}:{of}"] = True


def comparison() -> Any:
    """The last comparison, kept over page changes."""
    return st.session_state.get(_COMPARISON)


def keep_comparison(made: Any) -> None:
    """Keep a comparison for the compare page."""
    st.session_state[_COMPARISON] = made


def viewed(document_id: str) -> tuple[int, int | None]:
    """The passage (from 0) that the viewer shows of a document, and the page when it is another."""
    place = st.session_state.get(_VIEWED, ("", 0, None))
    return place[1:] if place[0] == document_id else (0, None)


def view(document_id: str, passage: int, page: int | None = None) -> None:
    """Let the viewer show a passage of a document, or another page."""
    st.session_state[_VIEWED] = (document_id, passage, page)


def uploads_taken() -> int:
    """How often the drop zone has been emptied; part of its key, so that nothing is taken in twice."""
    return int(st.session_state.get(_UPLOADS, 0))


def empty_drop_zone() -> None:
    """Give the drop zone a new key at the next run, which forgets what was dropped."""
    st.session_state[_UPLOADS] = uploads_taken() + 1


def reported(component_key: str) -> dict[str, Any]:
    """What a component of our own has just reported, for its callbacks; empty when nothing."""
    return dict(st.session_state.get(component_key) or {})


def settings_edition(group: str) -> int:
    """How often a group of settings was saved here; part of its fields' keys, so that they start anew."""
    return int(st.session_state.get(f"{_EDITION}:{group}", 0))


def renew_settings(group: str, note: str) -> None:
    """Let a group's fields show what is saved, and leave a sentence about it for the next run."""
    st.session_state[f"{_EDITION}:{group}"] = settings_edition(group) + 1
    st.session_state[f"{_SAVED_NOTE}:{group}"] = note


def take_settings_note(group: str) -> str | None:
    """The sentence left when the group was saved; it is shown once."""
    note: str | None = st.session_state.pop(f"{_SAVED_NOTE}:{group}", None)
    return note


def found_models(server: str) -> tuple[str, ...] | str | None:
    """The models that a server listed, or the sentence why it did not; None when it was not asked."""
    found: tuple[str, ...] | str | None = st.session_state.get(f"{_FOUND_MODELS}:{server}")
    return found


def keep_found_models(server: str, found: tuple[str, ...] | str) -> None:
    """Keep what a server listed, or why it did not, for this visit."""
    st.session_state[f"{_FOUND_MODELS}:{server}"] = found
