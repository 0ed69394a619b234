"""
Networks that the machine does not have, each in a namespace of its own.

One that linphone takes for a network: its monitor looks at the address that a datagram to
the world would have as its source, every five seconds; while that is 127.0.0.1, or there is
no way at all, linphone counts as off line and registers nowhere.

And one for a phone that goes off line, and comes back with another address.
"""

from __future__ import annotations

import ctypes
import os
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from attrs import define

from tests.peers.processes import missing, program

_LIBC = ctypes.CDLL(None, use_errno=True)
_CLONE_NEWNET = 0x40000000  # linux/sched.h; Python has os.unshare only from 3.12 on
_THIS = Path("/proc/thread-self/ns/net")
_WORLD = ("198.51.100.1", 9)  # RFC 5737; nothing is sent there
_OURSELVES = "198.51.100.2"

GATEWAY = "203.0.113.1"
"""This end of the cable to a :class:`Hotspot`."""


@define(eq=False)
class Hotspot:
    """
    A network for one phone, at the other end of a cable.

    :ivar _namespace: its own.
    """

    _namespace: BinaryIO

    @contextmanager
    def joined(self) -> Iterator[None]:
        """Meanwhile this thread, and what it starts, is there."""
        with _THIS.open("rb") as outside:
            _enter(self._namespace)
            try:
                yield
            finally:
                _enter(outside)

    def connect(self, last: int) -> None:
        """Give whoever is there a way out, and an address with *last* as its last number."""
        with self.joined():
            _ip("address", "flush", "dev", "phone")
            _ip("address", "add", f"{GATEWAY[:-1]}{last}/24", "dev", "phone")
            _ip("link", "set", "phone", "up")
            _ip("route", "add", "default", "via", GATEWAY)

    def disconnect(self) -> None:
        """Leave them with no way out: what is sent to them is lost, and they see it."""
        with self.joined():
            _ip("link", "set", "phone", "down")


def has_a_way_out() -> bool:
    """Whether there is a default route, and linphone will be on line."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(_WORLD)
        except OSError:
            return False
        return not str(probe.getsockname()[0]).startswith("127.")


@contextmanager
def pretended_way_out() -> Iterator[None]:
    """
    Meanwhile this thread, and what it starts, has a loopback interface with a default route.

    The network namespace ends with the last process in it.
    """
    with _another_network():
        _ip("address", "add", f"{_OURSELVES}/32", "dev", "lo")
        _ip("route", "add", "default", "dev", "lo", "src", _OURSELVES)
        yield


@contextmanager
def hotspot() -> Iterator[Hotspot]:
    """
    One that is not connected yet.

    The cable is laid in this thread's network: have a :func:`pretended_way_out` around.
    """
    with _another_network():
        there = _THIS.open("rb")
    with there:
        path = f"/proc/{os.getpid()}/fd/{there.fileno()}"
        _ip("link", "add", "edge", "type", "veth", "peer", "name", "phone", "netns", path)
        try:
            _ip("address", "add", f"{GATEWAY}/24", "dev", "edge")
            _ip("link", "set", "edge", "up")
            yield Hotspot(there)
        finally:
            _ip("link", "delete", "edge")  # it outlives its other end for a while


@contextmanager
def _another_network() -> Iterator[None]:
    """Meanwhile this thread is where nothing is but a loopback interface."""
    if os.geteuid() != 0:
        missing("another network than the machine's takes root")
    with _THIS.open("rb") as outside:
        _check(_LIBC.unshare(_CLONE_NEWNET))
        try:
            _ip("link", "set", "lo", "up")
            yield
        finally:
            _enter(outside)


def _enter(namespace: BinaryIO) -> None:
    _check(_LIBC.setns(namespace.fileno(), _CLONE_NEWNET))


def _check(result: int) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def _ip(*command: str) -> None:
    subprocess.run([program("ip", package="iproute2"), *command], check=True, timeout=10)
