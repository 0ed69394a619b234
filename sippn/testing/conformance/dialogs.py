"""Requests inside dialogs: RFC 8599 sections 6 and 7."""

from __future__ import annotations

import re
from collections.abc import Callable

from attrs import evolve
from twisted.internet.defer import Deferred

from sippn.sip import Response
from sippn.testing.calls import Call
from sippn.testing.conformance.catalogue import leniency, scenario
from sippn.testing.conformance.trial import Trial, requests, responses
from sippn.testing.conformance.verdicts import check, skip, words
from sippn.testing.ua import ScriptedUA

# RFC 5057 table 1: these end a dialog, or a usage of one
FATAL = frozenset((404, 405, 408, 410, 416, 480, 481, 482, 483, 484, 485, 489, 501, 502, 604))
_SHORTEST = 16  # characters; with fewer one could be guessed


async def referable(trial: Trial) -> ScriptedUA:
    """A phone of alice that was given a PURR, and uses it."""
    alice = await trial.promised(purr=True)
    if alice.purr is None:
        skip("it gives no PURR: it wakes nobody inside dialogs")
    return alice


async def talking(trial: Trial, alice: ScriptedUA) -> Call:
    """A call of bob's to *alice*, who is awake; both are in the dialog."""
    bob = await trial.phone("bob")
    await trial.registered(bob)
    call = bob.call(trial.aor("alice"))
    await trial.until(
        lambda: trial.pushes(alice) or alice.incoming or call.failed.called, "an INVITE, or a push"
    )
    if trial.pushes(alice):  # a server may push whom it cannot know to be awake
        await trial.registered(alice)
    response = await trial.outcome(call)
    check(response.status == 200, f"the caller got {words(response)}")
    await trial.until(lambda: alice.incoming[0].acked.called, "the ACK at the callee")
    return call


async def _pushed(
    trial: Trial, alice: ScriptedUA, what: str, ask: Callable[[], Deferred[Response]]
) -> Deferred[Response]:
    """
    The answer to come to what *ask* sends, once *alice* is pushed for it.

    :raises Failed: it comes without.
    """
    before = len(trial.pushes(alice))
    done = ask()
    await trial.until(
        lambda: len(trial.pushes(alice)) > before or done.called, f"a push for the {what}"
    )
    if len(trial.pushes(alice)) == before:
        response = await trial.answered(done, f"the {what}")
        if response.status == 403 and trial.subject.password is None:
            skip(f"it lets no stranger do that: the {what} got {words(response)}")
        check(False, f"the {what} got {words(response)}, and nobody was pushed")
    return done


async def _wakes(
    trial: Trial, alice: ScriptedUA, method: str, ask: Callable[[], Deferred[Response]]
) -> None:
    """See that *alice*, who sleeps, is woken for a *method* inside a dialog, and gets it."""
    alice.received.clear()
    done = await _pushed(trial, alice, method, ask)
    await trial.woken(alice)
    response = await trial.answered(done, f"the {method}")
    check(response.status == 200, f"the {method} got {words(response)}")
    await trial.nothing_more()
    branches = {request.via.branch for request in requests(alice, method)}
    check(len(branches) == 1, f"the phone got the {method} {len(branches)} times")


@scenario
async def purr_is_secret(trial: Trial) -> None:
    """P-062: A PURR is long, and says nothing of user, phone or PRID."""
    alice = await referable(trial)
    purr = alice.purr or ""
    assert alice.account.push is not None
    check(len(purr) >= _SHORTEST, f"a PURR of {len(purr)} characters can be guessed")
    for secret in (alice.account.user, alice.account.push.prid, str(alice.address.port)):
        check(len(secret or "") < 4 or str(secret) not in purr, "the PURR shows whose it is")


@leniency
async def purr_changes(trial: Trial) -> None:
    """P-061: Each REGISTER gets another PURR."""
    alice = await referable(trial)
    first = alice.purr
    await trial.registered(alice)
    check(alice.purr != first, "two REGISTERs got the same; it may change later")


@scenario
async def purrs_do_not_tell_who(trial: Trial) -> None:
    """P-062: The PURRs of two phones of a user have nothing in common."""
    one, other = (await referable(trial)).purr or "", (await referable(trial)).purr or ""
    check(one != other, "two phones have the same PURR")
    alike = sum(a == b for a, b in zip(one, other, strict=False)) / max(len(one), len(other))
    check(alike <= 0.6, f"{alike:.0%} of their characters are the same")


