"""The button that loads the documents which come with Askance into the chosen collection."""

from __future__ import annotations

from typing import Literal

import streamlit as st

from ingest.job_views import Job
from ingest.sample_documents import given_samples
from pages.shared import session


def draw_sample_button(
    key: str, *, kind: Literal["primary", "secondary", "tertiary"] = "secondary"
) -> Job | None:
    """Draw the button; returns the job that a click has started, else None."""
    if not st.button("Try the samples", key=key, type=kind, icon=":material/auto_stories:"):
        return None
    return session.jobs().submit(session.collection(), given_samples(), label="Sample documents")
