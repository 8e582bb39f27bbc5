"""All settings: one frozen tree, read once and passed on explicitly.

Later sources win: defaults, `settings.json` and `secrets.json` in the data folder, `.env`, the
environment (`ASKANCE_RETRIEVAL_K=5` sets `retrieval.k`), then overrides given by the caller.
An unknown key or a value out of bounds is refused with its path. Nothing here opens a table,
loads a model or remembers a current value: variants are made with `with_overrides`.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from pathlib import Path
from typing import Any

from rag.errors import SettingsError
from rag.named_models import (
    RESERVED,
    SECTION,
    NamedModel,
    parts_of,
    paths_of,
    value_of,
    variable_part,
    with_changes,
)
from rag.reranking_settings import RerankingSettings
from rag.retrieval_settings import RetrievalSettings
from rag.secret_settings import public_part
from rag.server_settings import OllamaSettings, OpenAISettings
from rag.setting_field import checked, setting

PREFIX = "ASKANCE_"
SETTINGS_FILE = "settings.json"
SECRETS_FILE = "secrets.json"

#: Short names that the command line and the compare page take for the settings most often varied.
ALIASES = {
    "mode": "retrieval.mode",
    "reranker": "retrieval.reranker",
    "k": "retrieval.k",
    "candidates": "retrieval.candidates",
    "model": "answer.model",
}


@dataclass(frozen=True)
class EmbeddingSettings:
    """How text becomes vectors."""

    model: str = setting("minilm", "The embedding model; minilm comes with the installation.")
    precision: str = setting(
        "auto",
        "Arithmetic of the embedder: bf16 where the processor has it.",
        choices=("auto", "bf16", "fp32"),
    )
    batch_size: int = setting(8, "Passages embedded at once.", minimum=1, maximum=512)


@dataclass(frozen=True)
class ChunkingSettings:
    """How documents are cut into passages."""

    max_tokens: int = setting(
        192, "Longest passage in tokens, its title and headings included.", minimum=32, maximum=8192
    )
    overlap_tokens: int = setting(
        24, "Tokens repeated between neighbouring passages.", minimum=0, maximum=1024
    )
    header_tokens: int = setting(48, "Most tokens spent on title and headings.", minimum=0, maximum=512)


@dataclass(frozen=True)
class AnswerSettings:
    """How answers are made."""

    model: str = setting(
        "extractive",
        "Who answers: extractive (built in), openai, ollama or the name of one of your models.",
    )
    fallbacks: str = setting("", "Who answers when the chosen one fails, in order, joined by commas.")
    context_tokens: int = setting(
        3000, "Most tokens of passages in the prompt.", minimum=100, maximum=1_000_000
    )
    history_tokens: int = setting(
        1000, "Most tokens of earlier turns in the prompt.", minimum=0, maximum=1_000_000
    )
    reserve_tokens: int = setting(800, "Tokens kept free for the answer.", minimum=50, maximum=200_000)
    window_tokens: int = setting(8192, "The model's context window.", minimum=512, maximum=10_000_000)
    quote_words: int = setting(60, "Most words that the built-in answerer quotes.", minimum=10, maximum=1000)
    decline_below: float = setting(
        0.5, "Decline to answer when the estimated chance of an answer is lower.", minimum=0.0, maximum=1.0
    )
    style: str = setting(
        "standard",
        "How answers are written: standard, short, detailed, table, quotes, steps, or one of your own.",
    )
    summed_up_by: str = setting(
        "model",
        "Who sums up what a long conversation no longer has room for: model, or rules.",
        choices=("model", "rules"),
    )
    rewrite_follow_ups: bool = setting(True, "Search for what a follow-up means in its conversation.")
    currency: str = setting("USD", "The currency in which you gave the prices of models.")
    self_check: bool = setting(False, "Ask the model once more when the passages do not bear out its answer.")


@dataclass(frozen=True)
class IngestSettings:
    """Limits on what is read."""

    max_file_megabytes: int = setting(1024, "Largest file read.", minimum=1, maximum=1_000_000)
    max_archive_members: int = setting(
        10_000, "Most files taken from one archive.", minimum=1, maximum=10_000_000
    )
    max_unpacked_megabytes: int = setting(
        4096, "Most an archive may unpack to.", minimum=1, maximum=1_000_000
    )
    max_archive_depth: int = setting(
        3, "How deep archives within archives are opened.", minimum=1, maximum=20
    )
    max_sheet_rows: int = setting(200_000, "Most rows read from one sheet.", minimum=1, maximum=10_000_000)
    ocr: bool = setting(True, "Whether scans are read with Tesseract where it is installed.")
    ocr_languages: str = setting(
        "eng", "Languages of scanned pages as Tesseract names them, joined by +, as eng+deu."
    )
    ocr_page_seconds: int = setting(60, "Longest reading of one scanned page.", minimum=1, maximum=3600)
    convert_seconds: int = setting(120, "Longest conversion of one old Office file.", minimum=1, maximum=3600)
    parse_seconds: int = setting(
        300, "Longest time that reading one file may take.", minimum=1, maximum=86_400
    )
    parse_memory_megabytes: int = setting(
        2048, "Most memory that reading one file may take.", minimum=64, maximum=1_000_000
    )
    page_seconds: int = setting(20, "Longest time that drawing one page may take.", minimum=1, maximum=3600)
    program_memory_megabytes: int = setting(
        4096,
        "Most memory that a program for old Office files or scans may take.",
        minimum=64,
        maximum=1_000_000,
    )
    parse_processes: int = setting(1, "Files read at the same time.", minimum=1, maximum=64)
    lock_seconds: int = setting(
        120, "Longest wait for another process that adds to the same collection.", minimum=1, maximum=86_400
    )
    when_gone: str = setting(
        "mark",
        "What becomes of documents whose files are gone from a folder that is followed.",
        choices=("keep", "mark", "remove"),
    )


@dataclass(frozen=True)
class Settings:
    """The whole tree. `data_dir` holds everything Askance writes."""

    data_dir: Path = Path("data")
    embedding: EmbeddingSettings = EmbeddingSettings()
    chunking: ChunkingSettings = ChunkingSettings()
    retrieval: RetrievalSettings = RetrievalSettings()  # noqa: RUF009 (frozen)
    reranking: RerankingSettings = RerankingSettings()  # noqa: RUF009 (frozen)
    answer: AnswerSettings = AnswerSettings()
    openai: OpenAISettings = OpenAISettings()  # noqa: RUF009 (frozen)
    ollama: OllamaSettings = OllamaSettings()  # noqa: RUF009 (frozen)
    models: tuple[NamedModel, ...] = ()
    ingest: IngestSettings = IngestSettings()


def known_paths(settings: Settings | None = None) -> dict[str, dict[str, Any]]:
    """Every dotted setting with its metadata (help, minimum, maximum, choices, secret, type).

    With `settings`, those of its named models, too.
    """
    paths: dict[str, dict[str, Any]] = {}
    for section in fields(Settings):
        if not is_dataclass(section.default):
            continue
        for leaf in fields(section.default):
            paths[f"{section.name}.{leaf.name}"] = {**leaf.metadata, "type": type(leaf.default)}
    for model in settings.models if settings else ():
        paths |= paths_of(model)
    return paths


def value_at(settings: Settings, path: str) -> Any:
    """The value of a dotted setting, as `retrieval.k`."""
    if path.startswith(SECTION):
        return value_of(settings.models, path)
    section, _, leaf = ALIASES.get(path, path).partition(".")
    return getattr(getattr(settings, section), leaf)


def with_overrides(settings: Settings, overrides: Mapping[str, Any]) -> Settings:
    """A copy with dotted settings (or their short names) replaced.

    Values may be strings, as they come from a command line. Raises SettingsError for an unknown
    name, a value of the wrong type or one out of bounds.
    """
    known = known_paths()
    changed: dict[str, dict[str, Any]] = {}
    of_models: dict[str, Any] = {}
    for name, raw in overrides.items():
        path = ALIASES.get(name, name)
        if path.startswith(SECTION):
            of_models[path] = raw
            continue
        if path not in known:
            raise SettingsError(f"Unknown setting {name!r}. Known settings: {', '.join(sorted(known))}.")
        section, _, leaf = path.partition(".")
        changed.setdefault(section, {})[leaf] = checked(path, raw, known[path])
    sections: dict[str, Any] = {
        name: replace(getattr(settings, name), **leaves) for name, leaves in changed.items()
    }
    made = replace(settings, **sections, models=with_changes(settings.models, of_models))
    if "answer" in sections:
        _check_answerers(made)
    return made


def _check_answerers(settings: Settings) -> None:
    names = (*RESERVED, *(own.name for own in settings.models))
    named = [("answer.model", settings.answer.model)]
    named += [
        ("answer.fallbacks", own.strip()) for own in settings.answer.fallbacks.split(",") if own.strip()
    ]
    for path, name in named:
        if name not in names:
            raise SettingsError(f"{path} = {name!r}: must be one of {', '.join(names)}.")


def load_settings(
    *,
    data_dir: Path | None = None,
    environment: Mapping[str, str] | None = None,
    overrides: Mapping[str, Any] | None = None,
) -> Settings:
    """Read settings from their sources (see the module's text) into one tree.

    Raises SettingsError with the path of the offending key and where it came from.
    """
    if environment is None:
        environment = _environment_with_dotenv()
    folder = data_dir or Path(environment.get(f"{PREFIX}DATA_DIR") or "data")
    settings = Settings(data_dir=folder.expanduser().resolve())
    for name in (SETTINGS_FILE, SECRETS_FILE):
        settings = _apply(settings, read_stored(settings.data_dir, name), str(settings.data_dir / name))
    settings = _apply(settings, _from_environment(environment, settings), "the environment")
    return with_overrides(settings, overrides or {})


def save_settings(data_dir: Path, changes: Mapping[str, Any]) -> None:
    """Write dotted settings into the data folder; secrets go to a file that only its owner can read.

    So does an address that holds one; without it, it stands among the others, too. None removes a setting, so
    that its default applies again. The files are replaced atomically.
    """
    kept = Settings(data_dir=data_dir)
    for name in (SETTINGS_FILE, SECRETS_FILE):
        stored = read_stored(data_dir, name)
        of_models = {path: value for path, value in stored.items() if path.startswith(SECTION)}
        kept = with_overrides(kept, of_models)
    kept = with_overrides(kept, {path: value for path, value in changes.items() if value is not None})
    known = known_paths(kept)
    files = [(SETTINGS_FILE, False), (SECRETS_FILE, True)]
    if any(value is None and path.startswith(SECTION) for path, value in changes.items()):
        # A key never outlives its model, even when the machine stops in between.
        files.reverse()
    for name, secret in files:
        stored = read_stored(data_dir, name)
        changed = dict(stored)
        for path, value in changes.items():
            public = None if value is None else public_part(value, known[path])
            changed[path] = (value if public != value else None) if secret else public
        changed = {path: value for path, value in changed.items() if value is not None}
        if changed != stored:
            write_atomically(data_dir / name, changed)


def without_secrets(stored: Mapping[str, Any]) -> dict[str, Any]:
    """Dotted settings as they were kept in a file, each without what is secret. Raises SettingsError."""
    known = known_paths(with_overrides(Settings(), stored))
    public = {path: public_part(value, known[ALIASES.get(path, path)]) for path, value in stored.items()}
    return {path: value for path, value in public.items() if value is not None}


def set_by_environment(
    settings: Settings | None = None, environment: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Dotted settings that the environment or `.env` decides, each with its variable's name.

    With `settings`, those of its named models, too.
    """
    if environment is None:
        environment = _environment_with_dotenv()
    return {path: _variable(path) for path in known_paths(settings) if _variable(path) in environment}


def read_stored(data_dir: Path, name: str) -> dict[str, Any]:
    """The dotted settings kept in one file of the data folder; empty when there is none."""
    file = data_dir / name
    if not file.exists():
        return {}
    try:
        stored = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise SettingsError(f"{file} cannot be read: {error}. Correct it or remove it.") from error
    if not isinstance(stored, dict):
        raise SettingsError(f"{file} must hold a JSON object of dotted settings. Correct it or remove it.")
    return stored


def _apply(settings: Settings, overrides: Mapping[str, Any], source: str) -> Settings:
    try:
        return with_overrides(settings, overrides)
    except SettingsError as error:
        raise SettingsError(f"In {source}: {error}") from error


def _environment_with_dotenv() -> dict[str, str]:
    from dotenv import dotenv_values

    stored = {name: value for name, value in dotenv_values(".env").items() if value is not None}
    return stored | dict(os.environ)


def _from_environment(environment: Mapping[str, str], settings: Settings) -> dict[str, str]:
    by_variable = {_variable(path): path for path in known_paths(settings)}
    found: dict[str, str] = {}
    for variable, value in environment.items():
        if not variable.startswith(PREFIX) or variable == f"{PREFIX}DATA_DIR":
            continue
        if variable not in by_variable:
            raise SettingsError(
                f"Unknown variable {variable} in the environment. Known: {', '.join(sorted(by_variable))}."
            )
        found[by_variable[variable]] = value
    return found


def _variable(path: str) -> str:
    """The name of the variable that sets a dotted setting."""
    if path.startswith(SECTION):
        name, leaf = parts_of(path)
        return f"{PREFIX}MODELS_{variable_part(name)}_{leaf.upper()}"
    return f"{PREFIX}{path.replace('.', '_').upper()}"


def write_atomically(file: Path, content: Mapping[str, Any]) -> None:
    """Write JSON so that a reader sees the whole of it or what was there before. Raises OSError."""
    file.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            json.dump(content, stream, indent=2, sort_keys=True)
            stream.write("\n")
            stream.flush()
            os.fsync(stream.fileno())
        Path(temporary).replace(file)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
