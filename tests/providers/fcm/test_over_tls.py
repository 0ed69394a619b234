"""Tests for :mod:`sippn.providers.fcm`, over HTTP/2 and HTTP/1.1 with TLS on loopback."""

from __future__ import annotations

import json
import tomllib
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.task import Clock

from sippn.binding import PushJob, PushKind, PushOutcome, PushTarget, Verdict
from sippn.http import Overheard
from sippn.interfaces import Surroundings
from sippn.providers.fcm.provider import FCM
from sippn.providers.fcm.settings import FCMSettings, fcm_settings
from sippn.testing import push_server
from sippn.testing.push_server import Answer, Manner, PushServer

Wait = Callable[[Deferred[Any]], Any]
MakePush = Callable[..., PushJob]
Start = Callable[..., FCM]

WALL = 784111777.0
Google = push_server.FCM

PHONE = "phone-1:APA91bExample"


@pytest.fixture(params=["h2", "http/1.1"])
def version(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Whichever version of HTTP the two agree on."""
    version: str = request.param
    if version != "h2":
        monkeypatch.setattr("sippn.http.connecting._PROTOCOLS", [version.encode()])
    return version


@pytest.fixture
def wall(clock: Clock) -> Callable[[], float]:
    """One for both sides."""
    return lambda: WALL + clock.seconds()


@pytest.fixture
def server(
    reactor: Any, wall: Callable[[], float], wait: Wait, version: str
) -> Iterator[PushServer]:
    assert version
    server = PushServer(reactor, wall=wall)
    server.start()
    yield server
    wait(server.stop())


@pytest.fixture
def google(server: PushServer) -> Google:
    return server.fcm


@pytest.fixture
def settings(server: PushServer, tmp_path: Path) -> FCMSettings:
    """As the push server says that it is to be configured."""
    tables = tomllib.loads(server.tables(tmp_path))["push"]["provider"]
    [table] = [each for each in tables if each["type"] == "fcm"]
    return fcm_settings({key: value for key, value in table.items() if key != "type"})


@pytest.fixture
def start(
    settings: FCMSettings, reactor: Any, clock: Clock, wall: Callable[[], float], wait: Wait
) -> Iterator[Start]:
    """Starts a provider, which is stopped at the end."""
    started: list[FCM] = []

    def start(**more: Any) -> FCM:
        fcm = FCM.build(settings, Surroundings(reactor, clock, wall, bytes, **more))
        fcm.startService()
        started.append(fcm)
        return fcm

    yield start
    for fcm in started:
        wait(fcm.stopService())


@pytest.fixture
def phone(start: Start) -> FCM:
    return start()


@pytest.fixture
def call(make_push: MakePush) -> Callable[..., PushJob]:
    """Jobs for a phone of that project."""

    def call(token: str = PHONE, **more: Any) -> PushJob:
        return make_push(target=PushTarget("fcm", "123456789012", token), **more)

    return call


def verdict(outcome: PushOutcome) -> tuple[Verdict, str]:
    """What the rest of the server goes by, and what the operator sees."""
    return outcome.verdict, outcome.detail


async def test_phone_gets_its_push(phone: FCM, google: Google, call: MakePush) -> None:
    """N-04: with a service account's file and nothing else; the alias is the project's number."""
    outcome = await phone.request_push(call())
    assert verdict(outcome) == (Verdict.ACCEPTED, "HTTP 200")
    assert outcome.pns_id == "0:1"
    [push] = google.pushes
    assert (push.project, push.token, push.data["kind"]) == ("example-project", PHONE, "call")
    assert push.android == {"priority": "high", "ttl": "20s", "collapse_key": "collapse-1"}


async def test_many_phones_share_a_token(phone: FCM, google: Google, call: MakePush) -> None:
    """Fifty at once: one token request, none lost, none doubled."""
    outcomes = await gatherResults([phone.request_push(call(f"phone-no-{n}")) for n in range(50)])
    assert {each.verdict for each in outcomes} == {Verdict.ACCEPTED}
    assert Counter(push.token for push in google.pushes) == {f"phone-no-{n}": 1 for n in range(50)}
    assert len(google.tokens.pushes) == 1


async def test_token_is_renewed_while_pushes_go_on(
    phone: FCM, google: Google, call: MakePush, clock: Clock
) -> None:
    """N-04: a server that runs for three hours asks for a token four times, and no push fails."""
    for _ in range(31):
        assert (await phone.request_push(call())).verdict is Verdict.ACCEPTED
        clock.advance(360)
    await phone.request_push(call())
    assert len(google.tokens.pushes) == 4


async def test_revoked_token_is_replaced(phone: FCM, google: Google, call: MakePush) -> None:
    """N-05: the push that meets it leaves once more, at once."""
    await phone.request_push(call())
    google.tokens.revoke()
    assert (await phone.request_push(call())).verdict is Verdict.ACCEPTED
    assert len(google.tokens.pushes) == 2


async def test_app_that_is_gone_is_dead(phone: FCM, google: Google, call: MakePush) -> None:
    """N-05: UNREGISTERED is the phone's, and is known at once."""
    google.unregistered.add("gone-phone")
    outcome = await phone.request_push(call("gone-phone"))
    assert verdict(outcome) == (Verdict.DEAD, "UNREGISTERED")


async def test_token_that_is_none_is_dead(phone: FCM, call: MakePush) -> None:
    """N-05: INVALID_ARGUMENT of message.token is the phone's as well."""
    outcome = await phone.request_push(call("b\u00e4d token"))
    assert verdict(outcome) == (Verdict.DEAD, "INVALID_ARGUMENT")


async def test_app_of_another_project_is_the_operators(
    phone: FCM, google: Google, call: MakePush
) -> None:
    """N-05: SENDER_ID_MISMATCH kills no binding; the log says what to do."""
    google.foreign.add("other-phone")
    outcome = await phone.request_push(call("other-phone"))
    assert verdict(outcome) == (Verdict.REFUSED, "SENDER_ID_MISMATCH")
    assert "another Firebase project" in outcome.advice


async def test_clock_that_is_off_is_told(phone: FCM, google: Google, call: MakePush) -> None:
    """N-05: Google sees an assertion from an hour ago; the advice begins with the cure."""
    google.tokens.clock_off = 7200
    outcome = await phone.request_push(call())
    assert verdict(outcome) == (Verdict.REFUSED, "token endpoint: invalid_grant: timeframe")
    assert outcome.advice.startswith("this machine's clock is 120 minutes behind")


@pytest.fixture
def _deleted_key(settings: FCMSettings, rsa_key: RSAPrivateKey) -> None:
    """The service account's file has one that Google does not know."""
    path = Path(settings.projects[0].service_account)
    pem = rsa_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    path.write_text(json.dumps({**json.loads(path.read_text()), "private_key": pem}))


@pytest.mark.usefixtures("_deleted_key")
async def test_key_that_was_deleted_is_told(start: Start, google: Google, call: MakePush) -> None:
    """N-05: a key that was deleted signs for the account no more."""
    outcome = await start().request_push(call())
    assert verdict(outcome) == (Verdict.REFUSED, "token endpoint: invalid_grant: signature")
    assert "key was deleted" in outcome.advice
    assert google.pushes == []


async def test_quota_is_waited_for(phone: FCM, google: Google, call: MakePush) -> None:
    """W2: a minute where Google does not say, else as it says."""
    google.script.append(google.refusal("QUOTA_EXCEEDED"))
    google.script.append(google.refusal("UNAVAILABLE", fields=(("retry-after", "7"),)))
    first, second = [await phone.request_push(call()) for _ in range(2)]
    assert (first.verdict, first.retry_after) == (Verdict.BUSY, 60)
    assert (second.verdict, second.retry_after) == (Verdict.BUSY, 7)


async def test_hanging_server_is_left_after_five_seconds(
    phone: FCM, google: Google, call: MakePush, clock: Clock
) -> None:
    """T9, W3: FAILED; the phone gets two seconds, as the push may be on its way."""
    await phone.request_push(call())
    google.script.append(Answer(manner=Manner.HANG))
    arrived: Deferred[object] = Deferred()
    google.on_answer = lambda push, _: arrived.callback(push)
    asked = phone.request_push(call())
    await arrived
    google.on_answer = None
    clock.advance(5)
    outcome = await asked
    assert (outcome.verdict, outcome.retry_after) == (Verdict.FAILED, 2)


@pytest.mark.parametrize(
    "manner",
    [
        Manner.CUT,
        Manner.RESET,
        Manner.ENDLESS,
        Manner.FLOOD,
        Manner.HEAVY,
        Manner.ENDLESS_HEAD,
        Manner.BOMB,
    ],
)
async def test_bad_answers_are_bounded(
    phone: FCM, google: Google, call: MakePush, manner: Manner
) -> None:
    """T9, W4: a value each time, and the next push goes through."""
    google.script.append(Answer(200, body=b"no JSON", manner=manner))
    assert (await phone.request_push(call())).verdict is Verdict.FAILED
    assert (await phone.request_push(call())).verdict is Verdict.ACCEPTED


async def test_endless_token_is_none(
    phone: FCM, google: Google, call: MakePush, clock: Clock
) -> None:
    """W4: the token endpoint's answers are bounded as well."""
    google.tokens.script.append(Answer(200, body=b"{}", manner=Manner.ENDLESS))
    outcome = await phone.request_push(call())
    assert outcome.verdict is Verdict.FAILED
    assert outcome.detail.startswith("token endpoint: ")
    clock.advance(1)
    assert (await phone.request_push(call())).verdict is Verdict.ACCEPTED


async def test_refresh_and_cancel_reach_the_same_app(
    phone: FCM, google: Google, call: MakePush
) -> None:
    """S-12, S-30: a refresh is not urgent; a cancel replaces its call and says why."""
    for kind, more in ((PushKind.REFRESH, {}), (PushKind.CANCEL, {"reason": "SIP;cause=200"})):
        assert (await phone.request_push(call(kind=kind, **more))).verdict is Verdict.ACCEPTED
    refresh, cancel = google.pushes
    assert refresh.android["priority"] == "normal"
    assert (cancel.data["kind"], cancel.data["reason"]) == ("cancel", "SIP;cause=200")


async def test_onlooker_hears_both_requests(start: Start, google: Google, call: MakePush) -> None:
    """N-10: ``sippn push test`` shows what went out and what came back."""
    heard: list[Overheard] = []
    await start(overhear=heard.append).request_push(call())
    assert [each.ask.path for each in heard] == [
        b"/token",
        b"/v1/projects/example-project/messages:send",
    ]
    assert {each.origin for each in heard} == {google.url}
