"""What a scripted UA does by RFC 8599: push parameters, PURRs, dialects."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import pytest
from attrs import define, evolve, field
from twisted.internet.task import Clock

from sippn.sip import NameAddr, PushParams, Request, Response, read, response_to, write
from sippn.testing.calls_received import answer_at_once
from sippn.testing.endpoints import Suspension
from sippn.testing.results import succeeded
from sippn.testing.ua import ScriptedUA
from sippn.testing.ua_account import Account
from sippn.transport import Address

SERVER = Address("192.0.2.1", 5060)
PUSH = PushParams("acme", "app", "tok/1")
ALICE = Account("alice", "example.com", push=PUSH, purr=True)
PURR = ("Feature-Caps", '*;+sip.pns="acme";+sip.pnspurr="first"')


@define(eq=False)
class Straight:
    """An endpoint that leads to the test, or to another one's UA by way of no proxy."""

    address: Address
    receive: Callable[[bytes, Address], None] = field(init=False)
    heard: list[Request | Response] = field(factory=list)
    peer: Straight | None = None
    to: Address | None = None
    transport: str = "UDP"

    def send(self, octets: bytes, to: Address) -> None:
        """What the UA calls."""
        self.to = to
        self.heard.append(read(octets))
        if self.peer is not None:
            self.peer.receive(octets, self.address)

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
        self.receive(write(response_to(self.last, status, extra=extra, to_tag="s")), SERVER)


def entropy() -> Callable[[int], bytes]:
    count = iter(range(1, 1000))
    return lambda octets: next(count).to_bytes(octets, "big")


octets = entropy()


def phone(account: Account, host: str = "192.0.2.10") -> tuple[ScriptedUA, Straight]:
    """A UA with *account*, and where it speaks."""
    line = Straight(Address(host, 5062))
    return ScriptedUA(account, line, SERVER, Clock(), octets, retransmits=False), line


def pair(alice: Account = ALICE) -> tuple[ScriptedUA, ScriptedUA]:
    """A registered UA of *alice*, and one of bob; what one says the other hears."""
    one, line = phone(alice)
    one.register()
    line.answer(200, [PURR])
    other, far = phone(Account("bob", "example.com"), "192.0.2.20")
    line.peer, far.peer = far, line
    one.policy = answer_at_once
    return one, other


def purr_of(message: Request | Response) -> str | None:
    [contact] = message.contacts
    return contact.uri.param("pn-purr")


def responses(ua: ScriptedUA, method: str, status: int) -> list[Response]:
    return [
        message
        for message in ua.sent
        if isinstance(message, Response)
        and (message.cseq.method, message.status) == (method, status)
    ]


def test_ua_has_no_purr_before_it_was_given_one() -> None:
    """U-09: a UA that has received no PURR inserts none."""
    alice, line = phone(ALICE)
    alice.call("sip:bob@example.com")
    assert purr_of(line.last) is None


def test_last_purr_is_in_the_contact_of_a_call() -> None:
    """U-09: the Contact URI of the INVITE has the PURR of the last REGISTER's 2xx."""
    alice, line = phone(ALICE)
    alice.register()
    line.answer(200, [PURR])
    assert [(caps.pns, caps.purr) for caps in alice.caps] == [("acme", "first")]
    alice.register()
    assert purr_of(line.last) is None
    line.answer(200, [("Feature-Caps", '*;+sip.pns="acme";+sip.pnspurr="second"')])
    alice.register()
    line.answer(200)
    assert (alice.caps, alice.purr) == ([], "second")
    alice.call("sip:bob@example.com")
    assert purr_of(line.last) == "second"


def test_refusal_gives_no_purr() -> None:
    """U-09: what a 4xx says is not what a 2xx says."""
    alice, line = phone(ALICE)
    alice.register()
    line.answer(403, [PURR])
    assert alice.purr is None