@scenario
async def callee_is_record_routed(trial: Trial) -> None:
    """P-064: A dialog with a phone that was given a PURR is Record-Routed."""
    alice = await referable(trial)
    call = await talking(trial, alice)
    check("Record-Route" in alice.incoming[0].invite.headers, "the INVITE has no Record-Route")
    await _hangs_up(trial, alice, call)


@scenario
async def caller_is_record_routed(trial: Trial) -> None:
    """P-064, P-071: A dialog that a phone makes is Record-Routed by the PURR in its Contact."""
    alice = await referable(trial)
    bob = await trial.phone("bob")
    await trial.registered(bob)
    call = alice.call(trial.aor("bob"))
    response = await trial.outcome(call)
    check(response.status == 200, f"the caller got {words(response)}")
    check("Record-Route" in bob.incoming[0].invite.headers, "the INVITE has no Record-Route")
    said = str(bob.incoming[0].invite.contacts[0])
    check(f"pn-purr={alice.purr}" in said, "the Contact has lost its pn-purr on the way (P-071)")
    await trial.hang_up(call)


async def _in_a_call(trial: Trial, method: str) -> None:
    alice = await referable(trial)
    call = await talking(trial, alice)
    await trial.falls_asleep(alice)

    def ask() -> Deferred[Response]:
        return call.reinvite() if method == "INVITE" else call.request(method)

    await _wakes(trial, alice, method, ask)
    if method != "BYE":
        await _hangs_up(trial, alice, call)


async def _hangs_up(trial: Trial, alice: ScriptedUA, call: Call) -> None:
    """See that *call* can be ended still; *alice* is awake."""
    before = len(trial.pushes(alice))
    goodbye = call.hang_up()
    await trial.until(lambda: goodbye.called or len(trial.pushes(alice)) > before, "a BYE")
    if not goodbye.called:
        await trial.registered(alice)
    response = await trial.answered(goodbye, "the BYE")
    check(response.status == 200, f"the BYE got {words(response)}")


@scenario
async def bye_wakes(trial: Trial) -> None:
    """P-065, P-066, P-068: A BYE wakes a phone by its PURR, and reaches it where it is now."""
    await _in_a_call(trial, "BYE")


@scenario
async def reinvite_wakes(trial: Trial) -> None:
    """P-065, P-066: A re-INVITE wakes a phone by its PURR."""
    await _in_a_call(trial, "INVITE")


@scenario
async def reinvite_is_cancelled(trial: Trial) -> None:
    """P-070, P-052: A CANCEL of a re-INVITE that waits for a phone gets 200, the re-INVITE 487."""
    alice = await referable(trial)
    call = await talking(trial, alice)
    await trial.falls_asleep(alice)
    bob = trial.phones[1]
    for phone in (alice, bob):
        phone.received.clear()
    done = await _pushed(trial, alice, "INVITE", call.reinvite)
    await trial.until(lambda: responses(bob, "INVITE"), "a 100 to the re-INVITE")
    cancelled = await trial.answered(call.cancel_reinvite(), "the CANCEL")
    check(cancelled.status == 200, f"the CANCEL got {words(cancelled)}")
    response = await trial.answered(done, "the re-INVITE")
    check(response.status == 487, f"the re-INVITE got {words(response)} after its CANCEL")
    await trial.woken(alice)
    await trial.nothing_more()
    check(not requests(alice, "INVITE"), "the phone got a re-INVITE that was taken back")


@scenario
async def update_wakes(trial: Trial) -> None:
    """P-065, P-066: An UPDATE wakes a phone by its PURR."""
    await _in_a_call(trial, "UPDATE")


@scenario
async def info_wakes(trial: Trial) -> None:
    """P-065, P-066: An INFO wakes a phone by its PURR."""
    await _in_a_call(trial, "INFO")


@scenario
async def caller_is_woken(trial: Trial) -> None:
    """P-065, P-066: A BYE wakes the phone that made the call."""
    alice = await referable(trial)
    bob = await trial.phone("bob")
    await trial.registered(bob)
    call = alice.call(trial.aor("bob"))
    response = await trial.outcome(call)
    check(response.status == 200, f"the caller got {words(response)}")
    await trial.until(lambda: bob.incoming[0].acked.called, "the ACK at the callee")
    await trial.falls_asleep(alice)
    await _wakes(trial, alice, "BYE", bob.incoming[0].hang_up)


