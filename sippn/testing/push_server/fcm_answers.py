"""
What FCM and Google's token endpoint answer, in one table each.

From the reference of ``google.firebase.fcm.v1.FcmError`` and from answers that people have
shown in issues of Google's own libraries.
"""

from __future__ import annotations

import json
from types import MappingProxyType
from typing import Any, Final

_FCM_ERROR: Final = "type.googleapis.com/google.firebase.fcm.v1.FcmError"
_ERROR_INFO: Final = "type.googleapis.com/google.rpc.ErrorInfo"
_BAD_REQUEST: Final = "type.googleapis.com/google.rpc.BadRequest"

# code of FcmError: HTTP status, canonical status, what is said
CODES: Final = MappingProxyType(
    {
        "INVALID_ARGUMENT": (
            400,
            "INVALID_ARGUMENT",
            "The registration token is not a valid FCM registration token",
        ),
        "THIRD_PARTY_AUTH_ERROR": (
            401,
            "UNAUTHENTICATED",
            "Auth error from APNS or Web Push Service",
        ),
        "SENDER_ID_MISMATCH": (403, "PERMISSION_DENIED", "SenderId mismatch"),
        "UNREGISTERED": (404, "NOT_FOUND", "Requested entity was not found."),
        "QUOTA_EXCEEDED": (429, "RESOURCE_EXHAUSTED", "Quota exceeded."),
        "INTERNAL": (500, "INTERNAL", "Internal error encountered."),
        "UNAVAILABLE": (503, "UNAVAILABLE", "The service is currently unavailable."),
    }
)

# reason of ErrorInfo, of what is refused before FCM looks at the message: the same
INFOS: Final = MappingProxyType(
    {
        "CREDENTIALS_MISSING": (
            401,
            "UNAUTHENTICATED",
            (
                "Request is missing required authentication credential. Expected OAuth 2 access "
                "token, login cookie or other valid authentication credential."
            ),
        ),
        "ACCESS_TOKEN_EXPIRED": (
            401,
            "UNAUTHENTICATED",
            (
                "Request had invalid authentication credentials. Expected OAuth 2 access token, "
                "login cookie or other valid authentication credential."
            ),
        ),
        "IAM_PERMISSION_DENIED": (
            403,
            "PERMISSION_DENIED",
            (
                "Permission 'cloudmessaging.messages.create' denied on resource of the project "
                "(or it may not exist)."
            ),
        ),
        "SERVICE_DISABLED": (
            403,
            "PERMISSION_DENIED",
            (
                "Firebase Cloud Messaging API has not been used in the project before or it is "
                "disabled."
            ),
        ),
    }
)

# what the token endpoint finds: its error (RFC 6749, section 5.2), and what is said
GRANTS: Final = MappingProxyType(
    {
        "grant type": ("unsupported_grant_type", "Invalid grant_type"),
        "signature": ("invalid_grant", "Invalid JWT Signature."),
        "account": ("invalid_grant", "Invalid grant: account not found"),
        "audience": ("invalid_grant", "Invalid JWT: Failed audience check."),
        "time": (
            "invalid_grant",
            (
                "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable "
                "timeframe. Check your iat and exp values in the JWT claim."
            ),
        ),
        "scope": ("invalid_scope", "Invalid OAuth scope or ID token audience provided."),
    }
)


def fcm_error(code: str, field: str = "", said: str = "") -> tuple[int, bytes]:
    """
    The status and the body of an FcmError.

    :param field: what of the message is wrong.
    :param said: in place of what is said mostly.
    """
    status, canonical, message = CODES[code]
    details: list[dict[str, Any]] = [{"@type": _FCM_ERROR, "errorCode": code}]
    if field:
        violations = [{"field": field, "description": said or message}]
        details.append({"@type": _BAD_REQUEST, "fieldViolations": violations})
    return status, _error(status, canonical, said or message, details)


def refused(reason: str) -> tuple[int, bytes]:
    """The status and the body of what is refused before FCM looks at the message."""
    status, canonical, message = INFOS[reason]
    info = {"@type": _ERROR_INFO, "reason": reason, "domain": "googleapis.com"}
    return status, _error(status, canonical, message, [info])


def grant_refused(why: str) -> bytes:
    """The body of a 400 of the token endpoint."""
    error, said = GRANTS[why]
    return json.dumps({"error": error, "error_description": said}).encode()


def _error(status: int, canonical: str, said: str, details: list[dict[str, Any]]) -> bytes:
    error = {"code": status, "message": said, "status": canonical, "details": details}
    return json.dumps({"error": error}).encode()
