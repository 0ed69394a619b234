"""Tests for :mod:`sippn.transport.local`."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from contextlib import ExitStack
from os import devnull
from pathlib import Path

import pytest

from sippn.transport import Address
from sippn.transport.local import is_local, source_toward


def test_loopback_is_local() -> None:
    """Every machine has it."""
    assert is_local("127.0.0.1")


@pytest.mark.parametrize(
    "host", ["203.0.113.77", "2001:db8:77::1", "0.0.0.0", "::", "224.0.0.1", "255.255.255.255"]
)
def test_others_are_not(host: str) -> None:
    """Another machine's, nobody's and everybody's addresses: a wildcard can be bound, too."""
    assert not is_local(host)


def test_name_is_not_looked_up() -> None:
    """The socket module would do that to localhost, and block."""
    assert not is_local("localhost")
    assert source_toward(Address("localhost", 5060)) is None


def test_kernel_chooses_the_source() -> None:
    """Toward loopback from loopback."""
    assert source_toward(Address("127.0.0.1", 5060)) == "127.0.0.1"


def test_no_route_no_source() -> None:
    """A broadcast needs a permission that these sockets never ask for."""
    assert source_toward(Address("255.255.255.255", 5060)) is None


@pytest.fixture
def no_descriptor() -> Iterator[None]:
    """All are taken."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with ExitStack() as files:
        highest = files.enter_context(Path(devnull).open()).fileno()
        resource.setrlimit(resource.RLIMIT_NOFILE, (highest + 8, hard))
        try:
            while True:
                files.enter_context(Path(devnull).open())
        except OSError:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.usefixtures("no_descriptor")
def test_nobody_can_tell_without_a_descriptor() -> None:
    """B1: a Via is less exact then, and a request goes all the same."""
    assert not is_local("127.0.0.1")
    assert source_toward(Address("127.0.0.1", 5060)) is None
