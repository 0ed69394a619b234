"""
Vector 3: a capability query for one PNS.
"""

from __future__ import annotations

import pytest

from sippn.testing.house import House
from tests.vectors.scene import ALICE, asleep, pass_by, phone_that_says, promised, registered


@pytest.mark.parametrize("after", ["", ";+sip.pnsreg"])
def test_one_is_asked_for_and_one_is_named(house: House, after: str) -> None:
    """Vector 3, P-019: a query for one PNS gets exactly that one, and no pnsreg."""
    answer = registered(house, phone_that_says(house, ";pn-provider=fcm", after))
    assert promised(answer) == ['*;+sip.pns="fcm"']


def test_query_is_not_pushed(house: House) -> None:
    """Vector 3, P-023: a call to a binding that a query made pushes nobody."""
    asleep(house, phone_that_says(house, ";pn-provider=fcm"))
    house.phone("bob").call(ALICE)
    house.run(30)
    assert house.pns.jobs == []


def test_query_is_not_pushed_to_refresh(house: House) -> None:
    """Vector 3, P-023: a binding that a query made is not pushed before it expires."""
    asleep(house, phone_that_says(house, ";pn-provider=fcm"))
    pass_by(house, 3700)
    assert house.pns.jobs == []


def test_query_for_another_is_555(house: House) -> None:
    """Vector 3, P-021: a query for a PNS that nobody serves gets a 555 without Feature-Caps."""
    answer = house.get(phone_that_says(house, ";pn-provider=none").register())
    assert answer.status == 555
    assert "Feature-Caps" not in answer.headers
