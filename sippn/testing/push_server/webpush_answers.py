"""
What a web push service answers, in one table.

The statuses are those of RFC 8030 and RFC 8292, the bodies those of Mozilla's autopush.
"""

from __future__ import annotations

import json
from types import MappingProxyType
from typing import Final

# what is wrong: HTTP status, errno, what is said
WRONG: Final = MappingProxyType(
    {
        "unknown": (404, 102, "No such subscription"),
        "gone": (410, 106, "Invalid subscription"),
        "too large": (413, 104, "Request payload too large"),
        "no authorization": (401, 109, "Missing authorization"),
        "authorization": (403, 109, "Invalid authorization"),
        "other key": (403, 109, "VAPID public key mismatch"),
        "encoding": (400, 110, "Unknown Content-Encoding"),
        "no TTL": (400, 111, "Missing TTL header"),
        "TTL": (400, 112, "Invalid TTL header value"),
        "topic": (400, 113, "Invalid Topic header value"),
        "urgency": (400, 113, "Invalid Urgency header value"),
    }
)


def refusal(wrong: str) -> tuple[int, bytes]:
    """The status and the body."""
    status, errno, said = WRONG[wrong]
    body = {"code": status, "errno": errno, "error": "Refused", "message": said}
    return status, json.dumps(body).encode()
