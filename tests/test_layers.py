"""The arrows of docs/architecture.md: who may import whom."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

#: Layers of rag/, lowest first; a module may import from its own layer's left only.
RAG_LAYERS: list[set[str]] = [
    {"privacy", "errors", "types", "certainty", "csv_cells", "secret_settings"},
    {
        *("settings", "reranking_settings", "retrieval_settings", "setting_field"),
        *(
            "late_interaction",
            "later_columns",
            "metrics",
            "words",
            "parsed_form",
            "column_types",
            "identifiers",
            "near_copies",
            "passage_places",
            "collection_names",
            "presets",
            "scripts",
            "model_threads",
            "native_memory",
            "formulas",
            "question_shapes",
            "conversation_titles",
            "beyond_quoting",
            "several_questions",
            "command_values",
            "embedding_folder",
            "table_rows",
        ),
        *(
            "folder_lease",
            "document_kinds",
            "text_fields",
            "table_upkeep",
            "table_contents",
            "backup_file",
            "refusals",
            "unanswered",
        ),
        *("vector_index", "filter_index", "circuits", "thinking", "minilm", "tokenised", "known_words"),
        *("server_settings", "named_models"),
    },
    {"hash_embedder"},
    {
        "embedders",
        "tokens",
        "sentences",
        "prompts",
        "database",
        "blobs",
        "questions",
        "downloads",
        "hub_fetch",
        "agreement",
        "expected_answer",
        "exact_facts",
        "document_names",
        "document_authors",
        "exact_matches",
        "judgements",
        "text_index",
        *("patience", "answerers", "courtesies", "asked_codes"),
    },
    {
        "embedding_function",
        "llms",
        "catalog",
        "branches",
        "history",
        "job_tables",
        "question_tables",
        "beir",
        "question_columns",
        "styles",
        "citations",
        "evidence",
        "sentence_questions",
        "heading_topics",
    },
    {
        "collection_languages",
        "sentence_value",
        "collection_tables",
        "recorded_embedder",
        "record_form",
        "spelling",
        "document_scope",
        "question_files",
        "question_sets",
        "heading_questions",
    },
    {
        *("llm_openai", "llm_ollama", "rows", "rerankers", "context", "confidence", "extract", "verify"),
        *("follow_up", "fallbacks", "prices", "token_ratios"),
        *("question_writing", "suggestions"),
        "passage_grades",
        "question_import",
        "question_export",
        "judged_places",
        "rated_questions",
        "echoes",
        "recollection",
        "fitting",
        "kept_ledger",
        "commit_log",
    },
    {
        *("spending", "store", "disclosure", "cited_quotes", "quoting", "subject"),
        *("citation_standing", "attached_files"),
    },
    {"several_tables", "wider_search", "waiting_questions"},
    {
        "workspace",
        "retrieve",
        "wider_passages",
        "maintenance",
        "backup",
        "restore",
        "answer_record",
    },
    {
        "compare",
        "answer",
        "status",
        "matched_fields",
        "kept_versions",
        "needed_blobs",
        "expected_passage",
        "remedies",
        "scope_command",
    },
    {"filtered_out"},
    {"evaluate", "streaming", "turns", "trace", "question_making"},
    {
        *("chat", "export", "upkeep_commands", "variant_command", "trace_command", "verdict"),
        *("reachable", "judged_tasks"),
    },
    {"ranking_settings"},
    {"evaluation_runs", "advice"},
    {"question_command", "evaluate_command"},
]
#: Where one layer's modules lean on each other, on purpose.
WITHIN_LAYER = {
    ("settings", "errors"),
    ("settings", "reranking_settings"),
    ("settings", "retrieval_settings"),
    ("settings", "setting_field"),
    ("settings", "server_settings"),
    ("settings", "named_models"),
    ("named_models", "server_settings"),
    ("named_models", "setting_field"),
    ("server_settings", "setting_field"),
    ("reranking_settings", "setting_field"),
    ("retrieval_settings", "setting_field"),
    ("history", "branches"),
    ("tokenised", "known_words"),
    ("llms", "llm_openai"),
    ("llms", "llm_ollama"),
    ("rerankers", "late_interaction"),
    ("backup", "maintenance"),
    ("vector_index", "table_upkeep"),
    ("filter_index", "table_upkeep"),
    ("table_upkeep", "text_fields"),
    ("text_fields", "retrieval_settings"),
    ("presets", "retrieval_settings"),
    ("several_questions", "words"),
    ("near_copies", "collection_names"),
    ("near_copies", "passage_places"),
    ("passage_places", "document_kinds"),
    ("later_columns", "table_upkeep"),
    ("document_authors", "document_names"),
    ("restore", "backup"),
    ("kept_versions", "needed_blobs"),
}
COMPOSITION_ROOTS = {"rag/__main__.py", "ingest/__main__.py"}


def imported(file: Path) -> set[str]:
    """Dotted names of all modules that a file imports, inside functions too."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def sources(folder: str) -> list[Path]:
    return sorted((ROOT / folder).rglob("*.py"))


