"""
Tests for :mod:`sippn.tap.process`.
"""

from __future__ import annotations

import resource
import time
from pathlib import Path

import pytest

from sippn.tap.process import OTHER_DESCRIPTORS, room_for_connections, this_boot


@pytest.fixture
def limits(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """(soft, hard) limit of open files; the last one holds."""
    held = [(1024, 1024)]

    def setrlimit(_: int, limit: tuple[int, int]) -> None:
        if limit[0] > 1_000_000:
            raise ValueError("beyond what the kernel takes")
        held.append(limit)

    monkeypatch.setattr(resource, "getrlimit", lambda _: held[-1])
    monkeypatch.setattr(resource, "setrlimit", setrlimit)
    return held


def test_process_opens_as_many_files_as_it_may(limits: list[tuple[int, int]]) -> None:
    """E4: systemd gives 1,024 and allows half a million."""
    limits.append((1024, 524_288))
    assert room_for_connections(4096) == 4096
    assert limits[-1] == (524_288, 524_288)


@pytest.mark.parametrize(("wanted", "room"), [(4096, 832), (100, 100), (0, 832)])
def test_connections_leave_room_for_all_else(
    limits: list[tuple[int, int]], wanted: int, room: int
) -> None:
    """E4, A4: who connects and connects takes no descriptor that a push needs."""
    assert room_for_connections(wanted) == room == min(wanted or 832, 1024 - OTHER_DESCRIPTORS)
    assert limits == [(1024, 1024)]


def test_some_connection_is_always_allowed(limits: list[tuple[int, int]]) -> None:
    """A limit that is far too low is the operator's to see, by the warning."""
    limits.append((64, 64))
    assert room_for_connections(4096) == 1


def test_hard_limit_that_cannot_be_had(limits: list[tuple[int, int]]) -> None:
    """Some containers say more than their kernel takes."""
    limits.append((1024, 2_000_000))
    assert room_for_connections(4096) == 832


def test_no_limit_is_none(limits: list[tuple[int, int]]) -> None:
    """As configured then, 0 for any number included."""
    limits.append((resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    assert [room_for_connections(4096), room_for_connections(0)] == [4096, 0]


def test_boot_has_a_name_and_a_clock() -> None:
    """E1: both are the same for each process of this machine, and nobody sets them."""
    boot = this_boot()
    assert boot.id == this_boot().id != ""
    before = time.clock_gettime(time.CLOCK_BOOTTIME)
    assert before <= boot.seconds() <= time.clock_gettime(time.CLOCK_BOOTTIME)


def test_boot_without_a_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """No Linux, or no /proc."""

    def read_text(*_: object) -> str:
        raise FileNotFoundError

    monkeypatch.setattr(Path, "read_text", read_text)
    assert this_boot().id == ""
