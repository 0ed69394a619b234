"""
What push services answer to a push message, and what that says.

RFC 8030 names some of the statuses, and RFC 8292 section 4.2 the 403; the others are what those of
Google, Mozilla, Apple and Microsoft document, or send: they agree in the status, not in the body.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from attrs import evolve

from sippn.binding import PushOutcome, Verdict
from sippn.http import Answer
from sippn.providers.dates import clock_advice
from sippn.providers.rows import Row
from sippn.providers.verdicts import seconds_to_wait

NOT_AUTHORIZED: Final = frozenset({401, 403})

_TAKEN: Final = Row(Verdict.ACCEPTED, "the push service has it")
_SLOWER: Final = Row(Verdict.BUSY, "the push service wants fewer pushes, of us or for this browser")
_ANOTHER_KEY: Final = (
    "see that vapid_key_file is the key that the app subscribes with, as sip.vapid tells it; after "
    "a change of the key apps must subscribe anew. Apple also looks at contact"
)

ROWS: Final[Mapping[str, Row]] = MappingProxyType(
    {
        "HTTP 200": _TAKEN,
        "HTTP 201": _TAKEN,
        "HTTP 202": _TAKEN,
        "HTTP 2xx": _TAKEN,
        "HTTP 3xx": Row(
            Verdict.REFUSED,
            "the push service sends us elsewhere, where we do not go: the URL may be anybody's",
            "see that endpoint, or the host that allow_hosts lets in, is a push service",
        ),
        "HTTP 400": Row(
            Verdict.REFUSED,
            "the push service does not understand the request",
            "see that what is at the URL is a push service; where the app gave keys to encrypt "
            "with, that they are of this subscription",
        ),
        "HTTP 401": Row(
            Verdict.REFUSED,
            "the push service does not take our signature, or the subscription was made with "
            "another key",
            _ANOTHER_KEY,
        ),
        "HTTP 403": Row(
            Verdict.REFUSED,
            "the subscription was made with another key, or the push service does not take our "
            "signature",
            _ANOTHER_KEY,
        ),
        "HTTP 404": Row(Verdict.DEAD, "there is no such subscription, or no more"),
        "HTTP 406": _SLOWER,
        "HTTP 408": Row(Verdict.BUSY, "the push service did not get the whole request in time"),
        "HTTP 410": Row(Verdict.DEAD, "the subscription has expired, or its user has ended it"),
        "HTTP 413": Row(
            Verdict.REFUSED, "the push service does not take as much", "make payload smaller"
        ),
        "HTTP 429": _SLOWER,
        "HTTP 4xx": Row(
            Verdict.REFUSED,
            "the push service refuses us for a reason of its own",
            "see that what is at the URL is a push service",
        ),
        "HTTP 5xx": Row(Verdict.BUSY, "the push service is out of order for now"),
    }
)
"""By status; those that are not here by their class."""


def outcome_of_answer(answer: Answer, wall: float) -> PushOutcome:
    """
    What became of a push.

    :param wall: wall clock, seconds: for a Retry-After that is a date, and to see whether it
        is right.
    """
    row = _row(answer.status)
    outcome = row.outcome(f"HTTP {answer.status}")
    if row.verdict is Verdict.BUSY and (value := answer.value(b"retry-after")) is not None:
        return evolve(outcome, retry_after=seconds_to_wait(value, wall))
    if answer.status in NOT_AUTHORIZED and (clock := clock_advice(answer, wall)):
        return evolve(outcome, advice=f"{clock}; {outcome.advice}")
    return outcome


def _row(status: int) -> Row:
    of_class = ROWS.get(f"HTTP {status // 100}xx", ROWS["HTTP 4xx"])
    return ROWS.get(f"HTTP {status}", of_class)
