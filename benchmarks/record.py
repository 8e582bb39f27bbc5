"""A benchmark's figures as a JSON file, with what they were measured on. It measures nothing."""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
import re
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"
PACKAGES = ("lancedb", "torch", "sentence-transformers", "tokenizers", "numpy", "pypdfium2", "pyarrow")
#: Processor features that decide how fast the embedder and the matrix products are.
FLAGS = ("avx2", "avx512f", "avx512_bf16", "avx512_vnni", "amx_bf16", "bf16")


def write_record(name: str, figures: dict[str, Any], folder: Path = RESULTS) -> Path:
    """Write `figures` and the circumstances into `folder/name.json`; returns the file."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{name}.json"
    file.write_text(
        json.dumps({"measured_on": circumstances(), **figures}, indent=1) + "\n", encoding="utf-8"
    )
    return file


def circumstances() -> dict[str, Any]:
    """Date, commit, versions, and the processor's number of cores, features and load."""
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": _git("rev-parse", "--short", "HEAD")
        + ("+changes" if _git("status", "--porcelain") else ""),
        "python": platform.python_version(),
        "versions": {name: importlib.metadata.version(name) for name in PACKAGES},
        "cores": os.cpu_count(),
        "processor_flags": _flags(),
        "load_average": [round(load, 2) for load in os.getloadavg()],
    }


def _git(*arguments: str) -> str:
    done = subprocess.run(
        ["git", *arguments], cwd=RESULTS.parent, capture_output=True, text=True, check=False
    )
    return done.stdout.strip()


def _flags() -> list[str]:
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return []
    found = re.search(r"^(?:flags|Features)\s*:(.*)$", text, re.MULTILINE)
    own = set(found.group(1).split()) if found else set()
    return [flag for flag in FLAGS if flag in own]
