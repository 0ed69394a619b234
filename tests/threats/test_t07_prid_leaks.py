"""
T7: a PRID is a credential: whoever has it can drain a battery.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from attrs import define, evolve, field
from twisted.logger import ILogObserver, LogEvent, formatEvent, globalLogPublisher
from zope.interface import provider

from sippn.binding import PushKind, PushTarget, Verdict, service_for
from sippn.registrar import PushRegistration, RegistrarSettings
from sippn.service import ServerSettings
from sippn.sip import Request, Response, write
from sippn.testing.calls import Call
from sippn.testing.calls_received import by_hand
from sippn.testing.house import House
from sippn.testing.results import succeeded
from sippn.testing.ua import ScriptedUA
from tests.threats.scene import ALICE, SECRET, Sender, all_sent, heard, phone, sleeper

PRID = "credential-of-alice"
PUSH = f";pn-provider=acme;pn-param=app;pn-prid={PRID}"


def scene(house: House) -> tuple[ScriptedUA, ScriptedUA, Call]:
    """Alice, who was called by bob and has come back; she does what the test says."""
    alice = house.asleep("alice", PRID, password=SECRET, instance="<urn:uuid:1>")
    alice.policy = by_hand
    bob = phone(house, "bob")
    call = bob.call(ALICE)
    house.run()
    house.get(alice.wake())
    house.run()
    return alice, bob, call


def answer(house: House, alice: ScriptedUA, status: int, contact: str) -> None:
    """What an app answers that puts its whole Contact into everything."""
    invite = alice.incoming[0].invite
    headers = invite.headers.copy()
    headers.set("Contact", contact)
    headers.set("To", f"{invite.headers.get('To')};tag=a")
    alice.endpoint.send(write(Response(status, "Reason", headers)), house.address)
    house.run()


def test_request_uri_to_the_device_has_none(house: House) -> None:
    """T7: it knows it, and whoever listens on the way need not."""
    alice, _, _ = scene(house)
    assert PRID not in alice.incoming[0].invite.uri
    assert b"pn-" not in b"".join(write(one.invite) for one in alice.incoming)


def test_contact_of_an_answer_has_none(house: House) -> None:
    """T7: neither of a 180 nor of a 200, in the URI or behind it."""
    alice, bob, call = scene(house)
    contact = f"<sip:alice@{alice.address}{PUSH}>{PUSH}"
    answer(house, alice, 180, contact)
    answer(house, alice, 200, contact)
    assert succeeded(call.answered).status == 200
    assert PRID.encode() not in heard(bob)
    assert b"pn-p" not in heard(bob)


@pytest.mark.parametrize("status", [300, 301, 302, 380, 485])
def test_redirection_has_none(house: House, status: int) -> None:
    """T7: a phone that sends its calls on names itself, too."""
    alice, bob, call = scene(house)
    answer(house, alice, status, f"<sip:alice@198.51.100.9{PUSH}>, <tel:+1555{PUSH}>")
    assert succeeded(call.failed).status == status
    assert PRID.encode() not in heard(bob)


def test_contact_of_a_request_has_none(house: House) -> None:
    """T7: a caller's own PRID does not go to whoever he calls."""
    target = phone(house, "mallory")
    house.get(target.register())
    sender = phone(house, "alice", PRID)
    house.get(sender.register())
    raw = Sender(house, sender.endpoint)
    raw.ask("MESSAGE", "sip:mallory@example.com", ("Contact", f"<sip:x@{sender.address}{PUSH}>"))
    house.run()
    assert len(target.requests) == 1
    assert PRID.encode() not in heard(target)


def test_list_of_bindings_has_none_of_others(house: House) -> None:
    """T7: in the 200 of a REGISTER for another device of the same user, and of a query."""
    house.asleep("alice", PRID, password=SECRET, instance="<urn:uuid:1>")
    other = house.phone("alice", "token-2", password=SECRET, instance="<urn:uuid:2>")
    assert house.get(other.register()).status == 200
    asked = house.get(other.query())
    assert len(asked.contacts) == 2
    assert PRID.encode() not in heard(other)


