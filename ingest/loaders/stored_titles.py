"""Which titles kept in files are titles: programs store addresses, file names and "untitled" there, too.

It reads nothing; what stands in for a title that is none is the loader's choice.
"""

from __future__ import annotations

import re

#: A longer text is no name or address, and would take long to compare with their forms.
LONGEST = 300
_NOT_A_TITLE = re.compile(
    # What programs write by themselves: "Untitled 1", "Microsoft Word - letter.docx", "Document1".
    r"untitled.*|microsoft \w+ [-–—] .*|(?:power\w+ )?presentation ?\d*|(?:word )?document ?\d*|slide \d+"
    # The name of a file.
    r"|\S+\.[a-z]\w{1,4}|.*\.(?:docx?|indd|qxd|qxp|pdf|rtf|txt|pptx?|xlsx?|odt|tex|dvi|html?|eps|ai)"
    # The address from which a browser printed: about:blank, localhost:8000/report, example.org/a.
    r"|about:\S*|data:.*|\S+://\S*|(?=\S*[.:])\S*/\S*|[\w.-]+:\d{2,5}",
    re.IGNORECASE | re.DOTALL,
)


def sensible_title(stored: str) -> str:
    """The title on one line, or "" where it is none."""
    title = " ".join(stored.split())
    # A path is that of the machine where the file was made.
    no_title = ":\\" in title or (len(title) <= LONGEST and _NOT_A_TITLE.fullmatch(title))
    return "" if no_title else title
