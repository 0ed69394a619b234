"""How a scripted UA answers a digest challenge (RFC 3261 section 22, RFC 8760)."""

from __future__ import annotations

from attrs import frozen

from sippn.errors import BadRequest
from sippn.sip import (
    Challenge,
    Request,
    Response,
    answer,
    is_digest,
    parse_challenge,
    write_credentials,
)
from sippn.testing.ua_account import Account

_FIELDS = {
    401: ("WWW-Authenticate", "Authorization"),
    407: ("Proxy-Authenticate", "Proxy-Authorization"),
}


@frozen
class Proof:
    """
    The field that a challenged request is sent again with.

    :ivar stale: the challenge says that the password was right before.
    """

    name: str
    value: str
    stale: bool


def answer_challenge(
    response: Response, request: Request, account: Account, cnonce: str
) -> Proof | None:
    """Answer the first challenge whose digest the UA knows; None: it knows none."""
    asked, answered = _FIELDS[response.status]
    for value in response.headers.get_all(asked):
        challenge = _understood(value)
        if account.password is None or challenge is None:
            continue
        if challenge.algorithm in account.algorithms:
            credentials = answer(
                challenge, account.user, account.password, request.method, request.uri, cnonce
            )
            return Proof(answered, write_credentials(credentials), challenge.stale)
    return None


def _understood(value: str) -> Challenge | None:
    try:
        return parse_challenge(value) if is_digest(value) else None
    except BadRequest:  # an algorithm of tomorrow beside one of today: RFC 8760 section 2.4
        return None
