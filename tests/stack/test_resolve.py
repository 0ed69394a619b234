"""From a URI to a flow: RFC 3263, so far as the resolver goes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from twisted.internet.defer import Deferred, fail, succeed
from twisted.trial.unittest import SynchronousTestCase

from sippn.errors import NotFound, SIPError, TransportError, Unreachable
from sippn.sip import URI
from sippn.transport import Address
from tests.stack.bench import Bench, Names
from tests.stack.streams import Stream, StreamListener

if TYPE_CHECKING:
    from sippn.transport import Flow

case = SynchronousTestCase()


def resolved(bench: Bench, uri: str) -> Deferred[Flow]:
    """What the stack makes of *uri*."""
    return Deferred.fromCoroutine(bench.stack.resolve(URI.parse(uri)))


def test_uri_becomes_a_flow(bench: Bench) -> None:
    """Through the listener of its family."""
    flow = case.successResultOf(resolved(bench, "sip:192.0.2.77"))
    assert flow.remote == Address("192.0.2.77", 5060)
    assert flow.local == bench.server


def test_uri_without_a_way_is_an_answer(bench: Bench) -> None:
    """An unknown name, an address or a transport that no socket of ours can send to."""
    assert case.failureResultOf(resolved(bench, "sip:example.com"), NotFound)
    for uri in ("sip:[2001:db8::1]", "sip:192.0.2.77;transport=tcp", "sips:192.0.2.77"):
        failure = case.failureResultOf(resolved(bench, uri), SIPError)
        assert failure.value.status == 500


def test_transport_is_that_of_the_uri() -> None:
    """And the name that a certificate is compared with is the URI's host, not its address."""
    flow = Stream()
    tcp, tls = StreamListener(), StreamListener({"192.0.2.77": flow}, transport="TLS")
    bench = Bench(listeners=[tcp, tls], names=Names(["192.0.2.77"]))
    assert case.successResultOf(resolved(bench, "sips:PBX.example.")) is flow
    assert (tcp.asked, tls.asked) == ([], [(Address("192.0.2.77", 5061), "pbx.example")])


def test_connection_is_waited_for() -> None:
    """It takes a round trip or more."""
    connecting: Deferred[Flow] = Deferred()
    bench = Bench(listeners=[StreamListener({"192.0.2.77": connecting})])
    waiting = resolved(bench, "sip:192.0.2.77;transport=tcp")
    case.assertNoResult(waiting)
    flow = Stream()
    connecting.callback(flow)
    assert case.successResultOf(waiting) is flow


def test_next_address_is_tried_when_one_fails() -> None:
    """RFC 3263 4.3: in their order, at once or later."""
    flow = Stream()
    ways = {"192.0.2.2": fail(TransportError("timed out")), "192.0.2.3": succeed(flow)}
    listener = StreamListener(ways)
    bench = Bench(listeners=[listener], names=Names(["192.0.2.1", "192.0.2.2", "192.0.2.3"]))
    assert case.successResultOf(resolved(bench, "sip:pbx.example;transport=tcp")) is flow
    assert [address.host for address, _ in listener.asked] == list(bench.names.hosts)


@pytest.mark.parametrize("hosts", [1, 3, 20])
def test_nobody_there_is_an_answer(hosts: int) -> None:
    """480; and a name with many addresses costs no more than three attempts."""
    listener = StreamListener()
    names = Names([f"192.0.2.{number}" for number in range(1, hosts + 1)])
    bench = Bench(listeners=[listener], names=names)
    assert case.failureResultOf(resolved(bench, "sip:pbx.example;transport=tcp"), Unreachable)
    assert len(listener.asked) == min(hosts, 3)
