"""Two environments of APNs that answer as they are told, and a provider that asks them."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Mapping
from typing import Any

from attrs import define, field
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.task import Clock

from sippn.binding import PushJob, PushKind, PushOutcome, PushTarget
from sippn.http import Answer, Ask, NoAnswer
from sippn.providers.apns.access import Access
from sippn.providers.apns.credentials import ProviderToken
from sippn.providers.apns.presets import PRESETS
from sippn.providers.apns.provider import APNs
from sippn.providers.apns.push import App
from sippn.providers.payload import payload_of
from sippn.providers.table import Table
from sippn.testing.results import succeeded

BUNDLE = "com.example.phone"
VOIP_TOKEN = "a1" * 32
REMOTE_TOKEN = "B2" * 32
TEAM, KEY_ID = "TEAMID1234", "ABC123DEFG"
WALL = 1_700_000_000.0
KEY = generate_private_key(SECP256R1())

OK = Answer(200)


def refusal(status: int, reason: str, **more: Any) -> Answer:
    """As APNs words it."""
    return Answer(status, (), json.dumps({"reason": reason, **more}).encode())


@define(eq=False)
class Environment:
    """
    One of the two.

    :ivar script: answers, the next one first; OK when it is empty.
    :ivar asked: what came, and how long each was given.
    """

    script: deque[Answer | NoAnswer | Deferred[Answer]] = field(factory=deque)
    asked: list[Ask] = field(factory=list)
    seconds: list[float] = field(factory=list)
    closed: bool = False

    def ask(
        self,
        ask: Ask,
        seconds: float,
        authority: bytes = b"",  # noqa: ARG002 - as an Origin has it
    ) -> Deferred[Answer]:
        """As an Origin does."""
        self.asked.append(ask)
        self.seconds.append(seconds)
        answer = self.script.popleft() if self.script else OK
        if isinstance(answer, NoAnswer):
            return fail(answer)
        return answer if isinstance(answer, Deferred) else succeed(answer)

    def close(self) -> Deferred[None]:
        """As an Origin does."""
        self.closed = True
        return succeed(None)

    @property
    def last(self) -> dict[str, str]:
        """The header fields of the last request."""
        return {name.decode(): value.decode() for name, value in self.asked[-1].fields}

    @property
    def payload(self) -> Any:
        """What the last request had."""
        return json.loads(self.asked[-1].body)


@define(eq=False)
class Scene:
    """A provider with one app, its clocks, and those that it asks."""

    sandbox: bool | None = None
    payload: object = "minimal"
    by_key: bool = True
    clock: Clock = field(factory=Clock)
    production: Environment = field(factory=Environment)
    development: Environment = field(factory=Environment)
    wall_ahead: float = 0.0
    token: ProviderToken = field(init=False)
    provider: APNs = field(init=False)

    def __attrs_post_init__(self) -> None:
        """Build the provider."""
        self.token = ProviderToken(TEAM, KEY_ID, KEY, self.clock, self.wall)
        table = Table({"payload": self.payload})
        app = App.of(BUNDLE, payload_of(table, presets=PRESETS))
        table.finish()
        access = Access(
            self.production, self.development, self.token if self.by_key else None, self.sandbox
        )
        servers = (self.production, self.development)
        self.provider = APNs({BUNDLE: (app, access)}, servers, self.clock, self.wall)

    def wall(self) -> float:
        """Wall clock, which somebody may set."""
        return WALL + self.clock.seconds() + self.wall_ahead

    def job(self, kind: PushKind = PushKind.CALL, **changes: Any) -> PushJob:
        """A job with 20 seconds left, to a UA that has both tokens."""
        values: dict[str, Any] = {
            "id": f"job-{kind.value}",
            "kind": kind,
            "target": target(),
            "aor": "sip:alice@example.com",
            "deadline": self.clock.seconds() + 20,
            "collapse_key": f"{kind.value}-binding",
            "method": "" if kind is PushKind.REFRESH else "INVITE",
            "call_id": "" if kind is PushKind.REFRESH else "call-1@192.0.2.1",
            "caller": '"Ann" <sip:ann@example.net>;tag=1',
        }
        return PushJob(**{**values, **changes})

    def push(self, job: PushJob | None = None) -> PushOutcome:
        """What comes of *job*, at once."""
        return succeeded(self.provider.request_push(self.job() if job is None else job))


def target(
    services: Mapping[str, str] | None = None,
    hints: tuple[tuple[str, str], ...] = (),
    **changes: Any,
) -> PushTarget:
    """A UA of the app; it has both tokens unless *services* says otherwise."""
    tokens = {"voip": VOIP_TOKEN, "remote": REMOTE_TOKEN} if services is None else services
    values: dict[str, Any] = {
        "provider": "apns",
        "param": f"ABCD1234.{BUNDLE}.{'&'.join(tokens)}",
        "prid": "&".join(f"{token}:{service}" for service, token in tokens.items()),
        "tokens": tuple(tokens.items()),
        "app": BUNDLE,
        "hints": hints,
    }
    return PushTarget(**{**values, **changes})


REMOTE = {"remote": REMOTE_TOKEN}
VOIP = {"voip": VOIP_TOKEN}
