"""What an HTTP answer, or the lack of one, says about a push (DESIGN section 5)."""

from __future__ import annotations

import re

from OpenSSL.SSL import Error as TLSError
from service_identity import VerificationError
from twisted.internet.defer import CancelledError
from twisted.internet.error import ConnectError, ConnectionClosed, DNSLookupError
from twisted.python.failure import Failure
from twisted.web.client import RequestTransmissionFailed, ResponseFailed
from twisted.web.http import stringToDatetime

from sippn.binding import PushOutcome, Verdict

LONGEST_WAIT = 3600.0
"""Seconds: a Retry-After beyond it is taken for it; no job lives as long."""

_SECONDS = re.compile(rb"[0-9]{1,10}")
_DATE = re.compile(rb"[A-Za-z0-9,: +\-]{1,64}")
_GONE = frozenset({404, 410})


def outcome_of(status: int, retry_after: bytes | None, wall: float) -> PushOutcome:
    """
    What *status* says.

    The detail is the number alone: reason phrase and body are the gateway's, and
    may repeat the PRID they were sent.

    :param wall: wall clock, seconds, for a Retry-After that is a date.
    """
    detail = f"HTTP {status}"
    if 200 <= status < 300:
        return PushOutcome(Verdict.ACCEPTED, detail=detail)
    if status in _GONE:
        return PushOutcome(Verdict.DEAD, detail=detail)
    if status == 429 or 500 <= status < 600:
        wait = None if retry_after is None else seconds_to_wait(retry_after, wall)
        return PushOutcome(Verdict.BUSY, detail=detail, retry_after=wait)
    return PushOutcome(Verdict.REFUSED, detail=detail)


def seconds_to_wait(retry_after: bytes, wall: float) -> float | None:
    """A Retry-After (RFC 9110 section 10.2.3) in seconds, bounded; None: it is neither form."""
    value = retry_after.strip()
    if _SECONDS.fullmatch(value):
        return min(float(value), LONGEST_WAIT)
    if not _DATE.fullmatch(value):
        return None
    try:
        wait = float(stringToDatetime(value)) - wall
    except (ValueError, IndexError):
        return None
    return min(max(wait, 0.0), LONGEST_WAIT)


def outcome_of_failure(failure: Failure) -> PushOutcome:
    """FAILED, and in a few words why there was no answer; no words of the peer's."""
    return PushOutcome(Verdict.FAILED, detail=_why(failure))


def _why(failure: Failure) -> str:
    error = failure.value
    if isinstance(error, (ResponseFailed, RequestTransmissionFailed)):
        return _why_lost([reason.value for reason in error.reasons])
    if isinstance(error, DNSLookupError):
        return "host not found"
    if isinstance(error, ConnectError):
        return "no connection"
    return _why_lost([error])


def _why_lost(reasons: list[BaseException | None]) -> str:
    for reason in reasons:
        if isinstance(reason, VerificationError):
            return "TLS: the certificate is for another host"
        if isinstance(reason, TLSError):
            return _why_tls(reason)
    if any(isinstance(reason, (ConnectionClosed, CancelledError)) for reason in reasons):
        return "connection lost"
    return "no HTTP"


def _why_tls(error: TLSError) -> str:
    """OpenSSL's own words: (library, function, reason) triples, the last one of use."""
    try:
        return f"TLS: {error.args[0][-1][-1][:60]}"
    except (IndexError, TypeError):
        return "TLS failed"
