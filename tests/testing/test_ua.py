"""The scripted UA speaks as a phone does: against a server played by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from os import urandom

import pytest
from attrs import define, field
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from sippn.binding import PushTarget
from sippn.dialect import read_push
from sippn.sip import (
    URI,
    PushParams,
    Request,
    Response,
    parse_credentials,
    read,
    response,
    response_to,
    write,
    write_challenge,
)
from sippn.sip.digest import ha1
from sippn.testing.endpoints import Suspension
from sippn.testing.network import MemoryNetwork
from sippn.testing.ua import ScriptedUA
from sippn.testing.ua_account import Account
from sippn.transport import Address

SERVER = Address("192.0.2.1", 5060)
PHONE = Address("192.0.2.10", 5062)
PUSH = PushParams("acme", "app", "tok/1")
TARGET = PushTarget("acme", "app", "tok/1")
ALICE = Account("alice", "example.com", "secret", PUSH, "<urn:uuid:1>")


def asked_push(contact: URI) -> PushTarget | None:
    """Whom *contact* wants pushed."""
    asked = read_push(contact, ())
    return asked.target if asked else None


@define(eq=False)
class Server:
    """An endpoint that keeps what the UA sends, and sends what the test says."""

    address: Address = PHONE
    receive: Callable[[bytes, Address], None] = field(init=False)
    heard: list[Request | Response] = field(factory=list)
    transport: str = "UDP"

    def send(self, octets: bytes, to: Address) -> None:
        """What the UA calls."""
        assert to == SERVER
        self.heard.append(read(octets))

    def suspend(self, how: Suspension) -> None:
        """It has no connections."""

    def resume(self) -> None:
        """The same."""

    def close(self) -> None:
        """Nobody calls it here."""

    @property
    def last(self) -> Request:
        """The request heard last."""
        request = self.heard[-1]
        assert isinstance(request, Request)
        return request

    def answer(self, status: int, extra: Iterable[tuple[str, str]] = ()) -> None:
        """Answer the request heard last."""
        self.say(response_to(self.last, status, extra=extra, to_tag="server"))

    def say(self, message: Request | Response) -> None:
        """Send anything."""
        self.receive(write(message), SERVER)


def status(done: Deferred[Response]) -> int:
    """What *done* fired with."""
    fired: list[Response] = []
    done.addCallback(fired.append)
    return fired[0].status


def entropy() -> Callable[[int], bytes]:
    """Octets that never repeat."""
    count = iter(range(1, 1000))
    return lambda octets: next(count).to_bytes(octets, "big")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def server() -> Server:
    return Server()


@pytest.fixture
def alice(server: Server, clock: Clock) -> ScriptedUA:
    return ScriptedUA(ALICE, server, SERVER, clock, entropy())


def test_registers_as_phones_do(alice: ScriptedUA, server: Server, clock: Clock) -> None:
    """INTEROP section 1: pn-* inside the Contact URI, the instance behind it, Expires, rport."""
    done = alice.register(600)
    sent = server.last
    assert (sent.method, sent.uri) == ("REGISTER", "sip:example.com")
    assert (sent.to.uri_text, sent.from_.uri_text) == ("sip:alice@example.com",) * 2
    assert (sent.via.rport, sent.cseq.number) == ("", 1)
    assert sent.headers.get("Expires") == "600"
    [contact] = sent.contacts
    assert asked_push(contact.uri) == TARGET
    assert (contact.uri.host, contact.uri.port) == ("192.0.2.10", 5062)
    assert contact.param("+sip.instance") == "<urn:uuid:1>"
    server.answer(200)
    assert status(done) == 200
    assert clock.getDelayedCalls() == []


def test_capabilities_are_asked_for_without_a_value(server: Server, clock: Clock) -> None:
    """F-02: ``;pn-provider`` alone asks which services there are."""
    account = Account("alice", "example.com", push=PushParams("", "", None))
    ScriptedUA(account, server, SERVER, clock, entropy()).register()
    assert server.last.contacts[0].uri_text.endswith(";pn-provider")


def test_query_has_no_contact_and_unregister_all_of_it(alice: ScriptedUA, server: Server) -> None:
    """RFC 3261 sections 10.2.3 and 10.2.2; INTEROP rule 6: the full Contact with pn-*."""
    alice.query()
    assert "Contact" not in server.last.headers
    assert "Expires" not in server.last.headers
    alice.unregister()
    assert asked_push(server.last.contacts[0].uri) == TARGET
    assert server.last.headers.get("Expires") == "0"


@pytest.mark.parametrize("algorithm", ["SHA-256", "MD5"])
def test_challenge_is_answered(alice: ScriptedUA, server: Server, algorithm: str) -> None:
    """RFC 3261 section 22.2: same Call-ID, CSeq one higher, the response right."""
    done = alice.register()
    first = server.last
    challenge = write_challenge("example.com", "nonce", algorithm)
    server.answer(401, [("WWW-Authenticate", challenge)])
    second = server.last
    assert second.call_id == first.call_id
    assert second.from_.tag == first.from_.tag
    assert second.cseq.number == first.cseq.number + 1
    assert second.via.branch != first.via.branch
    credentials = parse_credentials(second.headers.get("Authorization") or "")
    secret = ha1("alice", "example.com", "secret", algorithm)
    assert credentials.response == response(credentials, secret, "REGISTER")
    server.answer(200)
    assert status(done) == 200
    assert alice.challenges == 1


def test_first_challenge_understood_is_answered(server: Server, clock: Clock) -> None:
    """INTEROP rule 2: JsSIP passes SHA-256 over and answers MD5."""
    account = Account("alice", "example.com", "secret", algorithms=("MD5",))
    ScriptedUA(account, server, SERVER, clock, entropy()).register()
    challenges = [
        ("WWW-Authenticate", 'Digest realm="r", nonce="n", algorithm=TOMORROW'),
        ("WWW-Authenticate", write_challenge("r", "n", "SHA-256")),
        ("WWW-Authenticate", write_challenge("r", "n", "MD5")),
    ]
    server.answer(401, challenges)
    assert parse_credentials(server.last.headers.get("Authorization") or "").algorithm == "MD5"


def test_wrong_password_is_said_once(alice: ScriptedUA, server: Server) -> None:
    """A second 401 is final, unless it says that the nonce was stale."""
    done = alice.register()
    stale = write_challenge("r", "n2", "MD5", stale=True)
    server.answer(401, [("WWW-Authenticate", write_challenge("r", "n1", "MD5"))])
    server.answer(401, [("WWW-Authenticate", stale)])
    assert not done.called
    server.answer(401, [("WWW-Authenticate", write_challenge("r", "n3", "MD5"))])
    assert status(done) == 401
    assert (len(server.heard), alice.challenges) == (3, 3)


def test_challenge_loop_ends(alice: ScriptedUA, server: Server) -> None:
    """A server that calls every nonce stale does not keep a test busy for ever."""
    done = alice.register()
    while not done.called:
        server.answer(401, [("WWW-Authenticate", write_challenge("r", "n", "MD5", stale=True))])
    assert len(server.heard) == 4


def test_no_password_no_answer(server: Server, clock: Clock) -> None:
    """The 401 is then what the test gets."""
    ua = ScriptedUA(Account("eve", "example.com"), server, SERVER, clock, entropy())
    done = ua.register()
    server.answer(401, [("WWW-Authenticate", write_challenge("r", "n", "MD5"))])
    assert status(done) == 401


def test_register_is_retransmitted_by_timer_e(
    alice: ScriptedUA, server: Server, clock: Clock
) -> None:
    """RFC 3261 section 17.1.2.2: T1 doubled up to T2, and 408 stands for silence after 64 T1."""
    done = alice.register()
    sent_at = []
    for _ in range(63):
        heard = len(server.heard)
        clock.advance(0.5)
        sent_at += [clock.seconds()] * (len(server.heard) - heard)
    assert sent_at == [0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5, 31.5]
    assert len({message.via.branch for message in server.heard}) == 1
    clock.advance(0.5)
    assert status(done) == 408
    assert clock.getDelayedCalls() == []


def test_provisional_slows_register_down(alice: ScriptedUA, server: Server, clock: Clock) -> None:
    """RFC 3261 section 17.1.2.2, Proceeding: timer E is T2."""
    alice.register()
    server.answer(100)
    clock.pump([0.5, 3.5, 0.4])
    assert len(server.heard) == 2
    clock.advance(0.1)
    assert len(server.heard) == 3


def test_says_everything_once_when_told(server: Server, clock: Clock) -> None:
    """Without retransmissions there is no timer to run down in a test."""
    ua = ScriptedUA(ALICE, server, SERVER, clock, entropy(), retransmits=False)
    ua.register()
    ua.call("sip:bob@example.com")
    clock.advance(100)
    assert [message.cseq.method for message in server.heard] == ["REGISTER", "INVITE"]
    assert clock.getDelayedCalls() == []


def test_sleeper_hears_and_says_nothing(alice: ScriptedUA, server: Server, clock: Clock) -> None:
    """A suspended app drops what comes; its timers find no voice."""
    alice.register()
    alice.sleep()
    server.answer(200)
    clock.advance(5)
    assert (alice.received, alice.missed, len(server.heard)) == ([], 1, 1)


def test_wakes_with_the_same_registration(alice: ScriptedUA, server: Server) -> None:
    """A frozen app comes back: same Call-ID, CSeq one higher, same Contact."""
    alice.register()
    before = server.last
    server.answer(200)
    alice.sleep()
    done = alice.wake()
    after = server.last
    assert (after.call_id, after.cseq.number) == (before.call_id, before.cseq.number + 1)
    assert after.contacts == before.contacts
    server.answer(200)
    assert status(done) == 200


def test_wakes_as_another_process_on_another_port(alice: ScriptedUA, server: Server) -> None:
    """INTEROP: a killed app has a new Call-ID, CSeq from the start, port and perhaps PRID."""
    alice.register()
    alice.sleep()
    other = Server(Address("192.0.2.10", 6000))
    alice.wake(push=PushParams("acme", "app", "tok2"), endpoint=other, restarted=True)
    after = other.last
    assert after.call_id != server.last.call_id
    assert after.cseq.number == 1
    [contact] = after.contacts
    assert contact.uri.port == 6000
    assert contact.uri.param("pn-prid") == "tok2"
    assert alice.address.port == 6000
    server.answer(200)  # to the socket that is gone
    assert (alice.received, alice.missed) == ([], 1)


def test_records_both_directions(alice: ScriptedUA, server: Server) -> None:
    """A test asserts on what was said, retransmissions included, and may start afresh."""
    alice.register()
    server.answer(200)
    assert [message.cseq.method for message in alice.sent] == ["REGISTER"]
    assert [message.cseq.method for message in alice.received] == ["REGISTER"]
    alice.forget()
    assert (alice.sent, alice.received) == ([], [])


def test_sends_messages_and_anything_else(alice: ScriptedUA, server: Server) -> None:
    """RFC 3428; and every other method by name."""
    done = alice.message("sip:bob@example.com", "hi")
    assert (server.last.method, server.last.body) == ("MESSAGE", b"hi")
    assert server.last.headers.get("Content-Type") == "text/plain"
    server.answer(202)
    assert status(done) == 202
    alice.request("OPTIONS", "sip:example.com")
    assert (server.last.method, server.last.uri) == ("OPTIONS", "sip:example.com")


def test_answers_what_it_is_asked(alice: ScriptedUA, server: Server) -> None:
    """OPTIONS and MESSAGE get 200, or what the test set; the unknown 405; repetitions the same."""
    bob = ScriptedUA(Account("bob", "example.com"), Server(), SERVER, Clock(), entropy())
    bob.message("sip:alice@example.com", "hi")
    bob.request("OPTIONS", "sip:alice@example.com")
    bob.request("PUBLISH", "sip:alice@example.com")
    alice.replies["OPTIONS"] = 486
    for request in (*bob.sent, bob.sent[0]):
        server.say(request)
    answers = [message for message in server.heard if isinstance(message, Response)]
    assert [answer.status for answer in answers] == [200, 486, 405, 200]
    assert answers[0].to.tag == answers[3].to.tag != ""
    assert [request.method for request in alice.requests] == ["MESSAGE", "OPTIONS", "PUBLISH"]


def test_stray_response_is_dropped(alice: ScriptedUA, server: Server) -> None:
    """RFC 6026: no transaction, no reaction; it is on the record all the same."""
    alice.register()
    request = server.last
    request = Request(request.method, request.uri, request.headers.copy())
    request.headers.set("Via", "SIP/2.0/UDP 192.0.2.10;branch=z9hG4bKother")
    server.say(response_to(request, 200))
    assert len(alice.received) == 1
    assert len(server.heard) == 1


def test_password_and_prid_are_in_no_repr(alice: ScriptedUA) -> None:
    """A PRID and a password are credentials: a failing test prints the account."""
    assert "secret" not in repr(alice.account)
    alice.register()
    assert "tok/1" not in repr(alice)
    assert "tok%2F1" not in repr(alice)


def test_repeated_challenge_is_answered_once(alice: ScriptedUA, server: Server) -> None:
    """A 401 that comes twice is one challenge: the second is a retransmission."""
    alice.register()
    challenge = write_challenge("r", "n", "MD5")
    first = response_to(server.last, 401, extra=[("WWW-Authenticate", challenge)], to_tag="s")
    server.say(first)
    server.say(first)
    assert (len(server.heard), alice.challenges) == (2, 1)


def test_ua_that_leaves_has_nothing_to_do() -> None:
    """N-30: a suite that is over is over, also where an answer never came."""
    clock = Clock()
    network = MemoryNetwork(clock)
    endpoint = network.endpoint("192.0.2.9", 5060)
    account = Account("alice", "example.com")
    ua = ScriptedUA(account, endpoint, Address("192.0.2.1", 5060), clock, urandom)
    ua.register()
    assert clock.getDelayedCalls()
    ua.leave()
    assert [call for call in clock.getDelayedCalls() if "Repetition" in str(call)] == []
