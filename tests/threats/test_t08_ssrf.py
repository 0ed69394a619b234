"""
T8: a PRID of Web Push is a URL that the phone chose, and so anybody who has an account.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from attrs import evolve
from twisted.logger import ILogObserver, LogEvent, globalLogPublisher
from zope.interface import provider

from sippn.registrar import PushRegistration, RegistrarSettings
from sippn.service import ServerSettings
from sippn.testing.house import House
from sippn.testing.push_server import Answer, Manner
from tests.threats.browsers import HOST, PUBLIC, Outside, words
from tests.threats.scene import ALICE, SECRET, Sender, all_sent, phone
from tests.threats.test_t07_prid_leaks import App, go_through_it, leaks

Live = Callable[..., Outside]


@pytest.fixture
def transport() -> str:
    """What phones speak is no matter here; over UDP the server connects to nobody by itself."""
    return "udp"


@pytest.fixture
def live(settings: ServerSettings, tmp_path: Path) -> Iterator[Live]:
    """Servers with Web Push."""
    made: list[House] = []

    def live(unsupported: str = "555", **table: object) -> Outside:
        outside = Outside(tmp_path, table=table)
        push = PushRegistration(unsupported=unsupported)
        registrar = RegistrarSettings(push=push)
        made.append(outside.live(evolve(settings, registrar=registrar)))
        return outside

    yield live
    for house in made:
        house.server.stopService()


@pytest.fixture
def events() -> Iterator[list[LogEvent]]:
    """All that the log is told, at any level."""
    found: list[LogEvent] = []

    @provider(ILogObserver)
    def observe(event: LogEvent) -> None:
        found.append(event)

    globalLogPublisher.addObserver(observe)
    yield found
    globalLogPublisher.removeObserver(observe)


def register(outside: Outside, url: str) -> tuple[list[int], str]:
    """What alice's phone is answered, and which Feature-Caps it is promised."""
    sender = Sender.at(outside.house)
    contact = f"<sip:alice@{sender.endpoint.address}{words(url)}>"
    statuses = sender.register("alice", ("Contact", contact))
    return statuses, sender.answers()[-1].headers.line("Feature-Caps")


def call(outside: Outside, seconds: float = 0) -> None:
    """Bob calls alice."""
    phone(outside.house, "bob").call(ALICE)
    outside.settle()
    outside.house.run(seconds)


OTHERS = [
    "https://other.example.net/x",
    f"https://{HOST}.example.org/x",
    f"https://sub.{HOST}/x",
    f"https://{HOST}:8443/x",
    f"https://{HOST}:80/x",
    f"http://{HOST}/x",
    f"http://{HOST}:443/x",
    f"https://user@{HOST}/x",
    f"https://{PUBLIC}/x",
]


@pytest.mark.parametrize("url", OTHERS)
def test_other_hosts_are_not_promised(live: Live, url: str) -> None:
    """T8: closed by default: https, port 443 and the hosts of the operator, or no push at all."""
    outside = live("accept_without_push")
    assert register(outside, url) == ([200], "")
    call(outside, 30)
    assert outside.dialled == []


@pytest.mark.parametrize("url", OTHERS)
def test_other_hosts_are_refused(live: Live, url: str) -> None:
    """T8: a phone that must be pushed is told that it will not be, and is not registered."""
    outside = live()
    assert register(outside, url) == ([555], "")


def test_subscription_is_promised_and_pushed(live: Live) -> None:
    """T8: that is so for a push service as well that is let in by its domain."""
    outside = live(allow_hosts=["*.example.net"])
    subscription = outside.pns.webpush.subscribe(host=HOST)
    statuses, caps = register(outside, subscription.url)
    assert statuses == [200]
    assert 'sip.pns="webpush"' in caps
    call(outside)
    [push] = outside.pns.webpush.pushes
    assert push.subscription is subscription
    assert outside.dialled == [PUBLIC]


def test_host_that_is_let_in_no_more(live: Live) -> None:
    """T8: what was registered under another configuration is looked at again before each push."""
    outside = live(allow_hosts=["*"])
    register(outside, outside.pns.webpush.subscribe(host=HOST).url)
    outside.provider._allowed = ()
    call(outside, 30)
    assert outside.dialled == []


