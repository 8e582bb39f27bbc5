"""ZIP archives, those with a password too: the old way of ZIP itself, and AES.

Members are listed without any password, as the format allows. A wrong password is told from a missing one
by who asks (ingest/archives.py), and from damage where the format lets it.
"""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass

from rag.errors import PasswordNeeded

_ENCRYPTED = 1
_AES = 99


@dataclass(frozen=True, slots=True)
class Member:
    """A file in an archive, by the name it has there; `size` in bytes."""

    name: str
    size: int


class ZipArchive:
    """An open ZIP archive. Raises zipfile's errors for damage."""

    def __init__(self, data: bytes, password: str | None, left_out: Callable[[str], bool]) -> None:
        self._data = data
        self._password = password.encode() if password else None
        self._archive = zipfile.ZipFile(io.BytesIO(data))
        self._infos = [
            info for info in self._archive.infolist() if not info.is_dir() and not left_out(info.filename)
        ]
        self.members = [Member(info.filename, info.file_size) for info in self._infos]

    def read(self, index: int, most: int) -> bytes:
        """At most `most` bytes of a member. Raises PasswordNeeded for none, or a wrong one."""
        info = self._infos[index]
        if not info.flag_bits & _ENCRYPTED:
            with self._archive.open(info) as stream:
                return stream.read(most)
        if self._password is None:
            raise PasswordNeeded(info.filename)
        try:
            return self._decrypted(info, most)
        except (RuntimeError, zlib.error, zipfile.BadZipFile) as error:
            if isinstance(error, NotImplementedError):
                raise
            # One wrong password in 256 passes the old way's check, and what it opens is rubbish.
            raise PasswordNeeded(info.filename) from error

    def _decrypted(self, info: zipfile.ZipInfo, most: int) -> bytes:
        if info.compress_type != _AES:
            with self._archive.open(info, pwd=self._password) as stream:
                return stream.read(most)
        import pyzipper

        with pyzipper.AESZipFile(io.BytesIO(self._data)) as archive:
            own = archive.infolist()[self._archive.infolist().index(info)]
            with archive.open(own, pwd=self._password) as stream:
                return bytes(stream.read(most))
