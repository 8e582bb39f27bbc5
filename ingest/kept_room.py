"""A little room held back on the data folder's disk, given up when the disk is full.

A job that stops because nothing can be written any more must still write down why. Nothing here
decides that a disk is full, and no document is ever kept in that room.
"""

from __future__ import annotations

import logging
import os
from pathlib import Path

logger = logging.getLogger(__name__)

FILE = ".held-back"
#: A last word of a job takes the database some pages of its journal.
BYTES = 1_000_000


class KeptRoom:
    """The room held back in one data folder."""

    def __init__(self, data_dir: Path) -> None:
        self._file = data_dir / FILE

    def keep(self) -> None:
        """Hold the room back unless it is already; a disk without it goes without."""
        try:
            if self._file.exists():
                return
            with self._file.open("wb") as stream:
                # Zeros would be a hole on some disks, which holds nothing.
                stream.write(os.urandom(BYTES))
        except OSError as error:
            logger.info("%s is not held back: %s", self._file, error)

    def give(self) -> None:
        """Let the disk have the room."""
        self._file.unlink(missing_ok=True)
