"""What tokens cost, where a model has prices. Arithmetic only; the currency is the user's word."""

from __future__ import annotations

import math

from rag.answerers import EXTRACTIVE, kind_of, server_of
from rag.settings import Settings

MILLION = 1_000_000


def price_of(settings: Settings, name: str, read: int, written: int = 0) -> float | None:
    """The price of tokens read and written, in the currency of the settings; None without prices."""
    if kind_of(settings, name) == EXTRACTIVE:
        return None
    server = server_of(settings, name)
    if not server.input_price and not server.output_price:
        return None
    return (read * server.input_price + written * server.output_price) / MILLION


def price_in_words(price: float, currency: str) -> str:
    """A price with as many places as tell something: 0.00042 USD, 1.25 USD."""
    if price >= 0.1 or not price:
        return f"{price:.2f} {currency}"
    places = min(9, 1 - math.floor(math.log10(price)))
    return f"{price:.{places}f} {currency}"
