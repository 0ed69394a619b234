"""Tests for :mod:`sippn.http.origin` on real sockets, with certificates made here."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from twisted.internet.defer import gatherResults

from sippn.http import Ambiguous, Ask, NoAnswer, NoConnection, NotProcessed
from sippn.http.origin import Origin
from sippn.http.trust import client_certificate, trust_root
from tests.http.servers import SelfMade, Server, self_made

OriginAt = Callable[..., Origin]
ASK = Ask(b"POST", b"/", (), b"{}")


async def refusal(origin: Origin) -> NoAnswer:
    """Why there is no answer."""
    with pytest.raises(NoAnswer) as caught:
        await origin.ask(ASK, 5)
    return caught.value


async def test_http_2_where_the_server_knows_it(server: Server, origin_at: OriginAt) -> None:
    """N-04: ALPN offers both, and a connection is shared."""
    server.start(b"h2", b"http/1.1")
    origin = origin_at(server)
    answers = await gatherResults([origin.ask(ASK, 5) for _ in range(100)])
    assert sorted(int(each.body) for each in answers) == list(range(1, 101))
    assert (await origin.ask(ASK, 5)).body == b"101"
    assert set(server.asked) == {b"h2"}
    assert len(server.connections) == 1


@pytest.mark.parametrize("spoken", [(b"http/1.1",), ()])
async def test_http_1_where_the_server_knows_no_other(
    server: Server, origin_at: OriginAt, spoken: tuple[bytes, ...]
) -> None:
    """N-04: ALPN chooses HTTP/1.1, or is not answered at all."""
    server.start(*spoken)
    origin = origin_at(server)
    for number in range(3):
        assert (await origin.ask(ASK, 5)).body == b"%d" % (number + 1)
    assert set(server.asked) == {b"http/1.1"}
    assert len(server.connections) == 1


async def test_certificate_of_somebody_else_is_no_connection(
    server: Server, origin_at: OriginAt
) -> None:
    """Q-10: nothing leaves for a server whose certificate is not verified."""
    server.start(b"h2")
    error = await refusal(origin_at(server, trust=trust_root(self_made().pem)))
    assert (type(error), str(error)) == (NoConnection, "TLS: certificate verify failed")
    assert server.asked == []


async def test_system_trusts_no_self_made_certificate(server: Server, origin_at: OriginAt) -> None:
    """Q-10: without a ca_file the CAs of the system count, not none."""
    server.start(b"h2")
    assert str(await refusal(origin_at(server, trust=None))) == "TLS: certificate verify failed"


async def test_certificate_for_another_host_is_no_connection(
    server: Server, origin_at: OriginAt
) -> None:
    """Q-10: a certificate for another host is none, whoever signed it."""
    server.made = self_made("push.example.com")
    server.start(b"h2")
    error = await refusal(origin_at(server))
    assert (type(error), str(error)) == (NoConnection, "TLS: the certificate is for another host")


async def test_http_without_tls(server: Server, origin_at: OriginAt) -> None:
    """N-04: where the operator says http, it is HTTP/1.1 and no TLS."""
    server.start(tls=False)
    origin = origin_at(server, tls=False)
    for each in ("1", "2"):
        assert (await origin.ask(ASK, 5)).body == each.encode()


async def test_port_on_which_nobody_listens(server: Server, origin_at: OriginAt) -> None:
    """N-05: it is told at once."""
    server.start(b"h2")
    origin = origin_at(server)
    await server.stop()
    error = await refusal(origin)
    assert (type(error), str(error)) == (NoConnection, "no connection")


def written(folder: Path, made: SelfMade) -> Any:
    """A client's certificate from a file."""
    (folder / "client.pem").write_bytes(made.pem + made.key_pem())
    return client_certificate(str(folder / "client.pem"))


async def test_client_shows_its_certificate(
    server: Server, origin_at: OriginAt, tmp_path: Path
) -> None:
    """N-04: APNs by certificate: who we are TLS says."""
    client = self_made("client.example.com")
    server.start(b"h2", known=client)
    origin = origin_at(server, certificate=written(tmp_path, client))
    assert (await origin.ask(ASK, 5)).status == 200


async def test_client_without_certificate_is_told_by_the_server(
    server: Server, origin_at: OriginAt
) -> None:
    """N-04: TLS 1.3 says so only after the handshake; no request has left by then."""
    server.start(b"h2", known=self_made("client.example.com"))
    error = await refusal(origin_at(server))
    assert isinstance(error, NoConnection)
    assert str(error).startswith("TLS: ")
    assert server.asked == []


async def test_server_that_dies_is_ambiguous(
    reactor: Any, server: Server, origin_at: OriginAt
) -> None:
    """N-05: a request on a connection that breaks may have been acted on."""
    server.start(b"h2")
    origin = origin_at(server)
    await origin.ask(ASK, 5)
    asked = origin.ask(ASK, 5)
    server.deaf = True
    reactor.callLater(0.05, server.connections[0].transport.abortConnection)  # type: ignore[union-attr]
    with pytest.raises(Ambiguous, match=r"connection lost|TLS failed"):
        await asked


async def test_closing_while_an_answer_is_told(server: Server, origin_at: OriginAt) -> None:
    """D6: whoever is told may close, and what else is asked fails."""
    server.start(b"h2")
    origin = origin_at(server)
    await origin.ask(ASK, 5)
    first = origin.ask(ASK, 5).addCallback(lambda _: origin.close())
    second = origin.ask(ASK, 5)
    await first
    with contextlib.suppress(NoAnswer):
        await second
    with pytest.raises(NotProcessed, match="closed"):
        await origin.ask(ASK, 5)


ASYNCIO = """
import sys
from twisted.internet import asyncioreactor
asyncioreactor.install()
from twisted.internet import reactor
from twisted.internet.defer import Deferred
from sippn.http import Ask
from sippn.http.origin import Origin, Way
from sippn.http.trust import trust_root
from tests.http.servers import Server

async def run(spoken):
    server = Server(reactor)
    server.start(*spoken)
    way = Way("localhost", server.port, trust=trust_root(server.made.pem))
    origin = Origin(way, reactor, reactor)
    for _ in range(3):
        await origin.ask(Ask(b"POST", b"/", (), b"{}"), 5)
    await origin.close()
    await server.stop()
    return server.asked

async def main():
    print(await run([b"h2"]) + await run([]), len(reactor.getDelayedCalls()))

def begin():
    done = Deferred.fromCoroutine(main())
    done.addErrback(print).addBoth(lambda _: reactor.stop())

reactor.callWhenRunning(begin)
reactor.run()
"""


def test_asyncio_reactor_will_do() -> None:
    """N-04: whoever runs Twisted on asyncio has the same client."""
    done = subprocess.run(
        [sys.executable, "-c", ASYNCIO], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.stdout.strip() == f"{[b'h2'] * 3 + [b'http/1.1'] * 3} 0"
