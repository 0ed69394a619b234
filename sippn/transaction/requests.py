"""The requests that a client transaction makes by itself: ACK and CANCEL."""

from __future__ import annotations

from sippn.sip import CSeq, Headers, Message, Request, Response

_MAX_FORWARDS = "70"


def ack_to(invite: Request, response: Response) -> Request:
    """
    Make the ACK to a final response that is no 2xx (RFC 3261 section 17.1.1.3).

    :raises BadRequest: *invite* has no CSeq.
    """
    return _same_hop(invite, "ACK", response)


def cancel_of(invite: Request, reason: str) -> Request:
    """
    Make the CANCEL of *invite* (RFC 3261 section 9.1).

    :param reason: value of a Reason field (RFC 3326); empty: none.
    :raises BadRequest: *invite* has no CSeq.
    """
    cancel = _same_hop(invite, "CANCEL", invite)
    if not reason:
        return cancel
    headers = cancel.headers.copy()
    headers.add("Reason", reason)
    return Request("CANCEL", cancel.uri, headers)


def _same_hop(invite: Request, method: str, addressed: Message) -> Request:
    """
    Make a request that takes the way of *invite* to the next hop and ends there.

    :param addressed: whose To it has.
    """
    headers = Headers([("Via", invite.headers.values("Via")[0])])
    headers.add("Max-Forwards", _MAX_FORWARDS)
    for name, message in (
        ("Route", invite),
        ("From", invite),
        ("To", addressed),
        ("Call-ID", invite),
    ):
        for value in message.headers.get_all(name):
            headers.add(name, value)
    headers.add("CSeq", str(CSeq(invite.cseq.number, method)))
    return Request(method, invite.uri, headers)
