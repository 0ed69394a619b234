"""Google, as far as FCM can see: a server that gives tokens, and one that takes messages."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import jwt
import pytest
from attrs import define, evolve, field
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from twisted.internet.defer import Deferred, succeed
from twisted.internet.task import Clock

from sippn.binding import PushJob, PushKind, PushTarget
from sippn.http import Answer, Ask, NoAnswer
from sippn.interfaces import Surroundings
from sippn.providers.fcm.projects import projects_of
from sippn.providers.fcm.provider import FCM
from sippn.providers.fcm.servers import Servers
from sippn.providers.fcm.settings import fcm_settings
from sippn.providers.settings import Endpoint

PRID = "token-that-nobody-may-see"
WALL = 784111777.0  # Sun, 06 Nov 1994 08:49:37 GMT, as in RFC 9110
DATE = (b"date", b"Sun, 06 Nov 1994 08:49:37 GMT")


@define(eq=False)
class Asked:
    """
    One request.

    :ivar seconds: that it may take.
    """

    ask: Ask
    seconds: float
    answer: Deferred[Answer]

    @property
    def body(self) -> dict[str, Any]:
        """Its JSON."""
        body: dict[str, Any] = json.loads(self.ask.body)
        return body


@define(eq=False)
class FakeServer:
    """
    An origin that remembers what it was asked, and answers when told.

    :ivar withdrawn: requests that were cancelled.
    """

    asked: list[Asked] = field(factory=list)
    withdrawn: int = 0
    closed: bool = False

    def ask(self, ask: Ask, seconds: float, authority: bytes = b"") -> Deferred[Answer]:
        """Remember it."""
        assert not authority
        self.asked.append(Asked(ask, seconds, Deferred(self._withdraw)))
        return self.asked[-1].answer

    def close(self) -> Deferred[None]:
        """Nothing is connected."""
        self.closed = True
        return succeed(None)

    @property
    def unanswered(self) -> list[Asked]:
        """The oldest first."""
        return [asked for asked in self.asked if not asked.answer.called]

    def answer(self, status: int, said: object = None, *fields: tuple[bytes, bytes]) -> Asked:
        """Answer the oldest request that waits."""
        asked = self.unanswered[0]
        body = said if isinstance(said, bytes) else json.dumps(said).encode()
        asked.answer.callback(Answer(status, fields, body))
        return asked

    def fail(self, error: NoAnswer) -> None:
        """Lose the oldest request that waits."""
        self.unanswered[0].answer.errback(error)

    def _withdraw(self, _: object) -> None:
        self.withdrawn += 1


@define(eq=False)
class Google:
    """
    Both of them.

    :ivar tokens: gives access tokens.
    :ivar reached: where each server is, and whether the operator named it.
    """

    tokens: FakeServer = field(factory=FakeServer)
    messages: FakeServer = field(factory=FakeServer)
    reached: list[tuple[Endpoint, bool]] = field(factory=list)

    def reach(self, endpoint: Endpoint, named: bool) -> FakeServer:
        """The way to one."""
        self.reached.append((endpoint, named))
        return self.tokens if "oauth2" in endpoint.host else self.messages

    def grant(self, token: str = "access-1", life: float = 3600) -> Asked:  # noqa: S107 - a test's
        """Give the oldest that waits a token."""
        said = {"access_token": token, "expires_in": life, "token_type": "Bearer"}
        return self.tokens.answer(200, said)

    def take(self, name: str = "0:1500415314455276%31bd1c9631bd1c96") -> Asked:
        """Take the oldest message that waits."""
        return self.messages.answer(200, {"name": f"projects/my-project/messages/{name}"})

    @property
    def bearers(self) -> list[bytes]:
        """The access token of each message asked for."""
        found = [dict(asked.ask.fields)[b"authorization"] for asked in self.messages.asked]
        return [each.removeprefix(b"Bearer ") for each in found]


@pytest.fixture(scope="session")
def rsa_key() -> RSAPrivateKey:
    """It takes long to make."""
    return generate_private_key(65537, 2048)


@pytest.fixture
def account(rsa_key: RSAPrivateKey) -> dict[str, Any]:
    """What is in the file of a service account."""
    pem = rsa_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return {
        "type": "service_account",
        "project_id": "my-project",
        "private_key_id": "0123456789abcdef",
        "private_key": pem.decode(),
        "client_email": "sippn@my-project.iam.gserviceaccount.com",
        "token_uri": "https://oauth2.googleapis.com/token",
    }


@pytest.fixture
def write_account(tmp_path: Path, account: dict[str, Any]) -> Callable[..., str]:
    """Writes that of a project, and gives the file's name."""

    def write(project: str = "my-project", **changes: Any) -> str:
        path = tmp_path / f"{project.replace(':', '-')}.json"
        path.write_text(json.dumps({**account, "project_id": project, **changes}))
        path.chmod(0o600)
        return str(path)

    return write


