"""Peers of the operator's own."""

from __future__ import annotations

from ipaddress import ip_network

import pytest

from sippn.auth import Trusted
from sippn.binding import Principal, Source
from sippn.interfaces import IAuthenticator
from sippn.sip import Headers, Request
from sippn.testing.contracts.authenticator import AuthenticatorContract

ANY = Request("INVITE", "sip:bob@example.com", Headers())
NETWORKS = [ip_network("10.0.0.3/32"), ip_network("192.0.2.0/24"), ip_network("fd00::/8")]


def authenticate(host: str) -> Principal | None:
    return Trusted(NETWORKS).authenticate(ANY, Source("flow", host, 5060))


class TestTrustedAsAuthenticator(AuthenticatorContract):
    """It is an authenticator like the others, though nothing in a request convinces it."""

    source = Source("udp:flow", "198.51.100.1", 5060)

    def make_authenticator(self) -> IAuthenticator:
        """One that trusts somebody else."""
        return Trusted(NETWORKS)

    def prove(self, challenges: list[str]) -> Request | None:
        """There is no proof."""
        assert challenges == []
        return None


@pytest.mark.parametrize("host", ["10.0.0.3", "192.0.2.7", "fd00::1", "::ffff:10.0.0.3"])
def test_peer_is_trusted(host: str) -> None:
    """DESIGN 5, [[trusted]]: neither challenged nor budgeted, whatever socket it came by."""
    assert authenticate(host) == Principal(host, "", (), trusted=True)


@pytest.mark.parametrize("host", ["10.0.0.4", "192.0.3.1", "fe80::1%eth0", "localhost", ""])
def test_anybody_else_is_not(host: str) -> None:
    """An address that is not listed, or none at all, says nothing."""
    assert authenticate(host) is None


def test_nothing_is_challenged() -> None:
    """An address cannot be proved by trying again."""
    assert (
        list(Trusted(NETWORKS).challenges("example.com", False, Source("f", "10.0.0.1", 5060)))
        == []
    )
