"""Tests for :mod:`sippn.providers.apns.environments`."""

from __future__ import annotations

import pytest

from sippn.binding import Verdict
from sippn.http import NoConnection
from sippn.providers.apns import environments
from sippn.providers.apns.environments import Environments
from tests.providers.apns.scene import REMOTE, VOIP, VOIP_TOKEN, Scene, refusal, target


@pytest.mark.parametrize("said", [True, False])
def test_uas_word_counts_until_more_is_known(said: bool) -> None:
    """N-05: and again, once what was learnt is what it says."""
    known = Environments()
    ua = target(sandbox=said)
    assert known.sandbox(ua) is said
    known.learn(ua, sandbox=not said)
    assert known.sandbox(ua) is not said
    assert known.sandbox(target(REMOTE, sandbox=said)) is said
    known.learn(ua, sandbox=said)
    assert known.sandbox(ua) is said
    assert known.sandbox(target(sandbox=not said)) is not said  # its app was installed anew


def test_who_is_pushed_is_not_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """Q-07: whoever was not pushed for the longest goes first, whoever was learnt before."""
    monkeypatch.setattr(environments, "MOST", 2)
    known = Environments()
    first, second = target(VOIP), target(REMOTE)
    known.learn(first, sandbox=True)
    known.learn(second, sandbox=True)
    assert known.sandbox(first)
    known.learn(target(), sandbox=True)
    assert [known.sandbox(ua) for ua in (first, second, target())] == [True, False, True]


def test_it_remembers_a_bounded_number(monkeypatch: pytest.MonkeyPatch) -> None:
    """Q-07: whoever was learnt first is forgotten first, and nobody finds a token there."""
    monkeypatch.setattr(environments, "MOST", 2)
    known = Environments()
    first, second = target(VOIP), target(REMOTE)
    known.learn(first, sandbox=True)
    known.learn(second, sandbox=True)
    known.learn(first, sandbox=True)
    known.learn(target(), sandbox=True)
    assert [known.sandbox(ua) for ua in (first, second, target())] == [True, False, True]
    assert VOIP_TOKEN not in repr(known)


@pytest.mark.parametrize("said", [False, True])
def test_environment_that_cannot_be_reached_is_no_fault_of_the_other(said: bool) -> None:
    """W3: a firewall before one is told to the operator; the other goes on for all its phones."""
    scene = Scene()
    here, there = scene.production, scene.development
    if said:
        here, there = there, here
    here.script.append(refusal(400, "BadDeviceToken"))
    there.script.append(NoConnection("no connection in time"))
    outcome = scene.push(scene.job(target=target(sandbox=said)))
    assert (outcome.verdict, outcome.detail) == (Verdict.BUSY, "400 BadDeviceToken")
    assert outcome.retry_after is None  # nobody else has to wait
    assert f"set sandbox = {'true' if said else 'false'}" in outcome.advice
