"""Tests for :mod:`sippn.providers.fcm.provider`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import pytest
from attrs import evolve
from twisted.application.service import IService
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.task import Clock
from zope.interface.verify import verifyObject

from sippn.binding import Capability, PushJob, PushKind, PushOutcome, PushTarget, Verdict
from sippn.http import Ambiguous, NoConnection
from sippn.interfaces import IPushLanes, IPushProvider
from sippn.providers.fcm.provider import FCM
from sippn.testing.contracts.provider import PRID as CONTRACT_PRID
from sippn.testing.contracts.provider import PushProviderContract
from sippn.testing.results import failed, succeeded

if TYPE_CHECKING:
    from tests.providers.fcm.conftest import Google

MakePush = Callable[..., PushJob]
MakeFCM = Callable[..., FCM]
T = TypeVar("T")

PRID = "token-that-nobody-may-see"


class TestFCM(PushProviderContract):
    """The promises of IPushProvider."""

    @pytest.fixture(autouse=True)
    def _at_google(self, google: Google, make_fcm: MakeFCM, clock: Clock) -> None:
        self.google, self.clock = google, clock
        self.provider = make_fcm()

    def setup_method(self) -> None:
        """The fixture has made it."""

    def teardown_method(self) -> None:
        """The fixture ends it."""

    def target(self) -> PushTarget:
        """A phone of Google's."""
        return PushTarget("fcm", "my-project", CONTRACT_PRID)

    def now(self) -> float:
        """What the test's clock says."""
        return self.clock.seconds()

    def wait(self, result: Deferred[T]) -> T:
        """Google takes what it is asked."""
        while self.google.tokens.unanswered or self.google.messages.unanswered:
            self.google.grant() if self.google.tokens.unanswered else self.google.take()
        return succeeded(result)


def test_provides_what_the_server_asks_for(fcm: FCM) -> None:
    """W3: a push provider with lanes, whose connections end with the server."""
    assert verifyObject(IPushProvider, fcm)
    assert verifyObject(IPushLanes, fcm)
    assert IService.providedBy(fcm)
    assert fcm.capabilities == (Capability("fcm"),)


def test_push_is_a_data_message_of_its_project(
    fcm: FCM, google: Google, make_push: MakePush
) -> None:
    """N-04: one request for a token, one for the push; the outcome has FCM's name for it."""
    asked = fcm.request_push(make_push())
    google.grant("access-1")
    [sent] = google.messages.asked
    assert (sent.ask.method, sent.ask.path) == (b"POST", b"/v1/projects/my-project/messages:send")
    assert sent.ask.fields == (
        (b"authorization", b"Bearer access-1"),
        (b"content-type", b"application/json"),
        (b"user-agent", b"sippn"),
    )
    assert sent.seconds == 5
    assert sent.body["message"]["token"] == PRID
    google.take("0:15%31bd")
    outcome = succeeded(asked)
    assert (outcome.verdict, outcome.pns_id) == (Verdict.ACCEPTED, "0:15%31bd")


@pytest.mark.parametrize("param", ["my-project", "123456789012", "", "nonsense", "other-project"])
def test_only_project_takes_whatever_is_said(fcm: FCM, make_push: MakePush, param: str) -> None:
    """1.8: what UAs send as pn-param is nonsense now and then; one project needs no choice."""
    target = evolve(make_push().target, param=param)
    assert fcm.can_push(target, PushKind.CALL)
    assert fcm.lane_of(target) == "my-project"


@pytest.mark.parametrize(
    ("param", "project"),
    [
        ("first", "first"),
        ("111", "first"),
        ("222", "second"),
        ("two", "second"),
        ("", None),
        ("third", None),
        ("First", None),
    ],
)
def test_project_is_chosen_by_id_or_alias(
    make_fcm: MakeFCM, google: Google, make_push: MakePush, param: str, project: str | None
) -> None:
    """1.8, T11: among several projects an id or an alias of one is needed, to the letter."""
    fcm = make_fcm(first={"aliases": ["111"]}, second={"aliases": ["222", "two"]})
    job = make_push(target=PushTarget("fcm", param, PRID))
    assert fcm.can_push(job.target, PushKind.CALL) is (project is not None)
    asked = fcm.request_push(job)
    if project is None:
        outcome = succeeded(asked)
        assert outcome.verdict is Verdict.REFUSED
        assert "aliases" in outcome.advice
    else:
        google.grant()
        assert google.messages.asked[0].ask.path == f"/v1/projects/{project}/messages:send".encode()
        assert fcm.lane_of(job.target) == project
        google.take()
        assert succeeded(asked).verdict is Verdict.ACCEPTED


