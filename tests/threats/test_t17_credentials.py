"""
T17: the keys of push services, and the tokens that are made with them, are told to nobody.
"""

from __future__ import annotations

import gc
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from twisted.logger import ILogObserver, LogEvent, formatEvent, globalLogPublisher
from zope.interface import provider

from sippn.binding import PushOutcome, PushTarget, Verdict
from sippn.config import Factories, read
from sippn.errors import ConfigErrors
from sippn.interfaces import IPushProvider
from sippn.providers.webhook_settings import webhook_settings
from sippn.testing.push_server import Answer, Manner
from sippn.testing.push_server.exchange import Exchange
from sippn.testing.push_server.service import Service
from sippn.testing.results import succeeded
from tests.flows.push_services import ANDROID, IPHONE
from tests.flows.push_services import Services as House
from tests.threats.scene import DOMAIN, SECRET
from tests.threats.services import Services, job_for

SIGNING_KEY = "b6f0a7c2d94e4f0c8f5d1e37-signing"
BEARER = "gateway-password-71a5"
KINDS = ("apns", "fcm", "webpush", "webhook")
SHORTEST = 16  # characters of what counts as a secret; less of it is told by chance

_CREDENTIAL = re.compile(r"(?:bearer|t=|assertion=|v1=)\s*([\w.%-]{16,})", re.IGNORECASE)


@pytest.fixture
def sockets(tmp_path: Path) -> Iterator[Services]:
    """All push services, on real sockets."""
    from twisted.internet import reactor  # noqa: PLC0415 - pytest-twisted chooses which

    with Services.running(reactor, tmp_path) as services:
        services.secrets["signing_key"] = SIGNING_KEY
        services.secrets["headers"] = {"Authorization": f"Bearer {BEARER}"}
        yield services


