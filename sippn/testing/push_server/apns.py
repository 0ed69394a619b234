"""Apple's push service: a provider's tokens or certificate are checked, and each push."""

from __future__ import annotations

from typing import Any, ClassVar

from attrs import define, field, frozen
from cryptography.hazmat.primitives.asymmetric import ec

from sippn.testing.push_server.answers import Answer
from sippn.testing.push_server.apns_answers import (
    CLOCKS_DIFFER,
    REASONS,
    STREAMS,
    TOKEN_LIFE,
    reason_body,
)
from sippn.testing.push_server.apns_push import (
    BUNDLE,
    HEX,
    APNsPush,
    Device,
    app_of,
    push_of,
    push_refused,
)
from sippn.testing.push_server.exchange import HTTPRequest, Peer
from sippn.testing.push_server.service import Service, Verdict
from sippn.testing.push_server.signed import BadToken, Signed

_TOKENS = 1000  # provider tokens that are remembered


@frozen
class Team:
    """
    Who may push.

    :ivar id: the team's, ten characters; *key_id* that of its key.
    :ivar apps: bundle ids.
    """

    id: str
    key_id: str
    key: ec.EllipticCurvePublicKey = field(repr=False)
    apps: frozenset[str]

    @property
    def signer(self) -> tuple[str, str]:
        """Key and team, as a provider token names them."""
        return self.key_id, self.id


@define(eq=False)
class APNs(Service[APNsPush]):
    """
    One environment of APNs.

    A token that nobody told it of is good for every app in production, and unknown in the
    sandbox.

    :ivar teams: whose pushes it takes.
    :ivar sandbox: it is the sandbox.
    :ivar devices: what is known of device tokens, by token.
    :ivar provider_tokens: how many different provider tokens came.
    """

    most_streams: ClassVar[int] = STREAMS

    teams: list[Team] = field(kw_only=True)
    sandbox: bool = field(default=False, kw_only=True)
    devices: dict[str, Device] = field(factory=dict, kw_only=True, repr=False)
    provider_tokens: int = field(default=0, init=False)
    _read: dict[str, Signed | None] = field(factory=dict, init=False, repr=False)

    def streams(self, certified: str) -> int:
        """One, for a client that has yet to show a good provider token."""
        return STREAMS if certified else 1

    @staticmethod
    def refusal(reason: str, timestamp: int | None = None, **answer: Any) -> Answer:
        """
        An answer with *reason*, one of Apple's table.

        :param timestamp: milliseconds since 1970, as Apple adds to a 410.
        :param answer: what else :class:`Answer` takes.
        """
        return Answer(REASONS[reason], body=reason_body(reason, timestamp), **answer)

    def judge(self, request: HTTPRequest) -> Verdict[APNsPush]:
        """Check the request, then who sends it, then the push."""
        push = push_of(request, sandbox=self.sandbox)
        own = (("apns-id", push.id),)
        reason = (
            _request_refused(request)
            or self._sender_refused(request)
            or push_refused(push, len(request.body))
            or self._topic_refused(push, request.peer)
        )
        if reason:
            return Verdict(push, REASONS[reason], own, reason_body(reason))
        device = self.devices.get(push.token)
        if device is not None and device.unregistered_at is not None:
            since = int(device.unregistered_at * 1000)
            return Verdict(push, 410, own, reason_body("Unregistered", since))
        return Verdict(push, 200, own)

    def _topic_refused(self, push: APNsPush, peer: Peer) -> str:
        app = app_of(push.topic, push.push_type)
        if not push.topic:
            return "MissingTopic"
        if app is None:
            return "InvalidPushType"
        if not BUNDLE.fullmatch(app):
            return "BadTopic"
        if not self._may_push(peer, app):
            return "TopicDisallowed"
        return self._device_refused(push.token, app)

    def _may_push(self, peer: Peer, app: str) -> bool:
        if peer.certified and peer.certified != app:
            return False
        return any(
            app in team.apps and (peer.certified or team.signer == peer.signer)
            for team in self.teams
        )

    def _device_refused(self, token: str, app: str) -> str:
        device = self.devices.get(token)
        if (device is not None and device.sandbox) != self.sandbox or not token:
            return "BadDeviceToken"
        return "DeviceTokenNotForTopic" if device is not None and device.app != app else ""

    def _sender_refused(self, request: HTTPRequest) -> str:
        if request.peer.certified:
            return ""
        scheme, _, token = request.fields.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            return "MissingProviderToken"
        signed = self._signed(token)
        made = signed.number("iat") if signed else None
        if signed is None or made is None or made > self.now + CLOCKS_DIFFER:
            return "InvalidProviderToken"
        peer, signer = request.peer, _signer(signed)
        if peer.signer not in (None, signer):
            return "InvalidProviderToken"  # Apple's connections are each for one key
        peer.signer = signer
        return "ExpiredProviderToken" if made < self.now - TOKEN_LIFE else ""

    def _signed(self, token: str) -> Signed | None:
        """The provider token *token*; None: it is of no team."""
        if token in self._read:
            return self._read[token]
        if len(self._read) >= _TOKENS:
            self._read.clear()
        self.provider_tokens += 1
        found = self._read[token] = self._checked(token)
        return found

    def _checked(self, token: str) -> Signed | None:
        try:
            signed = Signed.read(token)
            for team in self.teams:
                if team.signer == _signer(signed):
                    signed.check(team.key)
                    return signed
        except BadToken:
            pass
        return None


def _signer(signed: Signed) -> tuple[Any, Any]:
    """As :attr:`Team.signer`, if it is one."""
    return signed.header.get("kid"), signed.claims.get("iss")


def _request_refused(request: HTTPRequest) -> str:
    if request.method != "POST":
        return "MethodNotAllowed"
    if not request.path.startswith("/3/device"):
        return "BadPath"
    token = request.path.removeprefix("/3/device").removeprefix("/")
    if not token:
        return "MissingDeviceToken"
    return "" if HEX.fullmatch(token) else "BadDeviceToken"
