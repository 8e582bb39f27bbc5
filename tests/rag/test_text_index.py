"""Words are read by a collection's main language: stems, stop words, and scripts without spaces."""

from __future__ import annotations

import pytest
from corpus import fill

from rag.collection_languages import passages_by_language
from rag.rows import Filters
from rag.text_index import BY_UNICODE, TextIndex, index_for
from rag.workspace import Workspace

GERMAN = {
    "haus.txt": "Die alten Häuser am Fluss wurden von den Kindern bunt bemalt und gepflegt.",
    "brot.txt": "Der Bäcker backt jeden Morgen frische Brote und verkauft sie auf dem Markt.",
}
CHINESE = {
    "qiu.txt": "这支球队的防守只丢了三百零八分，在联盟中排名第六，同时以二十四次拦截领先全联盟。",
    "shu.txt": "亚马逊雨林覆盖了南美洲的大部分地区，是世界上最大的热带雨林，拥有许多种类的树木和动物。",
}
JAPANESE = {
    "mamori.txt": "チームの守備はわずか三百八点しか許さず、リーグ第六位であった。",
    "mori.txt": "アマゾンの熱帯雨林は南アメリカ大陸の大部分を覆っており、とても大きい。",
}
KOREAN = {
    "subi.txt": "이 팀의 수비는 삼백팔 점만을 허용하여 리그에서 여섯 번째였습니다.",
    "sup.txt": "아마존 열대 우림은 남아메리카의 대부분을 덮고 있는 매우 큰 숲입니다.",
}
THAI = {
    "rap.txt": "เกมรับของทีมนี้เสียแต้มเพียงสามร้อยแปดแต้มและอยู่ในอันดับที่หกของลีกในฤดูกาลนั้น",
    "pa.txt": "ป่าฝนแอมะซอนปกคลุมพื้นที่ส่วนใหญ่ของทวีปอเมริกาใต้และเป็นป่าฝนเขตร้อนที่ใหญ่ที่สุดในโลก",
}


def found(workspace: Workspace, words: str) -> set[str]:
    hits = workspace.table("default").text_search(words, 10, Filters())
    return {hit.chunk.document for hit in hits}


@pytest.mark.parametrize(
    ("texts", "language", "words", "document"),
    [
        (GERMAN, "de", "Haus", "haus.txt"),
        (GERMAN, "de", "das Brot", "brot.txt"),
        (CHINESE, "zh", "球队防守", "qiu.txt"),
        (JAPANESE, "ja", "守備", "mamori.txt"),
        (KOREAN, "ko", "열대", "sup.txt"),
        (THAI, "th", "ป่าฝน", "pa.txt"),
    ],
)
def test_words_are_found_as_the_language_has_them(
    workspace: Workspace, texts: dict[str, str], language: str, words: str, document: str
) -> None:
    fill(workspace, texts)
    known = passages_by_language(workspace.settings.data_dir, "default")
    assert known == {language: 2}
    assert found(workspace, words) == {document}


def test_small_words_of_the_language_find_nothing(workspace: Workspace) -> None:
    fill(workspace, GERMAN)
    assert found(workspace, "die und der") == set()


def test_english_stays_as_it_was_and_nothing_is_made_twice(workspace: Workspace) -> None:
    fill(workspace, {"a.txt": "The boilers were tested in spring, and all of the relief valves were opened."})
    table = workspace.table("default")
    before = table.version
    assert found(workspace, "boiler test") == {"a.txt"}
    assert not table.index_words(TextIndex())
    assert table.version == before


def test_a_collection_that_changes_its_language_is_read_anew(workspace: Workspace) -> None:
    fill(workspace, {"a.txt": "The boilers were tested in spring, and all of the relief valves were opened."})
    fill(workspace, GERMAN)
    assert found(workspace, "Haus") == {"haus.txt"}
    assert found(workspace, "boilers") == {"a.txt"}


@pytest.mark.parametrize(
    ("passages", "expected"),
    [
        ({}, None),
        ({"": 9}, None),
        ({"en": 8, "": 90}, TextIndex()),
        ({"fr": 7, "en": 3}, TextIndex("simple", "French")),
        ({"fr": 5, "en": 5}, BY_UNICODE),
        ({"pl": 9}, BY_UNICODE),
        ({"ja": 9, "en": 1}, BY_UNICODE),
    ],
)
def test_the_main_language_decides(passages: dict[str, int], expected: TextIndex | None) -> None:
    assert index_for(passages) == expected
