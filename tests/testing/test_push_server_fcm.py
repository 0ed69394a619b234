"""The push server's FCM and token endpoint, as a client sees them that is none of sippn's."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from attrs import define, field
from jwcrypto.jwk import JWK

from sippn.testing.push_server import Answer, PushServer
from tests.testing.push_client import Caller, Client, Got
from tests.testing.push_tokens import Keys

TOKEN = "dQw4w9WgXcQ:APA91b_registration-token"
GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
PATH = "/v1/projects/example-project/messages:send"


def message(**changed: Any) -> dict[str, Any]:
    """A good one; *changed* is in place of what is in it."""
    return {
        "token": TOKEN,
        "data": {"kind": "call", "id": "x"},
        "android": {"priority": "high", "ttl": "20s", "collapse_key": "c"},
        **changed,
    }


@define(eq=False)
class Sender:
    """
    Sends as a service account's owner does.
    """

    caller: Caller
    keys: Keys
    _client: Client | None = field(default=None, init=False)

    async def client(self) -> Client:
        """The connection."""
        if self._client is None:
            self._client = await self.caller.two(self.caller.server.fcm.url)
        return self._client

    async def grant(self, assertion: str, grant_type: str = GRANT) -> Got:
        """Ask for an access token."""
        form = urlencode({"grant_type": grant_type, "assertion": assertion}).encode()
        fields = {"content-type": "application/x-www-form-urlencoded"}
        return await (await self.client()).ask("/token", fields, form)

    async def token(self) -> str:
        """An access token."""
        text: str = (await self.grant(self.keys.assertion())).json["access_token"]
        return text

    async def send(self, what: object, token: str | None = None, path: str = PATH) -> Got:
        """Send a message."""
        fields = {"content-type": "application/json"}
        if token != "":
            fields["authorization"] = f"Bearer {await self.token() if token is None else token}"
        body = json.dumps({"message": what}).encode()
        return await (await self.client()).ask(path, fields, body)


@pytest.fixture
def sender(caller: Caller, push_server: PushServer, tmp_path: Path) -> Sender:
    return Sender(caller, Keys.of(push_server, tmp_path))


def code(got: Got) -> str:
    """The code of FcmError, or the reason of ErrorInfo."""
    [first, *_] = got.json["error"]["details"]
    text: str = first.get("errorCode") or first["reason"]
    return text


async def test_assertion_gets_an_access_token(sender: Sender) -> None:
    """RFC 7523: a service account's assertion is exchanged for a token of an hour."""
    got = await sender.grant(sender.keys.assertion())
    assert got.status == 200
    assert (got.json["token_type"], got.json["expires_in"]) == ("Bearer", 3599)


@pytest.mark.parametrize(
    ("changed", "error", "said"),
    [
        ({"key": JWK.generate(kty="RSA", size=2048)}, "invalid_grant", "Signature"),
        ({"iss": "other@example.com"}, "invalid_grant", "account not found"),
        ({"aud": "https://oauth2.googleapis.com/token"}, "invalid_grant", "audience"),
        ({"iat": int(time.time()) - 7200, "exp": int(time.time()) - 3600}, "invalid_grant", "iat"),
        ({"iat": int(time.time()) + 900, "exp": int(time.time()) + 1800}, "invalid_grant", "iat"),
        ({"exp": int(time.time()) + 7200}, "invalid_grant", "short-lived"),
        ({"exp": None}, "invalid_grant", "exp"),
        ({"scope": "https://www.googleapis.com/auth/drive"}, "invalid_scope", "scope"),
    ],
)
async def test_wrong_assertion_is_refused(
    sender: Sender, changed: dict[str, Any], error: str, said: str
) -> None:
    """RFC 6749, 5.2: what is wrong with an assertion is a 400 with Google's words."""
    got = await sender.grant(sender.keys.assertion(**changed))
    assert (got.status, got.json["error"]) == (400, error)
    assert said in got.json["error_description"]


async def test_what_is_no_assertion_is_refused(sender: Sender) -> None:
    """RFC 6749, 5.2: another grant type, or no token at all."""
    other = await sender.grant(sender.keys.assertion(), "password")
    nonsense = await sender.grant("nonsense")
    assert other.json["error"] == "unsupported_grant_type"
    assert nonsense.json["error"] == "invalid_grant"


async def test_good_message_is_taken(push_server: PushServer, sender: Sender) -> None:
    """Issue 7, 10: a message gets a name, and its phone is told."""
    seen: list[str] = []
    push_server.fcm.on_push = lambda push: seen.append(push.token)
    got = await sender.send(message())
    assert got.status == 200
    assert got.json["name"].startswith("projects/example-project/messages/")
    [push] = push_server.fcm.pushes
    assert (push.data["kind"], push.android["ttl"]) == ("call", "20s")
    assert seen == [TOKEN]
    assert (TOKEN in repr(push), push.label) == (False, "example-project call")


