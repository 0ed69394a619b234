"""
A PRID under several AORs (RELIABILITY T3).
"""

from __future__ import annotations

from sippn.testing.house import House


def test_ninth_user_of_a_prid_is_refused(house: House) -> None:
    """T3: eight accounts are a device, nine are somebody who collects phones."""
    for number in range(8):
        assert house.get(house.phone(f"user{number}", "token").register()).status == 200
    ninth = house.get(house.phone("user8", "token").register())
    assert (ninth.status, ninth.reason) == (403, "Too many users share this PRID")
    assert house.get(house.phone("user8", "token-of-its-own").register()).status == 200


def test_device_at_the_bound_refreshes(house: House) -> None:
    """T3: who is registered already stays so."""
    phones = [house.phone(f"user{number}", "token") for number in range(8)]
    for phone in phones + phones:
        assert house.get(phone.register()).status == 200


def test_free_place_is_taken_again(house: House) -> None:
    """T3: what counts is who is registered now."""
    phones = [house.phone(f"user{number}", "token") for number in range(8)]
    for phone in phones:
        house.get(phone.register())
    assert house.get(phones[0].unregister()).status == 200
    assert house.get(house.phone("user8", "token").register()).status == 200
