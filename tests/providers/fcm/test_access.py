"""Tests for :mod:`sippn.providers.fcm.access`: the life of an access token."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import jwt
import pytest
from twisted.internet.defer import CancelledError
from twisted.internet.task import Clock
from twisted.logger import ILogObserver, LogEvent, formatEvent, globalLogPublisher
from zope.interface import provider

from sippn.binding import PushJob, PushOutcome, Verdict
from sippn.http import Ambiguous, NoConnection
from sippn.providers.fcm.provider import FCM
from sippn.testing.results import succeeded

if TYPE_CHECKING:
    from tests.providers.fcm.conftest import Asked, Google

MakePush = Callable[..., PushJob]
WALL = 784111777


@pytest.fixture
def warnings() -> Iterator[list[str]]:
    """What is logged of access tokens."""
    lines: list[str] = []

    @provider(ILogObserver)
    def observe(event: LogEvent) -> None:
        if "access token" in (line := formatEvent(event)):
            lines.append(line)

    globalLogPublisher.addObserver(observe)
    yield lines
    globalLogPublisher.removeObserver(observe)


@pytest.fixture
def push(fcm: FCM, google: Google, make_push: MakePush) -> Callable[[], PushOutcome]:
    """Pushes, and has Google take the message; whatever else is asked waits."""

    def at_once() -> PushOutcome:
        asked = fcm.request_push(make_push())
        if google.messages.unanswered:
            google.take()
        return succeeded(asked)

    return at_once


@pytest.fixture
def first(fcm: FCM, google: Google, make_push: MakePush) -> None:
    """One push has left; its access token lives an hour."""
    fcm.request_push(make_push())
    google.grant("access-1")
    google.take()


def test_token_is_asked_for_as_google_wants(
    fcm: FCM,
    google: Google,
    make_push: MakePush,
    claims_in: Callable[[Asked, str], dict[str, Any]],
) -> None:
    """RFC 7523: an assertion signed RS256 by the service account's key, for an hour."""
    fcm.request_push(make_push())
    [asked] = google.tokens.asked
    assert (asked.ask.method, asked.ask.path, asked.seconds) == (b"POST", b"/token", 5)
    assert dict(asked.ask.fields)[b"content-type"] == b"application/x-www-form-urlencoded"
    assert claims_in(asked, "https://oauth2.googleapis.com/token") == {
        "iss": "sippn@my-project.iam.gserviceaccount.com",
        "scope": "https://www.googleapis.com/auth/firebase.messaging",
        "aud": "https://oauth2.googleapis.com/token",
        "iat": WALL,
        "exp": WALL + 3600,
    }


def test_key_is_named(fcm: FCM, google: Google, make_push: MakePush) -> None:
    """RFC 7515 section 4.1.4: an account has several keys."""
    fcm.request_push(make_push())
    assertion = google.tokens.asked[0].ask.body.rpartition(b"assertion=")[2]
    header = jwt.get_unverified_header(assertion)
    assert (header["alg"], header["kid"]) == ("RS256", "0123456789abcdef")


def test_token_endpoint_of_the_configuration_is_asked(
    make_fcm: Callable[..., FCM],
    google: Google,
    make_push: MakePush,
    claims_in: Callable[[Asked, str], dict[str, Any]],
) -> None:
    """DESIGN section 5: and the assertion is made for it, as nobody else may use it."""
    url = "https://oauth2.example.com:8443/a/token?b=c"
    make_fcm({"token_endpoint": url}).request_push(make_push())
    assert google.tokens.asked[0].ask.path == b"/a/token?b=c"
    assert claims_in(google.tokens.asked[0], url)["aud"] == url


@pytest.mark.usefixtures("first")
def test_token_is_renewed_before_it_expires(
    google: Google, push: Callable[[], PushOutcome], clock: Clock
) -> None:
    """Pushes go on with the old one meanwhile, and none waits."""
    clock.advance(3600 * 0.9 - 1)
    assert len(google.tokens.asked) == 1
    clock.advance(1)
    assert len(google.tokens.asked) == 2
    assert push().verdict is Verdict.ACCEPTED
    google.grant("access-2")
    assert push().verdict is Verdict.ACCEPTED
    assert google.bearers == [b"access-1", b"access-1", b"access-2"]


@pytest.mark.usefixtures("first")
def test_token_is_renewed_for_ever(google: Google, clock: Clock) -> None:
    """A call in the night finds a token; one request in 54 minutes."""
    for number in range(2, 12):
        clock.advance(3600 * 0.9)
        google.grant(f"access-{number}")
    assert len(google.tokens.asked) == 11
    assert len(clock.getDelayedCalls()) == 1


