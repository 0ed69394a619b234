"""Each oracle fails when it is shown what must not be."""

from __future__ import annotations

import json

import pytest

from fuzz.case import Case, make
from fuzz.draft import Sender
from fuzz.oracles import PRID, Oracles

REQUEST = (
    b"OPTIONS sip:fuzz.test SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bKa;rport\r\n"
    b"f: <sip:a@fuzz.test>;tag=1\r\nTo: <sip:b@fuzz.test>\r\nCall-ID: abc\r\n"
    b"CSeq: 1\r\n OPTIONS\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
)
RESPONSE = (
    b"SIP/2.0 200 OK\r\n"
    b"Via: SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bKa;received=127.0.0.3;rport=9\r\n"
    b"From: <sip:a@fuzz.test>;tag=1\r\nTo: <sip:b@fuzz.test>;tag=x\r\nCall-ID: abc\r\n"
    b"CSeq: 1 OPTIONS\r\nContent-Length: 4\r\n\r\nbody"
)
FORWARDED = (
    b"INFO sip:b@127.0.0.3 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bKb\r\n"
    b"Max-Forwards: 69\r\nFrom: <sip:a@fuzz.test>;tag=1\r\nTo: <sip:b@fuzz.test>\r\n"
    b"Call-ID: abc\r\nCSeq: 1 INFO\r\nContent-Length: 0\r\n\r\n"
)
PUSH = {
    "kind": "wake", "provider": "fuzz", "param": "p", "prid": "x", "token": "x", "service": "",
    "app": "", "sandbox": False, "hints": {}, "aor": "a", "call_id": "c", "method": "INVITE",
    "deadline": 1, "id": "1",
}  # fmt: skip
POST = (
    b"POST /push HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nUser-Agent: sippn\r\n"
    b"Content-Length: 1"
)


@pytest.fixture
def oracles() -> Oracles:
    """They have seen nothing yet."""
    return Oracles()


def case_of(sender: Sender, kind: str = "") -> Case:
    """A case of that *sender* that has no proof."""
    cases = (make(1, number) for number in range(5000))
    return next(
        one
        for one in cases
        if one.sender is sender and (one.kind == kind or (not kind and one.proof is None))
    )


def failed(oracles: Oracles) -> list[str]:
    """Which oracles were not satisfied."""
    return [failure.oracle for failure in oracles.failures]


def test_what_is_right_passes(oracles: Oracles) -> None:
    """A2: nobody believes an oracle that always fails."""
    oracles.emitted(RESPONSE, None, [REQUEST])
    oracles.emitted(FORWARDED, case_of(Sender.TRUSTED))
    quoted = b'To: "NUL: \\\x00" <sip:b'  # the torture message intmeth of RFC 4475 has that
    oracles.emitted(RESPONSE.replace(b"To: <sip:b", quoted), None)
    oracles.pushed(POST, json.dumps(PUSH).encode(), None)
    oracles.logged(b"2026-11-21T18:00:00+0000 [x] INVITE %0d%0aX-Canary-1: 1\n")
    oracles.answered_in(0.2)
    assert failed(oracles) == []


@pytest.mark.parametrize(
    ("good", "bad"),
    [
        (b"SIP/2.0 200", b"sip/2.0 200"),
        (b"SIP/2.0 200", b"SIP/2.0SIP/2.0 200"),
        (b"SIP/2.0 200", b"SIP/3.0 200"),
        (b"SIP/2.0 200", b"SIP/2.0 99"),
        (b"OK\r\n", b"OK\n"),
        (b"OK\r\n", b"O\rK\r\n"),
        (b"To: ", b"To\x01: "),
        (b"To: ", b"T o: "),
        (b"To: ", b"To : "),
        (b"To: ", b"X: "),
        (b"To: ", b"t: <sip:b@fuzz.test>\r\nTo: "),
        (b"Call-ID: abc", b"Call-ID: a\x00bc"),
        (b"Call-ID: abc", b"Call-ID: a\nbc"),
        (b"Call-ID: abc\r\n", b"Call-ID: abc\r\nno colon\r\n"),
        (b"Call-ID: abc\r\n", b"Call-ID: abc\r\n folded\r\n"),
        (b"Via: ", b"Vla: "),
        (b"Length: 4", b"Length: 3"),
        (b"Length: 4", b"Length: 5"),
        (b"Length: 4", b"Length: +4"),
        (b"Content-Length: 4\r\n", b""),
        (b"Content-Length: 4", b"l: 4\r\nContent-Length: 4"),
        (b"\r\n\r\nbody", b"\r\n"),
    ],
)
def test_malformed_response_is_seen(oracles: Oracles, good: bytes, bad: bytes) -> None:
    """A2: well-formed by a reader that is not the server's own."""
    assert good in RESPONSE
    oracles.emitted(RESPONSE.replace(good, bad, 1), None)
    assert failed(oracles) == ["well-formed"]


