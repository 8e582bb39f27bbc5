"""Reads pictures of text with the program tesseract, where it is installed. It never installs it.

The program runs as a process of its own, one thread, with limits on time and memory.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from typing import TYPE_CHECKING

from ingest.loaders.programs import own_memory, ran_out_of_memory
from rag.errors import MissingDependency, TooLarge
from rag.settings import IngestSettings

if TYPE_CHECKING:
    from PIL.Image import Image

PROGRAM = "tesseract"
#: Larger pictures are made smaller: scans of 300 dots an inch on A3 have fewer.
MOST_PIXELS = 20_000_000
_LANGUAGES = re.compile(r"[A-Za-z_/]+(?:\+[A-Za-z_/]+)*")


def can_read(limits: IngestSettings) -> bool:
    """Whether scans are to be read and the program for it is installed."""
    return limits.ocr and shutil.which(PROGRAM) is not None


def text_of(image: Image, what: str, limits: IngestSettings) -> str:
    """The text on a picture; `what` names it in errors ("page 3 of scan.pdf").

    Raises MissingDependency when the language's data is not installed or the program fails,
    TooLarge when it takes too long or too much memory.
    """
    import io

    if not _LANGUAGES.fullmatch(limits.ocr_languages):
        raise MissingDependency(
            f"ingest.ocr_languages = {limits.ocr_languages!r} names no languages. "
            "Set it to names like eng+deu."
        )
    picture = image.convert("L")
    if picture.width * picture.height > MOST_PIXELS:
        share = (MOST_PIXELS / (picture.width * picture.height)) ** 0.5
        picture = picture.resize((max(int(picture.width * share), 1), max(int(picture.height * share), 1)))
    stream = io.BytesIO()
    picture.save(stream, "PNG", compress_level=1)
    command = [shutil.which(PROGRAM) or PROGRAM, "stdin", "stdout", "-l", limits.ocr_languages]
    try:
        done = subprocess.run(  # noqa: S603
            command,
            input=stream.getvalue(),
            capture_output=True,
            timeout=limits.ocr_page_seconds,
            check=False,
            env={**os.environ, "OMP_THREAD_LIMIT": "1"},
            preexec_fn=own_memory(limits),
        )
    except subprocess.TimeoutExpired as error:
        raise TooLarge(
            f"Reading {what} took longer than ingest.ocr_page_seconds = {limits.ocr_page_seconds}. "
            "Raise the limit."
        ) from error
    except OSError as error:
        raise MissingDependency(f"tesseract does not run ({error}). Install tesseract-ocr again.") from error
    if done.returncode and ran_out_of_memory(done.returncode, done.stderr):
        raise TooLarge(
            f"Reading {what} takes more memory than ingest.program_memory_megabytes = "
            f"{limits.program_memory_megabytes}. Raise the limit."
        )
    if done.returncode:
        said = " ".join(done.stderr.decode("utf-8", "replace").split())[-200:]
        raise MissingDependency(
            f"tesseract could not read {what}: {said}. Check that the data of ingest.ocr_languages = "
            f"{limits.ocr_languages} is installed (tesseract-ocr-…)."
        )
    lines = done.stdout.decode("utf-8", "replace").replace("\f", "").split("\n")
    return re.sub(r"\n{3,}", "\n\n", "\n".join(line.rstrip() for line in lines)).strip()
