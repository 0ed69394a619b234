"""APNs as it is configured, against a push server that speaks HTTP/2 over TLS."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve
from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.task import Clock, deferLater

from sippn.binding import PushJob, PushKind, PushOutcome, PushTarget, Verdict
from sippn.errors import ConfigErrors
from sippn.http import Overheard
from sippn.interfaces import Surroundings
from sippn.providers.apns.access import way_to
from sippn.providers.apns.provider import ANSWER_TIME, APNs
from sippn.providers.apns.settings import PRODUCTION, SANDBOX, apns_settings
from sippn.providers.settings import Endpoint
from sippn.testing.push_server import Answer, Device, Manner, PushServer
from sippn.testing.push_server.apns import Team
from sippn.testing.push_server.authority import private_pem
from sippn.testing.push_server.files import new_key, write_secret
from tests.providers.apns.scene import BUNDLE, REMOTE, REMOTE_TOKEN, VOIP_TOKEN, Scene, target

WALL = 784111777.0
PHONE = target()

Wait = Callable[[Deferred[Any]], Any]
Build = Callable[..., APNs]


@pytest.fixture
def wall(clock: Clock) -> Callable[[], float]:
    """The clock on the wall, of this machine and of Apple's."""
    return lambda: WALL + clock.seconds()


@pytest.fixture
def server(reactor: Any, wait: Wait, wall: Callable[[], float]) -> Iterator[PushServer]:
    server = PushServer(reactor, wall=wall)
    server.start()
    yield server
    wait(server.stop())


@pytest.fixture
def table(server: PushServer, tmp_path: Path) -> dict[str, Any]:
    """The table of APNs as the server's operator has it."""
    tables = tomllib.loads(server.tables(tmp_path))["push"]["provider"]
    (found,) = [each for each in tables if each.pop("type") == "apns"]
    return dict(found)


@pytest.fixture
def build(surroundings: Surroundings, wall: Callable[[], float], wait: Wait) -> Iterator[Build]:
    """Providers as they are configured; their connections are gone at the end."""
    built: list[APNs] = []

    def build(table: dict[str, Any], **changes: Any) -> APNs:
        around = evolve(surroundings, wall=wall, **changes)
        provider = APNs.build(apns_settings(table), around)
        provider.startService()
        built.append(provider)
        return provider

    yield build
    for provider in built:
        wait(provider.stopService())


@pytest.fixture
def provider(build: Build, table: dict[str, Any]) -> APNs:
    return build(table)


@pytest.fixture
def job(clock: Clock) -> Callable[..., PushJob]:
    """Jobs with 20 seconds left."""
    scene = Scene(clock=clock)
    return scene.job


async def _outcome(reactor: Any, clock: Clock, pushed: Deferred[PushOutcome]) -> PushOutcome:
    """What *pushed* comes to, on a clock that goes ten times as fast."""
    while not pushed.called:
        await deferLater(reactor, 0.01)
        clock.advance(0.1)
    return await pushed


async def test_call_reaches_the_phone(
    provider: APNs, server: PushServer, job: Callable[..., PushJob]
) -> None:
    """N-04: over HTTP/2, with a token that Apple verifies, as a VoIP push under its topic."""
    outcome = await provider.request_push(job())
    (push,) = server.apns.pushes
    assert outcome == PushOutcome(Verdict.ACCEPTED, push.id, "200", advice="Apple took the push")
    assert (push.token, push.topic, push.push_type) == (VOIP_TOKEN, f"{BUNDLE}.voip", "voip")
    assert push.expiration == int(WALL + 1000 + 20)
    assert push.payload["sippn"]["kind"] == "call"
    assert server.apns.acted[push.id] == 1


@pytest.mark.parametrize("kind", PushKind)
@pytest.mark.parametrize("payload", ["minimal", "linphone"])
async def test_apple_takes_each_kind(
    build: Build, table: dict[str, Any], server: PushServer, job: Callable[..., PushJob],
    kind: PushKind, payload: str,
) -> None:  # fmt: skip
    """N-29: with both tokens of a UA, and with the one for alerts alone."""
    table["apps"][BUNDLE]["payload"] = payload
    provider = build(table)
    for ua in (PHONE, target(REMOTE)):
        assert (await provider.request_push(job(kind, target=ua))).verdict is Verdict.ACCEPTED


