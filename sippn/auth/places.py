"""Where a request came from, as far as that tells one sender from another."""

from __future__ import annotations

from ipaddress import IPv6Address, IPv6Network

from sippn.binding import Source


def network_of(host: str) -> str:
    """
    What one subscriber has: an IPv4 address; of IPv6 the /64, all of which is his.

    :param host: an address as the transport saw it, an IPv6 one with or without a zone.
    """
    if ":" not in host:
        return host
    address = IPv6Address(host.partition("%")[0])
    if address.is_link_local:
        return host
    return str(address.ipv4_mapped or IPv6Network((int(address), 64), strict=False))


def source_class(source: Source) -> str:
    """
    Those sources that one phone may have while it answers a challenge.

    With IPv4 they are a /24, for a carrier's NAT may send by any address of its pool; with
    IPv6 a /64.  TLS is a class of its own: what was overheard without it is no use with it.
    """
    network = network_of(source.host)
    if "." in network:
        network = network.rpartition(".")[0]
    return f"{'tls' if source.secure else 'plain'} {network}"
