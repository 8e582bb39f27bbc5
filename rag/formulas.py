r"""Formulas in a model's text, found and made safe: $x$, $$x$$, \(x\) and \[x\].

A formula leaves as $x$ on one line, or between two lines of $$; whatever might be money, or might become
a link or HTML in a renderer that takes it for prose, is no formula here. It does not check the formula.
"""

from __future__ import annotations

import re

#: Most characters of a formula within a line; of one that begins with a digit, and so might be money.
LONGEST_INLINE, LONGEST_AFTER_DIGIT = 160, 40

_CLOSING = {"$$": "$$", "\\[": "\\]", "\\(": "\\)"}
_LIVE = re.compile(
    r"https?:|www\.|@|`|\$|\]\s*:|~~|<[!/?a-z]|&#?\w+;"
    r"|\\(?:href|url|include|html|def|gdef|edef|xdef|let|new|renew|provide|rule|unicode)",
    re.IGNORECASE,
)
_SIGN_OF_MATHS = re.compile(r"[\\^_={}()+*/<>-]")
_SIGN_AFTER_DIGIT = re.compile(r"[\\^_=]")
_BLANK_LINE = re.compile(r"\n[ \t]*\n")


def formula(window: str, before: str, final: bool) -> tuple[int, str] | None:
    """Length and safe Markdown of the formula that `window` begins with.

    Length 0 when it begins with none, None when more must be seen. `before` is the end of what stands
    before it; `final` says that nothing more will come.
    """
    if len(window) < 2:
        return (0, "") if final else None
    opening = window[:2]
    if opening not in _CLOSING:
        return _within_line(window, before, final)
    closing = window.find(_CLOSING[opening], 2)
    gap = _BLANK_LINE.search(window)
    line_ends = opening == "\\(" and "\n" in window[: closing if closing > 0 else None]
    if closing < 0 or line_ends or (gap and gap.start() < closing):
        return (0, "") if final or gap or line_ends else None
    inner, end = window[2:closing], closing + 2
    if opening == "\\(" or not before.endswith("\n"):
        return _result(end, _safe(inner), "${}$")
    after, newline, _ = window[end:].partition("\n")
    if not newline and not final and not after.strip():
        return None
    if after.strip():
        return _result(end, _safe(inner), "${}$")
    return _result(end + len(after) + len(newline), _safe(inner), "$$\n{}\n$$\n")


def _within_line(window: str, before: str, final: bool) -> tuple[int, str] | None:
    """The same for a single $."""
    if window[1].isspace() or before[-1:].isalnum():
        return 0, ""
    money = window[1].isdigit()
    most = LONGEST_AFTER_DIGIT if money else LONGEST_INLINE
    line, newline, _ = window[1 : most + 2].partition("\n")
    closing = line.find("$")
    if closing < 0:
        return (0, "") if newline or final or len(line) > most else None
    end = closing + 2
    if end == len(window) and not final:
        return None
    inner = line[:closing]
    telling = _SIGN_AFTER_DIGIT if money else _SIGN_OF_MATHS
    is_maths = telling.search(inner) is not None or (len(inner) <= 2 and inner.isalpha())
    if inner[-1:].isspace() or window[end : end + 1].isdigit() or "|" in inner or not is_maths:
        return 0, ""
    return _result(end, _safe(inner), "${}$")


def _result(end: int, inner: str, form: str) -> tuple[int, str]:
    return (end, form.format(inner if "\n" in form else " ".join(inner.split()))) if inner else (0, "")


def _safe(inner: str) -> str:
    """The formula with nothing in it that Markdown could take for a link, an image or HTML; "" for none."""
    if _LIVE.search(inner):
        return ""
    text = inner.replace("\\|", "\\Vert ").replace("|", "\\vert ").replace("<", "\\lt ").replace(">", "\\gt ")
    text = re.sub(r"\](?=[(\[])|!(?=\[)|\[(?=[\d^])", lambda found: f"{found.group()}{{}}", text)
    return "\n".join(line.strip() for line in text.splitlines() if line.strip())
