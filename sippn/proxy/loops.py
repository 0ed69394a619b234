"""
A request that comes back as it was (RFC 5393 section 4.2).
"""

from __future__ import annotations

from hashlib import blake2s

from attrs import field

from sippn.errors import LoopDetected
from sippn.sip import Request
from sippn.value import value_class

_OCTETS = 8  # nobody meets it by chance, and nobody can make it without the key


@value_class
class LoopDetection:
    """
    Marks what is forwarded, and knows it again.

    A mark is the second part of a branch.  It stands for all that decides where a request
    goes, so a spiral, which has another Request-URI or Route, has another mark.  As only this
    proxy can make it, no Via has to be taken apart to see that it is in one: others may write
    theirs as they like, and do.

    :ivar _secret: keys the marks; with another one, after a restart, a loop is seen a turn
        later.
    """

    _secret: bytes = field(repr=False)

    def mark(self, request: Request) -> str:
        """
        The mark of *request*, as it was received: its Route with those values that name us.

        The fields are taken as they are written: a proxy changes none of them.

        :raises LoopDetected: it was forwarded from here as it is.
        """
        headers = request.headers
        route = headers.line("Route") if "route" in headers.keys else ""
        number = request.cseq.number
        who = f"{headers.get('From')}\n{headers.get('To')}"
        text = f"{request.uri}\n{route}\n{headers.get('Call-ID')}\n{number}\n{who}"
        octets = text.encode("utf-8", "surrogateescape")
        mark = blake2s(octets, key=self._secret, digest_size=_OCTETS).hexdigest()
        if mark in headers.line("Via"):
            raise LoopDetected
        return mark
