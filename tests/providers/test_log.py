"""Tests for :mod:`sippn.providers.log`."""

from __future__ import annotations

from collections.abc import Callable

from twisted.logger import ILogObserver, LogEvent, formatEvent, globalLogPublisher
from zope.interface import provider

from sippn.binding import Capability, PushJob, PushKind, PushTarget, Verdict
from sippn.interfaces import IPushProvider
from sippn.providers.log import LogProvider
from sippn.providers.settings import LogSettings
from sippn.testing.contracts.provider import PRID, PushProviderContract
from sippn.testing.results import succeeded


class TestLogProvider(PushProviderContract):
    """The promises of IPushProvider."""

    def make_provider(self) -> IPushProvider:
        """One for acme."""
        return LogProvider(LogSettings("acme"))


def test_says_what_it_would_push(make_job: Callable[..., PushJob]) -> None:
    """Kind, AOR and job, on one line; never the PRID (T7)."""
    lines: list[LogEvent] = []

    @provider(ILogObserver)
    def observe(event: LogEvent) -> None:
        lines.append(event)

    globalLogPublisher.addObserver(observe)
    outcome = succeeded(LogProvider(LogSettings()).request_push(make_job()))
    globalLogPublisher.removeObserver(observe)
    assert outcome.verdict is Verdict.ACCEPTED
    [line] = lines
    assert formatEvent(line) == "would push kind=call aor=sip:alice@example.com job job-1"
    assert PRID not in repr(line)
    assert "prid-that" not in repr(line)


def test_plays_one_pns_or_any() -> None:
    """As configured."""
    acme, any_pns = LogProvider(LogSettings("acme")), LogProvider(LogSettings())
    fcm = PushTarget("fcm", "", "x")
    assert not acme.can_push(fcm, PushKind.CALL)
    assert any_pns.can_push(fcm, PushKind.CALL)
    assert (acme.capabilities, any_pns.capabilities) == ((Capability("acme"),), ())


def test_voip_token_is_for_calls() -> None:
    """R-04: it plays what a PNS could do, and no more."""
    voip = PushTarget("apns", "TEAM.app.voip", "x")
    assert LogProvider(LogSettings()).can_push(voip, PushKind.CALL)
    assert not LogProvider(LogSettings()).can_push(voip, PushKind.REFRESH)
