"""A PRID is a credential: RFC 8599 sections 4.1 and 13."""

from __future__ import annotations

from sippn.sip import escape_pvalue, write
from sippn.testing.calls_received import ReceivedCall
from sippn.testing.conformance.calls import parked
from sippn.testing.conformance.catalogue import leniency, scenario
from sippn.testing.conformance.trial import Trial, heard
from sippn.testing.conformance.verdicts import check, words
from sippn.testing.ua import ScriptedUA

_NAMES = (b"pn-prid", b"pn-provider", b"pn-param", b"pn-tok")


def _knows_nothing(phone: ScriptedUA, other: ScriptedUA, who: str) -> None:
    """See that *phone* was told no push parameter of *other*."""
    assert other.account.push is not None
    prid = other.account.push.prid or ""
    octets = heard(phone)
    for secret in (prid.encode(), escape_pvalue(prid).encode()):
        check(secret not in octets, f"{who} was told the PRID")
    told = [name.decode() for name in _NAMES if name in octets.lower()]
    check(not told, f"{who} was told {', '.join(told)}")


@scenario
async def caller_knows_nothing(trial: Trial) -> None:
    """P-004: No push parameter reaches the caller of a phone that is woken."""
    alice = await trial.asleep()
    call = await parked(trial, alice)
    await trial.woken(alice)
    await trial.hang_up(call)
    _knows_nothing(trial.phones[1], alice, "the caller")


@scenario
async def caller_of_a_silent_phone_knows_nothing(trial: Trial) -> None:
    """P-004: No push parameter reaches the caller of a phone that does not come."""
    alice = await trial.asleep()
    call = await parked(trial, alice)
    await trial.outcome(call, trial.subject.wait + trial.subject.patience)
    _knows_nothing(trial.phones[1], alice, "the caller")


@scenario
async def callee_of_a_pushed_phone_knows_nothing(trial: Trial) -> None:
    """P-004: No push parameter reaches whom a phone calls that can be pushed."""
    alice = await trial.promised(purr=True)
    bob = await trial.phone("bob")
    await trial.registered(bob)
    call = alice.call(trial.aor("bob"))
    await trial.hang_up(call)
    _knows_nothing(bob, alice, "the callee")


@leniency
async def contact_of_a_call_is_cleaned(trial: Trial) -> None:
    """U-01, P-071: Push parameters that a phone must not put into an INVITE go no further."""
    alice = await trial.promised()
    bob = await trial.phone("bob")
    await trial.registered(bob)
    told: list[bytes] = []

    def listen(got: ReceivedCall) -> None:
        told.append(write(got.invite))
        got.answer()

    bob.policy = listen
    contact = alice.contact.partition(">")[0] + ">"
    done = alice.request("INVITE", trial.aor("bob"), extra=[("Contact", contact)])
    response = await trial.answered(done, "the INVITE")
    check(told, f"the INVITE got {words(response)}, and did not arrive")
    check(b"pn-prid" not in told[0], "the INVITE has pn-prid in its Contact")


@scenario
async def nobody_watches(trial: Trial) -> None:
    """P-005: Nobody learns push parameters by subscribing to another user's registrations."""
    alice = await trial.promised()
    mallory = await trial.phone("carol")
    await trial.registered(mallory)
    watching = mallory.subscribe(
        trial.aor("alice"), "reg", extra=[("Accept", "application/reginfo+xml")]
    )
    await trial.answered(watching.answered, "the SUBSCRIBE", 32)
    await trial.nothing_more()
    _knows_nothing(mallory, alice, "who subscribed to the registrations of another")
