"""
What a fresh eye found in Flow B, or doubted: each is a call that was lost, or might have been.
"""

from __future__ import annotations

import gc
from collections.abc import Mapping, Sequence
from ipaddress import ip_network

import pytest
from attrs import evolve
from twisted.logger import LogEvent

from sippn.auth.settings import AuthSettings
from sippn.binding import Binding, PushKind, PushOutcome, RoutePlan, Source, Verdict
from sippn.proxy import DomainPolicy, ProxySettings, ResponseContext, WaitSettings
from sippn.service import ServerSettings
from sippn.sip import Request, Response, response_to, write
from sippn.testing.calls import Call
from sippn.testing.calls_received import Policy, answer_at_once, by_hand, reject, ring
from sippn.testing.endpoints import Endpoint
from sippn.testing.house import House
from sippn.testing.results import succeeded
from sippn.testing.ua import ScriptedUA
from sippn.wake import Caller

ALICE = "sip:alice@example.com"


def say(
    house: House,
    method: str,
    uri: str,
    fields: Mapping[str, str],
    phone: Endpoint | None = None,
) -> Endpoint:
    """Send a request as it stands, from *phone* or a host of its own."""
    phone = phone or house.endpoint()
    usual = {
        "From": "<sip:x@example.com>;tag=1",
        "To": f"<{ALICE}>",
        "Contact": f"<sip:x@{phone.address}>",
        "Call-ID": phone.address.host,
        "CSeq": f"1 {method}",
        **fields,
    }
    lines = [
        f"{method} {uri} SIP/2.0",
        f"Via: SIP/2.0/UDP {phone.address};rport;branch=z9hG4bK{house.entropy(4).hex()}",
        *(f"{name}: {value}" for name, value in usual.items()),
        "Content-Length: 0",
    ]
    phone.send(("\r\n".join(lines) + "\r\n\r\n").encode(), house.address)
    house.run()
    return phone


def woken(house: House, policy: Policy) -> tuple[ScriptedUA, Call]:
    """A phone of alice that a call has woken, and the call; *policy* is what it does about it."""
    alice = house.asleep("alice", "token-a")
    alice.policy = policy
    call = house.phone("bob").call(ALICE)
    house.run()
    alice.wake()
    house.run()
    return alice, call


def pass_by(house: House, seconds: int) -> None:
    """Let time pass second by second, as it does."""
    for _ in range(seconds):
        house.run(1)


def heard(house: House, phone: Endpoint) -> list[int]:
    """The status codes that *phone* got."""
    return [m.status for m in house.sent_to(phone.address) if isinstance(m, Response)]


def awake(settings: ServerSettings) -> ServerSettings:
    """*settings* under which who has just registered is not pushed."""
    return evolve(settings, proxy=evolve(settings.proxy, awake_after_register=60))


def test_contact_that_is_no_sip_uri_costs_no_call(house: House) -> None:
    """P-004, T7: a Contact that cannot be read is passed on without its push parameters."""
    alice = house.asleep("alice", "token-a")
    odd = "<tel:+15551234;pn-prid=SECRET;pn-x>;pn-tok=SECRET"
    caller = say(house, "INVITE", ALICE, {"Contact": odd})
    alice.policy = by_hand
    alice.wake()
    house.run()
    alice.incoming[0].reject(486)
    house.run()
    assert heard(house, caller) == [100, 486]
    assert alice.incoming[0].invite.headers.get("Contact") == "<tel:+15551234>"


def test_request_that_cannot_be_passed_on_wakes_nobody(house: House) -> None:
    """RFC 3261 16.3: a Contact that makes no sense is a 400 before anybody is pushed."""
    house.asleep("alice", "token-a")
    caller = say(house, "INVITE", ALICE, {"Contact": "<sip:x@a b;pn-x=1>"})
    assert heard(house, caller)[-1] == 400
    assert house.pns.jobs == []


@pytest.mark.parametrize("broken", ["Contact: <sip:x@;pn-x=1>", "X: y"])
def test_answer_that_cannot_be_passed_on_is_an_answer(house: House, broken: str) -> None:
    """RFC 3261 16.7, step 3: a broken final response ends its branch; no call stays open."""
    alice, call = woken(house, by_hand)
    refusal = Response(486, "Busy Here", alice.incoming[0].invite.headers)
    lines = write(refusal).decode().split("\r\n")
    if broken == "X: y":  # without the Via of who is to get it
        lines = [line for line in lines if "192.0.2.12" not in line or not line.startswith("Via")]
    octets = "\r\n".join([lines[0], broken, *lines[1:]]).encode()
    alice.endpoint.send(octets, house.address)
    house.run()
    assert succeeded(call.failed).status == 502


