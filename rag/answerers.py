"""Who may answer, by name: the built-in answerer, the two servers of the settings, and models with names of
their own. What is chosen, what is asked when it fails, and where it is. Asks no server.
"""

from __future__ import annotations

from dataclasses import replace

from rag.errors import SettingsError
from rag.named_models import SECTION
from rag.server_settings import KINDS, OllamaSettings, ServerSettings
from rag.settings import Settings, known_paths, save_settings, set_by_environment

EXTRACTIVE = "extractive"


def set_up(settings: Settings) -> list[str]:
    """Those that can be chosen: the built-in one, servers that were changed, named models, those in use."""
    untouched = Settings()
    changed = [kind for kind in ("openai", "ollama") if getattr(settings, kind) != getattr(untouched, kind)]
    return list(
        dict.fromkeys([EXTRACTIVE, *changed, *(own.name for own in settings.models), *in_order(settings)])
    )


def in_order(settings: Settings) -> list[str]:
    """The one chosen, then those that are asked when it fails, each once."""
    return list(dict.fromkeys([settings.answer.model, *fallbacks(settings)]))


def fallbacks(settings: Settings) -> list[str]:
    """Who is asked when the chosen one fails, in order."""
    return [name.strip() for name in settings.answer.fallbacks.split(",") if name.strip()]


def kind_of(settings: Settings, name: str) -> str:
    """extractive, openai or ollama. Raises SettingsError for a name that is not known."""
    if name in (EXTRACTIVE, "openai", "ollama"):
        return name
    for own in settings.models:
        if own.name == name:
            return own.kind
    raise SettingsError(f"There is no model {name!r}. Choose another one under who answers.")


def server_of(settings: Settings, name: str) -> ServerSettings:
    """What is known of the server of an answerer. Raises SettingsError where there is none."""
    if name == "openai":
        return settings.openai
    if name == "ollama":
        return settings.ollama
    if kind_of(settings, name) == EXTRACTIVE:
        raise SettingsError("answer.model = 'extractive' is no language model. Set it to openai or ollama.")
    return next(own.server for own in settings.models if own.name == name)


def address_of(settings: Settings, name: str) -> str:
    """The address of the server of an answerer; empty for the built-in one."""
    if kind_of(settings, name) == EXTRACTIVE:
        return ""
    server = server_of(settings, name)
    return server.host if isinstance(server, OllamaSettings) else server.base_url


def path_of(name: str) -> str:
    """Where the settings of an answerer's server are: openai, ollama or models.NAME."""
    return name if name in KINDS else f"{SECTION}{name}"


def answering_by(settings: Settings, name: str) -> Settings:
    """The settings with another one chosen, and the window of its own where it has one."""
    window = 0 if kind_of(settings, name) == EXTRACTIVE else server_of(settings, name).window_tokens
    answer = replace(settings.answer, model=name, window_tokens=window or settings.answer.window_tokens)
    return replace(settings, answer=answer)


def remove_model(settings: Settings, name: str) -> None:
    """Forget a named model, its key included; where it was chosen, the built-in answerer takes its place.

    Raises SettingsError when the environment chooses it.
    """
    locked = set_by_environment(settings)
    left = ",".join(own for own in fallbacks(settings) if own != name)
    changes: dict[str, str | None] = {path: None for path in known_paths(settings) if _is_of(path, name)}
    if settings.answer.model == name:
        changes["answer.model"] = None
    if left != ",".join(fallbacks(settings)):
        changes["answer.fallbacks"] = left or None
    held = [locked[path] for path in changes if path in locked and not path.startswith(SECTION)]
    if held:
        raise SettingsError(f"{', '.join(held)} names {name!r}. Change it there first.")
    save_settings(settings.data_dir, changes)


def _is_of(path: str, name: str) -> bool:
    return path.startswith(f"{SECTION}{name}.") and "." not in path.removeprefix(f"{SECTION}{name}.")
