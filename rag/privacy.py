"""Keeps the libraries beneath from calling home.

It only sets environment variables that the user has not set: whoever wants a library's
telemetry can still turn it on by name.
"""

import os

SILENCED = {
    "STREAMLIT_BROWSER_GATHER_USAGE_STATS": "false",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_HUB_DISABLE_IMPLICIT_TOKEN": "1",
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "DO_NOT_TRACK": "1",
    "LANGSMITH_TRACING": "false",
    "LANGCHAIN_TRACING_V2": "false",
    "LANGSMITH_TRACING_V2": "false",
    "LANCEDB_TELEMETRY": "false",
    "RAY_USAGE_STATS_ENABLED": "0",
    "TOKENIZERS_PARALLELISM": "false",
}


def switch_off_telemetry() -> None:
    """Set each variable of `SILENCED` unless the environment already names it."""
    for name, value in SILENCED.items():
        os.environ.setdefault(name, value)
