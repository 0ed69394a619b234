"""
Vector 16: a PRID that is a URL, with everything that URIs give a meaning to.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from attrs import evolve

from sippn.registrar import PushRegistration, RegistrarSettings
from sippn.service import ServerSettings
from sippn.sip import escape_pvalue
from sippn.testing.house import House
from tests.threats.browsers import PUBLIC, Outside, words
from tests.vectors.scene import ALICE, asleep, phone_that_says, promised, registered

URL = "https://h/p?a=b;c=%2F"
ESCAPED = "https://h/p%3Fa%3Db%3Bc%3D%252F"
ALL_ESCAPED = "https%3A%2F%2Fh%2Fp%3Fa%3Db%3Bc%3D%252F"
INSIDE = ["http://h/p", "https://10.0.0.1/p", "https://10.0.0.1:443/", "https://[::1]/p"]
INSIDE += ["https://h:8443/p", "https://other/p", "https://u@h/p", "HTTP://h/p", "h/p"]


@pytest.mark.parametrize("written", [ESCAPED, ALL_ESCAPED, escape_pvalue(URL)])
def test_url_survives(house: House, written: str) -> None:
    """Vector 16, G-02, G-03: a URL with ``? = ; %`` in it reaches who pushes as it was."""
    words = f";pn-provider=acme;pn-prid={written}"
    alice = asleep(house, phone_that_says(house, words))
    house.phone("bob").call(ALICE)
    house.run()
    assert [job.target.prid for job in house.pns.jobs] == [URL]
    assert alice.account.uri_params == words


@pytest.mark.parametrize("written", [ESCAPED, ALL_ESCAPED])
def test_contact_comes_back_as_it_was(house: House, written: str) -> None:
    """Vector 16, G-03: the 200 has the Contact as the phone wrote it, escape by escape."""
    words = f";pn-provider=acme;pn-prid={written}"
    answer = registered(house, phone_that_says(house, words))
    assert answer.contacts[0].uri_text.endswith(words)


def test_two_spellings_are_one_phone(house: House) -> None:
    """Vector 16, G-01: escaped more or less, it is the same PRID, and the same binding."""
    for written in (ESCAPED, ALL_ESCAPED):
        words = f";pn-provider=acme;pn-prid={written}"
        answer = registered(house, phone_that_says(house, words, instance=""))
    assert len(answer.contacts) == 1


@pytest.fixture
def outside(settings: ServerSettings, tmp_path: Path) -> Iterator[Outside]:
    """A server with Web Push, and the push service that is h."""
    outside = Outside(tmp_path, names=("h",))
    push = PushRegistration(unsupported="accept_without_push")
    house = outside.live(evolve(settings, registrar=RegistrarSettings(push=push)))
    yield outside
    house.server.stopService()


@pytest.mark.parametrize("written", [ESCAPED, ALL_ESCAPED])
def test_push_service_gets_it_as_it_was(outside: Outside, written: str) -> None:
    """Vector 16: the push service is asked for the path and query of the URL, octet for octet."""
    subscription = outside.pns.webpush.subscribe(host="h")
    outside.pns.webpush.subscriptions = {"/p?a=b;c=%2F": subscription}
    asleep(outside.house, phone_that_says(outside.house, f";pn-provider=webpush;pn-prid={written}"))
    outside.house.phone("bob").call(ALICE)
    outside.settle()
    assert [push.subscription for push in outside.pns.webpush.pushes] == [subscription]


def test_promise_has_our_key(outside: Outside) -> None:
    """Vector 16, P-017, G-06: the 200 has sip.vapid, the key that every push is signed with."""
    answer = registered(outside.house, phone_that_says(outside.house, words(URL)))
    assert promised(answer) == [
        f'*;+sip.pns="webpush";+sip.vapid="{outside.pns.webpush.vapid}";+sip.pnspurr="..."'
    ]


def test_who_asks_what_there_is_gets_our_key(outside: Outside) -> None:
    """Vector 16, P-019, P-022: a browser that has not subscribed yet learns the key to do it by."""
    for query in (";pn-provider=webpush", ";pn-provider"):
        answer = registered(outside.house, phone_that_says(outside.house, query))
        assert f'*;+sip.pns="webpush";+sip.vapid="{outside.pns.webpush.vapid}"' in promised(answer)


@pytest.mark.parametrize("url", INSIDE)
def test_endpoint_that_is_none(outside: Outside, url: str) -> None:
    """Vector 16, T8: one without TLS, or at an address, is not promised and never asked."""
    answer = registered(outside.house, phone_that_says(outside.house, words(url)))
    assert promised(answer) == []
    outside.house.phone("bob").call(ALICE)
    outside.settle()
    assert PUBLIC not in outside.dialled
    assert not [host for host in outside.dialled if host in ("10.0.0.1", "::1")]


def test_endpoint_that_is_none_is_refused(settings: ServerSettings, tmp_path: Path) -> None:
    """Vector 16, P-012: where what is not supported is refused, it is 555."""
    outside = Outside(tmp_path, names=("h",))
    house = outside.live(settings)
    for url in INSIDE:
        answer = house.get(phone_that_says(house, words(url)).register())
        assert answer.status == 555
    house.server.stopService()
