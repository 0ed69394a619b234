"""Why a server ends a stream or a connection, in words for the operator."""

from __future__ import annotations

import re
from typing import Final

from h2.errors import ErrorCodes
from h2.events import ConnectionTerminated

_REASON: Final = re.compile(rb'\{"reason":"((?:[A-Z][a-z]{1,15}){1,5})"[,}]')  # as Apple says it


def name_of(code: ErrorCodes | int | None) -> str:
    """As RFC 9113 section 7 has it; a number where that has none."""
    return code.name if isinstance(code, ErrorCodes) else str(code or 0)


def why_gone(event: ConnectionTerminated) -> str:
    """What a GOAWAY says: its code, and its reason if that is a word or a few, no more."""
    found = _REASON.match(event.additional_data or b"")
    if found is None and event.error_code == ErrorCodes.NO_ERROR:
        return "the server closes the connection"
    said = "" if found is None else f", {found[1].decode('ascii')}"
    return f"the server closes the connection ({name_of(event.error_code)}{said})"