def tops(file: Path) -> set[str]:
    return {name.split(".")[0] for name in imported(file)}


@pytest.mark.parametrize(
    ("folder", "forbidden"),
    [
        ("rag", {"ingest", "pages", "api", "app", "streamlit", "starlette"}),
        ("ingest", {"pages", "api", "app", "streamlit", "starlette"}),
        ("pages", {"api", "app", "lancedb"}),
    ],
)
def test_rooms_import_only_downwards(folder: str, forbidden: set[str]) -> None:
    for file in sources(folder):
        if file.relative_to(ROOT).as_posix() in COMPOSITION_ROOTS:
            continue
        wrong = tops(file) & forbidden
        assert not wrong, f"{file.relative_to(ROOT)} imports {wrong}"


def test_rag_modules_import_only_lower_layers() -> None:
    level = {name: index for index, layer in enumerate(RAG_LAYERS) for name in layer}
    # A folder of rag/ is a module of several files, which lean on each other as they like.
    modules = {
        path.stem: [path] if path.is_file() else sorted(path.glob("*.py"))
        for path in (ROOT / "rag").iterdir()
        if (path.suffix == ".py" or (path / "__init__.py").exists()) and not path.stem.startswith("__")
    }
    assert modules.keys() == level.keys(), "every module of rag/ has its place in the layers, and no other"
    for module, file in ((module, file) for module, files in modules.items() for file in files):
        for name in imported(file):
            parts = name.split(".")
            if parts[0] != "rag" or len(parts) < 2 or parts[1] not in level or parts[1] == module:
                continue
            allowed = level[parts[1]] < level[module] or (module, parts[1]) in WITHIN_LAYER
            assert allowed, f"{file.relative_to(ROOT)} imports rag/{parts[1]}, which is not below it"


def test_only_the_store_opens_tables() -> None:
    opening = ("open_table", "create_table", "lancedb.connect")
    for file in [*sources("rag"), *sources("ingest"), *sources("pages"), ROOT / "app.py", ROOT / "api.py"]:
        # rag/table_contents.py reads copies of a data folder, which no store may touch.
        if file.name not in ("store.py", "table_contents.py") and "migrations" not in file.parts:
            text = file.read_text(encoding="utf-8")
            assert not any(word in text for word in opening), f"{file.relative_to(ROOT)} opens a table"


def test_session_state_has_one_owner() -> None:
    for file in sources("pages"):
        if file.name != "session.py":
            text = file.read_text(encoding="utf-8")
            assert "session_state" not in text, f"{file.relative_to(ROOT)} touches session_state"
            assert "cache_resource" not in text, f"{file.relative_to(ROOT)} caches process-wide"


def test_pages_and_modules_stay_small() -> None:
    for file in [*sources("rag"), *sources("ingest"), *sources("pages"), *sources("tests")]:
        lines = len(file.read_text(encoding="utf-8").splitlines())
        limit = 150 if file.parent.name == "pages" and file.parents[1] == ROOT else 400
        assert lines <= limit, f"{file.relative_to(ROOT)} has {lines} lines, more than {limit}"


def test_importing_the_app_loads_no_heavy_library() -> None:
    """The first page paints before a model's libraries are loaded."""
    code = (
        "import sys, app, pages.shared.session, rag.retrieve, rag.answer, ingest.pipeline\n"
        "heavy = {'torch', 'sentence_transformers', 'transformers', 'langchain_community', 'langchain_core',"
        " 'pypdfium2', 'openai', 'ollama', 'ray'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
