"""
Which of the branches' answers the caller gets (RFC 3261 section 16.7, step 6).
"""

from __future__ import annotations

from collections.abc import Sequence

from sippn.sip import Response
from sippn.value import value_class

LATER = (("Retry-After", "5"),)  # seconds: about what one wake takes
_CHALLENGING = (401, 407)
_TELLING = (401, 407, 415, 420, 484)  # what lets the caller try again better


@value_class
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


def sparing_the_dialog(final: Final, method: str) -> Final:
    """
    What of our own ends a request, and neither its dialog nor the usage (P-067, RFC 5057).

    A 408 to what is no INVITE is silence (RFC 4320): by then nobody listens any more.
    """
    if final.status == 408 and method != "INVITE":
        return final
    return Final(500, headers=final.headers or LATER)


def gather_challenges(best: Response, finals: Sequence[Final]) -> Response:
    """*best*, and in a challenge those of all branches: the next try meets them all (step 7)."""
    if best.status not in _CHALLENGING:
        return best
    headers = best.headers.copy()
    for final in finals:
        other = final.response
        if other is None or other is best or other.status not in _CHALLENGING:
            continue
        for name in ("WWW-Authenticate", "Proxy-Authenticate"):
            there = headers.get_all(name)
            for challenge in other.headers.get_all(name):
                if challenge not in there:
                    headers.add(name, challenge)
    return Response(best.status, best.reason, headers, best.body)


def _rank(final: Final) -> tuple[bool, bool, int, int]:
    told = final.response is not None and final.status not in (408, 503)
    rank = 0 if final.status in _TELLING else 1
    if final.status == 408:
        rank = 2  # of several that say nothing, one that a non-INVITE can have (RFC 4320)
    return final.status < 600, not told, final.status // 100, rank
