"""Makes a model's streamed Markdown safe to show: only citations of real passages survive as such.

Whatever else would become a link, an image, HTML or a directive in Streamlit's Markdown is reduced
to its text or escaped, also when it arrives in pieces or never ends. Code is passed through, but only
where the renderer is certain to see code, too, and formulas in the one form that rag.formulas gives.
Nothing here judges whether a passage supports a sentence, and nothing here knows an address.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from rag.formulas import formula

#: Most characters looked at, and so held back, before something unclosed is given up as plain text.
LONGEST_HELD = 400

#: Invisible; between the halves of an address it keeps the renderer from making a link of it.
WORD_JOINER = "\u2060"

_PIECE = 2000
_PUNCTUATION = frozenset("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~")
_SPECIAL = re.compile(r"[\[【`~<\\&!$]")
_NUMBERS = r"\s*(?:(?:passages?|sources?)\s+)?(?P<numbers>\d{1,9}(?:\s?[,;–-]\s?\d{1,9}){0,20})\s?"
_CITATION = re.compile(rf"\[{_NUMBERS}\]", re.IGNORECASE)
_WIDE_CITATION = re.compile(rf"【{_NUMBERS}(?:†[^】\n]*)?】", re.IGNORECASE)
_NUMBER_OR_RANGE = re.compile(r"(\d+)(?:\s?[–-]\s?(\d+))?")
_DESTINATION = re.compile(r"\(\s*(?:<[^<>\n]*>|[^\s<]\S*)?(?:\s+[\"'(].*)?\s*\)")

#: Where a renderer would see an address or a directive: what stands before decides.
_BREAK = re.compile(r"(?<=:)/|(?<=www)\.|(?<=[\w.+-])@|(?<=:):", re.IGNORECASE)

_SHOWN = re.compile(r"\[(\d{1,9})\]")
_SHOWN_AND_BLANKS = re.compile(rf"\s*{_SHOWN.pattern}")
_CODE_OR_CITATION = re.compile(
    r"^(?P<fence>(?P<char>[`~])(?P=char){2,})[^\n]*(?:\n|\Z)[\s\S]*?(?:^ {0,3}(?P=fence)(?P=char)*[ \t]*$|\Z)"
    r"|(?P<ticks>(?<!`)`+(?!`))[^\n]*?(?<!`)(?P=ticks)(?!`)"
    r"|^\$\$\n[\s\S]*?\n\$\$$|\$[^$\n]+\$"
    r"|\\."
    r"|(?P<mark>!?)\[(?P<number>\d{1,9})\]",
    re.MULTILINE,
)


class CitationFilter:
    """Turns streamed text into safe Markdown in which [1], [2] are the passages from 1 to `valid`.

    `removed` counts the numbers that no passage has; `used` holds those cited, in order of first
    use. A citation always leaves in one piece. The result does not depend on how the text was cut.
    """

    def __init__(self, valid: int) -> None:
        self.valid = valid
        self.removed = 0
        self.used: list[int] = []
        self._held = ""
        self._space = ""
        self._tail = "\n"
        self._cited = False
        self._fence = ""
        self._output: list[str] = []

    def feed(self, piece: str) -> str:
        """Take the next piece; give back what can be shown now (perhaps nothing)."""
        piece = piece.replace("\r", "")
        return "".join(
            self._advance(piece[start : start + _PIECE], final=False)
            for start in range(0, len(piece), _PIECE)
        )

    def finish(self) -> str:
        """Give back what was still held, at the end of the text."""
        return self._advance("", final=True)

    def _advance(self, piece: str, *, final: bool) -> str:
        text, self._held = self._held + piece, ""
        while text:
            taken = self._code(text, final) if self._fence else self._prose(text, final)
            if taken is None:
                self._held = text
                break
            consumed, put_back = taken
            text = put_back + text[consumed:]
        if final:
            self._output.append(self._space)
            self._space = ""
        shown = "".join(self._output)
        self._output.clear()
        return shown

    # Each of the following looks at the beginning of what is left and returns how many characters
    # it has dealt with and what is to be read in their place, or None when it must see more. What
    # a mark becomes must not depend on its neighbours in the input: they may vanish.

    def _code(self, text: str, final: bool) -> tuple[int, str] | None:
        end = text.find("\n") + 1
        line = text[:end] or text
        if self._tail.endswith("\n"):
            mark, run = re.escape(self._fence[0]), len(self._fence)
            window = line[:LONGEST_HELD]
            if "\n" not in window and re.fullmatch(rf" {{0,3}}{mark}*[ \t]*", window):
                if len(window) < LONGEST_HELD and not final:
                    return None
                if re.fullmatch(rf" {{0,3}}{mark}{{{run},}}[ \t]*", window):
                    self._fence = ""
                    self._emit(window + "\n")
                    return len(window), ""
            elif re.fullmatch(rf" {{0,3}}{mark}{{{run},}}[ \t]*\n", window):
                self._fence = ""
        self._emit(line)
        return len(line), ""

    def _prose(self, text: str, final: bool) -> tuple[int, str] | None:
        found = _SPECIAL.search(text)
        plain = text[: found.start()] if found else text
        if plain:
            self._say(plain)
            return len(plain), ""
        window = text[:LONGEST_HELD]
        final = final or len(window) == LONGEST_HELD
        mark = text[0]
        if mark in "[【":
            return self._bracket(window, final)
        if mark == "`" or (mark == "~" and self._at_line_start()):
            return self._ticks(window, final)
        if mark in "!\\" and len(window) == 1 and not final:
            return None
        following = window[1:2]
        if mark == "$" or (mark == "\\" and following in ("(", "[")):
            found_formula = formula(window, self._tail + self._space, final)
            if found_formula is None:
                return None
            if found_formula[0]:
                apart = WORD_JOINER if self._tail.endswith("$") and not self._space else ""
                self._emit(apart + found_formula[1])
                return found_formula[0], ""
        if mark == "!":
            if following in ("[", "【"):
                return self._image(window, final)
            self._say(mark)
        elif mark == "\\" and following in _PUNCTUATION:
            self._escape(following)
            return 2, ""
        else:
            self._escape(mark)
        return 1, ""

    def _ticks(self, window: str, final: bool) -> tuple[int, str] | None:
        mark = window[0]
        run = len(window) - len(window.lstrip(mark))
        line, newline, _ = window.partition("\n")
        undecided = run == len(line) or (run >= 3 if mark == "~" else mark not in line[run:])
        if undecided and not newline and not final:
            return None
        if run >= 3 and newline and self._at_line_start() and (mark == "~" or mark not in line[run:]):
            self._fence = mark * run
            self._emit(line + newline)
            return len(line) + 1, ""
        closing = re.search(rf"(?<!`)`{{{run}}}(?!`)", line[run:]) if mark == "`" else None
        if (
            mark == "`"
            and not newline
            and not final
            and (closing is None or run + closing.end() == len(line))
        ):
            return None
        # The renderer cuts table cells before it looks for code, so a bar inside proves nothing.
        if closing is not None and "|" not in line[: run + closing.end()]:
            apart = WORD_JOINER if self._tail.endswith("`") and not self._space else ""
            self._emit(apart + line[: run + closing.end()])
            return run + closing.end(), ""
        for _ in range(run):
            self._escape(mark)
        return run, ""

    def _image(self, window: str, final: bool) -> tuple[int, str] | None:
        link = _link(window[1:], final) if window[1] == "[" else (0, "")
        if link is None:
            return None
        if link[0]:
            return 1 + link[0], link[1]
        self._escape("!")
        return 1, ""

    def _bracket(self, window: str, final: bool) -> tuple[int, str] | None:
        narrow = window[0] == "["
        citation = (_CITATION if narrow else _WIDE_CITATION).match(window)
        if not narrow and citation is None:
            if not final and "】" not in window and "\n" not in window:
                return None
            self._say(window[0])
            return 1, ""
        link = _link(window, final) if narrow else (0, "")
        if link is None:
            return None
        if citation is None:
            if link[0]:
                return link
            self._escape("[")
            return 1, ""
        self._cite(citation.group("numbers"))
        return max(link[0], citation.end()), ""

    def _cite(self, numbers: str) -> None:
        kept: list[int] = []
        for one, other in _NUMBER_OR_RANGE.findall(numbers):
            first, last = sorted((int(one), int(other or one)))
            known = range(max(first, 1), min(last, self.valid) + 1)
            kept += [number for number in known if number not in kept]
            self.removed += last - first + 1 - len(known)
        if not kept:
            self._space = ""
            return
        self.used += [number for number in kept if number not in self.used]
        self._emit("".join(f"[{number}]" for number in kept))
        self._cited = True

    # The three ways out: as it is, as prose that a renderer may take for an address, and escaped.

    def _emit(self, text: str) -> None:
        text = self._space + text
        self._space = ""
        self._tail = (self._tail + text)[-8:]
        self._cited = False
        self._output.append(text)

    def _say(self, text: str) -> None:
        """The last space is held back: it goes when a false citation follows."""
        if self._cited and text[0] in "(:":
            # Directly after [1] these would begin a link's address.
            self._escape(text[0])
            text = text[1:]
        if not text:
            return
        whole = self._tail + self._space + text
        begin = done = len(self._tail)
        parts: list[str] = []
        for found in _BREAK.finditer(whole, begin):
            parts += [whole[done : found.start()], "\\" if found.group() == ":" else WORD_JOINER]
            done = found.start()
        parts.append(whole[done:])
        self._space = ""
        kept = " " if text.endswith(" ") else ""
        self._emit("".join(parts).removesuffix(kept))
        self._tail = whole.removesuffix(kept)[-8:]
        self._space = kept

    def _escape(self, mark: str) -> None:
        seen = self._tail + self._space + mark
        broken = _BREAK.search(seen, len(seen) - 1)
        self._emit(f"{WORD_JOINER if broken else ''}\\{mark}")
        self._tail = seen[-8:]

    def _at_line_start(self) -> bool:
        return self._tail.endswith("\n") and not self._space


def _link(window: str, final: bool) -> tuple[int, str] | None:
    """Length and text of the Markdown link that `window` begins with; length 0 when it is none."""
    close = _partner(window, 0)
    if close < len(window) and window[close] != "\n":
        opening = close + 1
        if opening < len(window):
            if window[opening] != "(":
                return 0, ""
            end = _partner(window, opening)
            if end < len(window):
                if window[end] == ")" and _DESTINATION.fullmatch(window[opening : end + 1]):
                    return end + 1, window[1:close]
                return 0, ""
        return (0, "") if final else None
    return None if close == len(window) and not final else (0, "")


def _partner(window: str, opening: int) -> int:
    """Where the bracket at `opening` is closed, or a line ends first, or `window` does."""
    left = window[opening]
    right = {"[": "]", "(": ")"}[left]
    depth = 0
    place = opening
    while place < len(window) and window[place] != "\n":
        if window[place] == "\\":
            place += 1
        elif window[place] == left:
            depth += 1
        elif window[place] == right:
            depth -= 1
            if depth == 0:
                return place
        place += 1
    return min(place, len(window))


def to_links(text: str, link: Callable[[int], str]) -> str:
    """`text`, which a CitationFilter gave, with each [n] as a Markdown link to `link(n)`.

    Code and escaped brackets are left as they are. `link` gives an address safe inside ( ).
    """

    def replaced(found: re.Match[str]) -> str:
        if found.group("number") is None:
            return found.group()
        number = int(found.group("number"))
        mark = "\\!" if found.group("mark") else ""
        return f"{mark}[\\[{number}\\]]({link(number)})"

    return _CODE_OR_CITATION.sub(replaced, text)


def cited_numbers(text: str) -> list[int]:
    """The numbers in brackets of what a CitationFilter gave, in their order, each once."""
    return list(dict.fromkeys(int(number) for number in _SHOWN.findall(text)))


def without_citations(text: str) -> str:
    """What a CitationFilter gave, without numbers in brackets and the blanks before them."""
    return _SHOWN_AND_BLANKS.sub("", text)


def with_citations(text: str, shown: Callable[[int], str]) -> str:
    """What a CitationFilter gave, with `shown(n)` in the place of each [n]; one for which it is "" stays."""
    return _SHOWN.sub(lambda found: shown(int(found.group(1))) or found.group(), text)


def blocks_of_signs(text: str) -> list[tuple[int, int]]:
    """Where blocks of code and formulas on lines of their own stand in what a CitationFilter gave."""
    return [
        found.span()
        for found in _CODE_OR_CITATION.finditer(text)
        if found.group("fence") or found.group().startswith("$$")
    ]


def to_plain(text: str) -> str:
    """`text`, which a CitationFilter gave, without its escapes: to copy, to export or to compare."""
    return re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", text).replace(WORD_JOINER, "")
