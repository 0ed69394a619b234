"""
Who the phones of the tests are.
"""

from __future__ import annotations

import hashlib

from attrs import field, frozen

from tests.peers.push import call_for
from tests.peers.server import DOMAIN


@frozen
class Account:
    """
    Who a phone is.

    Parameters are without the first semicolon.

    :ivar instance: UUID of its ``+sip.instance``.
    :ivar contact_params: of its Contact URI.
    :ivar header_params: of its Contact, behind the URI.
    :ivar push_params: of its Contact URI, too, for a linphone to add its own to.
    """

    user: str
    instance: str
    password: str = field(default="secret", repr=False)
    contact_params: str = ""
    header_params: str = ""
    push_params: str = ""


PRID = "ZTY4ZDJlMzODE1:alice-token"
ALICE = Account(
    "alice",
    "f81d4fae-7dec-11d0-a765-00a0c91e6bf6",
    "alice's secret",
    f"pn-provider=fcm;pn-param=org.example.app;pn-prid={PRID}",
)
BOB = Account("bob", "3b1c2f8e-5a0d-4f6e-9d38-0f5f0f4c7a11", "bob's secret")
CALL_FOR_ALICE = call_for(ALICE.user, "fcm", "org.example.app", PRID)


def users(*accounts: Account) -> str:
    """A users file: each of *accounts* by both algorithms."""
    lines = []
    for account in accounts:
        start = f"{account.user}:{DOMAIN}:"
        octets = f"{start}{account.password}".encode()
        lines.append(start + hashlib.sha256(octets).hexdigest())
        lines.append(start + hashlib.md5(octets).hexdigest())  # noqa: S324 - RFC 3261 wants it
    return "\n".join(lines)