async def test_same_message_twice_is_found(push_server: PushServer, sender: Sender) -> None:
    """Issue 7: FCM gives no ids: two messages that say the same to the same phone are doubled."""
    for what in (message(), message(), message(data={"kind": "refresh"})):
        assert (await sender.send(what)).status == 200
    assert (push_server.fcm.doubled, sum(push_server.acted.values())) == (1, 3)


@pytest.mark.parametrize(
    ("token", "reason"), [("", "CREDENTIALS_MISSING"), ("ya29.other", "ACCESS_TOKEN_EXPIRED")]
)
async def test_access_token_is_needed(sender: Sender, token: str, reason: str) -> None:
    """Appendix A: without a good access token it is a 401 without an FcmError."""
    got = await sender.send(message(), token)
    assert (got.status, got.json["error"]["status"], code(got)) == (401, "UNAUTHENTICATED", reason)


async def test_access_token_expires(push_server: PushServer, sender: Sender) -> None:
    """Issue 7, 3: a token is good for its time, or until it is revoked."""
    push_server.fcm.tokens.life = 60
    token = await sender.token()
    assert (await sender.send(message(), token)).status == 200
    push_server.fcm.tokens.clock_off = 61
    assert (await sender.send(message(), token)).status == 401
    push_server.fcm.tokens.clock_off = 0
    push_server.fcm.tokens.revoke()
    assert (await sender.send(message(), token)).status == 401


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"token": "?"}, "message.token"),
    ({"data": {"kind": 1}}, "message.data"),
    ({"data": {"x": "x" * 4096}}, "message.data"),
    ({"data": []}, "message.data"),
    ({"android": {"priority": "urgent"}}, "message.android.priority"),
    ({"android": {"ttl": 20}}, "message.android.ttl"),
    ({"android": {"ttl": "99d"}}, "message.android.ttl"),
    ({"android": {"collapse_key": 1}}, "message.android.collapse_key"),
]


@pytest.mark.parametrize(("changed", "wrong"), WRONG)
async def test_wrong_message_is_refused(
    sender: Sender, changed: dict[str, Any], wrong: str
) -> None:
    """Appendix A: INVALID_ARGUMENT names the field."""
    got = await sender.send(message(**changed))
    violations = got.json["error"]["details"][1]["fieldViolations"]
    assert (got.status, code(got)) == (400, "INVALID_ARGUMENT")
    assert [violation["field"] for violation in violations] == [wrong]


@pytest.mark.parametrize("what", [None, "text", {}])
async def test_request_without_a_message_is_refused(sender: Sender, what: object) -> None:
    """Appendix A: and where there is nothing to name, it names the message."""
    got = await sender.send(what)
    assert (got.status, code(got)) == (400, "INVALID_ARGUMENT")


async def test_dead_and_foreign_tokens(push_server: PushServer, sender: Sender) -> None:
    """Appendix A: UNREGISTERED is a 404, SENDER_ID_MISMATCH a 403."""
    push_server.fcm.unregistered.add(TOKEN)
    dead = await sender.send(message())
    push_server.fcm.unregistered.clear()
    push_server.fcm.foreign.add(TOKEN)
    foreign = await sender.send(message())
    assert [(got.status, code(got)) for got in (dead, foreign)] == [
        (404, "UNREGISTERED"),
        (403, "SENDER_ID_MISMATCH"),
    ]
    assert push_server.acted == {}


async def test_other_project_is_refused(sender: Sender) -> None:
    """Appendix A: another project is a 403; another path is none at all."""
    other = await sender.send(message(), path=PATH.replace("example", "other"))
    nowhere = await sender.send(message(), path="/v2/messages")
    assert (other.status, code(other)) == (403, "IAM_PERMISSION_DENIED")
    assert nowhere.status == 404


async def test_told_to_misbehave(push_server: PushServer, sender: Sender) -> None:
    """Issue 7, 10: messages and access tokens are refused by scripts of their own."""
    token = await sender.token()
    wait = (("retry-after", "60"),)
    push_server.fcm.script.append(push_server.fcm.refusal("QUOTA_EXCEEDED", fields=wait))
    push_server.fcm.tokens.script.append(Answer(503))
    quota = await sender.send(message(), token)
    assert (quota.status, code(quota)) == (429, "QUOTA_EXCEEDED")
    assert quota.fields["retry-after"] == "60"
    assert (await sender.grant(sender.keys.assertion())).status == 503
    assert (await sender.send(message(), token)).status == 200
