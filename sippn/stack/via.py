"""What the transport does to the topmost Via, coming and going (RFC 3261 section 18, RFC 3581)."""

from __future__ import annotations

from contextlib import suppress
from hashlib import blake2s

from sippn.errors import BadRequest
from sippn.sip import Request, Via, parse_hostport
from sippn.transport import Address, Flow

MAGIC_COOKIE = "z9hG4bK"  # a branch that begins with it is unique (RFC 3261 section 8.1.1.7)
_DEFAULT_PORT = 5060


def stamp(request: Request, remote: Address) -> None:
    """
    Write ``received`` and ``rport`` into the topmost Via of *request*, where they belong.

    A Via that cannot be read is left to the check that refuses it.
    """
    with suppress(BadRequest):
        request.came_from(remote.plain_host, remote.port)


def way_back(request: Request, flow: Flow) -> Flow:
    """
    Where the responses to *request*, which came on *flow*, go (RFC 3261 18.2.2).

    To the source it came from if it asked for that by rport, else to the port in
    sent-by.  Never to a host that the request names, maddr included: a stranger
    could choose whom we flood.
    """
    try:
        via = request.via
    except BadRequest:
        return flow
    return flow if via.rport is not None else flow.at_port(via.port or _DEFAULT_PORT)


def with_own_via(request: Request, flow: Flow, branch: str) -> Request:
    """*request* as it leaves on *flow*: our Via on top, asking for rport."""
    headers = request.headers.copy()
    host, port = parse_hostport(flow.sent_by)
    via = Via(flow.transport, host, port, (("branch", branch), ("rport", None)))
    headers.add_first("Via", str(via))
    return request.derived(headers, via=via)


def stateless_branch(request: Request, secret: bytes) -> str:
    """
    A branch for *request*, whose topmost Via is still its sender's (RFC 3261 16.11).

    The same for each repetition, so that the next hop knows it for one, and another
    for any other request, with or without a unique branch of its own.

    :raises BadRequest: a field that tells them apart is broken.
    """
    via, cseq = request.via, request.cseq
    parts = (via.branch, via.host, via.port, request.call_id, cseq, request.uri, request.to.tag)
    octets = "\n".join([str(part) for part in parts]).encode("utf-8", "surrogateescape")
    return MAGIC_COOKIE + blake2s(octets, key=secret, digest_size=8).hexdigest()
