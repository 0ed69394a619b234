"""Tests for :mod:`sippn.stack`, over a network in memory."""

from __future__ import annotations

import pytest
from twisted.internet.error import CannotListenError
from twisted.logger import LogEvent
from twisted.trial.unittest import SynchronousTestCase

from sippn.errors import ServiceUnavailable, TransportError
from sippn.events import Event, MessageReceived, MessageRefused, MessageSent
from sippn.sip import Request, check, read
from sippn.testing.network import MemoryNetwork
from sippn.transaction import ServerTransaction, TransactionLayer
from sippn.transport import Flow
from tests.stack.bench import Bench, Observer, RecordingCore, refuse, request

case = SynchronousTestCase()


# --- receiving requests


def test_request_reaches_the_core(bench: Bench) -> None:
    """With its transaction, and the flow it came on."""
    bench.say(request())
    ((received, transaction, flow),) = bench.core.requests
    assert received.method == "OPTIONS"
    assert transaction.request is received
    assert flow.remote == bench.phone.address
    assert bench.heard() == []


def test_repetition_does_not(bench: Bench) -> None:
    """Retransmissions end in the transaction layer, answered from there."""
    bench.core.do = refuse(404)
    bench.say(request())
    bench.say(request())
    assert len(bench.core.requests) == 1
    assert [response.status for response in bench.heard()] == [404, 404]


def test_rport_is_filled_in(bench: Bench) -> None:
    """RFC 3581 section 4: rport and received, even if sent-by says the same."""
    bench.say(request())
    via = bench.core.requests[0][0].via
    assert (via.received, via.rport) == ("192.0.2.1", "4711")


def test_received_is_added_where_sent_by_is_another(bench: Bench) -> None:
    """RFC 3261 18.2.1; what the sender claims about itself is thrown away."""
    bench.say(request(via="phone.example:4711;received=203.0.113.9;branch=z9hG4bK1"))
    via = bench.core.requests[0][0].via
    assert (via.received, via.rport) == ("192.0.2.1", None)


def test_via_that_tells_the_truth_is_left_alone(bench: Bench) -> None:
    """RFC 3261 18.2.1: received only says what sent-by does not."""
    bench.say(request(via="192.0.2.1:4711;branch=z9hG4bK1"))
    assert str(bench.core.requests[0][0].via) == "SIP/2.0/UDP 192.0.2.1:4711;branch=z9hG4bK1"


def test_only_the_topmost_via_is_touched(bench: Bench) -> None:
    """Those below are for those before us, on one line or on several."""
    bench.say(
        request(
            via="192.0.2.1:4711;branch=z9hG4bK1;rport, SIP/2.0/UDP 10.0.0.1;branch=z9hG4bK0;rport",
            more="Via: SIP/2.0/TCP 10.0.0.2;branch=z9hG4bK00\n",
        )
    )
    assert bench.core.requests[0][0].headers.values("Via") == [
        "SIP/2.0/UDP 192.0.2.1:4711;branch=z9hG4bK1;received=192.0.2.1;rport=4711",
        "SIP/2.0/UDP 10.0.0.1;branch=z9hG4bK0;rport",
        "SIP/2.0/TCP 10.0.0.2;branch=z9hG4bK00",
    ]


def test_answer_goes_to_the_source_port_with_rport(bench: Bench) -> None:
    """RFC 3581: through the NAT, whatever sent-by says."""
    bench.core.do = refuse(404)
    bench.say(request(via="10.0.0.1:5062;branch=z9hG4bK1;rport"))
    assert [response.status for response in bench.heard()] == [404]


@pytest.mark.parametrize(("sent_by", "port"), [("10.0.0.1:5062", 5062), ("10.0.0.1", 5060)])
def test_answer_goes_to_sent_bys_port_without(bench: Bench, sent_by: str, port: int) -> None:
    """RFC 3261 18.2.2: the address it came from, the port it names; maddr counts for nothing."""
    bench.core.do = refuse(404)
    old = bench.network.endpoint("192.0.2.1", port)
    bench.say(request(via=f"{sent_by};branch=z9hG4bK1;maddr=203.0.113.9"))
    assert [response.status for response in bench.heard(old)] == [404]
    assert bench.heard() == []
    assert bench.core.requests[0][2].remote == bench.phone.address


def test_answer_goes_to_an_ipv6_source() -> None:
    """Sent-by has brackets, received has none."""
    network = MemoryNetwork()
    bench = Bench(network=network, listeners=(network.listener("2001:db8::10"),))
    bench.core.do = refuse(404)
    phone = network.endpoint("2001:db8::1", 4711)
    bench.say(request(via="[2001:db8::1]:4711;branch=z9hG4bK1;rport"), phone)
    (answer,) = bench.heard(phone)
    assert (answer.via.received, answer.via.rport) == ("2001:db8::1", "4711")


