"""Office files with a password, opened with msoffcrypto and read as what is inside."""

from __future__ import annotations

import io

from rag.errors import CorruptFile, PasswordNeeded
from rag.settings import IngestSettings
from rag.types import ParsedDocument


def load(data: bytes, name: str, password: str | None, limits: IngestSettings) -> ParsedDocument:
    """Raises PasswordNeeded without the right password."""
    import msoffcrypto
    from msoffcrypto.exceptions import DecryptionError, FileFormatError, InvalidKeyError, ParseError

    from ingest import loaders

    if not password:
        raise PasswordNeeded(f"{name} is protected by a password. Give the password to read it.")
    opened = io.BytesIO()
    try:
        file = msoffcrypto.OfficeFile(io.BytesIO(data))
        file.load_key(password=password, verify_password=True)
        file.decrypt(opened)
    except (InvalidKeyError, DecryptionError) as error:
        raise PasswordNeeded(f"The password given does not open {name}. Give the right one.") from error
    except (FileFormatError, ParseError, OSError, ValueError, KeyError) as error:
        raise CorruptFile(
            f"{name} is damaged and cannot be opened ({error}). Copy or download it again."
        ) from error
    return loaders.load(opened.getvalue(), name, limits=limits)