async def test_sandbox_is_found(
    provider: APNs, server: PushServer, job: Callable[..., PushJob]
) -> None:
    """N-05: a phone that Xcode installed says nothing of it; production is asked once."""
    server.apns.devices[VOIP_TOKEN] = Device(BUNDLE, sandbox=True)
    for number in range(3):
        outcome = await provider.request_push(job(id=f"job-{number}"))
        assert outcome.verdict is Verdict.ACCEPTED
    assert (len(server.apns.pushes), len(server.sandbox.pushes)) == (1, 3)


async def test_token_that_apple_does_not_know_is_dead(
    provider: APNs, server: PushServer, job: Callable[..., PushJob]
) -> None:
    """N-05: the UA said sandbox, and neither environment knows it."""
    server.apns.devices[VOIP_TOKEN] = Device("com.example.other")
    outcome = await provider.request_push(job())
    assert (outcome.verdict, outcome.detail) == (Verdict.DEAD, "400 DeviceTokenNotForTopic")
    server.apns.script.append(server.apns.refusal("BadDeviceToken"))
    outcome = await provider.request_push(job(PushKind.REFRESH))
    assert (outcome.verdict, outcome.detail) == (Verdict.DEAD, "400 BadDeviceToken")


async def test_removed_app_is_dead_since_then(
    provider: APNs, server: PushServer, job: Callable[..., PushJob]
) -> None:
    """N-05: a 410 says when; the wake compares it with the last REGISTER."""
    server.apns.devices[VOIP_TOKEN] = Device(BUNDLE, unregistered_at=1_600_000_000.5)
    outcome = await provider.request_push(job())
    assert (outcome.verdict, outcome.detail) == (Verdict.DEAD, "410 Unregistered")
    assert outcome.gone_since == 1_600_000_000.5


async def test_clock_that_is_off_is_said(
    provider: APNs, server: PushServer, job: Callable[..., PushJob]
) -> None:
    """N-05: the binding lives, and the operator reads what to do."""
    for off, side in ((7200, "120 minutes behind"), (-7200, "120 minutes ahead of")):
        server.apns.clock_off = off
        outcome = await provider.request_push(job())
        assert outcome.verdict is Verdict.REFUSED
        assert outcome.advice.startswith(f"this machine's clock is {side}")


async def test_wrong_key_is_the_operators(
    build: Build, table: dict[str, Any], server: PushServer, job: Callable[..., PushJob]
) -> None:
    """N-05: another team's key, or an app of another team's, kills no binding."""
    app = table["apps"][BUNDLE]
    other = build({**table, "apps": {BUNDLE: {**app, "key_id": "OTHERKEY12"}}})
    outcome = await other.request_push(job())
    assert (outcome.verdict, outcome.detail) == (Verdict.REFUSED, "403 InvalidProviderToken")
    foreign = build({**table, "apps": {"com.example.other": app}})
    outcome = await foreign.request_push(job(target=target(app="com.example.other")))
    assert (outcome.verdict, outcome.detail) == (Verdict.REFUSED, "400 TopicDisallowed")


async def test_token_of_ours_is_renewed(
    provider: APNs, server: PushServer, clock: Clock, job: Callable[..., PushJob]
) -> None:
    """N-04: before the hour is over; and once more where Apple takes it no more."""
    for _ in range(3):
        assert (await provider.request_push(job())).verdict is Verdict.ACCEPTED
        clock.advance(30 * 60)
    assert server.apns.provider_tokens == 2
    server.apns.script.append(server.apns.refusal("ExpiredProviderToken"))
    assert (await provider.request_push(job())).verdict is Verdict.ACCEPTED
    assert server.apns.provider_tokens == 3


async def test_apps_of_one_key_share_its_token(
    build: Build, table: dict[str, Any], server: PushServer, job: Callable[..., PushJob]
) -> None:
    """N-04: one token for each key, or Apple answers 429."""
    other = "com.example.tablet"
    server.apns.teams[0] = evolve(server.apns.teams[0], apps=frozenset({BUNDLE, other}))
    provider = build({**table, "apps": dict.fromkeys((BUNDLE, other), table["apps"][BUNDLE])})
    for app in (BUNDLE, other):
        outcome = await provider.request_push(job(target=target(app=app)))
        assert outcome.verdict is Verdict.ACCEPTED
    assert (server.apns.provider_tokens, server.apns.connections) == (1, 1)


