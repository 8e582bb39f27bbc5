"""A page of a document in a frame of its own: made larger and smaller, scrolled within, the passage in view.

The picture is our own drawing of the page; nothing of a document enters the script or the style.
"""

from __future__ import annotations

import streamlit as st

from ingest.page_view import SCALE, place_on_page
from pages.shared import session
from pages.shared.icon_button import icon_button
from pages.shared.opened import ZOOMS, Opened

KEY = "page-frame"
#: A page is drawn finer from this zoom on, since its pixels would be seen.
FINE_FROM, FINE = 150, 1.8
_STYLE = """<style>
.st-key-FRAME { overflow: auto; max-height: max(14rem, calc(100vh - 26rem)); overscroll-behavior: contain; }
@media (min-width: 641px) {
  body:has(.st-key-question-bar) .st-key-FRAME { max-height: max(14rem, calc(100vh - 28.25rem)); }
  body:has(.st-key-scope-chips-chat) .st-key-FRAME { max-height: max(14rem, calc(100vh - 31.75rem)); }
}
.st-key-FRAME:focus-visible { outline: 2px solid currentColor; outline-offset: 2px; }
.st-key-FRAME > div { flex: none !important; width: ZOOM% !important; max-width: none !important; }
.st-key-FRAME > div div, .st-key-FRAME img { width: 100% !important; max-width: none !important; }
@media (max-width: 640px) { .st-key-FRAME { max-height: max(14rem, calc(100vh - 16rem)); } }
</style>"""
_SCRIPT = """
const shown = { target: "" };
export default function (component) {
  const { frame, target, place } = component.data;
  const look = (tries) => {
    const box = document.querySelector(`.st-key-${CSS.escape(frame)}`);
    const image = box && box.querySelector("img");
    if (!image || !image.complete || !image.naturalWidth) {
      if (tries > 0) setTimeout(() => look(tries - 1), 50);
      return;
    }
    box.tabIndex = 0;
    box.setAttribute("role", "region");
    box.setAttribute("aria-label", "Page");
    if (shown.target === target) return;
    shown.target = target;
    if (!place) { box.scrollTop = 0; return; }
    const [left, top, right, bottom] = place;
    const middle = (from, to, size, room) =>
      Math.max(0, Math.min(from * size - 16, ((from + to) * size - room) / 2));
    box.scrollTop = middle(top, bottom, image.clientHeight, box.clientHeight);
    box.scrollLeft = middle(left, right, image.clientWidth, box.clientWidth);
  };
  look(60);
}
"""
_component = st.components.v2.component("askance_page_frame", js=_SCRIPT)


def scale_of(opened: Opened) -> float:
    """Pixels to a point of the page, so that it is sharp as large as it is shown."""
    return SCALE * (FINE if opened.zoom >= FINE_FROM else 1.0)


def draw_zoom(place: str, opened: Opened) -> None:
    """Smaller, larger, and as wide as the panel."""

    def step(icon: str, name: str, then: Opened, disabled: bool) -> None:
        key = f"{place}-{name.lower().replace(' ', '-')}"
        icon_button(f":material/{icon}:", name, key, session.show_opened, place, then, disabled=disabled)

    step("zoom_out", "Zoom out", opened.zoomed(-1), opened.zoom == ZOOMS[0])
    st.markdown(f"{opened.zoom} %", width="content")
    step("zoom_in", "Zoom in", opened.zoomed(1), opened.zoom == ZOOMS[-1])
    step("fit_width", "Fit the width", opened.fitted(), opened.zoom == 100)


def draw_page_frame(png: bytes, opened: Opened, page: int) -> None:
    """The picture of the page, with the passage in view when it, the page or the zoom has changed."""
    passage = opened.passage
    st.html(_STYLE.replace("FRAME", KEY).replace("ZOOM", str(opened.zoom)))
    with st.container(key=KEY):
        st.image(png, width="stretch", alt=f"Page {page} with the passage highlighted")
    target = f"{passage.document_id} {page} {passage.start} {passage.end} {opened.zoom}"
    _component(
        key="page-frame-view",
        data={"frame": KEY, "target": target, "place": place_on_page(png)},
        height=1,
    )
