"""Tests for :mod:`sippn.providers.log`."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from attrs import evolve
from twisted.logger import ILogObserver, LogEvent, formatEvent, globalLogPublisher
from zope.interface import provider

from sippn.binding import Capability, PushJob, PushKind, PushTarget, Verdict
from sippn.interfaces import IPushProvider
from sippn.providers.log import LogProvider, LogSettings
from sippn.testing.contracts.provider import PRID, PushProviderContract
from sippn.testing.results import succeeded


class TestLogProvider(PushProviderContract):
    """The promises of IPushProvider."""

    def make_provider(self) -> IPushProvider:
        """One for acme."""
        return LogProvider(LogSettings("acme"))


@pytest.mark.parametrize(
    ("target", "line"),
    [
        (
            PushTarget("acme", "app", PRID),
            "would push kind=call aor=sip:alice@example.com job job-1",
        ),
        (
            PushTarget("apns", "T.com.x.voip&remote", f"{PRID}:voip", (("voip", PRID),), "com.x"),
            "would push kind=call service=voip app='com.x' aor=sip:alice@example.com job job-1",
        ),
        (
            PushTarget("apns", "T.x\ny.voip", PRID, ((PRID, PRID),), "x\ny"),
            r"would push kind=call app='x\ny' aor=sip:alice@example.com job job-1",
        ),
    ],
)
def test_says_what_it_would_push(
    target: PushTarget, line: str, make_job: Callable[..., PushJob]
) -> None:
    """T7, T11: kind, service, app, AOR and job on one line; never the PRID, nor a token of it."""
    events: list[LogEvent] = []

    @provider(ILogObserver)
    def observe(event: LogEvent) -> None:
        events.append(event)

    globalLogPublisher.addObserver(observe)
    job = evolve(make_job(), target=target)
    outcome = succeeded(LogProvider(LogSettings()).request_push(job))
    globalLogPublisher.removeObserver(observe)
    assert outcome.verdict is Verdict.ACCEPTED
    [event] = events
    assert formatEvent(event) == line
    assert PRID not in repr(event)


def test_plays_one_pns_or_any() -> None:
    """As configured."""
    acme, any_pns = LogProvider(LogSettings("acme")), LogProvider(LogSettings())
    fcm = PushTarget("fcm", "", "x")
    assert not acme.can_push(fcm, PushKind.CALL)
    assert any_pns.can_push(fcm, PushKind.CALL)
    assert (acme.capabilities, any_pns.capabilities) == ((Capability("acme"),), ())