def test_name_is_looked_up_before_each_connection(live: Live) -> None:
    """T8: and each time the address that was looked at is the one that is connected to."""
    outside = live()
    register(outside, outside.pns.webpush.subscribe(host=HOST).url)
    outside.addresses[HOST] = ("127.0.0.1",)
    call(outside, 30)
    assert outside.dialled == []
    outside.addresses[HOST] = (PUBLIC,)
    call(outside)
    assert outside.dialled == [PUBLIC]


def test_silent_host_costs_its_caller_alone(live: Live) -> None:
    """T8: a host that says nothing is given five seconds at a time, and holds nobody else up."""
    outside = live(allow_hosts=[HOST, "tarpit.example.org"])
    outside.addresses["tarpit.example.org"] = ("9.9.9.10",)
    outside.house.network.reactor.silent.add("9.9.9.10")
    register(outside, "https://tarpit.example.org/x")
    call(outside)
    bob = outside.house.phone("bob", password=SECRET)
    outside.house.get(bob.register())
    subscription = outside.pns.webpush.subscribe(host=HOST)
    sender = Sender.at(outside.house)
    contact = f"<sip:mallory@{sender.endpoint.address}{words(subscription.url)}>"
    assert sender.register("mallory", ("Contact", contact)) == [200]
    phone(outside.house, "bob").call("sip:mallory@example.com")
    outside.settle()
    assert len(outside.pns.webpush.pushes) == 1
    outside.house.run(30)
    assert 1 <= outside.dialled.count("9.9.9.10") <= 4


@pytest.mark.parametrize(
    "manner", [Manner.ENDLESS, Manner.HEAVY, Manner.FLOOD, Manner.BOMB, Manner.ENDLESS_HEAD]
)
def test_answer_of_a_host_of_anybody(live: Live, manner: Manner) -> None:
    """T9: whoever is behind the URL answers in bounds, and the next call is pushed."""
    outside = live()
    register(outside, outside.pns.webpush.subscribe(host=HOST).url)
    outside.pns.webpush.script.append(Answer(manner=manner))
    call(outside, 6)
    outside.house.run(30)
    pushes = len(outside.pns.webpush.pushes)
    call(outside)
    assert len(outside.pns.webpush.pushes) > pushes


FORMS = {
    "ours": ";sippn-wp-p256dh=SECRET0p256dh;sippn-wp-auth=SECRET0auth",
    "ours in any case": ";SIPPN-WP-P256DH=SECRET0p256dh;Sippn-Wp-Auth=SECRET0auth",
    "of the draft": ";pn-enckey=SECRET0p256dh;pn-encsec=SECRET0auth",
    "of the draft, its other name": ";pn-enckey=SECRET0p256dh;pn-enccode=SECRET0auth",
}


@pytest.mark.parametrize("behind", [False, True])
@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_keys_and_url_are_told_to_nobody(
    live: Live, events: list[LogEvent], form: str, behind: bool
) -> None:
    """T7, G-08: the keys of a subscription and its URL are in no message to others, and no log."""
    outside = live(allow_hosts=["*"])
    url = f"https://{HOST}/SECRET0url?SECRET0query"
    pushed, keys = words(url), form
    app = App(outside.house, (pushed, keys) if behind else (pushed + keys, ""))
    outside.house.pns.can = lambda target, _: target.provider == "acme"
    go_through_it(outside.house, app)
    outside.settle()
    own, here = app.sender.endpoint.address, outside.house.address.host
    carried = outside.house.network.carried
    told = [one for one in carried if one.source.host == here and one.to != own]
    assert len(told) >= 20
    assert not [one for one in told if b"secret0" in one.octets.lower()]
    assert leaks(events, "secret0") == []
    record = outside.house.server.location.load(ALICE)
    assert "SECRET0" not in f"{outside.house.news!r} {record!r} {record}"
    assert outside.pns.webpush.pushes == []  # that URL is nobody's: a 404
    assert outside.dialled != []


def test_nobody_else_learns_the_url(live: Live) -> None:
    """T7: a REGISTER that is refused says why without the URL."""
    outside = live()
    register(outside, "https://other.example.net/SECRET0")
    assert b"SECRET0" not in all_sent(outside.house)
