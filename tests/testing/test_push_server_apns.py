"""The push server's APNs, as a client sees it that is none of sippn's."""

from __future__ import annotations

import json
import time
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from attrs import define
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from sippn.testing.push_server import Answer, Device, PushServer
from sippn.testing.push_server.apns import Team
from tests.testing.push_client import Caller, Got
from tests.testing.push_tokens import TOKEN, TOPIC, Keys, other_key

ID = "eabeae54-14a8-11e5-b60b-1697f925ec7b"
PAYLOAD = b'{"aps":{},"sippn":{"kind":"call","id":"x"}}'


@pytest.fixture
def keys(push_server: PushServer, tmp_path: Path) -> Keys:
    return Keys.of(push_server, tmp_path)


@define(eq=False)
class App:
    """
    Pushes to a phone as an app's provider does.
    """

    caller: Caller
    keys: Keys

    def fields(self, **changed: Any) -> dict[str, str]:
        """The fields of a VoIP push; those that are None are left out."""
        fields = {
            "authorization": f"bearer {self.keys.provider_token()}",
            "apns-topic": f"{TOPIC}.voip",
            "apns-push-type": "voip",
            "apns-priority": "10",
            "apns-expiration": "0",
            "apns-id": ID,
            **{name.replace("_", "-"): value for name, value in changed.items()},
        }
        return {name: value for name, value in fields.items() if value is not None}

    async def push(
        self, *, token: str = TOKEN, body: bytes = PAYLOAD, to: str = "", **changed: Any
    ) -> Got:
        """Push over a connection of its own."""
        client = await self.caller.two(to or self.caller.server.apns.url)
        return await client.ask(f"/3/device/{token}", self.fields(**changed), body)


@pytest.fixture
def app(caller: Caller, keys: Keys) -> App:
    return App(caller, keys)


async def test_good_push_is_taken(push_server: PushServer, app: App) -> None:
    """Issue 7, 10: a push with nothing wrong gets 200, an empty body and its apns-id."""
    seen: list[str] = []
    push_server.apns.on_push = lambda push: seen.append(push.token)
    got = await app.push()
    assert (got.status, got.body, got.fields["apns-id"]) == (200, b"", ID)
    [push] = push_server.apns.pushes
    assert (push.token, push.topic, push.push_type) == (TOKEN, "com.example.phone.voip", "voip")
    assert (push.priority, push.expiration, push.collapse_id) == (10, 0, "")
    assert push.payload == json.loads(PAYLOAD)
    assert seen == [TOKEN]
    assert push_server.acted == {ID: 1}


async def test_id_is_given_where_there_is_none(push_server: PushServer, app: App) -> None:
    """Issue 7, 10: without an apns-id APNs makes one, and says it."""
    got = await app.push(apns_id=None)
    assert str(UUID(got.fields["apns-id"])) == push_server.apns.pushes[0].id


async def test_credentials_are_in_no_repr(push_server: PushServer, app: App) -> None:
    """A PRID is a credential, and so is a provider token: nothing shows them."""
    push_server.apns.devices[TOKEN] = Device(TOPIC)
    await app.push()
    shown = f"{push_server!r} {push_server.apns.pushes} {push_server.apns.pushes[0].label}"
    assert TOKEN not in shown
    assert "bearer" not in str(push_server.apns.pushes[0].fields)
    assert "PRIVATE" not in shown


REFUSED: list[tuple[dict[str, Any], int, str]] = [
    ({"apns_topic": None}, 400, "MissingTopic"),
    ({"apns_topic": "com.example.other.voip"}, 400, "TopicDisallowed"),
    ({"apns_topic": TOPIC}, 400, "InvalidPushType"),
    ({"apns_push_type": "ring"}, 400, "InvalidPushType"),
    ({"apns_push_type": "alert"}, 400, "InvalidPushType"),
    ({"apns_topic": "no topic.voip"}, 400, "BadTopic"),
    ({"apns_priority": "7"}, 400, "BadPriority"),
    ({"apns_push_type": "background", "apns_topic": TOPIC}, 400, "BadPriority"),
    ({"apns_expiration": "soon"}, 400, "BadExpirationDate"),
    ({"apns_collapse_id": "x" * 65}, 400, "BadCollapseId"),
    ({"apns_id": "42"}, 400, "BadMessageId"),
    ({"token": "nonsense"}, 400, "BadDeviceToken"),
    ({"token": "ab"}, 400, "BadDeviceToken"),
    ({"token": ""}, 400, "MissingDeviceToken"),
    ({"body": b'"aps"'}, 400, "PayloadEmpty"),
    ({"body": b'{"aps":{},"x":"%s"}' % (b"x" * 5120)}, 413, "PayloadTooLarge"),
    ({"authorization": None}, 403, "MissingProviderToken"),
    ({"authorization": "bearer no.token.this"}, 403, "InvalidProviderToken"),
]


