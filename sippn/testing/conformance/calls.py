"""A call for a phone that sleeps: RFC 8599 sections 5.2, 5.3 and 5.6.2."""

from __future__ import annotations

from attrs import evolve

from sippn.sip import Request
from sippn.testing.calls import Call
from sippn.testing.calls_received import ring
from sippn.testing.conformance.catalogue import leniency, scenario
from sippn.testing.conformance.trial import Trial, requests
from sippn.testing.conformance.verdicts import check, skip, words
from sippn.testing.ua import ScriptedUA


async def parked(trial: Trial, alice: ScriptedUA) -> Call:
    """A call of bob's that waits for *alice*, who was pushed."""
    bob = await trial.phone("bob")
    call = bob.call(trial.aor("alice"))
    await trial.pushed(alice)
    return call


async def one_call(trial: Trial, phone: ScriptedUA) -> None:
    """See that *phone* gets one INVITE, and no other one after it."""
    await trial.got_call(phone)
    await trial.nothing_more()
    count = len(phone.incoming)
    check(count == 1, f"{phone.account.user}'s phone got {count} INVITEs for one call")


def _register_before_invite(phone: ScriptedUA) -> None:
    heard = [
        message.cseq.method
        for message in phone.received
        if isinstance(message, Request) or message.status // 100 == 2
    ]
    check(
        "REGISTER" in heard[: heard.index("INVITE")],
        "the INVITE came before the 2xx to the REGISTER",
    )


@scenario
async def sleeper_is_woken(trial: Trial) -> None:
    """P-040, P-041, P-052: A call waits, its phone is pushed, registers, and gets it once."""
    alice = await trial.asleep()
    alice.received.clear()
    call = await parked(trial, alice)
    push = trial.pushes(alice)[0]
    subject = trial.subject
    for name, expected in (("provider", subject.provider), ("param", subject.param)):
        check(push.get(name) == expected, f"the push has {name} {push.get(name)!r}")
    check(push.get("kind") == "call", f"the push for a call has kind {push.get('kind')!r}")
    await trial.nothing_more()
    check(not (call.answered.called or call.failed.called), "the call was over before she woke")
    answer = await trial.woken(alice)
    check(answer.status < 300, f"the REGISTER after the push got {words(answer)}")
    response = await trial.outcome(call)
    check(response.status == 200, f"the caller got {words(response)}, and she has answered")
    await one_call(trial, alice)
    _register_before_invite(alice)
    goodbye = await trial.hang_up(call)
    check(goodbye.status == 200, f"the BYE got {words(goodbye)}")


@scenario
async def waits_for_the_register(trial: Trial) -> None:
    """P-041, P-048: Nobody but the caller hears of a call until the phone is back."""
    alice = await trial.asleep()
    call = await parked(trial, alice)
    await trial.nothing_more()
    statuses = {response.status for response in call.provisionals}
    check(
        all(status < 200 for status in statuses) and not call.failed.called,
        "the caller got a final response while the phone was being woken",
    )
    check(100 in statuses, "the caller got no 100 while the phone was being woken")
    await trial.answered(call.cancel(), "the CANCEL")


@scenario
async def first_of_three_registers(trial: Trial) -> None:
    """P-052: Three REGISTERs in a row get one INVITE."""
    alice = await trial.asleep()
    call = await parked(trial, alice)
    await trial.woken(alice)
    for _ in range(2):
        await trial.registered(alice)
    await one_call(trial, alice)
    await trial.hang_up(call)


@scenario
async def not_before_the_2xx(trial: Trial) -> None:
    """P-041, P-049: A REGISTER that is challenged gets no call; the one that is accepted does."""
    alice = await trial.asleep()
    call = await parked(trial, alice)
    knows = alice.account
    alice.account = evolve(knows, password=None)
    answer = await trial.woken(alice)
    if answer.status < 300:
        await trial.hang_up(call)
        skip("it asks nobody for a password")
    await trial.nothing_more()
    check(
        not requests(alice, "INVITE"),
        f"the INVITE came to a REGISTER that got {words(answer)}: anybody could have it",
    )
    alice.account = knows
    answer = await trial.woken(alice)
    check(answer.status < 300, f"the REGISTER with the password got {words(answer)}")
    await one_call(trial, alice)
    await trial.hang_up(call)


