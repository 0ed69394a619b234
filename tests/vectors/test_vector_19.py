"""
Vector 19: push parameters behind the Contact URI, where some apps write them, and nowhere else.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from attrs import asdict, evolve
from twisted.logger import ILogObserver, LogEvent, formatEvent, globalLogPublisher
from zope.interface import provider

from sippn.sip import NameAddr, Request, Response, read, response_to, write
from sippn.testing.calls_received import ReceivedCall, by_hand
from sippn.testing.house import House
from sippn.testing.results import succeeded
from sippn.testing.ua import ScriptedUA
from tests.vectors.scene import ALICE, asleep, invites, phone_that_says, promised, registered, sent

PRID = "credential-of-alice"
PUSH = f";pn-provider=fcm;pn-param=project;pn-prid={PRID}"
SECRETS = (PRID.encode(), b"pn-prid", b"pn-param", b"pn-provider")
WHERE = [("", PUSH), (PUSH, ""), (PUSH, PUSH)]  # in the URI, behind it

everywhere = pytest.mark.parametrize(("inside", "behind"), WHERE)


@pytest.fixture
def log() -> Iterator[list[LogEvent]]:
    """All that is logged meanwhile, at any level."""
    events: list[LogEvent] = []

    @provider(ILogObserver)
    def observe(event: LogEvent) -> None:
        events.append(event)

    globalLogPublisher.addObserver(observe)
    yield events
    globalLogPublisher.removeObserver(observe)


def leaks(house: House, alice: ScriptedUA) -> list[bytes]:
    """Whatever has left the server with a secret in it, but the answers to her own REGISTERs."""
    found = []
    for one in sent(house):
        message = read(one.octets)
        hers = isinstance(message, Response) and message.cseq.method == "REGISTER"
        if hers and one.to.host == alice.address.host:
            continue
        if any(secret in one.octets.lower() for secret in SECRETS):
            found.append(one.octets)
    return found


def moved(call: ReceivedCall) -> None:
    """Answer as an app does that puts its whole Contact into everything."""
    headers = call.invite.headers.copy()
    headers.set("To", f"{headers.get('To')};tag=moved")
    headers.set("Contact", f"<sip:alice@198.51.100.9{PUSH}>{PUSH}")
    call._final(Response(302, "Moved", headers))


def registered_again(house: House, alice: ScriptedUA) -> Response:
    """What she is answered once more; she sleeps again."""
    answer = house.get(alice.wake())
    alice.sleep()
    house.run()
    return answer


@everywhere
def test_they_count_wherever_they_are(house: House, inside: str, behind: str) -> None:
    """Vector 19, D-01: a Contact with pn-* behind its URI is promised pushes, and pushed."""
    alice = asleep(house, phone_that_says(house, inside, behind))
    assert promised(registered_again(house, alice))[0].startswith('*;+sip.pns="fcm"')
    house.phone("bob").call(ALICE)
    house.run()
    assert [job.target.prid for job in house.pns.jobs] == [PRID]


def test_the_uri_wins(house: House) -> None:
    """Vector 19, D-01: where the URI and what is behind it differ, the URI counts."""
    other = PUSH.replace(PRID, "other").replace("fcm", "apns")
    asleep(house, phone_that_says(house, PUSH, other))
    house.phone("bob").call(ALICE)
    house.run()
    assert [(job.target.provider, job.target.prid) for job in house.pns.jobs] == [("fcm", PRID)]


@everywhere
def test_uri_comes_back_as_it_was(house: House, inside: str, behind: str) -> None:
    """
    Vector 19, D-01: the 200 has the pn-* of the URI, and none behind it.

    A linphone copies what is behind it into its calls.
    """
    answer = registered(house, phone_that_says(house, inside, behind))
    (contact,) = answer.contacts
    assert contact.uri_text.endswith(inside)
    assert ("pn-" in contact.uri_text) == bool(inside)
    assert not [name for name, _ in contact.params if name.startswith("pn-")]


@everywhere
def test_invite_to_the_phone_has_none(house: House, inside: str, behind: str) -> None:
    """Vector 19, P-053, P-004: no octet of the INVITE to the woken phone is a push parameter."""
    alice = asleep(house, phone_that_says(house, inside, behind))
    call = house.phone("bob").call(ALICE)
    house.run()
    house.get(alice.wake())
    house.run()
    assert succeeded(call.answered).status == 200
    assert len(invites(house)) == 1
    assert leaks(house, alice) == []


@everywhere
def test_other_device_is_told_none(house: House, inside: str, behind: str) -> None:
    """Vector 19, P-004: another device of the user is told of the Contact without pn-*."""
    alice = asleep(house, phone_that_says(house, inside, behind))
    other = phone_that_says(house, "", instance="<urn:uuid:other>")
    assert len(registered(house, other).contacts) == 2
    assert len(house.get(other.query()).contacts) == 2
    assert leaks(house, alice) == []


@everywhere
def test_redirection_has_none(house: House, inside: str, behind: str) -> None:
    """Vector 19, P-004: a 302 whose Contact has pn-* is passed on without them."""
    alice = asleep(house, phone_that_says(house, inside, behind))
    alice.policy = moved
    call = house.phone("bob").call(ALICE)
    house.run()
    house.get(alice.wake())
    house.run()
    assert succeeded(call.failed).status == 302
    assert succeeded(call.failed).contacts[0].uri.host == "198.51.100.9"
    assert leaks(house, alice) == []


@everywhere
@pytest.mark.parametrize("event", ["reg", "REG", "reg;x=y"])
def test_nobody_is_notified_of_registrations(
    house: House, inside: str, behind: str, event: str
) -> None:
    """Vector 19, P-005: SUBSCRIBE to reg is a 489: there is no notifier whose NOTIFY could leak."""
    alice = asleep(house, phone_that_says(house, inside, behind))
    bob = house.phone("bob")
    bob.subscribe(ALICE, event)
    house.run(1)
    answers = [message for message in bob.received if isinstance(message, Response)]
    assert [answer.status for answer in answers] == [489]
    assert not [message for message in bob.received if isinstance(message, Request)]
    assert leaks(house, alice) == []
    assert house.pns.jobs == []


@everywhere
def test_no_octet_of_a_whole_day_has_one(
    house: House, inside: str, behind: str, log: list[LogEvent]
) -> None:
    """Vector 19, Q-05, P-004: no octet that leaves, no line of the log and no event has a PRID."""
    alice = asleep(house, phone_that_says(house, inside, behind))
    alice.policy = by_hand
    bob = house.phone("bob")
    call = bob.call(ALICE)
    house.run()
    house.get(alice.wake())
    house.run()
    invite = alice.incoming[0].invite
    whole = f"<sip:alice@{alice.address}{PUSH}>{PUSH}"
    for status in (180, 200):
        answer = response_to(invite, status, extra=[("Contact", whole)], to_tag="a")
        alice.endpoint.send(write(answer), house.address)
        house.run()
    assert succeeded(call.answered).status == 200
    bob.message(ALICE, "hello")
    house.run(40)
    alice.sleep()
    house.run()
    bob.call(ALICE)
    house.run(40)
    house.get(alice.wake())
    house.get(alice.unregister())
    assert leaks(house, alice) == []
    assert not [event for event in log if PRID in formatEvent(event)]
    assert not [event for event in house.news if PRID in f"{event!r}"]


def test_caller_cannot_leak_his_own(house: House) -> None:
    """Vector 19, U-01: pn-* in the Contact of an INVITE go no further; pn-purr does."""
    bob = house.phone("bob")
    house.get(bob.register())
    alice = phone_that_says(house, PUSH)
    whole = f"<sip:alice@{alice.address}{PUSH};pn-purr=opaque>{PUSH}"
    headers = alice._draft("INVITE", "sip:bob@example.com", b"", "").fields
    fields = [(name, whole if name == "Contact" else value) for name, value in headers]
    lines = [f"{name}: {value}" for name, value in fields]
    via = f"SIP/2.0/{alice.endpoint.transport} {alice.address};branch=z9hG4bKv19;rport"
    lines += [f"Via: {via}", "Max-Forwards: 70", "CSeq: 1 INVITE", "Content-Length: 0"]
    text = "\r\n".join(["INVITE sip:bob@example.com SIP/2.0", *lines, "", ""])
    alice.endpoint.send(text.encode(), house.address)
    house.run()
    (invite,) = invites(house, bob)
    assert NameAddr.parse(invite.headers.get("Contact") or "").uri.param("pn-purr") == "opaque"
    assert leaks(house, alice) == []


def test_push_says_nothing_of_the_caller(house: House) -> None:
    """Vector 19, P-008: a push names whom it is for; who called is known to payloads alone."""
    asleep(house, phone_that_says(house, PUSH))
    house.phone("bob").call(ALICE)
    house.phone("carol").message(ALICE, "hello")
    house.run()
    assert [job.aor for job in house.pns.jobs] == [ALICE, ALICE]
    callers = [asdict(job).pop("caller") for job in house.pns.jobs]
    assert ["bob" in callers[0], "carol" in callers[1]] == [True, True]
    for job in house.pns.jobs:
        said = f"{job!r} {asdict(evolve(job, caller=''))}"
        assert not [word for word in ("bob", "carol", "hello", "sdp") if word in said]