@pytest.fixture
def credentials(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Whatever proves who we are in a request that a service gets."""
    found: set[str] = set()
    take = Service.take

    def noted(self: Service[Any], exchange: Exchange) -> None:
        request = exchange.request
        said = [*request.fields.values(), request.body.decode("latin-1")]
        found.update(match for text in said for match in _CREDENTIAL.findall(text))
        take(self, exchange)

    monkeypatch.setattr(Service, "take", noted)
    return found


@pytest.fixture
def events() -> Iterator[list[LogEvent]]:
    """All that the log is told, at any level."""
    found: list[LogEvent] = []

    @provider(ILogObserver)
    def observe(event: LogEvent) -> None:
        found.append(event)

    globalLogPublisher.addObserver(observe)
    yield found
    globalLogPublisher.removeObserver(observe)


def keys_in(folder: Path) -> set[str]:
    """The lines of all private keys in the files in *folder*."""
    found: set[str] = set()
    for file in folder.iterdir():
        text = file.read_text("latin-1")
        if file.suffix == ".json":
            text = json.loads(text)["private_key"]
        for key in re.findall(r"PRIVATE KEY-----(.+?)-----END", text, re.DOTALL):
            found.update(line for line in key.split() if len(line) >= SHORTEST)
    assert len(found) > 10
    return found


def shown(event: LogEvent) -> str:
    """All that a log could show of *event*, with its traceback."""
    failure = event.get("log_failure")
    traceback = failure.getTraceback() if failure else ""
    values = " ".join(f"{value!r} {value!s}" for value in event.values())
    return f"{formatEvent(event)} {values} {traceback}"


def ours_within(root: object) -> list[object]:
    """*root*, and every object of sippn's own that it leads to."""
    found: list[object] = []
    known: set[int] = set()
    left = [root]
    while left:
        one = left.pop()
        if id(one) in known or isinstance(one, type):
            continue
        known.add(id(one))
        module = type(one).__module__
        if module.startswith(("sippn.testing", "tests.", "twisted.", "OpenSSL")):
            continue
        if module.startswith("sippn."):
            found.append(one)
        if module.startswith(("sippn.", "builtins", "collections")) and not callable(one):
            left += [each for each in gc.get_referents(one) if not isinstance(each, str | bytes)]
    return found


def told(where: str, text: str, secrets: set[str]) -> list[str]:
    """Which secrets are in *text*."""
    return [f"{secret[:6]}... in {where}" for secret in secrets if secret in text]


async def push_all(services: Services, answer: Answer | None) -> list[PushOutcome]:
    """One push through each of them, which is answered so; what came of them."""
    came: list[PushOutcome] = []
    for kind in KINDS:
        if answer is not None:
            for service in (services.server.apns, services.server.fcm, services.server.webpush):
                service.default = answer
            services.gateway.default = answer
        outcomes = services.push(kind)
        await services.turn(20)
        if answer is not None and answer.manner is Manner.HANG:
            await services.advance_until(outcomes.__len__, 20)
        await services.until(outcomes.__len__, kind)
        came += outcomes
    return came


async def test_nothing_that_a_provider_has_shows_a_credential(
    sockets: Services, credentials: set[str], events: list[LogEvent], tmp_path: Path
) -> None:
    """T17, P-007: no key or token is in a repr, an outcome or the log, whatever services answer."""
    came = await push_all(sockets, None)
    assert [one.verdict for one in came] == [Verdict.ACCEPTED] * len(KINDS)
    for answer in (
        *(
            Answer(status, body=b'{"error": {"status": "UNAUTHENTICATED"}}')
            for status in (401, 403)
        ),
        Answer(403, body=b'{"reason": "InvalidProviderToken"}'),
        Answer(403, body=b'{"reason": "ExpiredProviderToken"}'),
        Answer(503),
        Answer(manner=Manner.CUT),
        Answer(manner=Manner.HANG),
    ):
        came += await push_all(sockets, answer)

    given = set(sockets.server.fcm.tokens.given)
    assert given
    assert given < credentials
    secrets = credentials | keys_in(tmp_path) | {SIGNING_KEY, BEARER}
    assert any(secret.startswith("ey") for secret in credentials)  # a JWT
    for kind in KINDS:
        objects = ours_within(sockets.provider(kind))
        assert len(objects) >= 5, kind
        for one in objects:
            assert told(type(one).__name__, f"{one!r} {one!s}", secrets) == []
    assert told("outcomes", repr(came), secrets) == []
    assert told("what was overheard", repr(sockets.overheard), secrets) == []
    for event in events:
        assert told("the log", shown(event), secrets) == []


def test_settings_show_no_secret() -> None:
    """T17: what a webhook signs with, and says to its gateway, is in no repr of its settings."""
    table = {
        "url": "https://push.example.com/path-secret?key=query-secret",
        "signing_key": SIGNING_KEY,
        "headers": {"Authorization": BEARER},
    }
    text = repr(webhook_settings(table))
    assert told("settings", text, {SIGNING_KEY, BEARER, "path-secret", "query-secret"}) == []


def test_check_shows_no_secret(sockets: Services, tmp_path: Path) -> None:
    """T17: ``--check`` names apps, projects and hosts, and nothing that opens them."""
    account = sockets.server.write(tmp_path).service_account_file.read_text()
    tables = sockets.server.tables(tmp_path)
    file = json.dumps(str(tmp_path / "service-account.json"))
    tables = tables.replace(file, '{ env = "ACCOUNT" }')
    webhook = (
        '[[push.provider]]\ntype = "webhook"\nurl = "https://u.example/path-secret?q=1"\n'
        'headers = { Authorization = { env = "BEARER" } }\nsigning_key = { env = "KEY" }\n'
    )
    environ = {"ACCOUNT": account, "BEARER": BEARER, "KEY": SIGNING_KEY}
    checked = read(tables + webhook, tmp_path, environ, Factories.installed())
    secrets = keys_in(tmp_path) | {BEARER, SIGNING_KEY, "path-secret"}
    said = "\n".join((*checked.summary, *checked.warnings))
    assert "com.example.phone" in said
    assert "example-project" in said
    assert told("--check", f"{said} {checked!r}", secrets) == []


@pytest.mark.parametrize("kind", ["apns", "fcm", "webpush"])
@pytest.mark.parametrize("harm", ["cut short", "of another kind", "in its place"])
def test_start_that_breaks_shows_no_secret(
    sockets: Services, tmp_path: Path, kind: str, harm: str, events: list[LogEvent]
) -> None:
    """T17: a key that cannot be used stops the start, with no octet of it in what is said."""
    files = sockets.server.write(tmp_path)
    secrets = keys_in(tmp_path)
    keys = {
        "apns": files.apns_key_file,
        "fcm": files.service_account_file,
        "webpush": files.vapid_key_file,
    }
    own, other = keys[kind], files.service_account_file
    if kind == "fcm":
        other = files.apns_key_file
    table = sockets.table(kind)
    if harm == "cut short":
        text = own.read_text()
        own.write_text(text[: len(text) // 2])
    elif harm == "of another kind":
        own.write_bytes(other.read_bytes())
    else:
        table = json.loads(json.dumps(table).replace(json.dumps(str(own))[1:-1], "KEY"))
        table = _with(table, own.read_text().replace("\n", " "))
    build, problems = Factories.installed().parse(IPushProvider, table, ("push", "provider", 0))
    if build is not None:
        with pytest.raises(ConfigErrors) as caught:
            build(sockets.surroundings)
        problems = list(caught.value.problems)
        assert told("the traceback", f"{caught.getrepr(showlocals=False)}", secrets) == []
    assert problems
    assert told("what is said", str(problems), secrets) == []
    for event in events:
        assert told("the log", shown(event), secrets) == []


def _with(table: Any, key: str) -> Any:
    """*table*, with the *key* itself where its file's name stood."""
    if isinstance(table, dict):
        return {name: _with(value, key) for name, value in table.items()}
    return key[: len(key) // 2] if table == "KEY" else table


def test_key_files_are_their_owners(sockets: Services, tmp_path: Path) -> None:
    """T17: what has a private key in it, and is made by us, nobody else may read."""
    files = sockets.server.write(tmp_path)
    secret = [file for file in tmp_path.iterdir() if b"PRIVATE KEY" in file.read_bytes()]
    assert len(secret) == 4
    assert files.ca_file not in secret
    assert [file.name for file in secret if file.stat().st_mode & 0o077] == []


@pytest.mark.parametrize("transport", ["udp"])
def test_server_tells_nobody(
    services: House, credentials: set[str], events: list[LogEvent], tmp_path: Path
) -> None:
    """T17, Q-05: after calls that were pushed, refused and given up nothing of it has been told."""
    subscription = services.server.webpush.subscribe(keys=True)
    for words, user in ((IPHONE, "alice"), (ANDROID, "u1"), (services.browser(), "u2")):
        services.asleep(words, user, password=SECRET)
    reasons = (None, "InvalidProviderToken", "TopicDisallowed", "ServiceUnavailable")
    for number, reason in enumerate(reasons):
        if reason is not None:
            services.apns.default = services.apns.refusal(reason)
            services.server.fcm.default = Answer(403)
            services.server.webpush.default = Answer(403)
        for user in ("alice", "u1", "u2"):
            stranger = services.house.phone(f"x{number}", domain="elsewhere.example")
            call = stranger.call(f"sip:{user}@{DOMAIN}")
            services.run(25)
            assert succeeded(call.failed).status == 480
    secrets = credentials | keys_in(tmp_path) | {subscription.auth}
    assert set(services.server.fcm.tokens.given) <= credentials
    assert told("events", repr(services.house.news), secrets) == []
    wire = b"".join(one.octets for one in services.house.network.carried if b"SIP" in one.octets)
    assert told("SIP", wire.decode("latin-1"), secrets) == []
    assert any("refuses our pushes" in formatEvent(event) for event in events if event)
    for event in events:
        assert told("the log", shown(event), secrets) == []


def test_repr_of_a_job_has_no_secret() -> None:
    """T17, T7: the keys of a subscription are hints of its UA's, and hidden like its PRID."""
    target = PushTarget(
        "webpush", "", "https://push.example.com/prid-secret", hints=(("sippn-wp-auth", "auth-s"),)
    )
    job = job_for(target, 10)
    for secret in ("prid-secret", "auth-s", "caller@"):
        assert secret not in repr(job)