@pytest.mark.parametrize(
    "target",
    [
        PushTarget("apns", "my-project", PRID),
        PushTarget("fcm", "my-project", ""),
        PushTarget("fcm", "my-project", "x" * 4097),
    ],
)
def test_other_targets_are_left_to_others(fcm: FCM, target: PushTarget) -> None:
    """T12: another PNS's, one without a token, one with more than any token has."""
    assert not fcm.can_push(target, PushKind.CALL)


@pytest.mark.parametrize("prid", ["x" * 4096, 'a"b\\c\r\nd', "a\udcffb", "\u263a"])
def test_any_token_stays_in_its_string(
    fcm: FCM, google: Google, make_push: MakePush, prid: str
) -> None:
    """G-03, T11: a PRID goes into JSON and nowhere else, whatever octets it has."""
    asked = fcm.request_push(make_push(target=PushTarget("fcm", "my-project", prid)))
    google.grant()
    [sent] = google.messages.asked
    assert sent.body["message"]["token"] == prid
    assert prid.encode("utf-8", "surrogateescape") not in sent.ask.path
    google.take()
    assert succeeded(asked).verdict is Verdict.ACCEPTED


def test_pushes_that_wait_share_one_token(fcm: FCM, google: Google, make_push: MakePush) -> None:
    """Never two token requests at once, however many pushes there are."""
    asked = [fcm.request_push(make_push()) for _ in range(20)]
    assert len(google.tokens.asked) == 1
    google.grant("access-1")
    assert google.bearers == [b"access-1"] * 20
    for _ in asked:
        google.take()
    assert {succeeded(each).verdict for each in asked} == {Verdict.ACCEPTED}
    fcm.request_push(make_push())
    assert len(google.tokens.asked) == 1
    google.take()


def test_each_project_has_a_token_of_its_own(
    make_fcm: MakeFCM, google: Google, make_push: MakePush
) -> None:
    """W3: a project whose key was deleted holds up no other."""
    fcm = make_fcm(first={}, second={})
    bad = fcm.request_push(make_push(target=PushTarget("fcm", "first", PRID)))
    good = fcm.request_push(make_push(target=PushTarget("fcm", "second", PRID)))
    google.tokens.answer(400, {"error": "invalid_grant"})
    google.grant()
    google.take()
    assert succeeded(bad).verdict is Verdict.REFUSED
    assert succeeded(good).verdict is Verdict.ACCEPTED


def test_token_that_is_taken_no_more_is_replaced_once(
    fcm: FCM, google: Google, make_push: MakePush
) -> None:
    """N-05: UNAUTHENTICATED gets a new token, and the push leaves again at once with it."""
    asked = fcm.request_push(make_push())
    google.grant("old")
    google.messages.answer(401, {"error": {"status": "UNAUTHENTICATED"}})
    google.grant("new")
    google.take()
    assert succeeded(asked).verdict is Verdict.ACCEPTED
    assert google.bearers == [b"old", b"new"]


def test_two_that_meet_the_old_token_replace_it_once(
    fcm: FCM, google: Google, make_push: MakePush
) -> None:
    """Never two token requests at once, nor one for a token that is new already."""
    first, second, third = [fcm.request_push(make_push()) for _ in range(3)]
    google.grant("old")
    google.messages.answer(401)
    google.messages.answer(401)
    google.grant("new")
    google.messages.answer(401)
    assert google.bearers == [b"old"] * 3 + [b"new"] * 3
    assert len(google.tokens.asked) == 2
    for _ in range(3):
        google.take()
    assert [succeeded(each).verdict for each in (first, second, third)] == [Verdict.ACCEPTED] * 3


def test_second_refusal_of_a_token_is_the_operators(
    fcm: FCM, google: Google, make_push: MakePush, clock: Clock
) -> None:
    """N-05: told once and clearly; and Google is not asked for a token with every push."""
    asked = fcm.request_push(make_push())
    google.grant("old")
    google.messages.answer(401)
    google.grant("new")
    google.messages.answer(401)
    outcome = succeeded(asked)
    assert (outcome.verdict, outcome.detail) == (Verdict.REFUSED, "UNAUTHENTICATED")
    assert "service_account" in outcome.advice
    asked = fcm.request_push(make_push())
    google.messages.answer(401)
    assert succeeded(asked).verdict is Verdict.REFUSED
    assert len(google.tokens.asked) == 2
    clock.advance(10)
    fcm.request_push(make_push())
    google.messages.answer(401)
    assert len(google.tokens.unanswered) == 1


