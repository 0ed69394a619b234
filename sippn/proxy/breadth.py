"""
How widely one request may be forked at a time (RFC 5393 section 5).
"""

from __future__ import annotations

from typing import Self

from attrs import define

from sippn.errors import BadRequest
from sippn.sip import Request

MOST_BREADTH = 60  # what RFC 5393 section 5.3.3 recommends, as the default and as the maximum
_MAX_BREADTH = "max-breadth"
_LONGEST = 10  # digits; more of them are no number that anybody means


@define(eq=False)
class Breadth:
    """
    The Max-Breadth of one request: what its copies together may have.

    :ivar free: what is not lent to a copy that is out.
    """

    free: int

    @classmethod
    def of(cls, request: Request) -> Self:
        """Its own, if that is no more than we allow.  :raises BadRequest: it is no number."""
        return cls(breadth_of(request))

    def lend(self, sharers: int, spare: int) -> int:
        """
        Lend a copy its share of what is free, which is one at least; it is to be given back.

        :param sharers: how many are to have a share of it, this one included.
        :param spare: what is kept for those who may come late.
        """
        share = max(1, (self.free - spare) // sharers)
        self.free -= share
        return share


def breadth_of(request: Request) -> int:
    """
    The Max-Breadth that *request* goes on with where it is not forked.

    :raises BadRequest: it is no positive number.
    """
    if _MAX_BREADTH not in request.headers.keys:
        return MOST_BREADTH
    text = request.headers.required(_MAX_BREADTH)
    if not (text.isascii() and text.isdigit() and len(text) <= _LONGEST and int(text)):
        raise BadRequest("Bad Max-Breadth")
    return min(int(text), MOST_BREADTH)