class Twice(DomainPolicy):
    """A plugin that adds a target that is there already."""

    def determine_targets(self, request: Request, plan: RoutePlan) -> RoutePlan:  # noqa: ARG002 - the socket's shape
        """Alice, and alice again."""
        return evolve(plan, targets=(ALICE, ALICE))


class Broken(DomainPolicy):
    """A plugin that gives the second binding a Path that is none."""

    def select_bindings(self, request: Request, found: Sequence[Binding]) -> Sequence[Binding]:  # noqa: ARG002 - the socket's shape
        """Spoil the last."""
        return [*found[:-1], evolve(found[-1], path=("<nonsense",))]


def test_branch_that_cannot_leave_leaves_the_others_alone(
    settings: ServerSettings, nothing_fails_unseen: list[LogEvent]
) -> None:
    """RFC 3261 16.6: one target that makes no sense costs the others nothing."""
    broken = Broken(lambda host: host == "example.com", lambda _host, _port: False)
    house = House.built(evolve(awake(settings), policies=(lambda _: broken,)))
    phones = registered(house, 2)
    call = house.phone("bob").call(ALICE)
    house.run()
    assert succeeded(call.answered).status == 200
    assert sum(len(phone.incoming) for phone in phones) == 1
    assert len(nothing_fails_unseen) == 1
    nothing_fails_unseen.clear()


def registered(house: House, number: int) -> list[ScriptedUA]:
    """So many phones of alice, which have just registered."""
    phones = [
        house.phone("alice", f"token-{each}", instance=f"<urn:uuid:{each}>")
        for each in range(number)
    ]
    for phone in phones:
        assert house.get(phone.register()).status == 200
    return phones


def test_lost_flow_is_woken_once_more(settings: ServerSettings) -> None:
    """S-08: 430 from the edge of a UA that was thought awake: push, and deliver; but once."""
    house = House.built(awake(settings))
    (alice,) = registered(house, 1)
    alice.policy = reject(430)
    call = house.phone("bob").call(ALICE)
    house.run()
    assert [job.call_id for job in house.pns.jobs] == [call.call_id]
    assert not call.failed.called
    alice.wake()
    house.run()
    assert len(alice.incoming) == 2
    assert succeeded(call.failed).status == 430
    assert len(house.pns.jobs) == 1


def test_nobody_is_woken_for_a_call_that_was_declined(settings: ServerSettings) -> None:
    """S-11: a 6xx ends all; what dies after it is not woken again."""
    house = House.built(awake(settings))
    first, second = registered(house, 2)
    first.policy = second.policy = by_hand
    call = house.phone("bob").call(ALICE)
    house.run()
    second.incoming[0].reject(603)
    first.incoming[0].reject(430)
    house.run()
    assert succeeded(call.failed).status == 603
    assert house.pns.jobs == []


def test_late_caller_has_time_of_his_own(house: House) -> None:
    """P-045, S-04: a push that failed for lack of time ends no wait that has more."""
    alice = house.asleep("alice", "token-a")
    house.pns.at_once = PushOutcome(Verdict.BUSY)
    first = house.phone("bob").call(ALICE)
    pass_by(house, 15)
    late = house.phone("carol").call(ALICE)
    pass_by(house, 5)
    assert succeeded(first.failed).status == 480
    assert not late.failed.called
    house.pns.at_once = PushOutcome(Verdict.ACCEPTED)
    pass_by(house, 4)
    assert house.pns.jobs[-1].call_id == late.call_id
    alice.wake()
    house.run()
    assert succeeded(late.answered).status == 200


def test_push_is_shared_as_long_as_who_asked_would_wait(house: House) -> None:
    """S-04: callers in a chain do not live on one push for ever, nor strangers without paying."""
    house.asleep("alice", "token-a")
    house.pns.at_once = PushOutcome(Verdict.ACCEPTED)
    for _ in range(3):
        house.phone("bob").call(ALICE)
        pass_by(house, 15)
    assert [job.kind for job in house.pns.jobs].count(PushKind.CALL) == 2


