"""Which addresses are this machine's, as the kernel sees it: no packet leaves."""

from __future__ import annotations

import ipaddress
import socket

from sippn.transport.address import Address, pack


def is_local(host: str) -> bool:
    """
    Whether numeric *host* is an address of this machine: only such a one can be bound.

    A socket on a wildcard address receives on all of them, those included that
    came up after it, so that a list made at the start would be wrong.  Where no
    descriptor is free, nobody can tell, and it is not.
    """
    if pack(host) is None:
        return False
    found = ipaddress.ip_address(host)
    if found.is_unspecified or found.is_multicast or host == "255.255.255.255":
        return False
    address = Address(host, 0)
    try:
        with socket.socket(address.family, socket.SOCK_DGRAM) as trial:
            trial.bind((host, 0))
    except OSError:
        return False
    return True


def source_toward(remote: Address) -> str | None:
    """
    The address of this machine that the kernel sends from toward *remote*.

    None: there is no route, or no free descriptor to ask with.  (A socket that is kept
    would stay at the first address it was told.)
    """
    sockaddr = remote.to_sockaddr()
    if sockaddr is None:
        return None
    try:
        with socket.socket(remote.family, socket.SOCK_DGRAM) as trial:
            trial.connect(sockaddr)
            return Address.from_sockaddr(trial.getsockname()).host
    except OSError:
        return None
