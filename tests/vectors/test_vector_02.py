"""
Vector 2: a capability query without a value; VAPID keys come with Web Push.
"""

from __future__ import annotations

import pytest

from sippn.testing.house import House
from tests.vectors.scene import phone_that_says, promised, registered

ALL = ['*;+sip.pns="acme"', '*;+sip.pns="apns"', '*;+sip.pns="fcm"']


@pytest.mark.parametrize("after", ["", ";+sip.pnsreg"])
def test_all_there_are_are_named(house: House, after: str) -> None:
    """Vector 2, P-022, F-01: pn-provider without a value gets one Feature-Caps field a PNS."""
    answer = registered(house, phone_that_says(house, ";pn-provider", after))
    assert sorted(promised(answer)) == ALL


@pytest.mark.parametrize("after", ["", ";+sip.pnsreg"])
def test_query_gets_neither_pnsreg_nor_purr(house: House, after: str) -> None:
    """Vector 2, P-019: whoever has no PRID is told neither when to refresh nor a PURR."""
    answer = registered(house, phone_that_says(house, ";pn-provider", after))
    assert not [field for field in promised(answer) if "pnsreg" in field or "pnspurr" in field]


def test_none_at_all_is_555(house: House) -> None:
    """Vector 2, P-022, U-08: where no PNS is served, a query for all of them gets a 555."""
    house.pns.capabilities = []
    phone = phone_that_says(house, ";pn-provider")
    answer = house.get(phone.register())
    assert answer.status == 555
    assert "Feature-Caps" not in answer.headers