def test_account_that_does_not_ask_is_not_woken_in_dialogs() -> None:
    """RFC 8599 section 6.1.1: it is the UA's own decision."""
    alice, line = phone(evolve(ALICE, purr=False))
    alice.register()
    line.answer(200, [PURR])
    assert alice.purr == "first"
    alice.call("sip:bob@example.com")
    assert purr_of(line.last) is None


def test_callee_says_its_purr() -> None:
    """U-09: so do the 200 to a call that it gets, and its re-INVITE."""
    alice, bob = pair()
    call = bob.call("sip:alice@example.com")
    assert [purr_of(response) for response in call.answers.values()] == ["first"]
    assert call.dialog.target == "sip:alice@192.0.2.10:5062;pn-purr=first"
    assert purr_of(call.invite) is None
    alice.incoming[0].reinvite()
    assert purr_of(call.reinvites[0]) == "first"


@pytest.mark.parametrize("method", ["INFO", "UPDATE", "REFER", "NOTIFY"])
def test_any_method_goes_inside_a_call(method: str) -> None:
    """RFC 3261 section 12.2: the remote target is the R-URI, the PURR in it."""
    alice, bob = pair()
    call = bob.call("sip:alice@example.com")
    answer = succeeded(call.request(method, extra=[("Refer-To", "<sip:carol@example.com>")]))
    assert answer.status == 200
    [request] = alice.requests
    assert (request.method, request.uri) == (method, "sip:alice@192.0.2.10:5062;pn-purr=first")
    assert request.headers.get("Refer-To") == "<sip:carol@example.com>"
    assert len(answer.contacts) == (method != "INFO")


def test_replaces_names_the_dialog_as_its_other_side_does() -> None:
    """RFC 3891 section 3: to-tag is the tag of whom it is sent to."""
    alice, bob = pair()
    call = bob.call("sip:alice@example.com")
    carol, line = phone(Account("carol", "example.com"), "192.0.2.30")
    carol.call(call.dialog.target, extra=[("Replaces", call.dialog.replaces)])
    assert line.last.uri == "sip:alice@192.0.2.10:5062;pn-purr=first"
    assert line.to == SERVER
    assert line.last.to.tag is None
    theirs = NameAddr.parse(alice.incoming[0].dialog.local).tag
    ours = call.invite.from_.tag
    assert line.last.headers.get("Replaces") == f"{call.call_id};to-tag={theirs};from-tag={ours}"


def test_reinvite_is_taken_back() -> None:
    """RFC 3261 section 9.1: the CANCEL has the re-INVITE's own branch and number."""
    _, bob = pair()
    call = bob.call("sip:alice@example.com")
    with pytest.raises(RuntimeError, match="no re-INVITE"):
        call.cancel_reinvite()
    bob.endpoint.peer = None  # type: ignore[attr-defined] # a Straight one
    call.reinvite()
    reinvite = bob.sent[-1]
    call.cancel_reinvite()
    cancel = bob.sent[-1]
    assert (cancel.cseq.method, cancel.cseq.number) == ("CANCEL", reinvite.cseq.number)
    assert (cancel.via, cancel.to) == (reinvite.via, reinvite.to)


def test_subscription_is_a_dialog() -> None:
    """RFC 6665: SUBSCRIBE, NOTIFYs inside it, a refresh, the end."""
    alice, bob = pair()
    bob.replies["SUBSCRIBE"] = 200
    subscription = alice.subscribe("sip:bob@example.com", "presence", 600)
    assert succeeded(subscription.answered).headers.get("Expires") == "600"
    [heard] = bob.subscribers
    assert heard.dialog.target == "sip:alice@192.0.2.10:5062;pn-purr=first"
    assert succeeded(heard.notify(b"open")).status == 200
    [notify] = alice.requests
    assert (notify.headers.get("Event"), notify.body) == ("presence", b"open")
    assert succeeded(subscription.refresh(0)).status == 200
    assert [request.method for request in bob.requests] == ["SUBSCRIBE", "SUBSCRIBE"]
    assert bob.requests[-1].to.tag == NameAddr.parse(heard.dialog.local).tag