async def test_teams_have_connections_of_their_own(
    build: Build, table: dict[str, Any], server: PushServer, tmp_path: Path,
    job: Callable[..., PushJob],
) -> None:  # fmt: skip
    """N-04: Apple takes the tokens of one key only on a connection."""
    other, key = "com.example.tablet", new_key()
    team = Team("TEAMID5678", "XYZ123DEFG", key.public_key(), frozenset({other}))
    server.apns.teams.append(team)
    file = tmp_path / "Other.p8"
    write_secret(file, private_pem(key))
    app = {"team": team.id, "key_id": team.key_id, "key_file": str(file)}
    provider = build({**table, "apps": {**table["apps"], other: app}})
    for _ in range(2):
        for bundle in (BUNDLE, other):
            outcome = await provider.request_push(job(target=target(app=bundle)))
            assert outcome.verdict is Verdict.ACCEPTED
    assert server.apns.connections == 2


async def test_certificate_says_who_we_are(
    build: Build,
    table: dict[str, Any],
    server: PushServer,
    tmp_path: Path,
    job: Callable[..., PushJob],
) -> None:
    """N-04: in place of a token, in both environments."""
    files = server.write(tmp_path)
    app = {"certificate_file": str(files.apns_certificate_file)}
    provider = build({**table, "apps": {BUNDLE: app}})
    assert (await provider.request_push(job())).verdict is Verdict.ACCEPTED
    server.apns.devices[VOIP_TOKEN] = Device(BUNDLE, sandbox=True)
    assert (await provider.request_push(job())).verdict is Verdict.ACCEPTED
    assert "authorization" not in server.apns.pushes[0].fields
    assert server.apns.provider_tokens == server.sandbox.provider_tokens == 0
    assert len(server.sandbox.pushes) == 1


async def test_no_push_is_lost_or_doubled_over_goaway(
    provider: APNs, server: PushServer, job: Callable[..., PushJob]
) -> None:
    """N-04: a connection that takes no more ends what it has, and another takes the rest."""
    server.apns.goaway_every = 20
    server.apns.default = Answer(delay=0.005)
    pushed = [provider.request_push(job(id=f"job-{number}")) for number in range(60)]
    outcomes = await gatherResults(pushed)
    assert {(outcome.verdict, outcome.detail) for outcome in outcomes} == {
        (Verdict.ACCEPTED, "200")
    }
    assert sorted(server.apns.acted.values()) == [1] * 60
    assert server.apns.connections >= 3


async def test_silent_server_is_given_up(
    provider: APNs, server: PushServer, clock: Clock, reactor: Any, job: Callable[..., PushJob]
) -> None:
    """T9: after five seconds, and the phone gets time to come; the next push goes through."""
    await provider.request_push(job())
    server.apns.script.append(Answer(manner=Manner.HANG))
    pushed = provider.request_push(job())
    while len(server.apns.pushes) < 2:
        await deferLater(reactor, 0.001)
    clock.advance(ANSWER_TIME)
    outcome = await pushed
    assert (outcome.verdict, outcome.retry_after) == (Verdict.FAILED, 2.0)
    assert (await provider.request_push(job())).verdict is Verdict.ACCEPTED


@pytest.mark.parametrize("manner", Manner)
async def test_every_bad_manner_is_an_outcome(
    provider: APNs,
    server: PushServer,
    clock: Clock,
    reactor: Any,
    job: Callable[..., PushJob],
    manner: Manner,
) -> None:
    """T9: in bounded time, and none of them kills a binding; the next push goes through."""
    server.apns.script.append(Answer(manner=manner, code=2))
    started = clock.seconds()
    outcome = await _outcome(reactor, clock, provider.request_push(job()))
    assert outcome.verdict in {Verdict.ACCEPTED, Verdict.FAILED}
    assert clock.seconds() - started <= ANSWER_TIME + 1
    again = await _outcome(reactor, clock, provider.request_push(job()))
    assert again.verdict is Verdict.ACCEPTED


