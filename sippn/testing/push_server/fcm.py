"""Firebase Cloud Messaging, the HTTP v1 API."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from attrs import define, field, frozen

from sippn.testing.push_server.answers import Answer
from sippn.testing.push_server.exchange import Exchange, HTTPRequest
from sippn.testing.push_server.fcm_answers import CODES, fcm_error, refused
from sippn.testing.push_server.fcm_tokens import PATH, TokenEndpoint
from sippn.testing.push_server.service import Service, Verdict

_PATH = re.compile(r"/v1/projects/([^/]{1,64})/messages:send")
_TOKEN = re.compile(r"[A-Za-z0-9_:%.-]{8,4096}")
_TTL = re.compile(r"[0-9]{1,7}(?:\.[0-9]{1,9})?s")
_LONGEST = 4096  # octets of the data of a message
_LONGEST_TTL = 28 * 86400

_JSON = (("content-type", "application/json; charset=UTF-8"),)


@frozen
class FCMPush:
    """
    One message.

    :ivar token: the registration token.
    :ivar message: as it came.
    """

    project: str
    token: str = field(repr=False)
    message: Mapping[str, Any] = field(repr=False)

    @property
    def identity(self) -> str:
        """A digest of the message: FCM gives a client no way to name one."""
        return sha256(json.dumps(self.message, sort_keys=True).encode()).hexdigest()

    @property
    def label(self) -> str:
        """The project and the kind."""
        return f"{self.project} {self.data.get('kind', '-')}"

    @property
    def data(self) -> Mapping[str, Any]:
        """What the app gets."""
        return _table(self.message.get("data"))

    @property
    def android(self) -> Mapping[str, Any]:
        """What is meant for Android alone."""
        return _table(self.message.get("android"))


@define(eq=False)
class FCM(Service[FCMPush]):
    """
    FCM for one project.

    A registration token that nobody told it of is good.

    :ivar project: its id.
    :ivar tokens: the token endpoint, at the same port; it is told to misbehave by itself.
    :ivar unregistered: registration tokens of apps that are gone.
    :ivar foreign: registration tokens of another project's apps.
    """

    project: str = field(kw_only=True)
    tokens: TokenEndpoint = field(kw_only=True)
    unregistered: set[str] = field(factory=set, init=False, repr=False)
    foreign: set[str] = field(factory=set, init=False, repr=False)
    _named: int = field(default=0, init=False)

    @staticmethod
    def refusal(code: str, **answer: Any) -> Answer:
        """
        An answer with the error *code*, one of FcmError.

        :param answer: what else :class:`Answer` takes.
        """
        return Answer(CODES[code][0], body=fcm_error(code)[1], **answer)

    def listens(self, url: str) -> None:
        """The token endpoint does, too."""
        super().listens(url)
        self.tokens.listens(url)

    def take(self, exchange: Exchange) -> None:
        """A message, or who asks for an access token."""
        if exchange.request.path == PATH:
            self.tokens.take(exchange)
        else:
            super().take(exchange)

    def judge(self, request: HTTPRequest) -> Verdict[FCMPush]:
        """Check who sends it, then the message."""
        found = _PATH.fullmatch(request.path)
        if found is None or request.method != "POST":
            return Verdict(None, 404)
        message = _message(request.body)
        push = FCMPush(found[1], str(message.get("token", "")), message)
        status, body = self._sender_refused(push, request) or self._refused(push)
        return Verdict(push, status, _JSON, body)

    def _sender_refused(self, push: FCMPush, request: HTTPRequest) -> tuple[int, bytes] | None:
        scheme, _, token = request.fields.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            return refused("CREDENTIALS_MISSING")
        if not self.tokens.is_good(token):
            return refused("ACCESS_TOKEN_EXPIRED")
        return None if push.project == self.project else refused("IAM_PERMISSION_DENIED")

    def _refused(self, push: FCMPush) -> tuple[int, bytes]:
        wrong = _wrong_field(push)
        if wrong:
            return fcm_error("INVALID_ARGUMENT", wrong, f"Invalid value at '{wrong}'")
        if not _TOKEN.fullmatch(push.token):
            return fcm_error("INVALID_ARGUMENT", "message.token")
        if push.token in self.foreign:
            return fcm_error("SENDER_ID_MISMATCH")
        if push.token in self.unregistered:
            return fcm_error("UNREGISTERED")
        self._named += 1
        name = f"projects/{push.project}/messages/0:{self._named}"
        return 200, json.dumps({"name": name}).encode()


def _wrong_field(push: FCMPush) -> str:
    """What of the message is wrong beside its token; "": nothing."""
    if not push.message:
        return "message"
    data = push.message.get("data", {})
    if not isinstance(data, dict) or not all(isinstance(value, str) for value in data.values()):
        return "message.data"
    if sum(len(key.encode()) + len(value.encode()) for key, value in data.items()) > _LONGEST:
        return "message.data"
    return _wrong_in_android(push.android)


def _wrong_in_android(android: Mapping[str, Any]) -> str:
    if android.get("priority", "normal").lower() not in {"normal", "high"}:
        return "message.android.priority"
    ttl = android.get("ttl", "0s")
    if not isinstance(ttl, str) or not _TTL.fullmatch(ttl) or float(ttl[:-1]) > _LONGEST_TTL:
        return "message.android.ttl"
    return (
        "" if isinstance(android.get("collapse_key", ""), str) else "message.android.collapse_key"
    )


def _message(body: bytes) -> dict[str, Any]:
    try:
        return _table(_table(json.loads(body)).get("message"))
    except ValueError:
        return {}


def _table(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
