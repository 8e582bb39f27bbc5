"""The core: everything that chat, compare, evaluation, API and command line call.

It holds no page, no HTTP route and no parser: those live in pages/, api.py and ingest/.
Importing it switches off the telemetry of every library beneath, before any of them loads.
"""

from rag import privacy as _privacy

_privacy.switch_off_telemetry()