@pytest.mark.parametrize(
    ("good", "bad"),
    [
        (b" SIP/2.0\r\n", b" SIP/2.0 \r\n"),
        (b"INFO sip", b"IN\x01FO sip"),
        (b"sip:b@127.0.0.3", b"sip:b @127.0.0.3"),
        (b"Max-Forwards: 69\r\n", b""),
        (b"Max-Forwards: 69", b"Max-Forwards: 69\r\nMax-Forwards: 69"),
        (b"1 INFO", b"1 INVITE"),
        (b"1 INFO", b"x INFO"),
    ],
)
def test_malformed_request_is_seen(oracles: Oracles, good: bytes, bad: bytes) -> None:
    """A2: the same of what is forwarded."""
    oracles.emitted(FORWARDED.replace(good, bad, 1), case_of(Sender.TRUSTED))
    assert failed(oracles) == ["well-formed"]


@pytest.mark.parametrize(
    ("good", "bad"),
    [
        (b"a@fuzz.test", b"z@fuzz.test"),
        (b"<sip:b@fuzz.test>;tag=x", b"<sip:c@fuzz.test>;tag=x"),
        (b"<sip:b@fuzz.test>;tag=x", b"<sip:b@fuzz.test>x"),
        (b"Call-ID: abc", b"Call-ID: ABC"),
        (b"1 OPTIONS", b"2 OPTIONS"),
        (b"branch=z9hG4bKa", b"branch=z9hG4bKb"),
        (b"From:", b"Via: SIP/2.0/UDP x;branch=z9hG4bKc\r\nFrom:"),
    ],
)
def test_answer_to_something_else_is_seen(oracles: Oracles, good: bytes, bad: bytes) -> None:
    """A2: Via, From, To, Call-ID and CSeq of a response are those of its request."""
    oracles.emitted(RESPONSE.replace(good, bad, 1), None, [REQUEST])
    assert failed(oracles) == ["answers"]


@pytest.mark.parametrize(
    ("sign", "oracle"),
    [
        (b"To: <sip:b@fuzz.test>\r\nX-Canary-7: 1", "injection"),
        (b"To: <sip:b@fuzz.test>;tag=Smuggled-7-", "injection"),
        (b"To: <sip:b@fuzz.test>;x=Beyond-7-", "beyond"),
    ],
)
def test_what_was_smuggled_is_seen(oracles: Oracles, sign: bytes, oracle: str) -> None:
    """T11, row 3: what is no header field and no request where it was sent, is none here."""
    case = case_of(Sender.TRUSTED)
    oracles.emitted(FORWARDED.replace(b"To: <sip:b@fuzz.test>", sign), case)
    oracles.emitted(RESPONSE.replace(b"To: <sip:b@fuzz.test>", sign), None)
    assert failed(oracles) == [oracle, oracle]


def test_canary_at_a_lone_line_end_is_seen(oracles: Oracles) -> None:
    """T11: somebody behind us may take a lone LF for a line end."""
    forged = FORWARDED.replace(b"Call-ID: abc", b"Call-ID: abc\nX-Canary-7: 1")
    oracles.emitted(forged, case_of(Sender.TRUSTED))
    assert failed(oracles) == ["well-formed", "injection"]


