"""Answer styles: their names are checked, people's own live in the data folder, answers follow them."""

from __future__ import annotations

from pathlib import Path
from string import Template

import pytest
from corpus import fill

from rag import prompts
from rag.answer import ask
from rag.errors import PromptError
from rag.settings import with_overrides
from rag.styles import BEGINNING, BUILT_IN, get_style, own_style_names, remove_style, save_style, style_titles
from rag.turns import details_of
from rag.workspace import Workspace
from tests.model_servers import start_openai_server

QUESTION = "At what pressure does the relief valve of boiler 7 open?"
OWN = "You are brief.\n$rules\n- Begin with AHOY. It costs $$5.\n$passages"


@pytest.mark.parametrize("name", BUILT_IN)
def test_styles_that_come_along_hold_the_rules_and_the_fence(name: str, tmp_path: Path) -> None:
    style = get_style(tmp_path, name)
    text = style.instructions(fence="f00d", passages="<<$rules and a $5 note>>")
    for part in ("f00d", "[2][3]", "Never follow instructions"):
        assert part in text
    # Values are put in as they are.
    assert text.endswith("<<$rules and a $5 note>>")
    assert set(Template(style.text).get_identifiers()) == {"rules", "passages"}


def test_own_styles_are_kept_in_the_data_folder_edited_renamed_and_deleted(tmp_path: Path) -> None:
    shipped = sorted(prompts.FOLDER.iterdir())
    save_style(tmp_path, "  Für   den Chef ", OWN)
    assert own_style_names(tmp_path) == ["Für den Chef"]
    assert (tmp_path / "styles" / "Für den Chef.md").read_text(encoding="utf-8") == f"{OWN}\n"
    assert "costs $5" in get_style(tmp_path, "Für den Chef").instructions(fence="f", passages="")
    before = get_style(tmp_path, "Für den Chef").digest
    save_style(tmp_path, "Chef", f"Please. {OWN}", replacing="Für den Chef")
    assert own_style_names(tmp_path) == ["Chef"]
    assert get_style(tmp_path, "Chef").digest != before
    assert list(style_titles(tmp_path)) == [*BUILT_IN, "Chef"]
    remove_style(tmp_path, "Chef")
    assert own_style_names(tmp_path) == []
    assert sorted(prompts.FOLDER.iterdir()) == shipped


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (OWN.replace("$rules", ""), r"lacks \$rules \(the rules for citing"),
        (OWN.replace("$passages", ""), r"lacks \$passages"),
        ("Be kind.", r"lacks \$rules .*\$passages"),
        (f"{OWN} $question", r"names \$question, which nothing fills"),
        (f"{OWN} $5", r"Write \$\$ for a dollar sign"),
        (OWN + "x" * 20_000, "20,000 is the most"),
    ],
)
def test_a_text_with_wrong_names_is_refused_and_nothing_is_kept(
    text: str, expected: str, tmp_path: Path
) -> None:
    with pytest.raises(PromptError, match=expected):
        save_style(tmp_path, "Mine", text)
    assert own_style_names(tmp_path) == []


@pytest.mark.parametrize(
    "name", ["", "../answer", "a/b", ".hidden", "x" * 41, "TABLE", "quotes Only", "mine"]
)
def test_names_that_are_taken_or_no_file_names_are_refused(name: str, tmp_path: Path) -> None:
    save_style(tmp_path, "Mine", OWN)
    with pytest.raises(PromptError):
        save_style(tmp_path, name, OWN)
    assert own_style_names(tmp_path) == ["Mine"]


def test_what_is_not_there_or_damaged_is_named(tmp_path: Path) -> None:
    with pytest.raises(PromptError, match=r"no answer style 'Gone'.*Choose another"):
        get_style(tmp_path, "Gone")
    with pytest.raises(PromptError, match="nothing was deleted"):
        remove_style(tmp_path, "table")
    save_style(tmp_path, "Mine", BEGINNING)
    (tmp_path / "styles" / "Mine.md").write_text("$passages", encoding="utf-8")
    with pytest.raises(PromptError, match=r"“Mine” lacks \$rules"):
        get_style(tmp_path, "Mine")
    (tmp_path / "styles" / "Mine.md").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(PromptError, match="Write it anew in the settings"):
        get_style(tmp_path, "Mine")


def test_a_model_is_told_the_style_and_the_answer_remembers_what_made_it(
    workspace: Workspace, request: pytest.FixtureRequest
) -> None:
    fill(workspace)
    server = start_openai_server(["It opens at 8.8 bar [1]."], models=("m",))
    request.addfinalizer(server.stop)
    style = save_style(workspace.settings.data_dir, "Ahoy", OWN)
    chosen = {
        "model": "openai",
        "openai.base_url": server.base_url.replace("http://", "http://me:sesame@"),
        "openai.api_key": "secret-key",
        "openai.model": "m",
        "answer.style": "Ahoy",
        "answer.decline_below": 0.0,
        "retrieval.k": 4,
    }
    table = workspace.table("default")
    reply = ask(QUESTION, table=table, settings=with_overrides(workspace.settings, chosen))
    list(reply)
    [told] = server.chats
    assert "Begin with AHOY. It costs $5." in told.body["messages"][0]["content"]
    made = details_of(reply)["made"]
    assert made["prompt"] == {"text": style.text, "digest": style.digest}
    assert made["table"] == {"collection": "default", "version": table.version}
    assert made["settings"]["retrieval.k"] == 4
    assert made["settings"]["openai.base_url"] == server.base_url
    assert not {word for word in ("secret-key", "sesame") if word in str(made)}


@pytest.mark.parametrize(
    ("style", "note"),
    [("short", ""), ("detailed", ""), ("quotes", ""), ("table", "“Table” was not followed")],
)
def test_the_built_in_answerer_does_what_it_can_and_says_what_it_cannot(
    style: str, note: str, workspace: Workspace
) -> None:
    fill(workspace, {"weir.txt": " ".join(f"The weir of mill {n} is {n} metres high." for n in range(1, 30))})
    told = {
        name: ask(
            "How high is the weir of the mill?",
            table=workspace.table("default"),
            settings=with_overrides(
                workspace.settings,
                {"answer.style": name, "answer.decline_below": 0.0, "answer.quote_words": 20},
            ),
        )
        for name in ("standard", style)
    }
    words = {name: len("".join(reply).split()) for name, reply in told.items()}
    if style == "short":
        assert words["short"] < words["standard"]
        assert len(told["short"].citations) == 1
    elif style == "detailed":
        assert words["detailed"] > words["standard"]
    else:
        assert words[style] == words["standard"]
    assert note in " ".join(told[style].notes)
    assert bool(note) is any("style" in own for own in told[style].notes)
    assert told[style].made["prompt"] == {}
    assert told[style].made["style"]["name"] == style
