"""
Ending a call that somebody answered when it was over.
"""

from __future__ import annotations

from twisted.logger import Logger

from sippn.errors import SIPError, TransportError
from sippn.proxy.forwarder import Forwarder, Target
from sippn.sip import CSeq, Headers, Request, Response
from sippn.transport import Flow

_log = Logger()


def hang_up(
    forwarder: Forwarder,
    invite: Request,
    response: Response,
    target: Target,
    flow: Flow,
    *,
    ends: bool = True,
) -> None:
    """
    Acknowledge the 2xx *response* to *invite* and end its dialog, in the caller's place.

    :param target: the UA that answered, on *flow*.
    :param ends: False: acknowledge it only.
    """
    try:
        number = response.cseq.number
        to = Target(response.contacts[0].uri_text, target.flow)
        routes = forwarder.routes_to(response)
        forwarder.forward_ack(_within(invite, response, "ACK", number, routes), to, flow)
        if not ends:
            return
        bye = _within(invite, response, "BYE", number + 1, routes)
        forwarder.send_apart(bye, to, flow, Nobody())
    except (SIPError, TransportError, IndexError) as error:
        _log.info("a late answer could not be ended: {error}", error=error)


class Nobody:
    """Hears what comes of a request, which is nothing to anybody."""

    def response_received(self, response: Response) -> None:
        """Let it go."""

    def no_response(self, error: SIPError | TransportError) -> None:
        """Let it go."""

    def flow_lost(self) -> None:
        """Let it go."""


def _within(
    invite: Request, response: Response, method: str, number: int, routes: list[str]
) -> Request:
    """A request in the dialog that *response* made, as the caller would send it."""
    headers = Headers()
    for value in invite.headers.get_all("Via"):
        headers.add("Via", value)
    for route in routes:
        headers.add("Route", route)
    headers.add("From", invite.headers.get("From") or "")
    headers.add("To", response.headers.get("To") or "")
    headers.add("Call-ID", invite.call_id)
    headers.add("CSeq", str(CSeq(number, method)))
    return Request(method, invite.uri, headers)
