"""How the push server misbehaves, as a client sees it that is none of sippn's."""

from __future__ import annotations

import gzip
import time
from pathlib import Path

import pytest

from sippn.testing.push_server import Answer, Manner, PushServer
from tests.testing.push_client import Caller
from tests.testing.push_sender import PATH, PAYLOAD, Sender
from tests.testing.push_tokens import Keys


@pytest.fixture
def sender(caller: Caller, push_server: PushServer, tmp_path: Path) -> Sender:
    return Sender(caller, Keys.of(push_server, tmp_path))


async def test_scripted_answer_comes_once(sender: Sender) -> None:
    """Issue 7, 10: the script is for the pushes to come, then all is as before."""
    said = Answer(503, fields=(("retry-after", "3"),), body=b"tired")
    client, [first] = await sender.start(said)
    await client.until(lambda: first.ended)
    second = await client.ask(PATH, sender.fields, PAYLOAD)
    assert (first.status, first.body, first.fields["retry-after"]) == (503, b"tired", "3")
    assert (second.status, sender.acted) == (200, 1)


async def test_late_answer(sender: Sender) -> None:
    """W3: the push is acted on at once, and answered after the delay."""
    client, [got] = await sender.start(Answer(delay=0.1))
    began = time.monotonic()
    await client.until(lambda: sender.acted == 1)
    assert not got.ended
    await client.until(lambda: got.ended)
    assert time.monotonic() - began > 0.08


async def test_silence(sender: Sender) -> None:
    """W3: it takes the push and never answers; other streams are answered."""
    client, [silent, other] = await sender.start(Answer(manner=Manner.HANG), Answer())
    await client.until(lambda: other.ended)
    assert (silent.status, sender.acted) == (0, 1)


@pytest.mark.parametrize("code", [2, 7, 11])
async def test_stream_is_reset(sender: Sender, code: int) -> None:
    """Issue 7, 1: RST_STREAM with the code, and the connection goes on."""
    client, [got, other] = await sender.start(Answer(manner=Manner.RESET, code=code), Answer())
    await client.until(lambda: got.code is not None and other.ended)
    assert (got.code, other.status, sender.acted) == (code, 200, 1)


@pytest.mark.parametrize("acts", [False, True])
async def test_connection_is_cut(sender: Sender, acts: bool) -> None:
    """Issue 7, 1: the connection is gone before it acted, or after; nobody can tell."""
    client, [got] = await sender.start(Answer(manner=Manner.CUT, acts=acts))
    await client.until(lambda: client.gone)
    assert (got.status, sender.acted) == (0, acts)


async def test_goaway_lets_open_streams_end(sender: Sender) -> None:
    """LIBRARIES 3: a graceful GOAWAY: what came before is answered, then the connection ends."""
    late = Answer(delay=0.05)
    client, gots = await sender.start(late, Answer(manner=Manner.CLOSE), late, late)
    await client.until(lambda: client.gone)
    assert [got.status for got in gots[:2]] == [200, 200]
    [(last, code, _)] = client.goaways
    answered = [number for number, got in client.streams.items() if got.status == 200]
    assert (max(answered), code) == (last, 0)
    assert sender.acted == len(answered) - 1  # the one that opened the connection


async def test_goaway_comes_every_so_many_streams(sender: Sender) -> None:
    """Issue 7: GOAWAY every N streams: what it counts is answered, the rest never was acted on."""
    sender.server.apns.goaway_every = 5
    sender.server.apns.default = Answer(delay=0.02)
    client = await sender.client()
    gots = [client.start("POST", PATH, sender.fields, PAYLOAD) for _ in range(20)]
    await client.until(lambda: client.gone)
    assert [got.status for got in gots] == [200] * 4 + [0] * 16
    assert client.goaways == [(9, 0, b"")]
    assert sender.acted == 4


async def test_goaway_below_a_stream_in_flight(sender: Sender) -> None:
    """Issue 7, 1: a stream above GOAWAY's last was not acted on; those below are answered."""
    refuse = Answer(manner=Manner.REFUSE, code=0, body=b'{"reason":"Shutdown"}')
    client, gots = await sender.start(Answer(delay=0.05), refuse, Answer())
    await client.until(lambda: client.gone)
    assert [got.status for got in gots] == [200, 0, 0]
    assert client.goaways == [(3, 0, b'{"reason":"Shutdown"}')]
    assert sender.acted == 1


async def test_shutdown_that_counts_the_stream(sender: Sender) -> None:
    """Issue 7, 1: GOAWAY that counts the stream, and no answer: it may have been acted on."""
    client, [got] = await sender.start(Answer(manner=Manner.SHUTDOWN, code=2, acts=True))
    await client.until(lambda: client.gone)
    assert (got.status, client.goaways) == (0, [(3, 2, b"")])
    assert sender.acted == 1


