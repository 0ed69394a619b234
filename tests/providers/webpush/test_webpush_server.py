"""Web Push over TLS, by HTTP/2 and HTTP/1.1, to a push service that checks and decrypts."""

from __future__ import annotations

import json

import pytest
from twisted.internet.defer import Deferred

from sippn.binding import PushKind, Verdict
from sippn.testing.push_server import Answer, Manner, WebPush
from tests.providers.webpush.conftest import HOST, Net
from tests.providers.webpush.world import PUBLIC, Canary

HOSTILE = [
    Manner.ENDLESS,
    Manner.DRIP,
    Manner.BOMB,
    Manner.FLOOD,
    Manner.HEAVY,
    Manner.ENDLESS_HEAD,
    Manner.HANG,
    Manner.CUT,
    Manner.RESET,
]


def arrival(net: Net) -> Deferred[WebPush]:
    """Fires when the next push is there."""
    there: Deferred[WebPush] = Deferred()

    def arrived(push: WebPush, _: int) -> None:
        net.server.webpush.on_answer = None
        there.callback(push)

    net.server.webpush.on_answer = arrived
    return there


@pytest.mark.parametrize("gateway", [False, True])
async def test_browser_is_told(net: Net, gateway: bool) -> None:
    """G-08, G-10, G-11: the push service lets us in, and the browser reads what is for it."""
    provider = net.provider(gateway=gateway)
    subscription = net.subscribe()
    for kind in PushKind:
        outcome = await provider.request_push(net.job(subscription, kind))
        assert (outcome.verdict, outcome.detail) == (Verdict.ACCEPTED, "HTTP 201")
    pushes = net.server.webpush.pushes
    told = [json.loads(push.plain or b"") for push in pushes]
    assert [one["kind"] for one in told] == [kind.value for kind in PushKind]
    assert {push.ttl for push in pushes} == {20}
    assert {push.contact for push in pushes} == {"mailto:ops@example.com"}
    assert len({push.topic for push in pushes}) == 1
    assert net.server.webpush.connections <= 2


async def test_goes_to_the_address_that_was_looked_at(net: Net) -> None:
    """T8: the name is looked up once for a connection, and the certificate is for that name."""
    await net.provider().request_push(net.job(net.subscribe()))
    assert net.world.asked == [HOST]
    assert net.world.dialled == [(PUBLIC, 443)]


async def test_certificate_is_for_the_name(net: Net) -> None:
    """T8, Q-10: a host that has not the certificate of its name is not told anything."""
    net.world.names["other.example.org"] = [[PUBLIC]]
    outcome = await net.provider().request_push(net.job_to("https://other.example.org/x"))
    assert outcome.verdict is Verdict.FAILED
    assert outcome.detail.startswith("TLS")
    assert net.server.webpush.pushes == []


async def test_browser_without_keys(net: Net) -> None:
    """RFC 8599 section 12: a subscription without keys gets a push without a payload."""
    outcome = await net.provider().request_push(net.job(net.subscribe(keys=False)))
    assert outcome.verdict is Verdict.ACCEPTED
    [push] = net.server.webpush.pushes
    assert (push.body, push.urgency) == (b"", "high")


async def test_cancel_replaces_its_ring(net: Net) -> None:
    """S-12: a phone that was off learns that it was called and is called no more, and no ring."""
    provider, subscription = net.provider(), net.subscribe()
    subscription.online = False
    for kind in (PushKind.CALL, PushKind.CANCEL):
        await provider.request_push(net.job(subscription, kind))
    [push] = net.server.webpush.come_online(subscription)
    assert json.loads(push.plain or b"")["kind"] == "cancel"


@pytest.mark.parametrize("status", [404, 410])
async def test_subscription_that_is_gone(net: Net, status: int) -> None:
    """N-05: 404 and 410 say that the PRID is dead."""
    subscription = net.subscribe()
    subscription.gone_status = status
    outcome = await net.provider().request_push(net.job(subscription))
    assert outcome.verdict is Verdict.DEAD


async def test_subscription_made_with_another_key(net: Net) -> None:
    """G-10: a new token does not help there: the operator is told, once the second is refused."""
    outcome = await net.provider().request_push(net.job(net.subscribe(vapid="B" * 87)))
    assert outcome.verdict is Verdict.REFUSED
    assert "vapid_key_file" in outcome.advice
    assert len(net.server.webpush.pushes) == 2


