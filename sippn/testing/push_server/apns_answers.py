"""
What APNs answers, in one table.

From Apple's "Handling notification responses from APNs".
"""

from __future__ import annotations

import json
from types import MappingProxyType
from typing import Any, Final

REASONS: Final = MappingProxyType(
    {
        "BadCollapseId": 400,
        "BadDeviceToken": 400,
        "BadExpirationDate": 400,
        "BadMessageId": 400,
        "BadPriority": 400,
        "BadTopic": 400,
        "DeviceTokenNotForTopic": 400,
        "DuplicateHeaders": 400,
        "IdleTimeout": 400,
        "InvalidPushType": 400,
        "MissingDeviceToken": 400,
        "MissingTopic": 400,
        "PayloadEmpty": 400,
        "TopicDisallowed": 400,
        "BadCertificate": 403,
        "BadCertificateEnvironment": 403,
        "BadEnvironmentKeyIdInToken": 403,
        "ExpiredProviderToken": 403,
        "Forbidden": 403,
        "InvalidProviderToken": 403,
        "MissingProviderToken": 403,
        "UnrelatedKeyIdInToken": 403,
        "BadPath": 404,
        "MethodNotAllowed": 405,
        "ExpiredToken": 410,
        "Unregistered": 410,
        "PayloadTooLarge": 413,
        "TooManyProviderTokenUpdates": 429,
        "TooManyRequests": 429,
        "InternalServerError": 500,
        "ServiceUnavailable": 503,
        "Shutdown": 503,
    }
)

PUSH_TYPES: Final = frozenset(
    {
        "alert",
        "background",
        "complication",
        "controls",
        "fileprovider",
        "liveactivity",
        "location",
        "mdm",
        "pushtotalk",
        "voip",
        "widgets",
    }
)

SUFFIXES: Final = MappingProxyType(  # what follows the bundle id in the topic of a push type
    {
        "complication": ".complication",
        "controls": ".push-type.controls",
        "fileprovider": ".pushkit.fileprovider",
        "liveactivity": ".push-type.liveactivity",
        "location": ".location-query",
        "pushtotalk": ".voip-ptt",
        "voip": ".voip",
        "widgets": ".push-type.widgets",
    }
)

LONGEST: Final = 4096  # octets of a payload
LONGEST_VOIP: Final = 5120
LONGEST_COLLAPSE_ID: Final = 64  # octets
TOKEN_LIFE: Final = 3600  # seconds that a provider token is good for
CLOCKS_DIFFER: Final = 300  # seconds that a provider's clock may be ahead
STREAMS: Final = 1000  # at a time, once a provider token was found good


def reason_body(reason: str, timestamp: int | None = None) -> bytes:
    """
    The body of a refusal.

    :param timestamp: since when a token is no longer in use, in milliseconds since 1970.
    """
    body: dict[str, Any] = {"reason": reason}
    if timestamp is not None:
        body["timestamp"] = timestamp
    return json.dumps(body).encode()