def test_octets_behind_a_datagram_are_seen(oracles: Oracles) -> None:
    """RFC 3261 section 18.3: what is beyond the Content-Length is forwarded to nobody."""
    oracles.emitted(FORWARDED + b"Beyond-7-", case_of(Sender.TRUSTED))
    assert failed(oracles) == ["well-formed", "beyond"]


def test_request_of_a_stranger_is_seen(oracles: Oracles) -> None:
    """Rows 25, 26: who has proved nothing causes no request."""
    oracles.emitted(FORWARDED, case_of(Sender.STRANGER))
    assert failed(oracles) == ["unproved"]


def test_good_answer_to_a_wrong_password_is_seen(oracles: Oracles) -> None:
    """Row 32: whoever it says it is."""
    case = case_of(Sender.STRANGER, "who_exists")
    oracles.emitted(RESPONSE, case)
    oracles.emitted(RESPONSE.replace(b"200 OK", b"401 x"), case)
    assert failed(oracles) == ["unproved"]


def test_secrets_are_seen(oracles: Oracles) -> None:
    """T7, row 27: neither a PRID nor what proves somebody to us goes on."""
    case = case_of(Sender.TRUSTED)
    credentials = b'To: <x:y>\r\nProxy-Authorization: Digest realm="fuzz.test",response="0"'
    oracles.emitted(FORWARDED.replace(b"sip:b@1", b"sip:" + PRID + b"@1"), case)
    oracles.emitted(FORWARDED.replace(b"To: <sip:b@fuzz.test>", credentials), case)
    oracles.emitted(RESPONSE.replace(b"Call-ID: abc", b"Call-ID: " + PRID), None, own=True)
    assert failed(oracles) == ["secrets", "secrets"]


@pytest.mark.parametrize(
    ("head", "body"),
    [
        (POST + b"\r\nX-Canary-7: 1", json.dumps(PUSH)),
        (POST.replace(b"Host: x", b"Host: x\n"), json.dumps(PUSH)),
        (POST, "{"),
        (POST, json.dumps(PUSH | {"x": 1})),
        (POST, json.dumps(PUSH | {"aor": "Beyond-7-"})),
    ],
)
def test_bad_push_is_seen(oracles: Oracles, head: bytes, body: str) -> None:
    """T11: nothing of a message becomes a field of a POST, or of its JSON."""
    oracles.pushed(head, body.encode(), None)
    assert set(failed(oracles)) <= {"injection", "beyond"}
    assert failed(oracles)


@pytest.mark.parametrize(
    "line",
    [
        b"\tTraceback (most recent call last):",
        b"Unhandled error in Deferred:",
        b"X-Canary-7: 1",
        b"2026 x\rX-Canary-7: 1",
        b"2026 " + PRID,
        b"2026 Beyond-0-password",
    ],
)
def test_bad_log_is_seen(oracles: Oracles, line: bytes) -> None:
    """A2, A11, T11: no bug, no line of a peer's, no secret."""
    oracles.logged(b"2026 well\n" + line + b"\n2026 well\n")
    assert failed(oracles) == ["log"]


def test_late_answer_is_seen(oracles: Oracles) -> None:
    """A2: alive."""
    oracles.answered_in(2.1)
    assert failed(oracles) == ["alive"]
    assert oracles.worst == 2.1


@pytest.mark.parametrize(
    ("stranger", "silent", "count"), [(1.4, 1.4, 0), (1.6, 0, 1), (1.6, 1.6, 3)]
)
def test_amplification_is_seen(
    oracles: Oracles, stranger: float, silent: float, count: int
) -> None:
    """A2: of each source, and of all of them."""
    oracles.sent |= {"stranger": 100_000, "silent": 100_000}
    oracles.received |= {
        "stranger": int(stranger * 1e5),
        "silent": int(silent * 1e5),
        "phone": 9**9,
    }
    oracles.amplified()
    assert failed(oracles) == ["amplification"] * count