# --- what is no message, or too much


@pytest.mark.parametrize(
    ("text", "status"),
    [
        (request(via="192.0.2.1:4711;branch=z9hG4bK1;rport", to="<sip:bob"), 400),
        (request().replace("CSeq: 1 OPTIONS", "CSeq: 1 INVITE"), 400),
        (request().replace("SIP/2.0\nVia", "SIP/3.0\nVia"), 505),
        (request(more="Content-Length: 99\n"), 400),
    ],
)
def test_broken_request_is_answered(bench: Bench, text: str, status: int) -> None:
    """Without a transaction, and where its Via says (RFC 3261 18.3, RFC 4475 3.1.2)."""
    bench.say(text)
    (answer,) = bench.heard()
    assert answer.status == status
    assert answer.via.rport == "4711"
    assert bench.core.requests == []


def test_broken_via_is_answered_where_it_came_from(bench: Bench) -> None:
    """There is no other place to answer to."""
    bench.say(request(via=":]"))
    assert [response.status for response in bench.heard()] == [400]


def test_what_lacks_most_is_answered_in_full(bench: Bench) -> None:
    """RFC 4475 section 3.3.1: 400, which has what every response has (RFC 3261 section 8.2.6.2)."""
    whole = request(more=f"Subject: {'long ' * 20}\n")
    lacking = [line for line in whole.split("\n") if not line.startswith(("From", "To", "Call-ID"))]
    bench.say("\n".join(lacking))
    (answer,) = bench.heard()
    check(answer)
    assert answer.status == 400
    assert answer.to.tag
    assert [key for key in ("from", "to", "call-id") if answer.headers.keys.count(key) != 1] == []


def test_nothing_is_amplified_for_who_sends_rubbish(bench: Bench) -> None:
    """A2: an answer of more than 1.5 times what came helps nobody but who forges its source."""
    short = "A b SIP/\nv:SIP/2.0/UDP h;rport\nCSeq:1 A\n\n"
    bench.say(short)
    assert bench.heard() == []
    bench.say(short.replace("CSeq", f"Subject:{'s' * 140}\nCSeq"))
    (answer,) = bench.heard()
    assert answer.status == 400


@pytest.mark.parametrize(
    "text",
    [
        "hello",
        "\n\n\n",
        request("ACK").replace("CSeq: 1 ACK", "CSeq: 1 INVITE"),
        request().replace("CSeq", "X-CSeq"),
        request().replace("Via", "X-Via"),
        "SIP/2.0 200 OK\nVia: nonsense\n\n",
        "SIP/2.0 200 OK\nContent-Length: 99\n\n",
    ],
)
def test_what_cannot_be_answered_is_dropped(bench: Bench, text: str) -> None:
    """A response or an ACK never is (RFC 3261 section 17), nor is noise."""
    bench.say(text)
    assert bench.heard() == []
    assert not bench.core.requests
    assert not bench.core.acks


def test_refusal_has_one_tag_each_time(bench: Bench) -> None:
    """RFC 3261 8.2.7: a stateless UAS answers a repetition with the same To tag."""
    for _ in range(2):
        bench.say(request("INVITE", more="Content-Length: 99\n"))
    first, second = bench.heard()
    assert first.to.tag == second.to.tag
    assert first.to.tag


def test_ack_to_a_refusal_ends_here(bench: Bench) -> None:
    """It has no transaction, and must not be taken for the ACK of a 2xx."""
    bench.say(request("INVITE", more="Content-Length: 99\n"))
    (refusal,) = bench.heard()
    bench.say(request("ACK", to=str(refusal.to)))
    assert bench.core.acks == []


def test_overload_is_answered_with_retry_after() -> None:
    """The layer's 503 leaves without a transaction, since there is no room for one."""
    bench = Bench(max_transactions=1)
    bench.say(request("INVITE"))
    bench.say(request("INVITE", via="192.0.2.1:4711;branch=z9hG4bK2;rport"))
    (answer,) = bench.heard()
    assert answer.status == 503
    assert answer.headers.get("Retry-After") is not None
    assert len(bench.core.requests) == 1


def test_refusal_that_cannot_leave_is_forgotten(bench: Bench) -> None:
    """A source that cannot be answered costs nothing."""
    flow = flow_to_phone(bench)
    bench.stack.stop()
    bench.stack.received(request(via=":]").replace("\n", "\r\n").encode(), flow)


# --- bugs of ours


