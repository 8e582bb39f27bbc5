"""HTTP routes beside the pages. No page logic here."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route


async def health(request: Request) -> Response:
    """Whether the process answers; it asks nothing of models or tables, so it is quick from the start."""
    return JSONResponse({"status": "ok"})


routes = [Route("/healthz", health, methods=["GET"])]