def test_phone_that_rings_for_ever_is_given_up(house: House) -> None:
    """RFC 3261 16.8: Timer C; the caller has cancelled nothing, so what it gets is a 408."""
    alice, call = woken(house, ring)
    house.run(120)
    alice.incoming[0].ring()
    house.run()
    house.run(120)
    assert not alice.incoming[0].cancelled
    house.run(80)
    assert alice.incoming[0].cancelled
    assert succeeded(call.failed).status == 408


def test_strict_route_without_a_route_is_refused(house: House) -> None:
    """RFC 3261 16.4, A2: an empty Route is no Route, and no bug of ours."""
    caller = say(house, "INVITE", "sip:192.0.2.1:5060;lr", {"Route": ""})
    assert heard(house, caller)[-1] in {400, 404}


def test_strict_router_reaches_the_other_side(house: House) -> None:
    """RFC 3261 16.4: our token in the Request-URI, where a strict router put it, is our token."""
    alice, call = woken(house, answer_at_once)
    answer = succeeded(call.answered)
    (token,) = [value.strip("<>") for value in answer.headers.values("Record-Route")]
    fields = {name: answer.headers.get(name) or "" for name in ("From", "To", "Call-ID")}
    caller = say(house, "INFO", token, {**fields, "Route": answer.headers.get("Contact") or ""})
    assert heard(house, caller) == [200]
    assert [request.method for request in alice.requests] == ["INFO"]


def test_challenges_of_all_branches_are_passed_on(house: House) -> None:
    """RFC 3261 16.7, step 7: the caller can answer only what it has seen."""
    phones = [house.phone("alice") for _ in range(2)]
    for phone in phones:
        phone.policy = by_hand
        assert house.get(phone.register()).status == 200
    caller = say(house, "INVITE", ALICE, {})
    for realm, phone in zip("ab", phones, strict=True):
        invite = phone.incoming[0].invite
        challenge = ("Proxy-Authenticate", f'Digest realm="{realm}", nonce="n"')
        answer = response_to(invite, 407, extra=[challenge], to_tag=realm)
        phone.endpoint.send(write(answer), house.address)
    house.run()
    assert heard(house, caller) == [100, 407]
    found = house.sent_to(caller.address)[-1].headers.get_all("Proxy-Authenticate")
    assert sorted(found) == ['Digest realm="a", nonce="n"', 'Digest realm="b", nonce="n"']


def test_request_uri_has_no_header_fields(house: House) -> None:
    """RFC 3261 16.6, step 2, and 19.1.1: no headers and no method in a Request-URI."""
    contact = "<sip:alice@192.0.2.77;method=INVITE;x=y?Subject=hi>"
    alice = say(house, "REGISTER", "sip:example.com", {"Contact": contact})
    house.phone("bob").request("MESSAGE", ALICE)
    house.run()
    (message,) = [m for m in house.sent_to(alice.address) if isinstance(m, Request)]
    assert message.uri == "sip:alice@192.0.2.77;x=y"


def test_target_set_is_a_set(settings: ServerSettings) -> None:
    """RFC 3261 16.5: whoever two plugins name is called once."""
    twice = Twice(lambda host: host == "example.com", lambda _host, _port: False)
    house = House.built(evolve(awake(settings), policies=(lambda _: twice,)))
    (alice,) = registered(house, 1)
    house.phone("bob").call(ALICE)
    house.run()
    assert len(alice.incoming) == 1


def test_stranger_is_a_network_where_addresses_are_free() -> None:
    """T1: whoever has one IPv6 address has 2**64 of them, and one budget."""

    def key(host: str) -> str:
        return Caller.of(None, Source("f", host, 5060)).key

    assert key("2001:db8::1") == key("2001:db8::ffff:2") != key("2001:db8:0:1::1")
    assert key("192.0.2.1") != key("192.0.2.2") == key("::ffff:192.0.2.2")


def contexts() -> int:
    """How many requests the proxy remembers."""
    return sum(isinstance(one, ResponseContext) for one in gc.get_objects())


