"""Figures in words: sizes, counts and times as people say them."""

from __future__ import annotations

from datetime import UTC, datetime


def counted(number: int, one: str, many: str = "") -> str:
    """The number with its noun: 1 file, 2 files."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def size_text(size: int) -> str:
    """Bytes in the unit that fits."""
    amount = float(size)
    for unit in ("bytes", "kB", "MB"):
        if amount < 1000:
            return f"{amount:.0f} {unit}" if amount >= 10 or unit == "bytes" else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:.1f} GB"


def time_left_text(seconds: float | None) -> str:
    """How long something still takes, no more exactly than an estimate can be."""
    if seconds is None:
        return "estimating the time left"
    if seconds < 10:
        return "a few seconds left"
    if seconds < 90:
        return f"about {round(seconds / 10) * 10} seconds left"
    if seconds < 5400:
        return f"about {round(seconds / 60)} minutes left"
    return f"about {seconds / 3600:.1f} hours left"


def duration_text(milliseconds: float) -> str:
    """A time that was measured, to two or three figures."""
    if milliseconds >= 10_000:
        return f"{milliseconds / 1000:.0f} s"
    if milliseconds >= 1000:
        return f"{milliseconds / 1000:.1f} s"
    return f"{milliseconds:.0f} ms" if milliseconds >= 10 else f"{milliseconds:.1f} ms"


def ordinal(number: int) -> str:
    """The place as it is said: 1st, 2nd, 3rd, 11th."""
    ending = {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th") if number % 100 not in (11, 12, 13) else "th"
    return f"{number:,}{ending}"


def date_text(when: datetime) -> str:
    """A date and time in this machine's zone; times without one are UTC."""
    aware = when if when.tzinfo else when.replace(tzinfo=UTC)
    return aware.astimezone().strftime("%d %b %Y, %H:%M")
