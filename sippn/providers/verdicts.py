"""What the lack of an answer says about a push, and how long an answer asks to wait."""

from __future__ import annotations

import re

from twisted.python.failure import Failure

from sippn.binding import PushOutcome, Verdict
from sippn.http import Ambiguous, NoAnswer, NoConnection, NotProcessed
from sippn.http.reasons import why
from sippn.providers.dates import when

LONGEST_WAIT = 3600.0
"""Seconds: a Retry-After beyond it is taken for it; no job lives as long."""

PATIENCE = 2.0
"""Seconds that a push which may have been sent is given before it is sent again."""

_SECONDS = re.compile(rb"[0-9]{1,10}")


def seconds_to_wait(retry_after: bytes, wall: float) -> float | None:
    """A Retry-After (RFC 9110 section 10.2.3) in seconds, bounded; None: it is neither form."""
    value = retry_after.strip()
    if _SECONDS.fullmatch(value):
        return min(float(value), LONGEST_WAIT)
    date = when(value)
    return None if date is None else min(max(date - wall, 0.0), LONGEST_WAIT)


def outcome_of_no_answer(error: NoAnswer) -> PushOutcome:
    """
    FAILED, and why in the words of *error*, which are ours.

    Where the PNS may have acted on the push, the phone may be on its way: the UA gets
    :data:`PATIENCE` to come before it is asked again.  Where it certainly has not, nobody
    needs to be told that the call is over.
    """
    return PushOutcome(
        Verdict.FAILED,
        detail=str(error),
        retry_after=PATIENCE if isinstance(error, Ambiguous) else None,
        unsent=isinstance(error, NotProcessed),
    )


def no_answer(failure: Failure, *, left: bool) -> NoAnswer:
    """
    Why a request of an own connection was not answered, in our words.

    :param left: it was handed to the connection.
    """
    words = why(failure)
    return Ambiguous(words) if left else NoConnection(words)
