"""One field for one setting: the widget that its type and bounds call for, with its help.

A field returns what is typed and saves nothing. A setting that an environment variable decides is
shown locked, since a value saved here would be overridden. Secrets have fields of their own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import streamlit as st

from pages.shared.plain_text import markdown_plain
from rag.settings import Settings, value_at

#: Up to this many choices with short names are laid out side by side.
SIDE_BY_SIDE = 3
#: Longest name of a choice, in characters, that is laid out side by side.
SHORT = 14


@dataclass(frozen=True)
class Field:
    """A setting about to be drawn: where it is, what it holds now, and who decides it."""

    path: str
    label: str
    saved: Any
    #: The environment variable that decides it; empty when the page may.
    variable: str
    key: str
    #: Type, bounds, choices and help of the setting.
    metadata: Mapping[str, Any]

    @property
    def locked(self) -> bool:
        """Whether the environment decides it."""
        return bool(self.variable)


def draw_choice(field: Field, names: Mapping[str, str]) -> str:
    """One of several values, shown by their plain names."""
    options = list(names) if field.saved in names else [*names, str(field.saved)]
    shown: dict[str, Any] = {"help": help_text(field), "key": field.key, "disabled": field.locked}
    shown["format_func"] = lambda option: names.get(option, option)
    short = all(len(names.get(option, option)) <= SHORT for option in options)
    if short and len(options) <= SIDE_BY_SIDE:
        chosen = st.segmented_control(field.label, options, default=field.saved, required=True, **shown)
    else:
        chosen = st.selectbox(field.label, options, index=options.index(field.saved), **shown)
    draw_lock(field)
    return str(chosen)


def draw_number(field: Field, *, step: float | None = None) -> Any:
    """A number within its bounds, whole where the setting is; an emptied field means the saved one."""
    kind = field.metadata["type"]
    minimum, maximum = field.metadata["minimum"], field.metadata["maximum"]
    typed = st.number_input(
        field.label,
        min_value=None if minimum is None else kind(minimum),
        max_value=None if maximum is None else kind(maximum),
        value=kind(field.saved),
        step=kind(step or 1),
        format="%d" if kind is int else "%g",
        help=help_text(field),
        key=field.key,
        disabled=field.locked,
    )
    draw_lock(field)
    return field.saved if typed is None else kind(typed)


def draw_share(field: Field, *, step: float = 0.01) -> float:
    """A share between nothing and all, as a slider in per cent."""
    chosen = st.slider(
        field.label,
        float(field.metadata["minimum"]),
        float(field.metadata["maximum"]),
        float(field.saved),
        step=step,
        format="percent",
        help=help_text(field),
        key=field.key,
        disabled=field.locked,
    )
    draw_lock(field)
    return float(chosen)


def draw_amount(field: Field, most: int, *, step: int) -> int:
    """A whole number as a slider from its least value to `most`, or to the saved one when that is more."""
    least, saved = int(field.metadata["minimum"]), int(field.saved)
    chosen = st.slider(
        field.label,
        least,
        max(most, saved, least + step),
        saved,
        step=step,
        help=help_text(field),
        # With other ends it is another slider.
        key=f"{field.key}-{most}",
        disabled=field.locked,
    )
    draw_lock(field)
    return int(chosen)


def draw_switch(field: Field) -> bool:
    """Yes or no."""
    chosen = st.toggle(
        field.label, bool(field.saved), help=help_text(field), key=field.key, disabled=field.locked
    )
    draw_lock(field)
    return bool(chosen)


def draw_text(field: Field, *, placeholder: str = "") -> str:
    """A line of text; spaces around it are dropped."""
    typed = st.text_input(
        field.label,
        str(field.saved),
        help=help_text(field),
        key=field.key,
        disabled=field.locked,
        placeholder=placeholder or None,
        autocomplete="off",
    )
    draw_lock(field)
    return str(typed or "").strip()


def draw_any(field: Field) -> Any:
    """Whatever widget the setting's type calls for."""
    if field.metadata["choices"]:
        return draw_choice(field, {choice: choice for choice in field.metadata["choices"]})
    if field.metadata["type"] is bool:
        return draw_switch(field)
    if field.metadata["type"] in (int, float):
        return draw_number(field)
    return draw_text(field)


def draw_lock(field: Field) -> None:
    """Say which variable decides a locked setting."""
    if field.locked:
        st.caption(f":material/lock: Set by the environment variable `{field.variable}`.")


def help_text(field: Field) -> str:
    """The setting's sentence, its default, bounds and dotted name, as Markdown."""
    metadata = field.metadata
    facts = []
    if metadata["minimum"] is not None and metadata["maximum"] is not None:
        facts.append(f"From {metadata['minimum']:,} to {metadata['maximum']:,}.")
    default = value_at(Settings(), field.path)
    if not metadata["secret"] and default != "":
        shown = {True: "on", False: "off"}.get(default, f"{default:,}") if _is_number(default) else default
        facts.append(f"At first {markdown_plain(str(shown))}.")
    return f"{markdown_plain(metadata['help'])} {' '.join(facts)}\n\n`{field.path}`"


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float)