async def test_server_that_nobody_vouches_for_gets_nothing(
    build: Build, table: dict[str, Any], server: PushServer, job: Callable[..., PushJob]
) -> None:
    """Q-10: without the CA that signed its certificate, no push and no token of ours leaves."""
    del table["ca_file"]
    outcome = await build(table).request_push(job())
    assert outcome.verdict is Verdict.FAILED
    assert outcome.retry_after is None
    assert server.apns.pushes == []


def test_apple_is_known_by_the_systems_cas() -> None:
    """Q-10: a ca_file is for the gateway that it is written for; Apple has others."""
    trust = object()
    assert way_to(Endpoint("push.example.com", 8443), trust, None).trust is trust
    assert way_to(PRODUCTION, trust, None).trust is None
    assert way_to(SANDBOX, trust, None).trust is None


async def test_somebody_may_look_on(
    build: Build, table: dict[str, Any], job: Callable[..., PushJob]
) -> None:
    """N-10: ``sippn push test`` sees each request, and what came of it."""
    seen: list[Overheard] = []
    await build(table, overhear=seen.append).request_push(job())
    (one,) = seen
    assert json.loads(one.ask.body)["sippn"]["kind"] == "call"
    assert VOIP_TOKEN not in repr(one)


def test_files_that_are_wrong_are_all_said(
    build: Build, table: dict[str, Any], tmp_path: Path
) -> None:
    """DESIGN 5: at the start, for every app at once."""
    app = table["apps"][BUNDLE]
    (tmp_path / "broken.pem").write_text("-----BEGIN NOTHING-----")
    table["apps"] = {
        "a": {**app, "key_file": str(tmp_path / "missing.p8")},
        "b": {**app, "key_file": str(tmp_path / "broken.pem")},
        "c": {"certificate_file": str(tmp_path / "missing.pem")},
        "d": {"certificate_file": str(tmp_path / "broken.pem")},
        "e": {"certificate_file": table["ca_file"], "private_key_file": str(tmp_path / "no")},
        "f": {"certificate_file": table["ca_file"], "private_key_file": app["key_file"]},
        "g": app,
    }
    with pytest.raises(ConfigErrors) as caught:
        build(table)
    assert [where for where, _ in caught.value.problems] == [
        'apps."a".key_file',
        'apps."b".key_file',
        'apps."c".certificate_file',
        'apps."d".certificate_file',
        'apps."e".private_key_file',
        'apps."f".certificate_file',
    ]
    assert all(what.partition(":")[2] for _, what in caught.value.problems)


def test_ca_file_that_is_wrong_is_said(build: Build, table: dict[str, Any]) -> None:
    """DESIGN 5: as for every provider."""
    with pytest.raises(ConfigErrors) as caught:
        build({**table, "ca_file": "/nonexistent"})
    assert caught.value.problems[0][0] == "ca_file"


@pytest.mark.parametrize("key", ["endpoint", "sandbox_endpoint"])
def test_host_that_cannot_be_looked_up_is_said(
    build: Build, table: dict[str, Any], key: str
) -> None:
    """DESIGN 5: once, however many apps are asked for there."""
    table["apps"]["com.example.tablet"] = table["apps"][BUNDLE]
    with pytest.raises(ConfigErrors) as caught:
        build({**table, key: "https://xn--a.example.com"})
    assert [where for where, _ in caught.value.problems] == [key]


async def test_remote_token_alone_is_enough(
    provider: APNs, server: PushServer, job: Callable[..., PushJob]
) -> None:
    """N-29: an app without PushKit gets an alert that its later end replaces (S-12)."""
    ua: PushTarget = target(REMOTE)
    await provider.request_push(job(target=ua))
    await provider.request_push(job(PushKind.CANCEL, target=ua))
    ring, end = server.apns.pushes
    assert (ring.token, ring.push_type, ring.topic) == (REMOTE_TOKEN.lower(), "alert", BUNDLE)
    assert ring.collapse_id == end.collapse_id != ""
    assert end.payload["aps"]["alert"] == {"body": "Missed call"}