def test_refused_subscription_is_no_dialog() -> None:
    """RFC 6665 section 4.1.2: 405 unless the test says otherwise."""
    alice, bob = pair()
    subscription = alice.subscribe("sip:bob@example.com", "presence")
    assert succeeded(subscription.answered).status == 405
    assert bob.subscribers == []
    with pytest.raises(RuntimeError, match="no dialog"):
        subscription.refresh()


def test_notify_may_be_faster_than_the_answer() -> None:
    """RFC 6665 section 4.1.2.4: it is in the subscription all the same."""
    alice, line = phone(ALICE)
    alice.subscribe("sip:bob@example.com", "presence")
    bob, far = phone(Account("bob", "example.com"), "192.0.2.20")
    bob.replies["SUBSCRIBE"] = 200
    far.receive(write(line.last), alice.address)
    notified = bob.subscribers[0].notify()
    line.receive(write(far.last), bob.address)
    far.receive(write(line.heard[-1]), alice.address)
    assert succeeded(notified).status == 200


def test_contact_says_what_a_dialect_says() -> None:
    """D-03, U-07: free text in the URI and after it, beside what the RFC has."""
    account = Account(
        "alice",
        "example.com",
        instance="<urn:uuid:1>",
        pnsreg=True,
        uri_params=";pn-type=acme:app;pn-tok=1",
        contact_params=";q=0.5",
    )
    alice, line = phone(account)
    alice.register()
    assert line.last.headers.get("Contact") == (
        "<sip:alice@192.0.2.10:5062;pn-type=acme:app;pn-tok=1>"
        ';+sip.instance="<urn:uuid:1>";+sip.pnsreg;q=0.5'
    )


@pytest.mark.parametrize(
    ("provider", "written"), [("", ";pn-provider"), ("acme", ";pn-provider=acme")]
)
def test_query_has_no_prid(provider: str, written: str) -> None:
    """U-08: with a value or without, a capability query never has a PRID."""
    alice, line = phone(Account("alice", "example.com", push=PushParams(provider, "", None)))
    alice.register()
    [contact] = line.last.contacts
    assert contact.uri_text == f"sip:alice@192.0.2.10:5062{written}"


def test_account_may_change() -> None:
    """U-04: a new token, a new password, from the next request on."""
    alice, line = phone(ALICE)
    alice.register()
    alice.account = evolve(ALICE, push=PushParams("acme", "app", "tok2"), password="new")
    alice.register()
    assert line.last.contacts[0].uri.param("pn-prid") == "tok2"
    line.answer(401, [("WWW-Authenticate", 'Digest realm="r",nonce="n"')])
    assert "Authorization" in line.last.headers


def test_register_says_what_the_test_says() -> None:
    """F-03: several Contacts, or ``*``; other fields."""
    alice, line = phone(ALICE)
    alice.register(0, contacts=["*"], extra=[("Feature-Caps", '*;+sip.pns="acme"')])
    assert line.last.headers.get_all("Contact") == ["*"]
    assert line.last.headers.get("Feature-Caps") == '*;+sip.pns="acme"'
    alice.register(contacts=["<sip:a@192.0.2.1>", "<sip:b@192.0.2.2>"])
    assert len(line.last.contacts) == 2


def test_tokens_of_dialects_are_in_no_repr() -> None:
    """A PRID is a credential: a failing test prints the account."""
    account = Account("alice", "example.com", uri_params=";pn-tok=SECRET")
    alice, line = phone(evolve(account, contact_params=";pn-prid=SECRET"))
    alice.register()
    line.answer(200, [("Feature-Caps", '*;+sip.pns="acme";+sip.pnspurr="SECRET"')])
    assert "SECRET" not in repr(alice)