@pytest.fixture
def google() -> Google:
    return Google()


@pytest.fixture
def here(clock: Clock) -> Surroundings:
    """A process without a reactor."""
    return Surroundings(None, clock, lambda: WALL + clock.seconds() - 1000, bytes)


@pytest.fixture
def make_fcm(
    google: Google, here: Surroundings, write_account: Callable[..., str]
) -> Iterator[Callable[..., FCM]]:
    """Providers that ask *google*, stopped at the end."""
    made: list[FCM] = []

    def make(table: dict[str, Any] | None = None, **projects: dict[str, Any]) -> FCM:
        for name, project in (projects or {"my-project": {}}).items():
            project.setdefault("service_account", write_account(name.replace("_", "-")))
        named = {name.replace("_", "-"): each for name, each in projects.items()}
        found = named or {"my-project": {"service_account": write_account()}}
        settings = fcm_settings({**(table or {}), "projects": found})
        servers = Servers(settings, google.reach)
        fcm = FCM(
            projects=projects_of(settings, servers, here),
            servers=servers,
            messages=servers.messages(),
            clock=here.clock,
            wall=here.wall,
        )
        fcm.startService()
        made.append(fcm)
        return fcm

    yield make
    for fcm in made:
        fcm.stopService()


@pytest.fixture
def fcm(make_fcm: Callable[..., FCM]) -> FCM:
    """One with a single project."""
    return make_fcm()


@pytest.fixture
def make_push(clock: Clock) -> Callable[..., PushJob]:
    """Jobs for a phone of Google's, with 20 seconds left unless said otherwise."""
    numbers = count(1)

    def make(kind: PushKind = PushKind.CALL, left: float = 20, **changes: Any) -> PushJob:
        job = PushJob(
            id=f"job-{next(numbers)}",
            kind=kind,
            target=PushTarget("fcm", "my-project", PRID),
            aor="sip:alice@example.com",
            deadline=clock.seconds() + left,
            collapse_key="collapse-1",
            method="INVITE",
            call_id="call-1",
        )
        return evolve(job, **changes)

    return make


@pytest.fixture
def claims_in(rsa_key: RSAPrivateKey) -> Callable[[Asked, str], dict[str, Any]]:
    """Verifies the assertion of a token request, as Google does; its claims."""
    from urllib.parse import parse_qs  # noqa: PLC0415 - of use here alone

    def verify(asked: Asked, audience: str) -> dict[str, Any]:
        form = parse_qs(asked.ask.body.decode(), strict_parsing=True)
        assert form["grant_type"] == ["urn:ietf:params:oauth:grant-type:jwt-bearer"]
        claims: dict[str, Any] = jwt.decode(
            form["assertion"][0],
            rsa_key.public_key(),
            ["RS256"],
            audience=audience,
            options={"verify_exp": False, "verify_iat": False},
        )
        return claims

    return verify
