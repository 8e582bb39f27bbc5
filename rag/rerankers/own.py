"""A reranker that the user brings: a class by its dotted path, ours to import, check and explain.

The class is called without arguments. It is one of our protocol (a method `score(query, hits)`, and
`needs` if it wants more columns) or a subclass of `lancedb.rerankers.Reranker`. It runs with the
rights of the program: name only code that you trust.
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from rag.errors import AskanceError, MissingDependency, RerankingFailed
from rag.rerankers.lancedb_rerankers import LanceDBReranker
from rag.rerankers.seam import Effort, Reranker, checked_scores
from rag.types import Hit, Query

_COLUMNS = ("token_bits", "vector")


class OwnReranker:
    """The user's object behind our protocol: what it gives back is checked, what it raises is explained."""

    name = "own"
    effort: Effort = "reading"

    def __init__(self, path: str, made: Any) -> None:
        self._path = path
        self._made = made
        self.needs = tuple(getattr(made, "needs", ()))

    def score(self, query: Query, hits: Sequence[Hit]) -> list[float]:
        if not hits:
            return []
        try:
            scores = self._made.score(query, list(hits))
        except AskanceError:
            raise
        except Exception as error:
            raise RerankingFailed(
                f"Your reranker {self._path} failed: {type(error).__name__}: {str(error)[:200]}. "
                "Correct it, or choose another reranker."
            ) from error
        return checked_scores(f"Your reranker {self._path}", scores, len(hits))


def own_problem(path: str) -> str:
    """Why the user's class cannot be used; empty when it can. Imports it."""
    try:
        get_own(path)
    except MissingDependency as error:
        return str(error)
    return ""


@lru_cache(maxsize=8)
def get_own(path: str) -> Reranker:
    """The user's reranker, one instance a process. Raises MissingDependency with what to correct."""
    made = _made(path)
    if _is_lancedbs(made):
        return LanceDBReranker("own", lambda: made, identity=f"own {path}", effort="reading")
    if not callable(getattr(made, "score", None)):
        raise MissingDependency(
            f"reranking.own = {path!r}: the class has no method score(query, hits). Give it one that returns "
            "a number for each hit, or derive it from lancedb.rerankers.Reranker."
        )
    needs = getattr(made, "needs", ())
    if isinstance(needs, str) or not set(needs) <= set(_COLUMNS):
        raise MissingDependency(
            f"reranking.own = {path!r}: its `needs` must be a tuple of some of {', '.join(_COLUMNS)}."
        )
    return OwnReranker(path, made)


def _made(path: str) -> Any:
    module_name, _, class_name = path.strip().replace(":", ".").rpartition(".")
    if not module_name:
        said = f"reranking.own = {path!r} is no dotted path" if path else "No reranker of your own is named"
        raise MissingDependency(f"{said}. Set reranking.own to one like my_package.my_module.MyClass.")
    try:
        found = getattr(importlib.import_module(module_name), class_name, None)
    except Exception as error:
        raise MissingDependency(
            f"reranking.own = {path!r}: the module {module_name} cannot be imported "
            f"({type(error).__name__}: {str(error)[:150]}). Install it beside Askance, or correct the path."
        ) from error
    if not isinstance(found, type):
        raise MissingDependency(
            f"reranking.own = {path!r}: {module_name} has no class {class_name}. Correct the path."
        )
    try:
        return found()
    except Exception as error:
        raise MissingDependency(
            f"reranking.own = {path!r}: {class_name}() failed ({type(error).__name__}: {str(error)[:200]}). "
            "It must be made without arguments."
        ) from error


def _is_lancedbs(made: Any) -> bool:
    from lancedb.rerankers import Reranker as LanceDBs

    return isinstance(made, LanceDBs)
