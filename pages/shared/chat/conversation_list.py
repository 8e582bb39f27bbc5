"""The conversations at the side of the chat, and the heading of the open one with what can be done to it."""

from __future__ import annotations

import streamlit as st

from pages.shared import session
from pages.shared.chat.attaching import draw_refusal, is_reading, remove_attached, told_before_removing
from pages.shared.chat.exporting import draw_exports
from pages.shared.icon_button import icon_key
from pages.shared.plain_text import excerpt, markdown_plain
from rag.errors import AskanceError
from rag.history import Conversation

#: Conversations listed before "Show all".
LISTED = 15
#: From so many on, the list can be searched.
SEARCHED_FROM = 8
UNTITLED = "New conversation"


def draw_conversations(current: Conversation | None) -> None:
    """The sidebar: a new conversation, the collection, earlier conversations."""
    with st.sidebar:
        st.button(
            "New conversation",
            key="new-conversation",
            icon=":material/add_comment:",
            width="stretch",
            disabled=current is None,
            on_click=session.open_conversation,
            args=(None,),
        )
        _draw_collection()
        _draw_list(current)


def draw_heading(conversation: Conversation) -> None:
    """The title of the open conversation and its menu."""
    with st.container(horizontal=True, wrap=False, vertical_alignment="center", key="conversation-heading"):
        st.markdown(f"#### {markdown_plain(conversation.title or UNTITLED)}", width="stretch", anchors=False)
        with st.popover(
            "Conversation menu",
            icon=":material/more_horiz:",
            type="tertiary",
            help="Rename, export, delete",
            key=icon_key("conversation-menu"),
        ):
            _draw_menu(conversation)


def _draw_collection() -> None:
    names = session.collections()
    if len(names) < 2:
        return
    current = session.collection()
    chosen = st.selectbox(
        "Collection",
        names,
        index=names.index(current),
        key=f"chat-collection-{current}-{len(names)}",
        help="The filter below the question lets it ask other collections, too.",
    )
    if chosen and chosen != current:
        session.choose_collection(chosen)
        session.open_conversation(None)
        st.rerun()


def _draw_list(current: Conversation | None) -> None:
    history = session.workspace().history
    everything = history.conversations()
    if not everything:
        st.caption("Your conversations will be listed here.")
        return
    collection, names = session.collection(), session.collections()
    # Those whose collection is gone are listed everywhere, since it can no longer be chosen.
    found = [own for own in everything if own.collection == collection or own.collection not in names]
    wanted = ""
    if len(everything) >= SEARCHED_FROM:
        wanted = st.text_input(
            "Search conversations",
            key="conversation-search",
            placeholder="Search conversations",
            icon=":material/search:",
            label_visibility="collapsed",
        )
        found = history.conversations(query=wanted) if wanted else found
    shown = found if session.shows_all("conversations") else found[:LISTED]
    with st.container(gap="xxsmall", key="conversations"):
        for own in shown:
            is_open = current is not None and own.id == current.id
            st.button(
                markdown_plain(excerpt(own.title or UNTITLED, 34)),
                key=f"conversation-{own.id}",
                type="secondary" if is_open else "tertiary",
                icon=":material/keep:" if own.pinned else None,
                width="stretch",
                on_click=session.open_conversation,
                args=(own.id,),
            )
        if not found:
            none = f"No conversation with {markdown_plain(collection)} yet."
            st.caption("No conversation holds these words." if wanted else none)
        if len(shown) < len(found):
            st.button(
                f"Show all {len(found):,}",
                key="all-conversations",
                type="tertiary",
                on_click=session.show_all,
                args=("conversations",),
            )


def _draw_menu(conversation: Conversation) -> None:
    history = session.workspace().history
    with st.form(f"rename-{conversation.id}", border=False):
        title = st.text_input("Title", conversation.title, max_chars=120)
        if st.form_submit_button("Rename", icon=":material/edit:"):
            history.rename(conversation.id, title)
            st.rerun()
    if st.button(
        "Unpin" if conversation.pinned else "Pin to the top",
        key=f"pin-{conversation.id}",
        icon=":material/keep:",
        width="stretch",
    ):
        history.pin(conversation.id, not conversation.pinned)
        st.rerun()
    draw_exports(conversation)
    if st.button("Delete", key=f"delete-{conversation.id}", icon=":material/delete:", width="stretch"):
        _confirm_delete(conversation)


@st.dialog("Delete this conversation?", on_dismiss="rerun")
def _confirm_delete(conversation: Conversation) -> None:
    st.markdown(markdown_plain(conversation.title or UNTITLED))
    reading = is_reading(conversation)
    st.caption(markdown_plain(told_before_removing(conversation)))
    if reading:
        st.caption("Its files are being read. Stop that, or wait until it is done.")
    with st.container(horizontal=True):
        if st.button(
            "Delete",
            type="primary",
            icon=":material/delete:",
            key="delete-conversation",
            disabled=reading,
            on_click=_delete,
            args=(conversation,),
        ):
            st.rerun()
        if st.button("Cancel", key="keep-conversation"):
            st.rerun()


def _delete(conversation: Conversation) -> None:
    session.chats().stop(conversation.id)
    try:
        remove_attached(conversation)
        session.workspace().history.delete(conversation.id)
    except AskanceError as error:
        draw_refusal(error)
        return
    session.open_conversation(None)
