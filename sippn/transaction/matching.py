"""Which transaction a message belongs to (RFC 3261 sections 17.1.3, 17.2.3, 9.2)."""

from __future__ import annotations

from typing import Final, TypeAlias

from sippn.sip import Message, Request

Key: TypeAlias = tuple[str | int | None, ...]

MAGIC_COOKIE: Final = "z9hG4bK"


def client_key(message: Message) -> Key:
    """
    Name the client transaction of a request that leaves, or of a response that comes.

    Branch and method: a CANCEL shares the branch of the request it cancels.

    :raises BadRequest: the message lacks what it takes.
    """
    return (message.via.branch, message.cseq.method)


def server_key(request: Request, method: str) -> Key:
    """
    Name the server transaction of *request*, taken as if it were of *method*.

    :raises BadRequest: the request lacks what it takes.
    """
    via = request.via
    branch = via.branch
    if is_unique(branch):
        return (branch, via.host.lower(), via.port, method)
    return legacy_key(request, method, request.to.tag)


def is_unique(branch: str | None) -> bool:
    """
    Tell whether *branch* is a transaction's name of its own.

    The bare cookie is not (RFC 4475 section 3.2.1), nor is what RFC 2543 put there.
    """
    return branch is not None and branch.startswith(MAGIC_COOKIE) and branch != MAGIC_COOKIE


def legacy_key(request: Request, method: str, to_tag: str | None) -> Key:
    """
    Name a transaction by the fields that RFC 2543 had for it.

    What this server writes into the topmost Via, ``received`` and ``rport``, is no part
    of it: a repetition may come through a NAT that moved.

    :param to_tag: that of the response, if it is an ACK that is looked for.
    :raises BadRequest: the request lacks what it takes.
    """
    via = request.via
    return (
        method,
        request.uri,
        to_tag,
        request.from_.tag,
        request.call_id,
        request.cseq.number,
        via.transport,
        via.host.lower(),
        via.port,
        via.branch,
    )


def ack_key(ack: Request) -> Key:
    """
    Name the INVITE server transaction that *ack* acknowledges a final response of.

    :raises BadRequest: the ACK lacks what it takes.
    """
    if is_unique(ack.via.branch):
        return server_key(ack, "INVITE")
    return legacy_key(ack, "ACK", ack.to.tag)
