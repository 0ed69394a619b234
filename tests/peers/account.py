"""
Who the phones of the tests are.
"""

from __future__ import annotations

import hashlib

from attrs import field, frozen

from tests.peers.server import DOMAIN


@frozen
class Account:
    """
    Who a phone is.

    :ivar instance: UUID of its ``+sip.instance``.
    :ivar contact_params: of its Contact URI, without the first semicolon.
    """

    user: str
    instance: str
    password: str = field(default="secret", repr=False)
    contact_params: str = ""


PRID = "ZTY4ZDJlMzODE1:alice-token"
ALICE = Account(
    "alice",
    "f81d4fae-7dec-11d0-a765-00a0c91e6bf6",
    "alice's secret",
    f"pn-provider=fcm;pn-param=org.example.app;pn-prid={PRID}",
)
BOB = Account("bob", "3b1c2f8e-5a0d-4f6e-9d38-0f5f0f4c7a11", "bob's secret")
CALL_FOR_ALICE = {
    "kind": "call",
    "provider": "fcm",
    "param": "org.example.app",
    "prid": PRID,
    "aor": f"sip:alice@{DOMAIN}",
    "method": "INVITE",
}
"""What :func:`~tests.peers.push.lasting` leaves of a push when *ALICE* is called."""


def users(*accounts: Account) -> str:
    """A users file: each of *accounts* by both algorithms."""
    lines = []
    for account in accounts:
        start = f"{account.user}:{DOMAIN}:"
        octets = f"{start}{account.password}".encode()
        lines.append(start + hashlib.sha256(octets).hexdigest())
        lines.append(start + hashlib.md5(octets).hexdigest())  # noqa: S324 - RFC 3261 wants it
    return "\n".join(lines)
