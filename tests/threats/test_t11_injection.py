"""
T11: line ends and other control octets, in escapes, quotes and names, become nobody's header field.
"""

from __future__ import annotations

import json

import pytest
from twisted.logger import (
    ILogObserver,
    LogEvent,
    formatEvent,
    formatEventAsClassicLogText,
    globalLogPublisher,
)
from zope.interface import provider

from sippn.providers.webhook_contracts import write_generic
from sippn.sip import Request, Response, read, write
from sippn.testing.calls_received import by_hand
from sippn.testing.house import House
from tests.threats.scene import ALICE, DOMAIN, Sender, all_sent, phone, sleeper

EVIL = "X-Evil"
CRLF = "%0d%0aX-Evil:%201"
USERS = [f"alice{CRLF}", "alice%00", f"alice%0d%0a%0d%0a{EVIL}", "al%0aice", f'"alice{CRLF}"']
QUOTED = [
    f'"\\\r\n{EVIL}: 1" <sip:x@elsewhere.example>;tag=1',
    f'"a\r\n{EVIL}: 1" <sip:x@elsewhere.example>;tag=1',
    f'"a\r{EVIL}: 1" <sip:x@elsewhere.example>;tag=1',
    f'"a\n{EVIL}: 1" <sip:x@elsewhere.example>;tag=1',
    f'"a\x00{EVIL}" <sip:x@elsewhere.example>;tag=1',
]


def sent_cleanly(house: House) -> None:
    """No line of anything that left begins with what was smuggled in."""
    for sent in house.network.carried:
        if sent.source.host != house.address.host or not sent.octets.strip():
            continue
        message = read(sent.octets)
        assert isinstance(message, Request | Response)
        assert EVIL not in message.headers
        head = sent.octets.partition(b"\r\n\r\n")[0].replace(b"\r\n", b"")
        assert not [octet for octet in head if octet < 32 and octet != 9]


@pytest.mark.parametrize("user", USERS)
@pytest.mark.parametrize("method", ["INVITE", "MESSAGE", "OPTIONS"])
def test_escaped_line_end_in_a_target(house: House, method: str, user: str) -> None:
    """T11: of a Request-URI, of To, of a Route: refused, or carried as the escape that it is."""
    sleeper(house, "alice", "token-a")
    uri = f"sip:{user}@{DOMAIN}"
    sender = Sender.at(house)
    sender.ask(method, uri, ("Contact", f"<{uri}>"))
    sender.ask(method, ALICE, ("Route", f"<{uri};lr>"), To=f"<{uri}>")
    house.run(40)
    sent_cleanly(house)
    assert all("\r" not in job.aor and "\n" not in job.aor for job in house.pns.jobs)


@pytest.mark.parametrize("name", QUOTED)
def test_line_end_in_quotes(house: House, name: str) -> None:
    """T11: quotes and backslashes end no line of ours, and begin none."""
    alice = phone(house, "alice")
    house.get(alice.register())
    Sender.at(house).ask("MESSAGE", ALICE, From=name)
    contact = ("Contact", "<sip:x@192.0.2.9>")
    if "\r\n" not in name:  # which is a line of his own
        Sender.at(house).ask("INVITE", ALICE, contact, ("Subject", name))
    house.run(5)
    sent_cleanly(house)


@pytest.mark.parametrize(
    "value",
    [CRLF, "a%0ab", "a%00b", "a%7fb", "%0d", 'a"%0d%0ab', "a%250d%250ab", "\x01", "a%0D%0Ab"],
)
@pytest.mark.parametrize("name", ["pn-prid", "pn-param", "pn-provider"])
def test_control_octets_in_push_parameters(house: House, name: str, value: str) -> None:
    """T11: refused after unescaping, or kept without one; none comes to a provider."""
    params = {"pn-provider": "acme", "pn-param": "app", "pn-prid": "token"} | {name: value}
    written = "".join(f";{key}={text}" for key, text in params.items())
    contact = ("Contact", f"<sip:alice@192.0.2.9{written}>")
    (status,) = Sender.at(house).register("alice", contact)
    kept = "%25" in value and name != "pn-provider"
    assert status in ({200} if kept else {400, 555})
    phone(house, "bob").call(ALICE)
    house.run(5)
    for job in house.pns.jobs:
        target = job.target
        for text in (target.provider, target.param, target.prid):
            assert not [c for c in text if ord(c) < 32 or ord(c) == 127]
    sent_cleanly(house)


