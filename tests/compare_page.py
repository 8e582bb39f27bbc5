"""The compare page driven without a browser: asked, looked at, clicked.

What its component shows is read from the data given to it; clicks in it are sent as it sends them.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from streamlit.proto.WidgetStates_pb2 import WidgetState
from streamlit.testing.v1 import AppTest

MAIN = Path(__file__).parents[1] / "pages" / "main.py"
QUESTION = "relief valve of boiler 7"


def opened() -> AppTest:
    page = AppTest.from_file(MAIN, default_timeout=30).run()
    return page.switch_page("compare.py").run()


def labelled(elements: Any, label: str) -> Any:
    """The one element with this label."""
    (found,) = [element for element in elements if element.label == label]
    return found


def plain(text: str) -> str:
    """A text with the marks that keep it from being Markdown taken away."""
    return text.replace("\\", "").replace("\u2060", "")


def texts(elements: Any) -> str:
    """What elements say, plain."""
    return plain("\n".join(element.value for element in elements))


def compare(page: AppTest, question: str = QUESTION) -> AppTest:
    labelled(page.text_input, "Question").set_value(question)
    labelled(page.button, "Compare").click().run()
    assert not page.exception
    return page


def component(page: AppTest) -> Any:
    (found,) = [own for own in page.get("bidi_component") if own.proto.component_name == "askance_comparison"]
    return found.proto


def shown(page: AppTest) -> dict[str, Any]:
    """The data that the component draws."""
    data: dict[str, Any] = json.loads(component(page).json)
    return data


def report(page: AppTest, event: str, value: Any) -> AppTest:
    """Send what the component's script sends on a click."""
    states = page._tree.get_widget_states()
    state = WidgetState(id=f"$$STREAMLIT_INTERNAL_KEY_{component(page).id}__events")
    state.json_trigger_value = json.dumps([{"event": event, "value": value}])
    states.widgets.append(state)
    page._run(states)
    assert not page.exception
    return page
