"""
Following a 3xx (RFC 3261 16.5 and 16.7, step 4).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from attrs import define, evolve, field
from twisted.internet.defer import CancelledError, Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from sippn.errors import SIPError, TransportError
from sippn.proxy.forwarder import HIGHEST_Q, Target
from sippn.proxy.means import Find
from sippn.sip import URI, NameAddr, Request, Response, same_uri

FOLLOWED = (300, 301, 302)  # 305 and 380 name no other place of the one who is called
MOST_FOLLOWED = 32  # Contacts, for one request
_Q = re.compile(r"(?:0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)", re.ASCII)
_log = Logger()

Found = tuple[Sequence[Target], Response | None]
Then = Callable[[Sequence[Target], Response | None], None]


@define(eq=False)
class Redirections:
    """
    Looks up the Contacts of 3xx responses to one request, each once.

    What the original sips URI asked for holds for those that take its place (16.7, step 4).

    :ivar _find: says which targets are behind a URI, and which are not for this caller (A13).
    :ivar _tried: the URIs that were tried, that of the request first.
    """

    _find: Find
    _request: Request
    _tried: list[URI] = field(init=False)
    _looking: set[Deferred[Found]] = field(factory=set, init=False)

    def __attrs_post_init__(self) -> None:
        self._tried = [self._request.request_uri]

    @property
    def pending(self) -> bool:
        """Whether somebody is being looked for."""
        return bool(self._looking)

    def follow(self, response: Response, then: Then) -> None:
        """
        Look up the Contacts of *response*.

        :param then: called once, with the targets, and with what is left of *response*: the
            Contacts that nobody could follow; None: there are none.  Not after :meth:`stop`.
        """
        looking = Deferred.fromCoroutine(self._look_up(response))
        self._looking.add(looking)
        looking.addErrback(_broken, response).addCallback(self._found, looking, then)

    def stop(self) -> None:
        """Nobody is looked for any more."""
        looking, self._looking = self._looking, set()
        for one in looking:
            one.cancel()

    def _found(self, found: Found, looking: Deferred[Found], then: Then) -> None:
        if looking in self._looking:
            self._looking.remove(looking)
            then(*found)

    async def _look_up(self, response: Response) -> Found:
        values = _contacts(response)
        targets: list[Target] = []
        left: list[str] = []
        for value in values:
            behind = await self._behind(value)
            if behind is None:
                left.append(value)
            else:
                targets += behind
        if len(left) == len(values):
            return [], response
        return targets, _with_contacts(response, left) if left else None

    async def _behind(self, value: str) -> list[Target] | None:
        """The targets behind a Contact, if it was not tried; None: it cannot be followed."""
        try:
            contact = NameAddr.parse(value)
            uri = evolve(contact.uri, headers="")
            if any(same_uri(uri, other) for other in self._tried):
                return []
            if len(self._tried) > MOST_FOLLOWED or self._is_downgrade(uri):
                return None
            self._tried.append(uri)
            targets = await self._find(uri)
        except (SIPError, TransportError):
            return None
        q = _thousandths(contact.param("q"))
        return [evolve(target, q=min(target.q, q)) for target in targets]

    def _is_downgrade(self, uri: URI) -> bool:
        return self._request.request_uri.scheme == "sips" and uri.scheme != "sips"


def _broken(failure: Failure, response: Response) -> Found:
    if not failure.check(CancelledError):
        _log.failure("a redirection could not be followed", failure)
    return [], response


def _contacts(response: Response) -> list[str]:
    try:
        return response.headers.values("Contact")
    except SIPError:
        return []


def _with_contacts(response: Response, contacts: list[str]) -> Response:
    headers = response.headers.copy()
    headers.set("Contact", ", ".join(contacts))
    return Response(response.status, response.reason, headers, response.body)


def _thousandths(q: str | None) -> int:
    """As a registrar reads it; nonsense is no reason to lose a call."""
    if q is None or _Q.fullmatch(q) is None:
        return HIGHEST_Q
    whole, _, fraction = q.partition(".")
    return int(whole) * 1000 + int(fraction.ljust(3, "0"))