def broken(transaction: ServerTransaction) -> None:
    """A core with a bug."""
    raise ZeroDivisionError


def test_bug_of_the_core_is_a_500(bench: Bench, nothing_fails_unseen: list[LogEvent]) -> None:
    """Logged, answered once, and the socket lives."""
    bench.core.do = broken
    bench.say(request())
    assert [response.status for response in bench.heard()] == [500]
    bench.core.do = refuse(404)
    bench.say(request(via="192.0.2.1:4711;branch=z9hG4bK2;rport"))
    assert [response.status for response in bench.heard()] == [404]
    assert len(nothing_fails_unseen) == 1
    nothing_fails_unseen.clear()


def test_bug_after_the_answer_changes_nothing(
    bench: Bench, nothing_fails_unseen: list[LogEvent]
) -> None:
    """There is exactly one final response."""

    def answer_and_break(transaction: ServerTransaction) -> None:
        refuse(404)(transaction)
        raise ServiceUnavailable

    bench.core.do = answer_and_break
    bench.say(request())
    assert [response.status for response in bench.heard()] == [404]
    assert len(nothing_fails_unseen) == 1
    nothing_fails_unseen.clear()


def test_bug_below_the_core_is_a_500_too(
    bench: Bench, nothing_fails_unseen: list[LogEvent], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else it would come again every few seconds."""

    def fail(layer: TransactionLayer, request: Request, flow: Flow) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(TransactionLayer, "receive_request", fail)
    bench.say(request())
    assert [response.status for response in bench.heard()] == [500]
    assert len(nothing_fails_unseen) == 1
    nothing_fails_unseen.clear()


def test_bug_with_an_ack_is_logged(
    bench: Bench, nothing_fails_unseen: list[LogEvent], monkeypatch: pytest.MonkeyPatch
) -> None:
    """There is nothing to answer; the log names the flow."""

    def fail(core: RecordingCore, request: Request, flow: Flow) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(RecordingCore, "ack_received", fail)
    bench.say(request("ACK"))
    assert bench.heard() == []
    assert nothing_fails_unseen[0]["flow"] == "udp:192.0.2.10:5060:192.0.2.1:4711"
    nothing_fails_unseen.clear()


# --- ACK and CANCEL


def test_ack_of_a_refusal_by_the_core_is_absorbed(bench: Bench) -> None:
    """RFC 3261 17.2.1: it belongs to the INVITE's transaction."""
    bench.core.do = refuse(404)
    bench.say(request("INVITE"))
    bench.say(request("ACK", to="<sip:bob@example.com>;tag=b"))
    assert bench.core.acks == []


def test_ack_of_a_2xx_goes_to_the_core(bench: Bench) -> None:
    """Stamped like any request."""
    bench.core.do = refuse(200)
    bench.say(request("INVITE"))
    ack = request("ACK", "192.0.2.1:4711;branch=z9hG4bK2;rport", "<sip:bob@example.com>;tag=b")
    bench.say(ack)
    (received,) = bench.core.acks
    assert received.via.rport == "4711"
    assert len(bench.core.requests) == 1


def test_cancel_finds_its_invite(bench: Bench) -> None:
    """RFC 3261 section 9.2: by the branch they share."""
    bench.say(request("INVITE"))
    bench.say(request("CANCEL"))
    (_, invite, _), (cancel, _, _) = bench.core.requests
    assert bench.stack.find_invite(cancel) is invite
    bench.say(request("CANCEL", via="192.0.2.1:4711;branch=z9hG4bK2;rport"))
    assert bench.stack.find_invite(bench.core.requests[2][0]) is None


# --- sending


def outgoing(bench: Bench, method: str = "OPTIONS") -> Request:
    """What a core sends."""
    text = request(method).replace("\n", "\r\n").encode()
    message = read(text)
    assert isinstance(message, Request)
    return message


def sent_to_phone(bench: Bench) -> list[Request]:
    """What the phone was asked since the last time."""
    bench.network.deliver()
    messages = [read(octets) for octets, _ in bench.phone.inbox]
    bench.phone.inbox.clear()
    return [message for message in messages if isinstance(message, Request)]


def flow_to_phone(bench: Bench) -> Flow:
    """By its token, as a binding has it."""
    flow = bench.stack.flow(f"udp:{bench.server}:{bench.phone.address}")
    assert flow is not None
    return flow


def test_request_leaves_under_our_via(bench: Bench) -> None:
    """RFC 3261 18.1.1 and 8.1.1.7: sent-by is ours, and the branch unique."""
    for _ in range(2):
        bench.stack.send(outgoing(bench), flow_to_phone(bench), Observer())
    first, second = sent_to_phone(bench)
    assert (first.via.transport, first.via.host, first.via.port) == ("UDP", "192.0.2.10", 5060)
    assert first.via.rport == ""
    assert first.via.branch is not None
    assert first.via.branch.startswith("z9hG4bK")
    assert len(first.via.branch) == 7 + 20
    assert first.via.branch != second.via.branch
    assert first.headers.values("Via")[1:] == outgoing(bench).headers.values("Via")


def test_response_finds_its_request(bench: Bench) -> None:
    """By our branch; the observer is the only one who hears of it."""
    observer = Observer()
    bench.phone.receive = lambda octets, source: bench.phone.send(
        octets.replace(b"OPTIONS sip:bob@example.com SIP/2.0", b"SIP/2.0 200 OK"), source
    )
    bench.stack.send(outgoing(bench), flow_to_phone(bench), observer)
    bench.network.deliver()
    assert [response.status for response in observer.responses] == [200]


def test_response_nobody_waits_for_is_dropped(bench: Bench) -> None:
    """RFC 3261 18.1.2, RFC 6026: above all it goes nowhere else."""
    carried = len(bench.network.carried)
    bench.say(request().replace("OPTIONS sip:bob@example.com SIP/2.0", "SIP/2.0 200 OK"))
    assert len(bench.network.carried) == carried + 1
    assert bench.core.requests == []


def test_stateless_ack_has_one_branch_each_time(bench: Bench) -> None:
    """RFC 3261 16.11: a repetition gets the same branch, another ACK another one."""
    flow = flow_to_phone(bench)
    for _ in range(2):
        bench.stack.send_stateless(outgoing(bench, "ACK"), flow)
    other = read(request("ACK", via="192.0.2.1;branch=z9hG4bK2").replace("\n", "\r\n").encode())
    assert isinstance(other, Request)
    bench.stack.send_stateless(other, flow)
    first, second, third = sent_to_phone(bench)
    assert first.via.branch == second.via.branch != third.via.branch
    assert first.via.branch is not None
    assert first.via.branch.startswith("z9hG4bK")
    assert len(first.headers.values("Via")) == 2


def test_stateless_ack_that_cannot_leave_says_so(bench: Bench) -> None:
    """The proxy drops it then."""
    flow = flow_to_phone(bench)
    bench.stack.stop()
    with pytest.raises(TransportError):
        bench.stack.send_stateless(outgoing(bench, "ACK"), flow)


# --- where things are


def test_knows_itself(bench: Bench) -> None:
    """For Route and Request-URI."""
    assert bench.stack.owns("192.0.2.10", None)
    assert not bench.stack.owns("192.0.2.10", 5070)
    assert bench.stack.flow("nonsense") is None
    assert bench.stack.listening == ["udp 192.0.2.10:5060"]


def test_starts_on_all_sockets_or_on_none() -> None:
    """A busy port stops the start, and frees what was bound before it."""
    network = MemoryNetwork()
    taken = network.endpoint("192.0.2.10", 5062)
    listeners = (network.listener(port=5060), network.listener(port=5062))
    with pytest.raises(CannotListenError):
        Bench(listeners=listeners)
    network.endpoint("192.0.2.10", 5060).close()
    taken.close()
    bench = Bench(listeners=listeners)
    assert bench.stack.listening == ["udp 192.0.2.10:5060", "udp 192.0.2.10:5062"]


# --- events


def test_messages_are_told_both_ways(bench: Bench) -> None:
    """What the ladder is drawn from; times are monotonic."""
    events: list[Event] = []
    bench.bus.subscribe(events.append)
    bench.clock.advance(2)
    bench.say(request("INVITE", more="Content-Length: 99\n"))
    bench.core.do = refuse(404)
    bench.say(request())
    refused, *others = events
    assert isinstance(refused, MessageRefused)
    peer = "192.0.2.1:4711"
    assert (refused.at, refused.peer, refused.transport) == (2, peer, "UDP")
    assert others == [
        MessageSent(2, peer, "UDP", f"400 {refused.reason} (INVITE)", "c1@192.0.2.1"),
        MessageReceived(2, peer, "UDP", "OPTIONS", "c1@192.0.2.1"),
        MessageSent(2, peer, "UDP", "404 Not Found (OPTIONS)", "c1@192.0.2.1"),
    ]


def test_stateless_ack_is_told(bench: Bench) -> None:
    """It has no transaction to tell of it."""
    events: list[Event] = []
    bench.bus.subscribe(events.append)
    bench.stack.send_stateless(outgoing(bench, "ACK"), flow_to_phone(bench))
    assert events == [MessageSent(0, "192.0.2.1:4711", "UDP", "ACK", "c1@192.0.2.1")]