@pytest.mark.parametrize(("changed", "status", "reason"), REFUSED)
async def test_wrong_push_is_refused(
    push_server: PushServer, app: App, changed: dict[str, Any], status: int, reason: str
) -> None:
    """Appendix A: what is wrong with a push is answered with APNs' own status and reason."""
    got = await app.push(**changed)
    assert (got.status, got.json) == (status, {"reason": reason})
    assert push_server.acted == {}


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"key": other_key()}, "InvalidProviderToken"),
        ({"kid": "OTHERKEY01"}, "InvalidProviderToken"),
        ({"iss": "OTHERTEAM1"}, "InvalidProviderToken"),
        ({"iat": int(time.time()) + 3600}, "InvalidProviderToken"),
        ({"iat": "now"}, "InvalidProviderToken"),
        ({"iat": int(time.time()) - 3700}, "ExpiredProviderToken"),
    ],
)
async def test_wrong_provider_token_is_refused(
    app: App, keys: Keys, changed: dict[str, Any], reason: str
) -> None:
    """Appendix A: a token that the team's key has not signed within the hour gets 403."""
    got = await app.push(authorization=f"bearer {keys.provider_token(**changed)}")
    assert (got.status, got.json) == (403, {"reason": reason})


@pytest.mark.parametrize(
    ("path", "method", "reason"),
    [("/4/device/x", "POST", "BadPath"), ("/3/device/x", "PUT", "MethodNotAllowed")],
)
async def test_other_requests_are_refused(
    caller: Caller, app: App, path: str, method: str, reason: str
) -> None:
    """Appendix A: only a POST to /3/device is a push."""
    client = await caller.two(caller.server.apns.url)
    got = await client.ask(path, app.fields(), PAYLOAD, method)
    assert (got.status, got.json) == ({"BadPath": 404}.get(reason, 405), {"reason": reason})


async def test_token_of_the_other_environment_is_bad(push_server: PushServer, app: App) -> None:
    """Appendix A: a sandbox token is BadDeviceToken in production, and the other way round."""
    push_server.apns.devices[TOKEN] = Device(TOPIC, sandbox=True)
    sandbox = push_server.sandbox.url
    answers = [
        await app.push(),
        await app.push(to=sandbox),
        await app.push(to=sandbox, token="cd" * 32),
    ]
    assert [got.status for got in answers] == [400, 200, 400]
    assert answers[0].json == answers[2].json == {"reason": "BadDeviceToken"}
    assert [push.sandbox for push in push_server.sandbox.pushes] == [True, True]


async def test_device_of_another_app_is_not_for_the_topic(
    push_server: PushServer, app: App
) -> None:
    """Appendix A: DeviceTokenNotForTopic."""
    push_server.apns.devices[TOKEN] = Device("com.example.other")
    assert (await app.push()).json == {"reason": "DeviceTokenNotForTopic"}


async def test_unregistered_device_is_gone(push_server: PushServer, app: App) -> None:
    """N-05: a 410 says since when, in milliseconds."""
    push_server.apns.devices[TOKEN] = Device(TOPIC, unregistered_at=1_700_000_000.5)
    got = await app.push()
    assert (got.status, got.json) == (
        410,
        {"reason": "Unregistered", "timestamp": 1_700_000_000_500},
    )


async def test_connection_is_for_one_key(push_server: PushServer, caller: Caller, app: App) -> None:
    """N-04: a connection takes the tokens of the key that it saw first, and of no other."""
    key = other_key()
    public = load_pem_public_key(key.export_to_pem())
    assert isinstance(public, EllipticCurvePublicKey)
    push_server.apns.teams.append(Team("OTHERTEAM1", "OTHERKEY01", public, frozenset({TOPIC})))
    token = app.keys.provider_token(key=key, iss="OTHERTEAM1", kid="OTHERKEY01")
    client = await caller.two(push_server.apns.url)
    path, other = f"/3/device/{TOKEN}", app.fields(authorization=f"bearer {token}")
    fields = (app.fields(), other, app.fields())
    got = [await client.ask(path, each, PAYLOAD) for each in fields]
    assert [each.status for each in got] == [200, 403, 200]
    assert got[1].json == {"reason": "InvalidProviderToken"}
    assert (await app.push(authorization=f"bearer {token}")).status == 200


