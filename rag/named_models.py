"""Chat models by names of the user's own: `models.NAME.kind`, `models.NAME.model` and so on.

They stand among the settings. A model is there as soon as its kind is set. Nothing here reads a file or
asks a server.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from rag.errors import SettingsError
from rag.server_settings import KINDS, ServerSettings
from rag.setting_field import checked

SECTION = "models."
#: Names that mean the built-in answerer and the two servers with a section of their own.
RESERVED = ("extractive", *KINDS)
_NAME = re.compile(r"[A-Za-z0-9][\w .:+-]{0,39}", re.ASCII)
_KIND: dict[str, Any] = {
    "help": "What kind of server it is.",
    "minimum": None,
    "maximum": None,
    "choices": tuple(KINDS),
    "secret": False,
    "address": False,
    "type": str,
}


@dataclass(frozen=True)
class NamedModel:
    """A chat model by a name: the kind of its server, and the server."""

    name: str
    kind: str
    server: ServerSettings


def parts_of(path: str) -> tuple[str, str]:
    """Name and leaf of `models.NAME.leaf`; a name may hold dots. Raises SettingsError for another path."""
    name, _, leaf = path.removeprefix(SECTION).rpartition(".")
    if not path.startswith(SECTION) or not name or not leaf:
        raise SettingsError(f"Unknown setting {path!r}. Settings of a model look like models.fast.model.")
    return name, leaf


def metadata_of(kind: str) -> dict[str, dict[str, Any]]:
    """The settings of a model of this kind, with what rag.settings.known_paths says of each."""
    own = {leaf.name: {**leaf.metadata, "type": type(leaf.default)} for leaf in fields(KINDS[kind])}
    return {"kind": _KIND} | own


def paths_of(model: NamedModel) -> dict[str, dict[str, Any]]:
    """The dotted settings of one model with what is known of each."""
    return {f"{SECTION}{model.name}.{leaf}": known for leaf, known in metadata_of(model.kind).items()}


def value_of(models: tuple[NamedModel, ...], path: str) -> Any:
    """The value of a dotted setting; its default where there is no such model."""
    name, leaf = parts_of(path)
    found = next((own for own in models if own.name == name), None)
    if leaf == "kind":
        return found.kind if found else ""
    if found is not None:
        return getattr(found.server, leaf)
    return next(getattr(kind(), leaf) for kind in KINDS.values() if leaf in kind.__dataclass_fields__)


def with_changes(models: tuple[NamedModel, ...], changes: Mapping[str, Any]) -> tuple[NamedModel, ...]:
    """The models with dotted settings replaced, which may make new ones. Raises SettingsError."""
    by_name: dict[str, dict[str, Any]] = {}
    for path, raw in changes.items():
        name, leaf = parts_of(path)
        by_name.setdefault(name, {})[leaf] = raw
    known = {own.name: own for own in models}
    for name, leaves in by_name.items():
        known[name] = _changed(name, known.get(name), leaves)
    variables = [variable_part(name) for name in known]
    for name in by_name:
        if variables.count(variable_part(name)) > 1:
            raise SettingsError(f"The model name {name!r} is too like another one. Choose another name.")
    return tuple(known.values())


def variable_part(name: str) -> str:
    """A name as the variables of the environment have it: fast.one is FAST_ONE."""
    return re.sub(r"\W", "_", name).upper()


def _changed(name: str, model: NamedModel | None, leaves: dict[str, Any]) -> NamedModel:
    if not _NAME.fullmatch(name) or name.lower() in RESERVED:
        raise SettingsError(
            f"{name!r} cannot be the name of a model. Use up to 40 letters, digits, spaces and .:+-, other "
            f"than {', '.join(RESERVED)}."
        )
    if model is None:
        if "kind" not in leaves:
            raise SettingsError(
                f"There is no model {name!r}: {SECTION}{name}.kind is not set. Set it to "
                f"{' or '.join(KINDS)}, or remove the other settings of {name!r}."
            )
        kind = checked(f"{SECTION}{name}.kind", leaves["kind"], _KIND)
        model = NamedModel(name, kind, KINDS[kind]())
    known = metadata_of(model.kind)
    values = {}
    for leaf, raw in leaves.items():
        path = f"{SECTION}{name}.{leaf}"
        if leaf not in known:
            raise SettingsError(f"Unknown setting {path!r}. Known: {', '.join(known)}.")
        values[leaf] = checked(path, raw, known[leaf])
    if values.pop("kind", model.kind) != model.kind:
        raise SettingsError(f"The model {name!r} is of the kind {model.kind}. Add another one instead.")
    return replace(model, server=replace(model.server, **values))
