"""Requests that are no INVITE: RFC 8599 section 5.6.2 and RFC 4320."""

from __future__ import annotations

from twisted.internet.defer import Deferred

from sippn.sip import Response
from sippn.testing.conformance.catalogue import scenario
from sippn.testing.conformance.trial import Trial, responses
from sippn.testing.conformance.verdicts import check, skip, words
from sippn.testing.ua import ScriptedUA

TIMER_F = 32.0  # seconds until the sender of a non-INVITE request has given up
TIMER_E_IS_T2 = 3.5  # seconds until its retransmissions are as slow as they get


async def _sent(trial: Trial, alice: ScriptedUA) -> tuple[ScriptedUA, Deferred[Response]]:
    """Bob, and his MESSAGE to *alice*, for which she was pushed."""
    bob = await trial.phone("bob")
    done = bob.message(trial.aor("alice"), "hello")
    await trial.until(lambda: done.called or trial.pushes(alice), "a push for a MESSAGE")
    if not trial.pushes(alice):
        response = await trial.answered(done, "the MESSAGE")
        skip(f"it wakes nobody for a MESSAGE, which got {words(response)}")
    return bob, done


@scenario
async def message_wakes(trial: Trial) -> None:
    """P-040, P-047: A MESSAGE waits as a call does, and is delivered once."""
    alice = await trial.asleep()
    _, done = await _sent(trial, alice)
    await trial.woken(alice)
    response = await trial.answered(done, "the MESSAGE")
    check(response.status == 200, f"the MESSAGE got {words(response)}, and was delivered")
    await trial.nothing_more()
    count = sum(request.method == "MESSAGE" for request in alice.requests)
    check(count == 1, f"the phone got {count} MESSAGEs for one")


@scenario
async def message_without_answer(trial: Trial) -> None:
    """P-047: A MESSAGE in vain gets 480 within 32 s, never 408, and 100 no sooner than allowed."""
    alice = await trial.asleep()
    begin = trial.now()
    bob, done = await _sent(trial, alice)
    udp = trial.subject.transport == "udp"
    if udp:
        await trial.pause(max(0, begin + TIMER_E_IS_T2 - 0.2 - trial.now()))
        early = [r.status for r in responses(bob, "MESSAGE") if r.status < 200]
        late = trial.now() - begin > TIMER_E_IS_T2  # this machine is too slow to tell
        check(late or not early, f"over UDP, {early[:1]} came before {TIMER_E_IS_T2} s (RFC 4320)")
    response = await trial.answered(done, "the MESSAGE", TIMER_F + 1)
    took = trial.now() - begin
    heard = {one.status for one in responses(bob, "MESSAGE")}
    check(not [s for s in heard if 100 < s < 200], f"a provisional other than 100: {heard}")
    check(408 not in heard, "a 408 came to a request other than INVITE (RFC 4320)")
    check(heard - {100}, f"nothing final came within {TIMER_F:g} s")
    check(response.status == 480, f"the MESSAGE got {words(response)}, not 480")
    check(
        not udp or took < TIMER_E_IS_T2 + 1 or 100 in heard,
        f"over UDP, no 100 came in {took:.1f} s (RFC 4320)",
    )