async def test_certificate_stands_for_a_token(
    push_server: PushServer, caller: Caller, app: App
) -> None:
    """Issue 7, 2: with a certificate there is no token, for the certificate's app alone."""
    own, other = (push_server.authority.client(name) for name in (TOPIC, "com.example.other"))
    client = await caller.two(push_server.apns.url, own)
    assert client.limit == 1000
    path = f"/3/device/{TOKEN}"
    good = await client.ask(path, app.fields(authorization=None), PAYLOAD)
    stranger = await caller.two(push_server.apns.url, other)
    bad = await stranger.ask(path, app.fields(authorization=None), PAYLOAD)
    assert (good.status, bad.json) == (200, {"reason": "TopicDisallowed"})


async def test_one_stream_until_the_first_good_token(
    push_server: PushServer, caller: Caller, app: App
) -> None:
    """LIBRARIES 3: a connection may have one stream; with the first good push 1,000."""
    client = await caller.two(push_server.apns.url)
    assert client.limit == 1
    path, fields = f"/3/device/{TOKEN}", app.fields()
    bad = await client.ask(path, app.fields(authorization="bearer x.y.z"), PAYLOAD)
    assert (bad.status, client.limit) == (403, 1)
    got = await client.ask(path, fields, PAYLOAD)
    assert (got.status, client.limit) == (200, 1000)


async def test_stream_too_many_is_refused(
    push_server: PushServer, caller: Caller, app: App
) -> None:
    """RFC 9113, 5.1.2: REFUSED_STREAM, and nothing was done."""
    client = await caller.two(push_server.apns.url)
    push_server.apns.script.append(Answer(delay=0.05))
    client.two.remote_settings[3] = 10  # MAX_CONCURRENT_STREAMS, as if it had not heard
    client.two.remote_settings.acknowledge()
    first = client.start("POST", f"/3/device/{TOKEN}", app.fields(), PAYLOAD)
    second = client.start("POST", f"/3/device/{TOKEN}", app.fields(), PAYLOAD)
    await client.until(lambda: first.ended and second.code is not None)
    assert (first.status, second.code, push_server.acted) == (200, 7, {ID: 1})


async def test_clock_that_is_off_shows_in_date(push_server: PushServer, app: App) -> None:
    """Issue 7, 6: a service whose clock differs refuses the token, and its Date says why."""
    push_server.apns.clock_off = 2 * 3600
    got = await app.push()
    assert got.json == {"reason": "ExpiredProviderToken"}
    ahead = parsedate_to_datetime(got.fields["date"]).timestamp() - time.time()
    assert 7190 < ahead < 7210


async def test_doubled_push_is_counted(push_server: PushServer, caller: Caller, app: App) -> None:
    """Issue 7: a push that reached its phone twice is found, over HTTP as well."""
    for _ in range(2):
        await app.push()
    await app.push(apns_id=None)
    assert push_server.apns.doubled == 1
    client = await caller.two(push_server.apns.url)
    got = await client.ask("/counts", {}, b"", "GET")
    assert got.json == {"acted": 3, "different": 2, "doubled": 1, "connections": 4}


async def test_refusal_is_written_like_apples(push_server: PushServer, app: App) -> None:
    """Issue 7, 10: a test names Apple's reason, the status is that of Apple's table."""
    push_server.apns.script.append(
        push_server.apns.refusal("TooManyRequests", fields=(("retry-after", "7"),))
    )
    got = await app.push()
    assert (got.status, got.json) == (429, {"reason": "TooManyRequests"})
    assert got.fields["retry-after"] == "7"
    with pytest.raises(KeyError):
        push_server.apns.refusal("NoSuchReason")


async def test_thousand_pushes_all_arrive_once(
    push_server: PushServer, caller: Caller, app: App
) -> None:
    """Issue 7: however many there are at a time, each is answered and reaches its phone once."""
    client = await caller.two(push_server.apns.url)
    fields = app.fields(apns_id=None)
    await client.ask(f"/3/device/{TOKEN}", fields, PAYLOAD)
    path = f"/3/device/{TOKEN}"
    all_of_them = [client.start("POST", path, fields, PAYLOAD) for _ in range(900)]
    await client.until(lambda: all(got.ended for got in all_of_them))
    assert {got.status for got in all_of_them} == {200}
    assert (sum(push_server.acted.values()), push_server.apns.doubled) == (901, 0)
