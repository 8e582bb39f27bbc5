"""What of a setting everybody may see: no key, and of an address neither user, password nor parameters.

It reads nothing and keeps nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit, urlunsplit

#: The one parameter of an address that is never a secret: it says which of Azure's protocols is meant.
AZURE_PARAMETER = "api-version"


def public_part(value: Any, metadata: Mapping[str, Any]) -> Any:
    """The value, or what of it is no secret; None when that is nothing."""
    if metadata["secret"]:
        return None
    return _public_address(value) if metadata["address"] else value


def _public_address(address: str) -> str | None:
    try:
        parts = urlsplit(address if "://" in address else f"//{address}")
    except ValueError:
        # What cannot be taken apart may hold a password anywhere.
        return None
    if not parts.netloc and "@" in address:
        return None
    kept = [own for own in parts.query.split("&") if own.partition("=")[0] == AZURE_PARAMETER]
    host = parts.netloc.rpartition("@")[2]
    public = urlunsplit(parts._replace(netloc=host, query="&".join(kept), fragment=""))
    return public if "://" in address else public.removeprefix("//")
