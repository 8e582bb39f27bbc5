"""What a setting knows of itself: its default, bounds and sentence, and whether a value keeps to them.

It reads nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Any

from rag.errors import SettingsError


def setting(
    default: Any,
    help: str,
    *,
    minimum: float | None = None,
    maximum: float | None = None,
    choices: tuple[str, ...] = (),
    secret: bool = False,
    address: bool = False,
) -> Any:
    """A dataclass field with the bounds that `validate` enforces and the sentence that pages show.

    An `address` may hold a secret beside the server's name (rag.secret_settings).
    """
    return field(
        default=default,
        repr=not (secret or address),
        metadata={
            "help": help,
            "minimum": minimum,
            "maximum": maximum,
            "choices": choices,
            "secret": secret,
            "address": address,
        },
    )


def checked(path: str, raw: Any, metadata: Mapping[str, Any]) -> Any:
    """The value of a dotted setting, converted to its type. Raises SettingsError with the path."""
    wanted: type = metadata["type"]
    try:
        value = _converted(raw, wanted)
    except (TypeError, ValueError, KeyError) as error:
        raise SettingsError(f"{path} = {raw!r}: expected {_type_name(wanted)}.") from error
    minimum, maximum, choices = metadata["minimum"], metadata["maximum"], metadata["choices"]
    if minimum is not None and value < minimum:
        raise SettingsError(f"{path} = {value}: must be at least {minimum}.")
    if maximum is not None and value > maximum:
        raise SettingsError(f"{path} = {value}: must be at most {maximum}.")
    if choices and value not in choices:
        raise SettingsError(f"{path} = {value!r}: must be one of {', '.join(choices)}.")
    return value


def _converted(raw: Any, wanted: type) -> Any:
    if wanted is bool:
        if isinstance(raw, bool):
            return raw
        return {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}[
            str(raw).lower()
        ]
    if wanted is int:
        if isinstance(raw, bool) or (isinstance(raw, float) and not raw.is_integer()):
            raise ValueError(raw)
        return int(raw)
    if wanted is float:
        value = float(raw)
        if value != value:
            raise ValueError(raw)
        return value
    if not isinstance(raw, str):
        raise TypeError(raw)
    return raw


def _type_name(wanted: type) -> str:
    return {bool: "true or false", int: "a whole number", float: "a number"}.get(wanted, "text")
