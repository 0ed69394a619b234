"""Peers that are known by where they are."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

from attrs import define
from zope.interface import implementer

from sippn.binding import Principal, Source
from sippn.interfaces import IAuthenticator
from sippn.sip import Request


@implementer(IAuthenticator)
@define(eq=False)
class Trusted:
    """
    Believes the source address: for PBXs and proxies of the operator's own.

    Over UDP a source address is a claim, so the networks must be ones from which
    nobody else can send.

    :ivar networks: where trusted peers are.
    """

    networks: Sequence[IPv4Network | IPv6Network]

    def challenges(self, realm: str, stale: bool, source: Source) -> Sequence[str]:
        """None: an address cannot be proved by trying again."""
        del realm, stale, source
        return ()

    def authenticate(self, request: Request, source: Source) -> Principal | None:
        """The peer at *source*, if it is in one of the networks."""
        del request
        if not self.networks:
            return None
        address = _address(source.host)
        if address is None or not any(address in network for network in self.networks):
            return None
        return Principal(user=source.host, realm="", trusted=True)


def _address(host: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(host.strip("[]"))
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped  # an IPv4 peer, seen through an IPv6 socket
    return address