@scenario
async def notify_wakes(trial: Trial) -> None:
    """P-065, P-066: A NOTIFY wakes the phone that has subscribed."""
    alice = await referable(trial)
    bob = await trial.phone("bob")
    bob.replies["SUBSCRIBE"] = 200
    await trial.registered(bob)
    subscription = alice.subscribe(trial.aor("bob"), "presence")
    response = await trial.answered(subscription.answered, "the SUBSCRIBE")
    if response.status >= 300:
        skip(f"it lets nobody subscribe: {words(response)}")
    await trial.falls_asleep(alice)
    await _wakes(trial, alice, "NOTIFY", bob.subscribers[0].notify)


@scenario
async def route_wakes(trial: Trial) -> None:
    """P-065: A PURR in a Route wakes as one in the Request-URI does."""
    alice = await referable(trial)
    call = await talking(trial, alice)
    await trial.falls_asleep(alice)
    dialog = call.dialog
    dialog.routes = (*dialog.routes, f"<{dialog.target};lr>")
    dialog.target = dialog.target.partition(";pn-purr=")[0]
    await _wakes(trial, alice, "INFO", lambda: call.request("INFO"))


@scenario
async def nobody_comes_to_the_dialog(trial: Trial) -> None:
    """P-067: A request in a dialog whose phone does not come gets an error that ends no dialog."""
    alice = await referable(trial)
    call = await talking(trial, alice)
    await trial.falls_asleep(alice)
    done = await _pushed(trial, alice, "INFO", lambda: call.request("INFO"))
    longest = min(trial.subject.wait, 32) + trial.subject.patience
    response = await trial.answered(done, "the INFO", longest)
    check(
        response.status >= 400 and response.status not in FATAL,
        f"the INFO got {words(response)}, which ends the dialog (RFC 5057)",
    )
    await trial.woken(alice)
    await _hangs_up(trial, alice, call)


@scenario
async def foreign_purr(trial: Trial) -> None:
    """P-065, P-062: A PURR that it did not make is an ordinary parameter: nobody is pushed."""
    alice = await referable(trial)
    call = await talking(trial, alice)
    forged = re.sub("pn-purr=.", "pn-purr=AAAAAAAA", call.dialog.target)
    call.dialog.target = forged
    response = await trial.answered(call.request("INFO"), "the INFO")
    check(response.status == 200, f"the INFO got {words(response)}, and the phone is awake")
    await trial.falls_asleep(alice)
    before = len(trial.pushes(alice))
    call.request("INFO")
    await trial.nothing_more()
    check(len(trial.pushes(alice)) == before, "a PURR that nobody made was good for a push")


@scenario
async def replacement_wakes(trial: Trial) -> None:
    """P-069: An INVITE with Replaces wakes the phone, by the PURR in the Contact it is sent to."""
    alice = await referable(trial)
    call = await talking(trial, alice)
    await trial.falls_asleep(alice)
    carol = await trial.phone("carol")
    await trial.registered(carol)
    made: list[Call] = []

    def ask() -> Deferred[Response]:
        extra = [("Replaces", call.dialog.replaces)]
        made.append(carol.call(call.dialog.target, extra=extra))
        return made[0].failed

    await _pushed(trial, alice, "INVITE with Replaces", ask)
    [replacing] = made
    await trial.woken(alice)
    response = await trial.outcome(replacing)
    check(response.status == 200, f"the INVITE with Replaces got {words(response)}")
    got = alice.incoming[-1].invite.headers.get("Replaces")
    check(got == call.dialog.replaces, "the INVITE has lost its Replaces")
    await _hangs_up(trial, alice, replacing)


@scenario
async def removed_purr(trial: Trial) -> None:
    """P-028, P-065: The PURR of a phone that has unregistered is good for no push."""
    alice = await referable(trial)
    call = await talking(trial, alice)
    known = alice.account
    alice.account = evolve(known, push=None)
    await trial.answered(alice.unregister(), "the de-REGISTER")
    alice.account = known
    await trial.falls_asleep(alice)
    before = len(trial.pushes(alice))
    call.request("INFO")
    await trial.nothing_more()
    check(len(trial.pushes(alice)) == before, "a phone that has unregistered was pushed")
