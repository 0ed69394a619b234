"""
A network that linphone takes for one, where the machine has none.

Its monitor looks at the address that a datagram to the world would have as its source,
every five seconds; while that is 127.0.0.1, or there is no way at all, linphone counts as
off line and registers nowhere.
"""

from __future__ import annotations

import ctypes
import os
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.peers.processes import missing, program

_CLONE_NEWNET = 0x40000000  # linux/sched.h; Python has os.unshare only from 3.12 on
_WORLD = ("198.51.100.1", 9)  # RFC 5737; nothing is sent there
_OURSELVES = "198.51.100.2"


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
    if os.geteuid() != 0:
        missing("linphone needs a default route, or root to pretend one")
    ip = program("ip", package="iproute2")
    libc = ctypes.CDLL(None, use_errno=True)
    with Path("/proc/thread-self/ns/net").open("rb") as outside:
        _check(libc.unshare(_CLONE_NEWNET))
        try:
            _run(ip, "link", "set", "lo", "up")
            _run(ip, "address", "add", f"{_OURSELVES}/32", "dev", "lo")
            _run(ip, "route", "add", "default", "dev", "lo", "src", _OURSELVES)
            yield
        finally:
            _check(libc.setns(outside.fileno(), _CLONE_NEWNET))


def _check(result: int) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def _run(*command: str) -> None:
    subprocess.run(command, check=True, timeout=10)
