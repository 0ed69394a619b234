"""Bindings that end, or are too short to be pushed: RFC 8599 sections 4.1.2, 5.5 and 5.6.1.1."""

from __future__ import annotations

import re

from attrs import evolve

from sippn.sip import PushParams
from sippn.testing.conformance.catalogue import scenario
from sippn.testing.conformance.indicators import of, promises_nothing
from sippn.testing.conformance.trial import Trial
from sippn.testing.conformance.verdicts import check, skip, words
from sippn.testing.ua import ScriptedUA


@scenario
async def too_short(trial: Trial) -> None:
    """P-013: A life too short for a refresh push gets 423 with Min-Expires, or no promise."""
    phone = await trial.phone("alice", trial.push())
    answer = await trial.answered(phone.register(5), "the REGISTER")
    check(
        answer.status < 300 or answer.status == 423,
        f"a REGISTER for 5 seconds got {words(answer)}, neither 423 nor 2xx",
    )
    promises_nothing(answer, "nobody can push within 5 seconds")
    if answer.status == 423:
        least = answer.headers.get("Min-Expires") or ""
        check(
            re.fullmatch("[0-9]{1,10}", least) and 5 < int(least) <= 3600,
            f"the 423 has Min-Expires: {least or 'nothing'}; RFC 3261 allows up to 3600",
        )


@scenario
async def long_enough_after_423(trial: Trial) -> None:
    """P-013: Who registers for as long as the 423 says is promised to be pushed."""
    phone = await trial.phone("alice", trial.push())
    answer = await trial.answered(phone.register(5), "the REGISTER")
    if answer.status != 423:
        skip("it has no 423")
    answer = await trial.registered(phone, int(answer.headers.get("Min-Expires") or "3600"))
    check(
        of(answer, trial.subject.provider),
        "the 2xx promises no push, for as long as the 423 said",
    )


async def _gone(trial: Trial, phone: ScriptedUA) -> None:
    """Call *phone*, which has no binding any more."""
    bob = await trial.phone("bob")
    response = await trial.outcome(bob.call(trial.aor("alice")))
    check(
        response.status in (404, 410, 480),
        f"the call got {words(response)}, and nobody is registered",
    )
    await trial.nothing_more()
    check(not trial.pushes(phone), "the PRID of the removed binding was pushed")


@scenario
async def removed(trial: Trial) -> None:
    """P-028, U-05: A de-REGISTER without pn-prid removes the binding, and ends the pushes."""
    phone = await trial.promised()
    before = phone.account
    phone.account = evolve(before, push=None)
    answer = await trial.answered(phone.unregister(), "the de-REGISTER")
    phone.account = before
    check(answer.status < 300, f"the de-REGISTER got {words(answer)}")
    promises_nothing(answer, "there is no binding any more")
    await trial.falls_asleep(phone)
    await _gone(trial, phone)


@scenario
async def removed_with_provider(trial: Trial) -> None:
    """P-028, P-029: A de-REGISTER with pn-provider and pn-param, and no pn-prid, does the same."""
    phone = await trial.promised()
    before = phone.account
    subject = trial.subject
    phone.account = evolve(before, push=PushParams(subject.provider, subject.param, None))
    answer = await trial.answered(phone.unregister(), "the de-REGISTER")
    phone.account = before
    check(answer.status < 300, f"the de-REGISTER got {words(answer)}")
    await trial.falls_asleep(phone)
    await _gone(trial, phone)


@scenario
async def all_removed(trial: Trial) -> None:
    """P-028: A de-REGISTER of all Contacts removes the binding, and ends the pushes."""
    phone = await trial.promised()
    answer = await trial.answered(phone.register(0, contacts=["*"]), "the de-REGISTER")
    check(answer.status < 300, f"Contact: * with Expires: 0 got {words(answer)}")
    promises_nothing(answer, "there is no binding any more")
    await trial.falls_asleep(phone)
    await _gone(trial, phone)


async def _short_lived(trial: Trial) -> tuple[ScriptedUA, float]:
    """A phone that is asleep, and when its binding ends: as soon as the server allows."""
    phone = await trial.phone("alice", trial.push())
    answer = await trial.answered(phone.register(1), "the REGISTER")
    shortest = int(answer.headers.get("Min-Expires") or 3600)
    if shortest > trial.subject.longest:
        skip(f"its shortest binding lasts {shortest} s: --longest {shortest} waits for that")
    end = trial.now() + shortest
    answer = await trial.registered(phone, shortest)
    check(
        of(answer, trial.subject.provider), "the 2xx promises no push, for as long as the 423 said"
    )
    await trial.falls_asleep(phone)
    return phone, end


@scenario
async def refresh_is_pushed(trial: Trial) -> None:
    """P-026: A phone is pushed before its binding ends, so that it registers again."""
    phone, end = await _short_lived(trial)
    await trial.until(
        lambda: trial.pushes(phone), "a push before the binding ended", end - trial.now()
    )
    kind = trial.pushes(phone)[0].get("kind")
    check(kind == "refresh", f"the push has kind {kind!r}, not 'refresh'")


@scenario
async def expired_is_not_pushed(trial: Trial) -> None:
    """P-028: A phone whose binding has ended is not pushed, and who calls it gets 404 or 480."""
    phone, end = await _short_lived(trial)
    await trial.pause(end + 1 + trial.subject.quiet - trial.now())
    before = len(trial.pushes(phone))
    bob = await trial.phone("bob")
    longest = trial.subject.wait + trial.subject.patience
    response = await trial.outcome(bob.call(trial.aor("alice")), longest)
    check(response.status in (404, 410, 480), f"the call got {words(response)}")
    await trial.nothing_more()
    check(len(trial.pushes(phone)) == before, "its PRID was pushed, and its binding had ended")
