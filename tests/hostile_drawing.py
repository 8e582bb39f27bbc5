"""A module for tests that draws what the file says: crashes, hangs, eats memory. It checks nothing."""

from __future__ import annotations

import json
import os
from typing import Any

from hostile_loader import load

from rag.errors import CorruptFile
from rag.settings import IngestSettings


def draw(data: bytes, request: dict[str, Any]) -> bytes:
    """Do as told; otherwise the picture is the process and what it was asked."""
    order, _, page = data.decode().partition("@")
    if page and int(page) != request["page"]:
        order = "good"
    if order == "refuse":
        raise CorruptFile(f"Page {request['page']} is broken.")
    load(order.encode(), "file.x", limits=IngestSettings())
    return json.dumps([os.getpid(), request]).encode()
