"""Values on the command line, checked before anything is done with them."""

from __future__ import annotations

import argparse


def positive(text: str) -> int:
    """A whole number from 1 on. Raises what argparse shows."""
    if not text.strip().isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1 on")
    return int(text)
