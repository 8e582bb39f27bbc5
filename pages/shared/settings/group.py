"""A group of settings in a card: its fields, then Save and Back to defaults, with what became of it.

Nothing is saved but by the Save button of the group, and only what was changed here.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import streamlit as st

from pages.shared import session
from pages.shared.figures import counted
from pages.shared.plain_text import markdown_plain
from pages.shared.settings.fields import (
    Field,
    draw_amount,
    draw_any,
    draw_choice,
    draw_number,
    draw_share,
    draw_switch,
    draw_text,
)
from pages.shared.settings.secret_field import draw_secret
from rag.errors import AskanceError
from rag.settings import Settings, known_paths, save_settings, set_by_environment, value_at, with_overrides

Value = TypeVar("Value")


def accept(_settings: Settings) -> None:
    """The check of a group whose settings need not agree with one another."""


class SettingGroup:
    """The settings that are saved together. `check` raises AskanceError for values that disagree.

    `live` checks at every change; otherwise the check waits for Save.
    """

    def __init__(
        self,
        name: str,
        *,
        check: Callable[[Settings], None] = accept,
        live: bool = False,
        saved_note: str = "",
    ) -> None:
        self.name = name
        self.settings = session.settings()
        self.typed: dict[str, Any] = {}
        self._labels: dict[str, str] = {}
        self._check = check
        self._live = live
        self._saved_note = saved_note
        self._variables = set_by_environment(self.settings)
        self._known = known_paths(self.settings)
        self._edition = session.settings_edition(name)

    def choice(self, path: str, label: str, names: Mapping[str, str]) -> str:
        """A field for one of several values."""
        return self.take(path, draw_choice(self.field(path, label), names))

    def number(self, path: str, label: str, *, step: float | None = None) -> Any:
        """A field for a number."""
        return self.take(path, draw_number(self.field(path, label), step=step))

    def amount(self, path: str, label: str, most: int, *, step: int) -> int:
        """A slider for a whole number."""
        return self.take(path, draw_amount(self.field(path, label), most, step=step))

    def share(self, path: str, label: str) -> float:
        """A slider for a share."""
        return self.take(path, draw_share(self.field(path, label)))

    def switch(self, path: str, label: str) -> bool:
        """A switch."""
        return self.take(path, draw_switch(self.field(path, label)))

    def text(self, path: str, label: str, *, placeholder: str = "") -> str:
        """A field for a line of text."""
        return self.take(path, draw_text(self.field(path, label), placeholder=placeholder))

    def secret(self, path: str, label: str) -> str:
        """A field for a secret."""
        return self.take(path, draw_secret(self.field(path, label)))

    def any(self, path: str, label: str = "") -> Any:
        """The field that the setting's type calls for, by default labelled with the end of its name."""
        label = label or path.partition(".")[2].replace("_", " ").capitalize()
        if self._known[path]["secret"]:
            return self.secret(path, label)
        return self.take(path, draw_any(self.field(path, label)))

    def field(self, path: str, label: str) -> Field:
        """The setting as its field needs it, for a widget that the caller draws and hands to `take`."""
        saved = value_at(self.settings, path)
        # A key that changes with the saved value lets the widget show it when it was changed elsewhere.
        mark = zlib.crc32(repr(saved).encode()) if not self._known[path]["secret"] else int(bool(saved))
        self._labels[path] = label
        key = f"{self.name}-{path}-{self._edition}-{mark}"
        return Field(path, label, saved, self._variables.get(path, ""), key, self._known[path])

    def take(self, path: str, value: Value) -> Value:
        """Take the value of a widget, and give it back."""
        self.typed[path] = value
        return value

    @property
    def changes(self) -> dict[str, Any]:
        """What differs from the settings in force; locked settings never do."""
        return {
            path: value
            for path, value in self.typed.items()
            if path not in self._variables and value != value_at(self.settings, path)
        }

    def preview(self) -> Settings:
        """The settings as they would be once saved. Raises SettingsError for a value out of bounds."""
        return with_overrides(self.settings, self.changes)

    def draw_foot(self, *, test: Callable[[Settings], None] | None = None) -> None:
        """The buttons, and below them a problem, a confirmation or the outcome of `test`."""
        with st.container(horizontal=True, vertical_alignment="center", key=f"foot-{self.name}"):
            saving = st.button(
                "Save",
                key=f"save-{self.name}",
                type="primary" if self.changes else "secondary",
                icon=":material/save:",
            )
            testing = test is not None and st.button(
                "Test connection", key=f"test-{self.name}", icon=":material/network_check:"
            )
            self._draw_defaults()
            if self.changes:
                st.badge("Not saved yet", icon=":material/edit:", color="orange")
        note = session.take_settings_note(self.name)
        try:
            if saving:
                self._save()
            elif testing and test is not None:
                test(self.preview())
            elif self._live and self.changes:
                self._check(self.preview())
        except AskanceError as error:
            st.error(markdown_plain(str(error)), icon=":material/error:")
            return
        if note:
            st.success(note, icon=":material/check_circle:")

    def _save(self) -> None:
        changes = self.changes
        if not changes:
            st.info("Nothing was changed, so there is nothing to save.", icon=":material/info:")
            return
        self._check(self.preview())
        # An emptied text goes back to its default where the default is empty too: nothing need be kept.
        stored = {
            path: None if value == "" == value_at(Settings(), path) else value
            for path, value in changes.items()
        }
        save_settings(self.settings.data_dir, stored)
        self._renew(f"Saved {counted(len(changes), 'change')}, in force from now on.")

    def _draw_defaults(self) -> None:
        defaults = Settings()
        differing = [
            path
            for path in self.typed
            if path not in self._variables and value_at(self.settings, path) != value_at(defaults, path)
        ]
        if not differing:
            return
        with st.popover("Back to defaults", icon=":material/restart_alt:", type="tertiary"):
            for path in differing:
                st.markdown(f"**{markdown_plain(self._labels[path])}**: {self._fall(path, defaults)}")
            if st.button("Set these back", key=f"defaults-{self.name}", icon=":material/restart_alt:"):
                save_settings(self.settings.data_dir, dict.fromkeys(differing))
                self._renew(f"Set back {counted(len(differing), 'setting')} to the default.")

    def _fall(self, path: str, defaults: Settings) -> str:
        if self._known[path]["secret"]:
            return "the saved key is removed"
        now, then = (str(value_at(own, path)) or "empty" for own in (self.settings, defaults))
        return f"{markdown_plain(now)} → {markdown_plain(then)}"

    def _renew(self, note: str) -> None:
        session.renew_settings(self.name, f"{note} {self._saved_note}".strip())
        st.rerun()