async def test_body_that_drips(sender: Sender) -> None:
    """T9: an octet at a time, without end."""
    client, [got] = await sender.start(Answer(manner=Manner.DRIP, delay=0.005))
    await client.until(lambda: len(got.body) > 3)
    assert (got.status, got.body[:3], got.ended) == (200, b"...", False)


async def test_endless_body_keeps_to_the_window(sender: Sender) -> None:
    """T9, W4: it goes on as long as there is room, and no further."""
    sender.server.apns.script.append(Answer(manner=Manner.ENDLESS))
    client = await sender.client()
    client.hungry = False
    got = client.start("POST", PATH, sender.fields, PAYLOAD)
    await client.until(lambda: len(got.body) == 65535)
    assert (got.status, got.ended) == (200, False)


async def test_endless_body_never_ends(sender: Sender) -> None:
    """W4: who opens the window gets more than 2 MB of it."""
    client, [got] = await sender.start(Answer(manner=Manner.ENDLESS))
    await client.until(lambda: len(got.body) > 2_000_000)


async def test_client_that_resets_an_endless_body_is_rid_of_it(sender: Sender) -> None:
    """RFC 9113, 8.1: RST_STREAM is how a client says that it has enough."""
    client, [got] = await sender.start(Answer(manner=Manner.ENDLESS))
    await client.until(lambda: len(got.body) > 100_000)
    client.two.reset_stream(3, 8)
    client.send()
    assert (await client.ask(PATH, sender.fields, PAYLOAD)).status == 200


async def test_endless_head(sender: Sender) -> None:
    """T9: CONTINUATION without end; h2 as a client takes it for an attack."""
    client, [got] = await sender.start(Answer(manner=Manner.ENDLESS_HEAD))
    await client.until(lambda: client.gone)
    assert client.broken
    assert client.received > 50_000
    assert got.status == 0


async def test_flood_of_fields(sender: Sender) -> None:
    """W4: 1,000 fields."""
    client, [got] = await sender.start(Answer(manner=Manner.FLOOD))
    await client.until(lambda: got.ended)
    assert (got.status, got.count) == (200, 1003)


async def test_heavy_head(sender: Sender) -> None:
    """T9: a head larger than 32 KiB."""
    client, [got] = await sender.start(Answer(manner=Manner.HEAVY))
    await client.until(lambda: got.ended)
    assert len(got.fields["x-heavy"]) == 40960


async def test_gzip_bomb(sender: Sender) -> None:
    """T9, W4: 64 MiB when inflated, a thousandth of it on the wire."""
    client, [got] = await sender.start(Answer(manner=Manner.BOMB))
    await client.until(lambda: got.ended)
    assert got.fields["content-encoding"] == "gzip"
    assert len(got.body) < 100_000
    assert len(gzip.decompress(got.body)) == 64 * 1024 * 1024


async def test_storm_of_interim_answers(sender: Sender) -> None:
    """T9: 1xx without end, and no final answer."""
    client, [got] = await sender.start(Answer(manner=Manner.INTERIM, delay=0.001))
    await client.until(lambda: got.interims > 5)
    assert (got.status, got.ended) == (0, False)


async def test_redirect(sender: Sender) -> None:
    """T8: it sends the client elsewhere."""
    elsewhere = (("location", "https://192.0.2.1/"),)
    client, [got] = await sender.start(Answer(307, fields=elsewhere))
    await client.until(lambda: got.ended)
    assert (got.status, got.fields["location"]) == (307, "https://192.0.2.1/")


async def test_handshake_that_is_late(sender: Sender) -> None:
    """W3: who connects waits for the handshake; those who are connected do not."""
    client = await sender.client()
    sender.server.tls_delay = 0.1
    began = time.monotonic()
    await sender.caller.two(sender.server.apns.url)
    assert time.monotonic() - began > 0.09
    assert (await client.ask(PATH, sender.fields, PAYLOAD)).status == 200


async def test_stopped_and_started_again(sender: Sender) -> None:
    """Issue 7, 7: a service goes down, cuts everybody, and comes back at the same place."""
    client, url = await sender.client(), sender.server.url
    await sender.server.stop()
    await client.until(lambda: client.gone)
    sender.server.start()
    assert sender.server.url == url
    assert (await sender.client()).limit == 1000


async def test_cut_on_demand(sender: Sender) -> None:
    """A test can cut what is connected to one service, idle or not."""
    client, other = await sender.client(), await sender.caller.two(sender.server.fcm.url)
    sender.server.cut(sender.server.apns)
    await client.until(lambda: client.gone)
    assert not other.gone
