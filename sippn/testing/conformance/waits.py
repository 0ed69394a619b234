"""A phone that does not come: RFC 8599 section 5.6.2."""

from __future__ import annotations

from sippn.testing.conformance.calls import parked
from sippn.testing.conformance.catalogue import scenario
from sippn.testing.conformance.trial import Trial
from sippn.testing.conformance.verdicts import check, words


@scenario
async def nobody_comes(trial: Trial) -> None:
    """P-046: A caller whose callee does not come back gets 480, not 408."""
    alice = await trial.asleep()
    bob = await trial.phone("bob")
    call = bob.call(trial.aor("alice"))
    await trial.pushed(alice)
    wait = trial.subject.wait
    response = await trial.outcome(call, wait + trial.subject.patience)
    check(response.status == 480, f"the caller got {words(response)}, not 480")


@scenario
async def too_late(trial: Trial) -> None:
    """P-046, P-052: A phone that comes back after the 480 gets nothing."""
    alice = await trial.asleep()
    call = await parked(trial, alice)
    await trial.outcome(call, trial.subject.wait + trial.subject.patience)
    await trial.woken(alice)
    await trial.nothing_more()
    check(not alice.incoming, "the phone got a call that is over")


@scenario
async def push_fails(trial: Trial) -> None:
    """P-045: A caller whose callee cannot be pushed gets 404 or 480, and need not wait."""
    alice = await trial.asleep()
    assert alice.account.push is not None
    trial.receiver.answers[alice.account.push.prid or ""] = 410
    begin = trial.now()
    bob = await trial.phone("bob")
    call = bob.call(trial.aor("alice"))
    response = await trial.outcome(call, trial.subject.wait + trial.subject.patience)
    took = trial.now() - begin
    check(
        response.status in (404, 480),
        f"the caller got {words(response)}, neither 404 nor 480, when the push got 410",
    )
    check(
        took < min(trial.subject.patience, trial.subject.wait),
        f"the caller waited for {took:.1f} s, after the push got 410",
    )


@scenario
async def caller_gives_up(trial: Trial) -> None:
    """P-052: A CANCEL while the phone is being woken gets 200, its INVITE 487."""
    alice = await trial.asleep()
    call = await parked(trial, alice)
    cancelled = await trial.answered(call.cancel(), "the CANCEL")
    check(cancelled.status == 200, f"the CANCEL got {words(cancelled)}")
    response = await trial.outcome(call)
    check(response.status == 487, f"the INVITE got {words(response)} after its CANCEL")
    await trial.woken(alice)
    await trial.nothing_more()
    ringing = [one for one in alice.incoming if not one.cancelled]
    check(not ringing, "the phone rings for a call that was taken back")