def test_push_leaves_twice_at_most(
    fcm: FCM, google: Google, make_push: MakePush, clock: Clock
) -> None:
    """T9: an FCM that takes no token at all, and takes its time, is not asked for ever."""
    asked = fcm.request_push(make_push())
    google.grant("first")
    google.messages.answer(401)
    google.grant("second")
    clock.advance(10)
    google.messages.answer(401)
    assert succeeded(asked).verdict is Verdict.REFUSED
    assert google.tokens.unanswered == []


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (
            NoConnection("no connection"),
            PushOutcome(Verdict.FAILED, detail="no connection", unsent=True),
        ),
        (
            Ambiguous("connection lost"),
            PushOutcome(Verdict.FAILED, detail="connection lost", retry_after=2),
        ),
    ],
)
def test_no_answer_has_failed(
    fcm: FCM, google: Google, make_push: MakePush, error: Exception, outcome: PushOutcome
) -> None:
    """T9: where FCM may have the push the phone gets two seconds before it is asked again."""
    asked = fcm.request_push(make_push())
    google.grant()
    google.messages.fail(error)  # type: ignore[arg-type] # NoAnswer, as pytest's types lose
    assert succeeded(asked) == outcome


def test_push_waits_no_longer_than_its_deadline(
    fcm: FCM, google: Google, make_push: MakePush, clock: Clock
) -> None:
    """After its deadline a push is worth nothing, and what it waited for goes on for others."""
    late = fcm.request_push(make_push(left=1))
    patient = fcm.request_push(make_push(left=9))
    clock.advance(1)
    assert succeeded(late) == PushOutcome(Verdict.FAILED, detail="deadline passed", unsent=True)
    google.grant()
    assert google.messages.asked[0].seconds == 5
    google.take()
    assert succeeded(patient).verdict is Verdict.ACCEPTED


def test_deadline_is_the_time_for_the_answer(fcm: FCM, google: Google, make_push: MakePush) -> None:
    """A push with two seconds left has no five of them."""
    asked = fcm.request_push(make_push(left=2))
    google.grant()
    assert google.messages.asked[0].seconds == 2
    google.take()
    assert succeeded(asked).verdict is Verdict.ACCEPTED


def test_job_past_its_deadline_does_not_leave(
    fcm: FCM, google: Google, make_push: MakePush
) -> None:
    """Nor is a token asked for."""
    assert succeeded(fcm.request_push(make_push(left=0))).detail == "deadline passed"
    assert (google.tokens.asked, google.messages.asked) == ([], [])


def test_push_that_waits_for_a_token_is_dropped(
    fcm: FCM, google: Google, make_push: MakePush
) -> None:
    """S-12: what has not left never leaves; the token comes for those that stay."""
    dropped, kept = fcm.request_push(make_push()), fcm.request_push(make_push())
    dropped.cancel()
    failed(dropped, CancelledError)
    google.grant()
    assert len(google.messages.asked) == 1
    google.take()
    assert succeeded(kept).verdict is Verdict.ACCEPTED


def test_push_on_the_wire_is_withdrawn(fcm: FCM, google: Google, make_push: MakePush) -> None:
    """S-12: the stream is reset; FCM may have it all the same."""
    asked = fcm.request_push(make_push())
    google.grant()
    asked.cancel()
    failed(asked, CancelledError)
    assert google.messages.withdrawn == 1


def test_stopping_cuts_and_renews_no_more(
    fcm: FCM, google: Google, make_push: MakePush, clock: Clock
) -> None:
    """What waits has failed; no timer is left behind."""
    fcm.request_push(make_push())
    google.grant()
    google.take()
    assert len(clock.getDelayedCalls()) == 1
    fcm.stopService()
    assert clock.getDelayedCalls() == []
    assert google.tokens.closed
    assert google.messages.closed


def test_stopping_fails_what_waits_for_a_token(
    fcm: FCM, google: Google, make_push: MakePush, clock: Clock
) -> None:
    """Every job gets its outcome."""
    asked = fcm.request_push(make_push())
    fcm.stopService()
    assert succeeded(asked).verdict is Verdict.FAILED
    assert clock.getDelayedCalls() == []


def test_nothing_shows_what_is_secret(
    fcm: FCM, google: Google, make_push: MakePush, account: dict[str, Any], tmp_path: Path
) -> None:
    """T7, T17: neither key, nor assertion, nor access token, nor PRID is in any repr."""
    asked = fcm.request_push(make_push())
    google.grant("access-secret")
    google.messages.answer(400, {"error": {"message": f"bad {PRID} access-secret"}})
    outcome = succeeded(asked)
    shown = repr((fcm, fcm._projects, outcome, *fcm._projects._known.values()))
    assert "private_key" not in shown
    assert account["private_key"][40:80] not in shown
    assert "access-secret" not in shown
    assert PRID not in shown
