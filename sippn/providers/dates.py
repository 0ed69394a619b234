"""Whether this machine's clock is off, by what a push service says the time is."""

from __future__ import annotations

import re

from twisted.web.http import stringToDatetime

from sippn.http import Answer

TOLERATED = 120.0
"""Seconds: a token is signed with our time, and refused where that is too far from theirs."""

_DATE = re.compile(rb"[A-Za-z0-9,: +\-]{1,64}")


def when(date: bytes) -> float | None:
    """An HTTP date (RFC 9110 section 5.6.7) as wall clock, seconds; None: it is none."""
    if not _DATE.fullmatch(date):
        return None
    try:
        return float(stringToDatetime(date))
    except (ValueError, IndexError):
        return None


def minutes_off(answer: Answer, wall: float) -> int | None:
    """
    How many minutes this machine's clock is ahead, negative: behind; None: it is right.

    Also None where the answer has no Date, or none that can be read.

    :param wall: this machine's wall clock, seconds.
    """
    date = answer.value(b"date")
    theirs = None if date is None else when(date.strip())
    if theirs is None or abs(wall - theirs) <= TOLERATED:
        return None
    return round((wall - theirs) / 60)


def clock_advice(answer: Answer, wall: float) -> str:
    """
    What an operator is told first where a token of ours was refused; empty: the clock is right.

    A clock that is off is the commonest cause, and nothing else that the answer says shows it.
    """
    minutes = minutes_off(answer, wall)
    if minutes is None:
        return ""
    side = "ahead of" if minutes > 0 else "behind"
    count = abs(minutes)
    return f"this machine's clock is {count} minutes {side} the push service's: set it by NTP"