def test_answered_request_leaves_no_cycle(house: House) -> None:
    """RELIABILITY W5: what is over is freed at once, not when the collector comes by."""
    house.asleep("alice", "token-a")
    gc.collect()
    before = contexts()
    gc.disable()
    house.phone("bob").request("OPTIONS", ALICE)
    house.run()
    after = contexts()
    gc.enable()
    assert after == before


def test_trusted_peer_says_how_long_its_caller_waits(settings: ServerSettings) -> None:
    """S-14: P-Sippn-Wait counts from a trusted peer only, and goes no further."""
    auth = AuthSettings(trusted=(ip_network("192.0.2.12/32"),))
    house = House.built(evolve(settings, auth=auth))
    alice = house.asleep("alice", "token-a")
    peer, stranger = (say(house, "INVITE", ALICE, {"P-Sippn-Wait": "3"}) for _ in range(2))
    house.run(3)
    assert (heard(house, peer), heard(house, stranger)) == ([100, 480], [100])
    alice.wake()
    house.run()
    assert alice.incoming[0].invite.headers.get("P-Sippn-Wait") is None


def test_caller_is_told_again_and_again(settings: ServerSettings) -> None:
    """S-06: the provisional at once and every 60 s; none after the wait."""
    proxy = ProxySettings(provisional=182, wait=WaitSettings(invite=150))
    house = House.built(evolve(settings, proxy=proxy))
    alice = house.asleep("alice", "token-a")
    call = house.phone("bob").call(ALICE)
    house.run()
    pass_by(house, 140)
    assert [response.status for response in call.provisionals] == [100, 182, 182, 182]
    alice.policy = by_hand
    alice.wake()
    house.run()
    pass_by(house, 70)
    assert [response.status for response in call.provisionals] == [100, 182, 182, 182]
    alice.sleep()
    other = house.phone("carol").call(ALICE)
    house.run()
    other.cancel()
    house.run()
    assert succeeded(other.failed).to.tag == other.provisionals[1].to.tag  # RFC 3261 8.2.6.2


def test_request_goes_by_the_path_of_the_register(house: House) -> None:
    """RFC 3327: what came through an edge goes back through it, woken or not."""
    edge = "<sip:edge.example.com;lr>, <sip:inner.example.com;lr>"
    contact = "<sip:alice@10.0.0.1;pn-provider=acme;pn-param=app;pn-prid=token-a>"
    fields = {"Contact": contact, "Path": edge}
    alice = say(house, "REGISTER", "sip:example.com", fields)
    house.phone("bob").call(ALICE)
    house.run()
    say(house, "REGISTER", "sip:example.com", {**fields, "CSeq": "2 REGISTER"}, alice)
    (invite,) = [m for m in house.sent_to(alice.address) if isinstance(m, Request)]
    assert invite.headers.values("Route") == edge.split(", ")
    assert invite.uri == "sip:alice@10.0.0.1"


def test_two_flows_of_a_phone_are_one_target(house: House) -> None:
    """S-10, RFC 5626 section 7: one device is called once, however many flows it keeps."""
    uri = "sip:alice@192.0.2.11;ob;pn-provider=acme;pn-param=app;pn-prid=token-a"
    alice, cseq = house.endpoint(), iter(range(1, 9))

    def register() -> None:
        for flow in (1, 2):
            contact = f'<{uri}>;+sip.instance="<urn:uuid:1>";reg-id={flow}'
            number = f"{next(cseq)} REGISTER"
            fields = {"Contact": contact, "Supported": "outbound", "CSeq": number}
            say(house, "REGISTER", "sip:example.com", fields, alice)

    register()
    house.phone("bob").call(ALICE)
    house.run()
    register()
    assert len([m for m in house.sent_to(alice.address) if isinstance(m, Request)]) == 1


@pytest.mark.parametrize("transport", ["udp"])  # it loses a message
def test_answer_that_crosses_the_cancel_is_passed_on(house: House) -> None:
    """RFC 3261 9.1, 16.10: the 2xx was faster: the caller gets it, ACKs it and hangs up."""
    alice, call = woken(house, ring)
    house.network.copies = lambda datagram: int(
        not datagram.octets.startswith(b"CANCEL sip:alice@1")
    )
    call.cancel()
    house.run()
    alice.incoming[0].answer()
    house.run()
    assert succeeded(call.answered).status == 200
    assert alice.incoming[0].ended.called
    assert not call.failed.called