@pytest.mark.usefixtures("first")
def test_renewal_that_fails_is_tried_again(
    google: Google, push: Callable[[], PushOutcome], clock: Clock, warnings: list[str]
) -> None:
    """The old one is good until it expires; the operator is told in time, once."""
    clock.advance(3600 * 0.9)
    google.tokens.answer(400, {"error": "invalid_grant"})
    assert push().verdict is Verdict.ACCEPTED
    clock.advance(10)
    google.tokens.fail(NoConnection("no connection"))
    assert push().verdict is Verdict.ACCEPTED
    assert len(warnings) == 1
    assert "my-project" in warnings[0]
    assert "ends in 360 s: token endpoint: invalid_grant; Google takes no" in warnings[0]
    clock.advance(10)
    google.grant("access-2")
    push()
    assert google.bearers[-1] == b"access-2"


@pytest.mark.usefixtures("first")
def test_token_that_expired_is_not_sent(
    fcm: FCM, google: Google, make_push: MakePush, clock: Clock
) -> None:
    """What pushes meet then is why there is no new one."""
    clock.advance(3600 * 0.9)
    while google.tokens.unanswered:
        google.tokens.answer(400, {"error": "invalid_grant"})
        clock.advance(10)
    assert len(google.tokens.asked) == 1 + 37
    asked = fcm.request_push(make_push())
    google.tokens.answer(400, {"error": "invalid_grant"})
    outcome = succeeded(asked)
    assert (outcome.verdict, outcome.detail) == (Verdict.REFUSED, "token endpoint: invalid_grant")
    assert len(google.messages.asked) == 1


def test_refusal_is_remembered_for_ten_seconds(
    fcm: FCM, google: Google, make_push: MakePush, push: Callable[[], PushOutcome], clock: Clock
) -> None:
    """N-05: each push is told at once; Google is not asked with each."""
    waiting = fcm.request_push(make_push())
    google.tokens.answer(400, {"error": "invalid_grant"})
    refusal = succeeded(waiting)
    assert refusal.verdict is Verdict.REFUSED
    clock.advance(9.9)
    assert push() == refusal
    assert len(google.tokens.asked) == 1
    clock.advance(0.1)
    mended = fcm.request_push(make_push())
    google.grant()
    google.take()
    assert succeeded(mended).verdict is Verdict.ACCEPTED


def test_failure_is_remembered_for_a_second(
    fcm: FCM, google: Google, make_push: MakePush, push: Callable[[], PushOutcome], clock: Clock
) -> None:
    """W2: a token endpoint that is away is asked once a second, and is used when it is back."""
    waiting = fcm.request_push(make_push())
    google.tokens.fail(Ambiguous("connection lost"))
    assert succeeded(waiting) == PushOutcome(
        Verdict.FAILED, detail="token endpoint: connection lost", retry_after=1, unsent=True
    )
    clock.advance(0.75)
    assert push().retry_after == 0.25
    clock.advance(0.25)
    fcm.request_push(make_push())
    assert len(google.tokens.unanswered) == 1


def test_token_endpoint_that_is_busy_is_left_alone(
    fcm: FCM, google: Google, make_push: MakePush, push: Callable[[], PushOutcome], clock: Clock
) -> None:
    """W2: Retry-After holds for all pushes, and tells each how long to wait."""
    waiting = fcm.request_push(make_push())
    google.tokens.answer(503, b"", (b"retry-after", b"8"))
    outcome = succeeded(waiting)
    assert (outcome.verdict, outcome.retry_after) == (Verdict.BUSY, 8)
    clock.advance(5)
    assert push().retry_after == 3
    assert len(google.tokens.asked) == 1


def test_token_endpoint_is_asked_again_after_a_minute(
    fcm: FCM, google: Google, make_push: MakePush, clock: Clock
) -> None:
    """W2: one mistaken Retry-After does not keep a whole project silent for an hour."""
    waiting = fcm.request_push(make_push())
    google.tokens.answer(503, b"", (b"retry-after", b"3600"))
    assert succeeded(waiting).retry_after == 60
    clock.advance(60)
    mended = fcm.request_push(make_push())
    google.grant()
    google.take()
    assert succeeded(mended).verdict is Verdict.ACCEPTED


def test_end_of_one_push_may_end_another(fcm: FCM, google: Google, make_push: MakePush) -> None:
    """S-12: of those that wait for one token, the others still get it."""
    refused = [fcm.request_push(make_push()) for _ in range(3)]
    ended: list[object] = []
    refused[0].addCallback(lambda _: refused[1].cancel())
    refused[1].addErrback(lambda failure: ended.append(failure.type))
    google.tokens.answer(400, {"error": "invalid_grant"})
    assert ended == [CancelledError]
    assert succeeded(refused[2]).verdict is Verdict.REFUSED


def test_token_that_lives_shortly_is_renewed_no_sooner(
    fcm: FCM, google: Google, make_push: MakePush, clock: Clock
) -> None:
    """W2: a token endpoint whose tokens live a moment is not asked again and again."""
    fcm.request_push(make_push())
    google.tokens.answer(200, {"access_token": "access-1", "expires_in": 0.01})
    google.take()
    for _ in range(99):
        clock.advance(0.1)
    assert len(google.tokens.asked) == 1
    clock.advance(0.2)
    assert len(google.tokens.asked) == 2
