"""
When a UA is pushed so that it refreshes a binding (RFC 8599 section 5.5).  Pure.

The first push leaves time for all the others, and the pauses between them double: who was
out of reach for a minute is asked again soon, who is away for longer has the last one still
to come.
"""

from __future__ import annotations

from zlib import crc32

from attrs import evolve

from sippn.binding.registration import Refresh, Terms
from sippn.binding.values import Binding, Record

_SHARE = 0.1  # of the life that was granted, where that is more than the operator's lead
_AN_HOUR = 3600.0  # which is enough for a UA that is granted weeks
_SPREAD = 1 / 3  # of the time until then: who registered in one minute is not pushed in one
_OVERDUE = 120.0  # before expiry a UA that refreshes by itself has had its time (section 5.5)
_LAST = 30.0  # before expiry: what a UA needs to wake and to register
_LEAST_PAUSE = 10.0  # what it needs to show that the last push woke it


def first_refresh(
    refresh: Refresh, binding_id: str, now: float, seconds: int, terms: Terms
) -> float | None:
    """
    When to push the UA of a binding for the first time; None: never.

    At the latest a tenth of the life before it ends, and up to a third earlier.  Of a crowd
    that registered in one minute no ten seconds see more than three times their share
    (RELIABILITY D5), from the first pushes on: a narrower spread lets it come back as a crowd.

    Bindings are spread by their ids and not by chance, so that who asks twice about one
    REGISTER, after a lost race, decides the same; and since each keeps its own pace, they
    drift apart with each life.

    :param now: wall clock, seconds: when the binding was granted *seconds*.
    """
    if refresh is Refresh.NEVER or terms.refresh_attempts == 0:
        return None
    if refresh is Refresh.LATE:
        return max(now, now + seconds - _OVERDUE)
    margin = max(terms.refresh_lead, min(_SHARE * seconds, _AN_HOUR))
    share = crc32(binding_id.encode()) / 2**32  # 0 to 1
    return now + max(0.0, seconds - margin) * (1 - _SPREAD * share)


def most_urgent(record: Record, now: float) -> Binding | None:
    """Of those bindings of *record* whose UA is to be pushed *now*, the first to expire."""
    due = [b for b in record.bindings if b.refresh_at is not None and b.refresh_at <= now]
    return min((b for b in due if b.expires_at > now), key=lambda b: b.expires_at, default=None)


def pushed(binding: Binding, now: float, attempts: int) -> Binding:
    """
    *binding* once its UA is pushed *now*: the attempt is counted, the next one set.

    :param attempts: how many there are in all.
    """
    attempt = binding.refresh_attempt + 1
    refresh_at = _next(now, binding.expires_at - _LAST, attempts - attempt)
    return evolve(binding, refresh_attempt=attempt, refresh_at=refresh_at)


def _next(now: float, last: float, left: int) -> float | None:
    """The next of *left* attempts, whose pauses double until the *last*."""
    if left <= 0 or last - now < _LEAST_PAUSE:
        return None
    return min(last, now + max(_LEAST_PAUSE, (last - now) / ((1 << left) - 1)))
