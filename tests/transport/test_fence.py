"""Tests for :mod:`sippn.transport.fence`, with sockets: the filter is the kernel's (A6)."""

from __future__ import annotations

import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from sippn.transport.fence import MOST_BARRED, bar

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="a filter of Linux")


@contextmanager
def bound(host: str) -> Iterator[socket.socket]:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as made:
        made.bind((host, 0))
        made.setblocking(False)
        yield made


def sent_from(host: str, to: socket.socket) -> bool:
    """Whether a datagram from *host* arrives: on the loopback it is there at once, or never."""
    with bound(host) as sender:
        sender.sendto(host.encode(), to.getsockname())
    try:
        return to.recv(100) == host.encode()
    except BlockingIOError:
        return False


def test_only_who_is_barred_is_not_heard() -> None:
    """A6: the others, and he himself later, are."""
    with bound("127.0.0.1") as receiving:
        bar(receiving, ["127.0.0.2", "127.0.0.4", b"\0" * 8])
        heard = [host for host in range(1, 6) if sent_from(f"127.0.0.{host}", receiving)]
        assert heard == [1, 3, 5]
        bar(receiving, [])
        assert sent_from("127.0.0.2", receiving)


def test_ipv6_network_is_barred_whole() -> None:
    """A6: one who has a /64 has all its addresses."""
    with bound("::1") as receiving:
        bar(receiving, [b"\0" * 7 + b"\1", b"\1" + b"\0" * 7, "127.0.0.1", "fe80::1"])
        assert sent_from("::1", receiving)
        bar(receiving, [b"\0" * 8])
        assert not sent_from("::1", receiving)


def test_as_many_as_may_be_barred_fit_into_a_filter() -> None:
    """A6: the last of them, too."""
    with bound("127.0.0.1") as receiving:
        bar(receiving, [f"127.0.1.{number}" for number in range(MOST_BARRED)])
        assert not sent_from(f"127.0.1.{MOST_BARRED - 1}", receiving)
        assert sent_from("127.0.0.9", receiving)
