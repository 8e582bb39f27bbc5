"""Old Office files (DOC, XLS, PPT): converted by LibreOffice where it is installed, then read.

LibreOffice runs in a folder of its own that is removed afterwards, without macros, without fetching what the
document links to, and with limits on time and memory. Without it the file is refused with what to do.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from dataclasses import replace
from pathlib import Path, PurePath

from ingest.loaders.programs import own_memory, ran_out_of_memory
from rag.errors import CorruptFile, TooLarge, UnsupportedFormat
from rag.settings import IngestSettings
from rag.types import ParsedDocument

PROGRAMS = ("soffice", "libreoffice")
#: MIME type and suffix of what is converted, and the suffix of what it becomes.
TARGETS = {
    "application/msword": ("doc", "docx"),
    "application/vnd.ms-excel": ("xls", "xlsx"),
    "application/vnd.ms-powerpoint": ("ppt", "pptx"),
}
_PROFILE = """<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry">
<item oor:path="/org.openoffice.Office.Common/Security/Scripting">
<prop oor:name="BlockUntrustedRefererLinks" oor:op="fuse"><value>true</value></prop>
<prop oor:name="DisableMacrosExecution" oor:op="fuse"><value>true</value></prop></item>
</oor:items>
"""


def load(data: bytes, name: str, password: str | None, limits: IngestSettings) -> ParsedDocument:
    """The document that LibreOffice makes of it, under the original's type.

    Raises UnsupportedFormat where LibreOffice is not installed, TooLarge when it takes too much time or
    memory.
    """
    from ingest import loaders

    mime_type = loaders.sniff(data, name)
    suffix, target = TARGETS[mime_type]
    program = next((found for each in PROGRAMS if (found := shutil.which(each))), None)
    if program is None:
        raise UnsupportedFormat(
            f"{name} is an old Office file ({suffix.upper()}). Install LibreOffice and add it again, "
            f"or save it as {target.upper()} or PDF and add that."
        )
    made = _converted(program, data, suffix, target, name, limits)
    own_name = str(PurePath(name).with_suffix(f".{target}"))
    return replace(loaders.load(made, own_name, password=password, limits=limits), mime_type=mime_type)


def _converted(
    program: str, data: bytes, suffix: str, target: str, name: str, limits: IngestSettings
) -> bytes:
    with tempfile.TemporaryDirectory(prefix="askance-convert-") as folder:
        place = Path(folder)
        (place / "profile" / "user").mkdir(parents=True)
        (place / "profile" / "user" / "registrymodifications.xcu").write_text(_PROFILE, encoding="utf-8")
        (place / f"document.{suffix}").write_bytes(data)
        command = [
            program, f"-env:UserInstallation={(place / 'profile').as_uri()}", "--headless", "--norestore",
            "--convert-to", target, "--outdir", str(place / "out"), str(place / f"document.{suffix}"),
        ]  # fmt: skip
        process = subprocess.Popen(  # noqa: S603
            command,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            start_new_session=True,
            preexec_fn=own_memory(limits),
        )
        try:
            _, said = process.communicate(timeout=limits.convert_seconds)
        except subprocess.TimeoutExpired as error:
            raise TooLarge(
                f"Converting {name} took longer than ingest.convert_seconds = {limits.convert_seconds}. "
                f"Raise the limit, or save it as {target.upper()}."
            ) from error
        finally:
            if process.poll() is None:
                # LibreOffice's starter leaves the program itself behind.
                os.killpg(process.pid, signal.SIGKILL)
                process.communicate()
        made = place / "out" / f"document.{target}"
        if not made.is_file() and ran_out_of_memory(process.returncode, said):
            raise TooLarge(
                f"Converting {name} takes more memory than ingest.program_memory_megabytes = "
                f"{limits.program_memory_megabytes}. Raise the limit, or save it as {target.upper()}."
            )
        if not made.is_file():
            reason = " ".join(said.decode("utf-8", "replace").split())[:200] or "it gave no reason"
            raise CorruptFile(
                f"LibreOffice could not convert {name}: {reason}. "
                f"Open it there and save it as {target.upper()}."
            )
        return made.read_bytes()