@pytest.mark.parametrize(
    "reason", [f"No\r{EVIL}: 1", f"No\n{EVIL}: 1", "No\x00", "No\x0b\x1b[31m", "No \x7f"]
)
def test_reason_of_a_phone_is_one_line(house: House, reason: str) -> None:
    """T11: what a UA says in its status line ends there, at the caller too, who gets an answer."""
    alice, bob = phone(house, "alice"), phone(house, "bob")
    alice.policy = by_hand
    house.get(alice.register())
    call = bob.call(ALICE)
    house.run()
    invite = alice.incoming[0].invite
    refusal = write(Response(486, "Busy", invite.headers)).replace(b"Busy", reason.encode())
    alice.endpoint.send(refusal, house.address)
    house.run()
    house.run(200)
    assert call.failed.called
    sent_cleanly(house)


@pytest.mark.parametrize(
    "reason", [f"SIP;cause=200\r{EVIL}: 1", f'SIP;text="a\n{EVIL}: 1"', 'SIP;text="\x00"']
)
def test_reason_of_a_cancel_is_one_line(house: House, reason: str) -> None:
    """T11: it is passed on to the phones that ring."""
    alice = phone(house, "alice")
    house.get(alice.register())
    sender = Sender.at(house)
    named = {"Call_ID": "one", "CSeq": "1 INVITE", "From": "<sip:x@elsewhere.example>;tag=1"}
    via = f"SIP/2.0/{sender.endpoint.transport} {sender.endpoint.address};branch=z9hG4bKcancel"
    sender.ask("INVITE", ALICE, ("Contact", "<sip:x@192.0.2.9>"), Via=via, **named)
    named["CSeq"] = "1 CANCEL"
    sender.ask("CANCEL", ALICE, ("Reason", reason), Via=via, **named)
    house.run(5)
    sent_cleanly(house)


def test_user_name_of_digest_is_no_header(house: House) -> None:
    """T11: nor is a realm, a cnonce or an opaque."""
    sender = Sender.at(house)
    for name in ("username", "realm", "cnonce", "opaque", "nonce", "uri"):
        value = f'Digest {name}="a\\\r\n{EVIL}: 1", response="00"'
        sender.ask("REGISTER", f"sip:{DOMAIN}", ("Authorization", value))
    sent_cleanly(house)
    assert EVIL.encode() not in all_sent(house)


def test_log_line_is_one_line(house: House) -> None:
    """T11: whatever peers write, none of them writes a line of the log."""
    lines: list[str] = []

    @provider(ILogObserver)
    def observe(event: LogEvent) -> None:
        lines.append(formatEvent(event))
        classic = formatEventAsClassicLogText(event)
        assert classic is None or classic.count("\n") == classic.count("\n\t") + 1

    globalLogPublisher.addObserver(observe)
    try:
        sleeper(house, "alice", "token-a")
        house.get(phone(house, "mallory", "token-a").register())
        for user in USERS:
            Sender.at(house).ask("INVITE", f"sip:{user}@{DOMAIN}")
            shared = f"<sip:alice@192.0.2.9;pn-provider=acme;pn-param=app;pn-prid=token-a{CRLF}>"
            Sender.at(house).register("alice", ("Contact", shared), ("User-Agent", f"a\x1b{EVIL}"))
        house.run(40)
    finally:
        globalLogPublisher.removeObserver(observe)
    assert lines
    assert not [line for line in lines if any(ord(c) < 32 for c in line)]


def test_aor_in_the_log_is_escaped(house: House, logged: list[str]) -> None:
    """T11: a user with a line end in his name is one word of one line."""
    name = "al%0aice"
    sender = Sender.at(house)
    sender.ask("INVITE", f"sip:{name}@{DOMAIN}")
    house.run(40)
    assert not [line for line in logged if "\n" in line]


@pytest.mark.parametrize("call_id", ['a"b\\c', "a'b;c{}", "%0d%0a", "</script>"])
def test_push_is_written_by_an_encoder(house: House, call_id: str) -> None:
    """T11: what a caller chooses is a string of the JSON, and no part of the HTTP around it."""
    sleeper(house, "alice", "token-a")
    Sender.at(house).ask("INVITE", ALICE, ("Contact", "<sip:x@192.0.2.9>"), Call_ID=call_id)
    (job,) = house.pns.jobs
    written = write_generic(job, "", "token-a", 1.0)
    assert written.isascii()
    assert not [octet for octet in written if octet < 32]
    assert json.loads(written)["call_id"] == call_id
    assert set(json.loads(written)) == {
        *("kind", "provider", "param", "prid", "token", "service", "app", "sandbox", "hints"),
        *("aor", "call_id", "method", "deadline", "id"),
    }
