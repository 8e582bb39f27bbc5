"""Choosing a reranker on the compare, settings and status pages: all are offered, each in a sentence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from corpus import fill
from streamlit.testing.v1 import AppTest

from rag.rerankers import OFFERED, score_cache
from rag.settings import load_settings, save_settings
from rag.workspace import open_workspace

pytestmark = pytest.mark.usefixtures("light_embedder")

MAIN = Path(__file__).parents[2] / "pages" / "main.py"


def opened(page: str) -> AppTest:
    shown = AppTest.from_file(MAIN, default_timeout=30).run().switch_page(page).run()
    assert not shown.exception
    return shown


def texts(elements: Any) -> str:
    """What elements say, with the marks that keep it from being Markdown taken away."""
    return "\n".join(element.value for element in elements).replace("\\", "").replace("⁠", "")


def test_the_compare_page_offers_each_with_its_sentence_and_says_what_is_missing() -> None:
    fill(open_workspace(load_settings()))
    page = opened("compare.py")
    chooser = page.selectbox(key="variant-2-reranker")
    assert len(chooser.options) == len(OFFERED)
    assert [own for own in chooser.options if own.endswith("not ready")], "some need a key or a package"
    for offer in OFFERED:
        page.selectbox(key="variant-2-reranker").select(offer.name).run()
        assert not page.exception
        assert offer.sentence in texts(page.caption)
    page.selectbox(key="variant-2-reranker").select("jina").run()
    assert "There is no key for Jina" in texts(page.warning)
    assert "3. Meaning + words, Jina" in texts(page.markdown).replace("*", "")


def test_the_settings_page_shows_what_belongs_to_the_chosen_one() -> None:
    page = opened("settings.py")

    def choose(name: str) -> None:
        (chooser,) = [own for own in page.selectbox if own.label == "Order of what was found"]
        chooser.set_value(name).run()
        assert not page.exception

    choose("jina")
    assert "There is no key for Jina" in texts(page.warning)
    choose("ensemble")
    (members,) = [own for own in page.text_input if own.label == "Rerankers, joined by +"]
    members.set_value("linear+nobody").run()
    page.button(key="save-search").click().run()
    assert "'nobody' is none of them" in texts(page.error)
    (members,) = [own for own in page.text_input if own.label == "Rerankers, joined by +"]
    members.set_value("linear+mmr").run()
    page.button(key="save-search").click().run()
    saved = load_settings()
    assert (saved.retrieval.reranker, saved.reranking.ensemble) == ("ensemble", "linear+mmr")


def test_a_key_typed_for_a_service_is_kept_as_a_secret() -> None:
    page = opened("settings.py")
    (chooser,) = [own for own in page.selectbox if own.label == "Order of what was found"]
    chooser.set_value("jina").run()
    (key,) = [own for own in page.text_input if own.label == "Jina key"]
    key.set_value("jina-secret").run()
    page.button(key="save-search").click().run()
    folder = load_settings().data_dir
    assert "jina-secret" in (folder / "secrets.json").read_text()
    assert "jina-secret" not in (folder / "settings.json").read_text()
    assert "jina-secret" not in str(opened("settings.py"))


def test_the_status_page_tells_the_hit_rate_of_remembered_scores() -> None:
    cache = score_cache(load_settings().reranking.cached_scores)
    cache.clear()
    for _ in range(2):
        cache.scores("r", "q", ["one", "two"], lambda own: [1.0] * len(own))
    page = opened("status.py")
    shown = "\n".join(own.proto.body for own in page.get("html"))
    cache.clear()
    assert "2; 50% of 4 needed were there already" in shown


def test_a_reranker_of_another_name_is_no_crash() -> None:
    fill(open_workspace(load_settings()))
    save_settings(load_settings().data_dir, {"retrieval.reranker": "magic"})
    for name in ("settings.py", "status.py", "compare.py"):
        opened(name)
