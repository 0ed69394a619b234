"""The push server over HTTP/1.1, good and bad, by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from sippn.testing.push_server import Answer, Manner, PushServer
from tests.testing.push_client import Caller
from tests.testing.push_sender import PATH, PAYLOAD, Sender
from tests.testing.push_tokens import Keys


@pytest.fixture
def sender(caller: Caller, push_server: PushServer, tmp_path: Path) -> Sender:
    return Sender(caller, Keys.of(push_server, tmp_path))


def request(sender: Sender, *extra: str) -> bytes:
    """A push over HTTP/1.1."""
    fields = [f"{name}: {value}" for name, value in sender.fields.items()]
    length = f"Content-Length: {len(PAYLOAD)}"
    lines = [f"POST {PATH} HTTP/1.1", "Host: localhost", length, *fields, *extra, "", ""]
    return "\r\n".join(lines).encode() + PAYLOAD


@pytest.mark.parametrize("offered", [b"http/1.1", b""])
async def test_http_1_1(sender: Sender, offered: bytes) -> None:
    """Issue 7, 1: without h2 in ALPN it speaks HTTP/1.1, one request after the other."""
    line = await sender.caller.one(sender.server.apns.url, offered=offered)
    both = request(sender) + request(sender)
    line.write(both[:100])
    line.write(both[100:])
    await line.until(lambda: line.text.count(b"HTTP/1.1 200") == 2)
    assert line.text.count(b"content-length: 0\r\n") == 2
    assert (sender.acted, line.gone) == (2, False)


async def test_http_1_1_is_one_at_a_time(sender: Sender) -> None:
    """RFC 9112, 9.3.2: what is sent early waits until the push before it is answered."""
    sender.server.apns.script.extend([Answer(201, delay=0.05), Answer(202)])
    line = await sender.caller.one(sender.server.apns.url)
    sender.server.apns.on_answer = lambda *_: line.look()
    line.write(request(sender))
    await line.until(lambda: len(sender.server.apns.pushes) == 1)
    line.write(request(sender))
    await line.until(lambda: line.text.count(b"\r\n\r\n") == 2)
    assert line.text.index(b"HTTP/1.1 201") < line.text.index(b"HTTP/1.1 202")


async def test_http_1_1_in_chunks(sender: Sender) -> None:
    """RFC 9112, 7.1: a body may come in chunks."""
    line = await sender.caller.one(sender.server.apns.url)
    head = request(sender).partition(b"\r\n\r\n")[0]
    head = head.replace(b"Content-Length: 10", b"Transfer-Encoding: chunked")
    line.write(head + b"\r\n\r\n3\r\n" + PAYLOAD[:3] + b"\r\n")
    line.write(b"7\r\n" + PAYLOAD[3:] + b"\r\n0\r\n\r\n")
    await line.until(lambda: b"HTTP/1.1 200" in line.text)


@pytest.mark.parametrize("manner", [Manner.RESET, Manner.CUT, Manner.REFUSE, Manner.SHUTDOWN])
async def test_http_1_1_has_but_one_way_to_refuse(sender: Sender, manner: Manner) -> None:
    """What HTTP/2 has frames for is a connection that is cut."""
    sender.server.apns.script.append(Answer(manner=manner))
    line = await sender.caller.one(sender.server.apns.url)
    line.write(request(sender))
    await line.until(lambda: line.gone)
    assert (line.text, sender.acted) == (b"", 0)


@pytest.mark.parametrize(
    ("manner", "sign"),
    [
        (Manner.DRIP, b"1\r\n.\r\n1\r\n.\r\n"),
        (Manner.ENDLESS, b"4000\r\n" + bytes(16384)),
        (Manner.ENDLESS_HEAD, b"X-More: "),
        (Manner.FLOOD, b"x-flood-999: "),
        (Manner.HEAVY, b"x" * 40960),
        (Manner.BOMB, b"content-encoding: gzip"),
        (Manner.INTERIM, b"HTTP/1.1 103 Wait\r\n\r\nHTTP/1.1 103"),
        (Manner.HANG, b""),
    ],
)
async def test_http_1_1_misbehaves_too(sender: Sender, manner: Manner, sign: bytes) -> None:
    """T9: the same manners over HTTP/1.1."""
    sender.server.apns.script.append(Answer(manner=manner))
    line = await sender.caller.one(sender.server.apns.url)
    sender.server.apns.on_answer = lambda *_: line.look()
    line.write(request(sender))
    await line.until(lambda: sign in line.text and len(sender.server.apns.pushes) == 1)


async def test_http_1_1_closes(sender: Sender) -> None:
    """RFC 9112, 9.6: who closes says so."""
    sender.server.apns.script.append(Answer(manner=Manner.CLOSE))
    line = await sender.caller.one(sender.server.apns.url)
    line.write(request(sender))
    await line.until(lambda: line.gone)
    assert b"connection: close\r\n" in line.text