def test_nobody_but_its_phone_is_told(house: House) -> None:
    """T7: after a call, a text, a failed wake and a refusal, it is in nothing that left."""
    alice, bob, call = scene(house)
    alice.incoming[0].answer()
    house.run()
    house.get(call.hang_up())
    alice.sleep()
    bob.call(ALICE)
    bob.message(ALICE, "hello")
    Sender.at(house).ask("INVITE", ALICE)
    house.run(30)
    assert PRID.encode() not in all_sent(house, without=[alice])


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


def leaks(events: list[LogEvent], secret: str) -> list[str]:
    """What the log shows of *secret*, in its lines or beside them."""
    shown = [
        f"{formatEvent(event)} " + " ".join(f"{value!r} {value!s}" for value in event.values())
        for event in events
    ]
    return [text for text in shown if secret in text.lower()]


def test_log_has_none(house: House, events: list[LogEvent]) -> None:
    """T7: whatever the log is told of, refusals and failures of pushes too; at any level."""
    sleeper(house, "alice", PRID)
    house.get(phone(house, "mallory", PRID).register())
    for verdict in (Verdict.BUSY, Verdict.FAILED, Verdict.DEAD):
        phone(house, "bob").call(ALICE)
        house.run()
        if house.pns.unanswered:
            house.pns.answer(verdict)
        house.run(30)
    for bad in (f"{PRID}%0", f'"{PRID}', PRID + "\x01", PRID * 500):
        contact = ("Contact", f"<sip:alice@192.0.2.9;pn-provider=acme;pn-prid={bad}>")
        Sender.at(house).register("alice", contact)
    assert events
    assert leaks(events, PRID) == []


def test_nothing_that_is_told_inside_shows_one(house: House) -> None:
    """T7: events and jobs, as whoever prints them sees them."""
    scene(house)
    (job,) = house.pns.jobs
    assert job.target.prid == PRID
    assert PRID not in f"{job!r} {job}"
    assert PRID not in f"{house.news!r} {evolve(job, call_id='x')!r}"


def test_error_has_none(house: House) -> None:
    """T7: a reason phrase says what is wrong, never with which."""
    sender = Sender.at(house)
    for contact in (
        f"<sip:alice@192.0.2.9;pn-provider=none;pn-prid={PRID}>",
        f"<sip:alice@192.0.2.9;pn-provider=acme;pn-prid={PRID};pn-prid={PRID}>",
        f"<sip:alice@192.0.2.9;pn-provider=acme;pn-prid={PRID}%00>",
    ):
        assert sender.register("alice", ("Contact", contact))[0] >= 400
    assert PRID.encode() not in all_sent(house)


TOKEN = "c0ffeecafe"
TWO = f";pn-provider=apns;pn-param=T.b.voip&remote;pn-prid={TOKEN}1:voip&{TOKEN}2:remote"
FORMS = {
    "RFC 8599": (f";pn-provider=acme;pn-param=app;pn-prid={TOKEN}", ""),
    "quoted": (f';pn-provider=acme;pn-param=app;pn-prid="{TOKEN}"', ""),
    "behind the URI": ("", f";pn-provider=acme;pn-param=app;pn-prid={TOKEN}"),
    "two tokens": (f"{TWO};pn-silent=1;pn-timeout=0", ""),
    "older": (f";app-id=123;pn-type=google;pn-tok={TOKEN}", ""),
    "older and behind": ("", f";app-id=123;pn-type=google;pn-tok={TOKEN}"),
    "slides": (f";pn-type=acme:app;pn-prid={TOKEN}", ""),
    "both": (f";pn-provider=acme;pn-param=app;pn-prid={TOKEN}1;pn-tok={TOKEN}2", ""),
    "unknown parameters": (f";pn-provider=acme;pn-param=app;pn-prid={TOKEN};pn-enckey={TOKEN}", ""),
    "none that is served": (f";pn-provider=none;pn-prid={TOKEN}", ""),
    "no provider": (f";pn-prid={TOKEN}", ""),
    "no service": (f";pn-provider=apns;pn-param=T.b.voip&remote;pn-prid={TOKEN}:x&{TOKEN}:y", ""),
    "mixed up": (f";pn-provider={TOKEN * 3};pn-prid={TOKEN}", ""),
    "twice": (f";pn-provider=acme;pn-prid={TOKEN};pn-prid={TOKEN}", ""),
}


