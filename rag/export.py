"""A conversation as a file: Markdown with numbered sources, JSON, or HTML that prints well.

What is shown is exported, other versions are not. Text of documents, people and models is escaped: no
HTML, link or image of theirs is live. An address in a quote stays as it is, to be copied; programs that make
a link of every address in Markdown do so with it. Nothing is fetched and nothing asked anew.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable, Sequence
from typing import Any

from rag.answer_record import changed_settings
from rag.citation_standing import Standings
from rag.citations import to_plain, with_citations
from rag.collection_names import in_words
from rag.history import Conversation, Turn
from rag.near_copies import cited_place
from rag.turns import standalone_of, support_of
from rag.types import Citation

#: The standing of the documents that a turn was asked of.
StandingsOf = Callable[[Turn], Standings]
_MARKDOWN = re.compile(r"([\\`*_{}\[\]<>#+!|~$&])")
_STYLE = """
body { font: 1rem/1.55 Georgia, serif; max-width: 44rem; margin: 2rem auto; padding: 0 1rem;
  color: #1a1a1a; background: #fff; overflow-wrap: anywhere; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.1rem; margin: 2rem 0 .5rem; break-after: avoid; }
.note, footer, header p { color: #555; font-size: .875rem; } .answer { white-space: pre-line; }
ol { padding-left: 1.6rem; font-size: .9rem; } li { margin: .4rem 0; break-inside: avoid; }
blockquote { margin: .2rem 0; padding-left: .7rem; border-left: 2px solid #888; }
mark { background: #fde8c8; } a { color: inherit; }
@media print { body { margin: 0; max-width: none; font-size: 11pt; } @page { margin: 2cm; } }
"""


def as_markdown(
    conversation: Conversation, turns: Sequence[Turn], standings: StandingsOf | None = None
) -> str:
    """The conversation as CommonMark; each answer is followed by its sources by number.

    `standings` tells what has become of a turn's sources since; without it nothing is said of that.
    """
    parts = [f"# {_plain(conversation.title or 'Conversation')}", _about(conversation)]
    for turn in turns:
        parts.append(f"## {_plain(turn.question)}")
        meant = standalone_of(turn)
        if meant:
            parts.append(f"*Understood as: {_plain(meant)}*")
        parts.append(_markdown_answer(turn))
        if turn.citations:
            since = standings(turn) if standings else None
            parts.append("\n".join(_markdown_source(own, since) for own in turn.citations))
        made = _made_in_words(turn)
        if made:
            parts.append(f"*{_plain(made)}*")
    return "\n\n".join(parts) + "\n"


def as_json(conversation: Conversation, turns: Sequence[Turn], standings: StandingsOf | None = None) -> str:
    """The conversation with all that was kept with its turns, as a JSON object."""
    return json.dumps(
        {
            "title": conversation.title,
            "collection": conversation.collection,
            "created_at": conversation.created_at.isoformat(),
            "turns": [_turn_as_dict(turn, standings(turn) if standings else None) for turn in turns],
        },
        ensure_ascii=False,
        indent=2,
    )


def as_html(conversation: Conversation, turns: Sequence[Turn], standings: StandingsOf | None = None) -> str:
    """The conversation as one page of HTML without scripts; a number leads to its source below."""
    title = html.escape(conversation.title or "Conversation")
    body = "".join(
        _html_turn(place, turn, standings(turn) if standings else None)
        for place, turn in enumerate(turns, start=1)
    )
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta http-equiv="Content-Security-Policy" '
        "content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        f"<title>{title}</title><style>{_STYLE}</style></head><body><header><h1>{title}</h1>"
        f"<p>{html.escape(_about(conversation))}</p></header>{body}</body></html>\n"
    )


def _about(conversation: Conversation) -> str:
    begun = f"{conversation.created_at:%Y-%m-%d %H:%M}"
    return f"Asked of the collection {conversation.collection}, begun {begun} UTC."


def _made_in_words(turn: Turn) -> str:
    """What made the answer, in a line; empty for what was not answered, or before this was kept."""
    made = turn.details.get("made")
    if not made:
        return ""
    model = turn.details.get("model", "")
    prompt = f", prompt {made['prompt']['digest']}" if made["prompt"] else ""
    table = f"{in_words(made['table']['collection'])}, version {made['table']['version']}"
    changed = "; ".join(f"{path} = {value}" for path, value in changed_settings(made).items())
    return (
        f"Made by {'the built-in answerer' if model == 'extractive' else model}, style "
        f"{made['style']['title']}{prompt}, from {table}"
        + (f". Settings changed: {changed}." if changed else ".")
    )


def _is_quoted(turn: Turn) -> bool:
    return turn.details.get("model") == "extractive" and bool(turn.citations)


def _answer_lines(turn: Turn) -> str:
    """What became of the question, as plain text."""
    text = to_plain(turn.answer)
    if turn.status == "failed":
        text += f"\nNot answered: {turn.error}"
    elif turn.status in ("running", "stopped"):
        text += "\nStopped before it was complete."
    return text.strip()


def _plain(text: str) -> str:
    return _MARKDOWN.sub(r"\\\1", " ".join(text.split()))


def _markdown_answer(turn: Turn) -> str:
    if _is_quoted(turn):
        return "\n\n".join(f"> {_plain(own.quote)} [{own.number}]" for own in turn.citations)
    if turn.status == "done":
        # It left the filter as safe Markdown, so lists and tables stay what they are.
        return turn.answer
    return _plain(_answer_lines(turn))


def _markdown_source(citation: Citation, standings: Standings | None) -> str:
    since = _since(citation, standings)
    said = f" *{_plain(since)}*" if since else ""
    return f"- [{citation.number}] {_plain(cited_place(citation))}: “{_plain(citation.quote)}”{said}"


def _since(citation: Citation, standings: Standings | None) -> str:
    return standings.of(citation).sentence if standings else ""


def _citation_as_dict(citation: Citation, standings: Standings | None) -> dict[str, Any]:
    if standings is None:
        return citation.as_dict()
    standing = standings.of(citation)
    return citation.as_dict() | {"source_now": standing.state, "still_said": standing.still_said}


def _turn_as_dict(turn: Turn, standings: Standings | None) -> dict[str, Any]:
    return {
        "question": turn.question,
        "understood_as": standalone_of(turn) or turn.question,
        "answer": to_plain(turn.answer),
        "status": turn.status,
        "answered": turn.answered,
        "error": turn.error,
        "asked_at": turn.created_at.isoformat(),
        "model": turn.details.get("model", ""),
        "made": turn.details.get("made", {}),
        "citations": [_citation_as_dict(own, standings) for own in turn.citations],
        "support": [
            {
                "sentence": to_plain(turn.answer[own.start : own.end]),
                "verdict": own.verdict,
                "reasons": list(own.reasons),
            }
            for own in support_of(turn)
        ],
        "rating": turn.rating,
        "reason": turn.judgement.get("reason", ""),
    }


def _html_turn(place: int, turn: Turn, standings: Standings | None) -> str:
    meant = standalone_of(turn)
    understood = f'<p class="note">Understood as: {html.escape(meant)}</p>' if meant else ""
    known = {own.number for own in turn.citations}

    def linked(number: int) -> str:
        return f'<a href="#source-{place}-{number}">[{number}]</a>' if number in known else ""

    answer = with_citations(html.escape(_answer_lines(turn)), linked)
    sources = "".join(
        f'<li value="{own.number}" id="source-{place}-{own.number}">{html.escape(cited_place(own))}'
        f"<blockquote>{html.escape(' '.join(own.quote.split()))}</blockquote>"
        f'<span class="note">{html.escape(_since(own, standings))}</span></li>'
        for own in turn.citations
    )
    listed = f"<ol>{sources}</ol>" if sources else ""
    told = _made_in_words(turn)
    made = f'<p class="note">{html.escape(told)}</p>' if told else ""
    return (
        f'<section><h2>{html.escape(turn.question)}</h2>{understood}<div class="answer">{answer}</div>'
        f"{listed}{made}</section>"
    )