async def test_clock_that_is_off(net: Net) -> None:
    """G-10: where our clock is wrong, that is the advice, for the key is right."""
    net.wall += 30 * 86400
    outcome = await net.provider().request_push(net.job(net.subscribe()))
    assert outcome.verdict is Verdict.REFUSED
    assert outcome.advice.startswith("this machine's clock is 43200 minutes ahead")


async def test_renewed_after_a_refusal(net: Net) -> None:
    """G-10: a token that a push service does not take any more is renewed, and the push goes."""
    net.server.webpush.script.append(Answer(401))
    outcome = await net.provider().request_push(net.job(net.subscribe()))
    assert outcome.verdict is Verdict.ACCEPTED
    assert [bool(push.plain) for push in net.server.webpush.pushes] == [True, True]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_redirect_is_not_followed(net: Net, canary: Canary, status: int) -> None:
    """T8, A10: nobody is sent to another place, be it inside."""
    place = ("location", f"https://127.0.0.1:{canary.port}/x")
    net.server.webpush.script.append(Answer(status, fields=(place,)))
    outcome = await net.provider().request_push(net.job(net.subscribe()))
    assert (outcome.verdict, outcome.detail) == (Verdict.REFUSED, f"HTTP {status}")
    assert net.world.dialled == [(PUBLIC, 443)]


async def test_proxy_of_the_environment_is_not_used(
    net: Net, canary: Canary, monkeypatch: pytest.MonkeyPatch
) -> None:
    """T8: variables of the environment lead nobody's pushes elsewhere."""
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{canary.port}")
        monkeypatch.setenv(name.upper(), f"http://127.0.0.1:{canary.port}")
    outcome = await net.provider().request_push(net.job(net.subscribe()))
    assert outcome.verdict is Verdict.ACCEPTED


@pytest.mark.parametrize("manner", HOSTILE)
async def test_answers_that_are_traps(net: Net, manner: Manner) -> None:
    """T9: whatever is answered is read in bounds of size and time, and the next push goes."""
    provider, subscription = net.provider(), net.subscribe()
    net.server.webpush.script.append(Answer(manner=manner))
    there = arrival(net)
    asked = provider.request_push(net.job(subscription))
    await there
    if manner in (Manner.HANG, Manner.DRIP, Manner.ENDLESS_HEAD):
        net.clock.advance(5)
    outcome = await asked
    assert outcome.verdict in (Verdict.ACCEPTED, Verdict.FAILED)
    again = await provider.request_push(net.job(subscription))
    assert again.verdict is Verdict.ACCEPTED


@pytest.mark.parametrize(
    "addresses",
    [["127.0.0.1"], ["::1"], ["::ffff:127.0.0.1"], ["10.0.0.1"], ["169.254.169.254"], ["0.0.0.0"]],
)
async def test_name_that_leads_inside(net: Net, addresses: list[str]) -> None:
    """T8, A10: a name whose addresses are not public is not connected to."""
    net.world.names[HOST] = [addresses]
    outcome = await net.provider().request_push(net.job(net.subscribe()))
    assert outcome.verdict is Verdict.FAILED
    assert outcome.detail == "the host has no public address"
    assert net.world.dialled == []


async def test_rebinding_name(net: Net) -> None:
    """A10: a name that was public for one connection is looked at anew for the next."""
    net.world.names[HOST] = [[PUBLIC], ["127.0.0.1"]]
    provider, subscription = net.provider(), net.subscribe()
    net.server.webpush.script.append(Answer(manner=Manner.CLOSE))
    assert (await provider.request_push(net.job(subscription))).verdict is Verdict.ACCEPTED
    outcome = await provider.request_push(net.job(subscription))
    assert (outcome.verdict, outcome.detail) == (
        Verdict.FAILED,
        "the host has no public address",
    )
    assert net.world.dialled == [(PUBLIC, 443)]


async def test_stopping_cuts_what_is_asked(net: Net) -> None:
    """D6: a push that is under way has failed when the server stops."""
    provider = net.provider()
    net.server.webpush.script.append(Answer(manner=Manner.HANG))
    there = arrival(net)
    asked = provider.request_push(net.job(net.subscribe()))
    await there
    await provider.stopService()
    assert (await asked).verdict is Verdict.FAILED
