"""
Which of the branches' answers the caller gets (RFC 3261 section 16.7, step 6).
"""

from __future__ import annotations

from collections.abc import Sequence

from attrs import frozen

from sippn.sip import Response

_TELLING = (401, 407, 415, 420, 484)  # what lets the caller try again better


@frozen
class Final:
    """
    How a branch ended.

    :ivar status: of the answer, or of the error that took its place.
    :ivar response: what a UA or a next hop answered; None: we did.
    """

    status: int
    response: Response | None = None
    headers: tuple[tuple[str, str], ...] = ()


def best_final(finals: Sequence[Final]) -> Final:
    """
    Choose: a 6xx ends it; what somebody answered beats what nobody did (S-11); then the
    lowest class, and in it what tells the caller most.
    """
    return min(finals, key=_rank)


def _rank(final: Final) -> tuple[bool, bool, int, bool]:
    return (
        final.status < 600,
        final.response is None or final.status in (408, 503),
        final.status // 100,
        final.status not in _TELLING,
    )
