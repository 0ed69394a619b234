"""
Vector 2: a capability query without a value; Web Push comes with its VAPID key.
"""

from __future__ import annotations

import pytest

from sippn.testing.house import House
from tests.flows.push_services import Services
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


def test_web_push_comes_with_its_key(services: Services) -> None:
    """Vector 2, P-017, F-01: the real services are named, webpush with the key to subscribe by."""
    answer = registered(services.house, services.phone(";pn-provider"))
    vapid = services.server.webpush.vapid
    assert sorted(promised(answer)) == [
        '*;+sip.pns="apns"',
        '*;+sip.pns="fcm"',
        f'*;+sip.pns="webpush";+sip.vapid="{vapid}"',
    ]


def test_key_is_told_to_who_asks_for_web_push_alone(services: Services) -> None:
    """Vector 2, P-017, P-019: the key is webpush's, in a query for it and in no other."""
    vapid = services.server.webpush.vapid
    for pns, told in (("webpush", f';+sip.vapid="{vapid}"'), ("fcm", ""), ("apns", "")):
        answer = registered(services.house, services.phone(f";pn-provider={pns}"))
        assert promised(answer) == [f'*;+sip.pns="{pns}"{told}']


def test_browser_that_subscribed_is_promised_the_same(services: Services) -> None:
    """Vector 2, P-017: the 2xx to a browser's REGISTER has the key as the query's had."""
    (caps,) = promised(registered(services.house, services.phone(services.browser())))
    assert caps == (
        f'*;+sip.pns="webpush";+sip.vapid="{services.server.webpush.vapid}";+sip.pnspurr="..."'
    )
