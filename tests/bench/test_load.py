"""
The driver tells what is lost, refused and doubled from what is well.

Its ends are UDP sockets of this machine; a socket of the test's own is the server.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import closing

import pytest

from bench.load.asking import Asker
from bench.load.caller import Caller
from bench.load.calls import Call, Calls
from bench.load.ends import End
from bench.load.messages import MARK, mark_of, register, registers
from bench.load.phones import Phones
from bench.load.pns import PushService
from bench.load.sockets import port_of, udp_socket
from bench.load.turns import Turns

_AT = b"127.0.0.1:5060"

_INVITE = (
    b"INVITE sip:u0@127.0.0.1 SIP/2.0\r\n"
    b"Via: SIP/2.0/UDP 127.0.0.1:5060;branch=%b\r\n"
    b"Record-Route: <sip:127.0.0.1:5060;lr>\r\n"
    b"From: <sip:caller@bench.test>;tag=1\r\nTo: <sip:u0@bench.test>\r\n"
    b"Call-ID: %08x@caller.invalid\r\nCSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n"
)


@pytest.fixture
def server() -> Iterator[socket.socket]:
    """What the driver talks to; it reads by itself."""
    with closing(udp_socket()) as endpoint:
        endpoint.settimeout(5)
        yield endpoint


@pytest.fixture
def end(server: socket.socket) -> Iterator[socket.socket]:
    """The driver's end."""
    with closing(udp_socket()) as endpoint:
        endpoint.connect(("127.0.0.1", port_of(server)))
        server.connect(("127.0.0.1", port_of(endpoint)))
        yield endpoint


@pytest.fixture
def calls() -> Calls:
    """None, to a single phone."""
    return Calls.to(1)


@pytest.fixture
def call(calls: Calls) -> Call:
    """The first of them."""
    call = calls.begin()
    assert call is not None
    return call


def answer(request: bytes, status: bytes) -> bytes:
    """An answer to *request*, with its Via."""
    return b"SIP/2.0 " + status + b" Whatever\r\n" + request.split(b"\r\n")[1] + b"\r\n\r\n"


def test_mark_comes_back_in_an_answer() -> None:
    """An answer is matched by its branch (RFC 3261 section 17.1.3)."""
    request = register(3, 0x2A, b"127.0.0.1:5060")
    assert MARK in request
    assert mark_of(answer(request, b"200")) == 0x2A
    assert mark_of(b"SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP a;branch=z9hG4bKother\r\n\r\n") == -1


def test_register_is_as_large_as_those_of_phones() -> None:
    """Issue 4, item 1: some 640 octets, with a Contact URI of some 160."""
    request = register(12345, 1, b"127.0.0.1:40000")
    contact = request.partition(b"<sip:u12345@127")[2].partition(b">")[0]
    assert 580 < len(request) < 680
    assert 140 < len(contact) + len(b"sip:u12345@127") < 180


@pytest.mark.parametrize("window", [1, 3])
def test_what_is_not_answered_is_lost(
    server: socket.socket, end: socket.socket, window: int
) -> None:
    """Issue 4, item 1: completions and losses, and refusals apart."""
    statuses = [b"200", b"", b"503", b"200"]

    def serve() -> None:
        for status in statuses:
            request = server.recv(4096)
            if status:
                server.send(answer(request, b"100"))
                server.send(answer(request, status))

    thread = threading.Thread(target=serve)
    thread.start()
    answers = Asker(end, registers(range(4), 1, _AT), 1, patience=0.1).closed_loop(window)
    thread.join()
    assert (answers.ok, answers.refused, answers.lost) == (2, 1, 1)
    assert len(answers.latencies) == 3


def test_answer_that_comes_twice_counts_once(server: socket.socket, end: socket.socket) -> None:
    """Issue 4, item 1: a retransmission is no completion."""

    def serve() -> None:
        for request in [server.recv(4096) for _ in range(2)]:
            server.send(answer(request, b"200"))
            server.send(answer(request, b"200"))

    thread = threading.Thread(target=serve)
    thread.start()
    answers = Asker(end, registers(range(2), 1, _AT), 1, patience=0.1).fixed_rate(1000)
    thread.join()
    assert (answers.ok, answers.lost, len(answers.latencies)) == (2, 0, 2)


