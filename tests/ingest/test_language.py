"""The language of a document, and the warning that follows from it."""

from __future__ import annotations

import pytest

from ingest.language import detect_language, language_warning

ENGLISH = "The company reported higher revenue in the third quarter than in the year before. "


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (ENGLISH, "en"),
        ("Das Unternehmen meldete im dritten Quartal höhere Umsätze als im Jahr davor.", "de"),
        ("La empresa informó de mayores ingresos en el tercer trimestre que en el año anterior.", "es"),
        ("Компания сообщила о более высокой выручке в третьем квартале, чем годом ранее.", "ru"),
        ("这家公司在第三季度报告的收入高于前一年。这是一个很好的结果。", "zh"),
        ("¿Cuántos puntos anotó el equipo en la final?", "es"),
        ("ما هو عدد سكان المدينة في العام الماضي؟", "ar"),
        ("", ""),
        ("Hello world", ""),
        ("12 345 678.90 | 2020 | 2021 | 77 %", ""),
        ("asdf qwer zxcv uiop hjkl bnm tzui", ""),
        ((ENGLISH * 2000) + "Ein deutscher Anhang.", "en"),
    ],
)
def test_detect_language(text: str, expected: str) -> None:
    assert detect_language(text) == expected


def test_warning_names_both_languages() -> None:
    warning = language_warning("de", ("en",))
    assert warning is not None
    assert "in German" in warning
    assert "trained on English" in warning


@pytest.mark.parametrize(("language", "trained"), [("en", ("en",)), ("", ("en",)), ("de", ())])
def test_no_warning_when_the_model_fits_or_the_language_is_unknown(
    language: str, trained: tuple[str, ...]
) -> None:
    assert language_warning(language, trained) is None
