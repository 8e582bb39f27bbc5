"""Status in plain words: what is in use, where the data lies, what is under way. Looking changes nothing."""

import streamlit as st

from pages.shared import session
from pages.shared.status_cards import (
    draw_answering,
    draw_collections,
    draw_embedder,
    draw_installation,
    draw_jobs,
    draw_searching,
    draw_totals,
)
from pages.shared.store_card import draw_store
from rag.maintenance import Maintenance
from rag.status import collection_statuses, disk_status, embedder_status

st.title("Status")

workspace = session.workspace()
with st.spinner("Looking…"):
    collections = collection_statuses(workspace)
    disk = disk_status(workspace)

draw_totals(collections, disk)
with st.container(border=True):
    draw_collections(collections)
with st.container(border=True):
    draw_store(Maintenance(workspace.store, workspace.settings.data_dir))
left, right = st.columns(2, gap="medium")
with left:
    with st.container(border=True):
        draw_answering(workspace.settings)
    with st.container(border=True):
        draw_embedder(embedder_status(workspace.settings, workspace.store.embedder))
    with st.container(border=True):
        draw_searching(workspace.settings)
with right:
    with st.container(border=True):
        draw_jobs()
    with st.container(border=True):
        draw_installation(disk)
