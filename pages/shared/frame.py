"""What every page shares: the measures of the page, and a plain message where the data folder is unusable."""

import streamlit as st

from pages.shared import session
from pages.shared.icon_button import HIDDEN_NAMES, UNSEEN
from pages.shared.plain_text import markdown_plain
from pages.shared.theme_colours import in_both_themes
from rag.errors import AskanceError

#: Our own fixed rules; nothing of a document or a model enters them.
_STYLE = """<style>
.stMainBlockContainer { padding-top: 4.25rem; padding-bottom: 2rem; }
[data-testid="stBottomBlockContainer"] { padding-top: 0.25rem; padding-bottom: 0.75rem; }
.st-key-chat-column { max-width: 52rem; margin: 0 auto; }
.st-key-welcome { max-width: 44rem; margin: 0 auto; }
[class*="st-key-turn-"] { scroll-margin-top: 4rem; }
div:has(> [class*="st-key-turn-"]) ~ div:last-child > [class*="st-key-turn-"] {
  min-height: calc(100vh - 15rem);
}
[class*="st-key-versions-"] { margin: -0.5rem 0 -1rem; }
[data-testid="stChatMessage"]:has(> [aria-label="Chat message from user"]) {
  background: light-dark(LIGHT, DARK);
}
.st-key-question-bar { max-width: 52rem; margin: 0 auto; }
[data-testid="stSidebarUserContent"] { padding-top: 0; }
.st-key-conversations button :is(div, span) { justify-content: flex-start; min-width: 0; }
.st-key-conversations button > div > span { padding: 0 0.75rem; }
.st-key-conversations button p { white-space: nowrap; overflow: hidden; text-overflow: ellipsis; }
[data-testid="stText"] > span { flex: 1; }
[data-testid="stChatMessage"] :is(p, li, td, th, blockquote, [data-testid="stText"] > span),
.st-key-passage-panel :is(p, div), .st-key-conversations p { unicode-bidi: plaintext; text-align: start; }
@media (max-width: 640px) {
  .stMainBlockContainer { padding-left: 1rem; padding-right: 1rem; }
  [data-testid="stBottomBlockContainer"] { padding: 0 1rem 0.5rem; }
  .st-key-question-bar .stHorizontalBlock { gap: 0.375rem; }
  .st-key-question-bar [class*="st-key-answer-style-"], .st-key-question-bar [class*="st-key-answerer-"] {
    flex: 1 1 0; min-width: 7rem;
  }
  .st-key-question-bar:has([class*="st-key-answerer-"]) .st-key-scope-chat
    [data-testid="stMarkdownContainer"] { UNSEEN }
  .st-key-scope-chips-chat { flex-wrap: nowrap; overflow-x: auto; max-width: 100%; }
  .st-key-scope-chips-chat > * { flex-shrink: 0; }
  .st-key-question-bar [data-testid="stCaptionContainer"] p { font-size: 0.75rem; line-height: 1.3; }
}
HIDDEN_NAMES</style>""".replace("HIDDEN_NAMES", HIDDEN_NAMES).replace("UNSEEN", UNSEEN)


def draw_frame(*, mends: bool) -> None:
    """Check that settings and data folder can be used; otherwise say why and stop.

    A page that `mends` settings goes on as long as these can be read.
    """
    st.html(in_both_themes(_STYLE, "secondaryBackgroundColor"))
    readable = False
    try:
        session.settings()
        readable = True
        session.workspace()
    except AskanceError as error:
        st.error(markdown_plain(str(error)), icon=":material/error:")
        if not (mends and readable):
            st.stop()
