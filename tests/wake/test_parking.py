"""
Tests for :mod:`sippn.wake.parking`.
"""

from __future__ import annotations

import pytest

from sippn.binding import Principal, Source
from sippn.errors import ServiceUnavailable, Unreachable
from sippn.wake import Caller, Parking, ParkingLimits

ALICE, BOB = "sip:alice@example.com", "sip:bob@example.com"
CALLER, OTHER = Caller("carol"), Caller("dave")
PBX = Caller("10.0.0.3", trusted=True)


def test_callee_has_so_many_places() -> None:
    """W5: one more for the same callee is 480 with Retry-After; another callee is not touched."""
    parking = Parking(ParkingLimits(parked_per_callee=1))
    leave = parking.enter(ALICE, CALLER)
    with pytest.raises(Unreachable) as refused:
        parking.enter(ALICE, OTHER)
    assert dict(refused.value.headers)["Retry-After"].isdigit()
    parking.enter(BOB, OTHER)
    leave()
    parking.enter(ALICE, OTHER)


def test_caller_has_so_many_places() -> None:
    """W5: one caller cannot fill the bucket; 480 with Retry-After, never 503."""
    parking = Parking(ParkingLimits(parked_per_caller=1))
    leave = parking.enter(ALICE, CALLER)
    with pytest.raises(Unreachable) as refused:
        parking.enter(BOB, CALLER)
    assert refused.value.status == 480
    parking.enter(BOB, OTHER)
    leave()
    parking.enter(BOB, CALLER)


def test_trusted_peer_is_not_counted_as_caller() -> None:
    """W5: all calls of a PBX come from one address."""
    parking = Parking(ParkingLimits(parked_per_caller=1))
    for number in range(3):
        parking.enter(f"sip:{number}@example.com", PBX)
    assert len(parking) == 3


def test_all_places_taken_is_503() -> None:
    """W5: only the global bound is a 503, for after one a client may send nothing at all."""
    parking = Parking(ParkingLimits(parked=1))
    parking.enter(ALICE, PBX)
    with pytest.raises(ServiceUnavailable) as refused:
        parking.enter(BOB, PBX)
    assert "Retry-After" in dict(refused.value.headers)


def test_zero_is_no_limit() -> None:
    """DESIGN 5: 0 = off."""
    parking = Parking(ParkingLimits(0, 0, 0, 0))
    for _ in range(100):
        parking.enter(ALICE, CALLER)
    assert len(parking) == 100


def test_nothing_is_remembered_of_who_left() -> None:
    """T5: what is held does not grow with what has been."""
    parking = Parking(ParkingLimits())
    for number in range(10):
        parking.enter(f"sip:{number}@example.com", Caller(str(number)))()
    assert len(parking) == len(parking._callees) == len(parking._callers) == 0


def test_caller_is_whoever_answers_for_it() -> None:
    """DESIGN 5: caller = authenticated user, else source address."""
    source = Source("flow", "192.0.2.7", 5060)
    assert Caller.of(None, source) == Caller("192.0.2.7", stranger=True)
    assert Caller.of(Principal("carol", "example.com"), source) == CALLER
    assert Caller.of(Principal("10.0.0.3", "", trusted=True), source) == PBX