@scenario
async def others_get_nothing(trial: Trial) -> None:
    """Q-01, P-042: Another user who registers the same PRID does not get the call."""
    alice = await trial.asleep()
    call = await parked(trial, alice)
    mallory = await trial.phone("carol", alice.account.push)
    await trial.answered(mallory.register(), "the REGISTER of another user with the same PRID")
    await trial.nothing_more()
    check(not mallory.incoming, "another user got the call, by registering the same PRID")
    await trial.woken(alice)
    await one_call(trial, alice)
    check(not mallory.incoming, "another user got the call too, by registering the same PRID")
    await trial.hang_up(call)


@scenario
async def prid_is_unescaped_once(trial: Trial) -> None:
    """G-02, G-03: The PRID that is pushed is the one that was registered, unescaped once."""
    prid = f"{trial.push().prid}:a/b+c=d;e%2Ff@g?h"
    alice = await trial.asleep(push=trial.push(prid))
    bob = await trial.phone("bob")
    call = bob.call(trial.aor("alice"))
    await trial.pushed(alice)
    await trial.answered(call.cancel(), "the CANCEL")


@scenario
async def names_in_any_case(trial: Trial) -> None:
    """G-01: Push parameters have their names in any case."""
    await trial.promised("carol")
    push = trial.push()
    written = f";PN-Provider={push.provider};Pn-Param={push.param};pn-PRID={push.prid}"
    alice = await trial.phone("alice", uri_params=written)
    await trial.registered(alice)
    check(alice.caps, "PN-Provider, Pn-Param and pn-PRID are promised nothing")


@scenario
async def phone_without_push(trial: Trial) -> None:
    """P-051: A phone without push parameters is called at once."""
    alice = await trial.phone("alice")
    await trial.registered(alice)
    bob = await trial.phone("bob")
    call = bob.call(trial.aor("alice"))
    await trial.hang_up(call)


@scenario
async def desk_phone_rings_meanwhile(trial: Trial) -> None:
    """P-040, P-041: A phone that is awake rings at once; the woken one joins it."""
    desk = await trial.phone("alice")
    desk.policy = ring
    await trial.registered(desk)
    mobile = await trial.asleep()
    mobile.policy = ring
    call = await parked(trial, mobile)
    await trial.got_call(desk)
    await trial.woken(mobile)
    await trial.got_call(mobile)
    mobile.incoming[0].answer()
    response = await trial.outcome(call)
    check(response.status == 200, f"the caller got {words(response)}")
    await trial.until(lambda: desk.incoming[0].cancelled, "a CANCEL at the desk phone")
    await trial.hang_up(call)


@scenario
async def answered_elsewhere(trial: Trial) -> None:
    """P-052: Once another phone has answered, the one that wakes too late gets nothing."""
    desk = await trial.phone("alice")
    desk.policy = ring
    await trial.registered(desk)
    mobile = await trial.asleep()
    call = await parked(trial, mobile)
    await trial.got_call(desk)
    desk.incoming[0].answer()
    response = await trial.outcome(call)
    check(response.status == 200, f"the caller got {words(response)}")
    await trial.woken(mobile)
    await trial.nothing_more()
    check(not mobile.incoming, "the phone that woke too late got a call that is answered")
    await trial.hang_up(call)


@scenario
async def two_callers(trial: Trial) -> None:
    """P-040, P-052: Each of two callers who wait for a phone is put through when it is back."""
    alice = await trial.asleep()
    alice.policy = ring
    first = await parked(trial, alice)
    carol = await trial.phone("carol")
    second = carol.call(trial.aor("alice"))
    await trial.until(lambda: second.provisionals, "a response to the second call")
    await trial.woken(alice)
    await trial.until(lambda: len(alice.incoming) >= 2, "the second INVITE at the phone")
    await trial.nothing_more()
    got = sorted(call.invite.call_id for call in alice.incoming)
    check(got == sorted((first.call_id, second.call_id)), f"the phone got {len(got)} INVITEs")
    for one in alice.incoming:
        one.answer()
    for call in (first, second):
        await trial.hang_up(call)


@leniency
async def new_prid(trial: Trial) -> None:
    """P-043, S-10: A phone that comes back with another PRID is the same, and gets its call."""
    alice = await trial.asleep()
    call = await parked(trial, alice)
    await trial.woken(alice, push=trial.push())
    await one_call(trial, alice)
    await trial.hang_up(call)


@leniency
async def callee_gets_no_push_parameters(trial: Trial) -> None:
    """P-053: The INVITE to the phone has no push parameters in its Request-URI."""
    alice = await trial.asleep()
    call = await parked(trial, alice)
    await trial.woken(alice)
    got = await trial.got_call(alice)
    check("pn-prid" not in got.invite.uri, "the Request-URI has pn-prid")
    await trial.hang_up(call)