def serves(target: PushTarget, kind: PushKind) -> bool:
    """What the push service here is good for."""
    return target.provider in ("acme", "apns", "fcm") and service_for(target, kind) is not None


@define(eq=False)
class App:
    """
    An app of alice's that puts its whole Contact into everything that it says.

    :ivar form: what is in the URI of that, and behind it.
    """

    house: House
    form: tuple[str, str]
    sender: Sender = field(init=False)

    def __attrs_post_init__(self) -> None:
        """Somewhere."""
        self.sender = Sender.at(self.house)

    @property
    def contact(self) -> str:
        """Where it is, and how it is pushed."""
        return f"<sip:alice@{self.sender.endpoint.address}{self.form[0]}>{self.form[1]}"

    def register(self, *fields: tuple[str, str], name: str = "alice") -> None:
        """As alice, or as whoever has her phone."""
        instance = ';+sip.instance="<urn:uuid:1>"'
        self.sender.register(name, ("Contact", self.contact + instance), *fields)

    def answer(self, status: int) -> None:
        """Answer the INVITEs that came, with *status*."""
        for message in self.house.sent_to(self.sender.endpoint.address):
            if isinstance(message, Request) and message.method == "INVITE":
                headers = message.headers.copy()
                headers.set("Contact", self.contact)
                headers.set("To", f"{message.headers.get('To')};tag=a")
                octets = write(Response(status, "Reason", headers))
                self.sender.endpoint.send(octets, self.house.address)
        self.house.run()


def go_through_it(house: House, app: App) -> ScriptedUA:
    """All that may become of a Contact; who else has seen something of it."""
    others = house.phone("alice", "token-2", password=SECRET, instance="<urn:uuid:2>")
    house.get(others.register())
    others.policy = by_hand
    app.register()
    house.get(others.register())
    house.get(others.query())
    for status in (180, 302, 200):
        phone(house, "bob").call(ALICE)
        house.run(3)
        app.register()
        house.run()
        app.answer(status)
        house.run(40)
    app.sender.ask("MESSAGE", "sip:bob@example.com", ("Contact", app.contact))
    app.register(name="mallory")
    phone(house, "bob").call(ALICE)
    house.run()
    while house.pns.unanswered:
        house.pns.answer(Verdict.DEAD)
        house.run()
    house.run(3600)
    app.register(("Feature-Caps", '*;+sip.pns="acme"'))
    house.get(others.query())
    return others


@pytest.mark.parametrize("unsupported", ["555", "accept_without_push"])
@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS.keys())
def test_no_form_of_it_is_told_to_anybody(
    settings: ServerSettings, form: tuple[str, str], unsupported: str, events: list[LogEvent]
) -> None:
    """P-004: in no dialect is a PRID in a message to anybody else, a log line or an event."""
    push = PushRegistration(unsupported=unsupported)
    house = House.built(evolve(settings, registrar=RegistrarSettings(push=push)))
    house.pns.can = serves
    app = App(house, form)
    go_through_it(house, app)
    own = app.sender.endpoint.address
    here = house.address.host
    told = [one for one in house.network.carried if one.source.host == here and one.to != own]
    assert len(told) >= 20
    assert not [one for one in told if TOKEN.encode() in one.octets.lower()]
    to_itself = [one for one in house.sent_to(own) if TOKEN in str(write(one)).lower()]
    assert {message.method for message in to_itself if isinstance(message, Request)} <= {"INVITE"}
    assert leaks(events, TOKEN) == []
    shown = f"{house.news!r} {house.pns.jobs!r} {house.pns.withdrawn!r}"
    record = house.server.location.load(ALICE)
    assert TOKEN not in f"{shown} {record!r} {record}".lower()
    house.server.stopService()