def test_doubled_invite_is_told_from_one_sent_again(
    server: socket.socket, end: socket.socket, calls: Calls, call: Call
) -> None:
    """Issue 4, item 1: another branch rings the phone twice, the same one is UDP."""
    phones = Phones(End(end), calls)
    for branch in (b"z9hG4bKa", b"z9hG4bKa", b"z9hG4bKa", b"z9hG4bKb"):
        server.send(_INVITE % (branch, call.mark))
    phones.read()
    assert (calls.repeated, calls.doubled) == (2, 1)
    ringing, answered = server.recv(4096), server.recv(4096)
    assert ringing.startswith(b"SIP/2.0 180 ")
    assert answered.startswith(b"SIP/2.0 200 ")
    assert b"Record-Route: <sip:127.0.0.1:5060;lr>\r\n" in answered
    assert b"To: <sip:u0@bench.test>;tag=" in answered


def test_caller_hangs_up_by_the_recorded_route(
    server: socket.socket, end: socket.socket, calls: Calls, call: Call
) -> None:
    """RFC 3261 section 12.2.1.1: Route is Record-Route the other way round."""
    server.send(
        b"SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 127.0.0.1:1%b%08x;rport\r\n"
        b"Record-Route: <sip:b;lr>, <sip:a;lr>\r\nTo: <sip:u0@bench.test>;tag=9\r\n"
        b"CSeq: 1 INVITE\r\nContact: <sip:u0@127.0.0.1:7>\r\n\r\n" % (MARK, call.mark)
    )
    Caller(End(end), calls, lambda: None).read()
    ack, bye = server.recv(4096), server.recv(4096)
    assert ack.startswith(b"ACK sip:u0@127.0.0.1:7 SIP/2.0\r\n")
    assert bye.startswith(b"BYE sip:u0@127.0.0.1:7 SIP/2.0\r\n")
    assert b"Route: <sip:a;lr>\r\nRoute: <sip:b;lr>\r\n" in bye
    assert b"To: <sip:u0@bench.test>;tag=9\r\n" in bye


def test_refused_call_is_lost_and_says_why(
    server: socket.socket, end: socket.socket, calls: Calls, call: Call
) -> None:
    """Issue 4, item 1: completions and losses."""
    over: list[bool] = []
    server.send(
        b"SIP/2.0 480 Gone\r\nVia: SIP/2.0/UDP 127.0.0.1:1%b%08x;rport\r\n"
        b"To: <sip:u0@bench.test>;tag=9\r\nCSeq: 1 INVITE\r\n\r\n" % (MARK, call.mark)
    )
    Caller(End(end), calls, lambda: over.append(True)).read()
    assert over == [True]
    assert calls.failed == {"INVITE 480": 1}
    assert server.recv(4096).startswith(b"ACK sip:u0@bench.test SIP/2.0\r\n")


def test_call_that_takes_too_long_is_lost(calls: Calls, call: Call) -> None:
    """Issue 4, item 1: a call that never ends is counted, and its phone is free again."""
    assert calls.push(call.user) is call
    calls.give_up()
    assert len(calls) == 1
    calls.patience = 0.0
    calls.give_up()
    assert calls.failed == {"lost after its push": 1}
    assert calls.begin() is not None


def test_call_that_finds_no_phone_is_lost(calls: Calls, call: Call) -> None:
    """Issue 4, item 1: at a fixed rate the server's delay does not lower the rate."""
    assert call.user == 0
    assert calls.begin() is None
    assert calls.asked == 2
    assert calls.failed == {"no phone was free": 1}


def test_post_in_pieces_is_one_push() -> None:
    """Issue 4, item 1: push over HTTP, however TCP cuts it."""
    pushed: list[int] = []
    body = b'{"kind":"call","prid":"%b"}' % (b"0000002a" * 8)
    post = b"POST /push HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)
    turns = Turns()
    service = PushService(turns, pushed.append, http=True)
    with closing(socket.create_connection(("127.0.0.1", service.port), 5)) as client:
        for piece in (post[:20], post[20:90], post[90:] + post):
            client.sendall(piece)
            while turns.turn(0.05):
                pass
        assert client.recv(4096).count(b"HTTP/1.1 200 OK") == 2
    service.close()
    turns.close()
    assert pushed == [42, 42]
