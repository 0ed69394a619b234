"""What a network can do: RFC 8599 sections 4.1.5 and 5.6.1.2."""

from __future__ import annotations

from sippn.sip import PushParams, Response
from sippn.testing.conformance.catalogue import scenario
from sippn.testing.conformance.indicators import indicated, of
from sippn.testing.conformance.registrations import (
    UNKNOWN,
    no_promise_of_the_unknown,
    pushes_anything,
)
from sippn.testing.conformance.trial import Trial
from sippn.testing.conformance.verdicts import check, skip, words
from sippn.testing.ua import ScriptedUA


async def _asking(trial: Trial, provider: str) -> ScriptedUA:
    """A phone that asks for *provider*; it offers to refresh by itself, to be told no more."""
    return await trial.phone("alice", PushParams(provider, "", None), pnsreg=True)


def _is_no_registration(answer: Response) -> None:
    extra = {name for caps in indicated(answer) for name in caps} & {"sip.pnsreg", "sip.pnspurr"}
    check(not extra, f"the {words(answer)} to a query has {', '.join(sorted(extra))}")


@scenario
async def query_for_one(trial: Trial) -> None:
    """P-019, U-08: Who asks for a service is told that service, and no more."""
    phone = await _asking(trial, trial.subject.provider)
    answer = await trial.registered(phone)
    fields = indicated(answer)
    told = [caps["sip.pns"].lower() for caps in fields]
    check(
        told == [trial.subject.provider],
        f"the {words(answer)} to a query for {trial.subject.provider} tells of {told}",
    )
    _is_no_registration(answer)


@scenario
async def query_for_an_unsupported_one(trial: Trial) -> None:
    """P-021: Who asks for a service that is not pushed gets 555, or no indication."""
    phone = await _asking(trial, UNKNOWN)
    answer = await trial.answered(phone.register(), "the query")
    check(
        answer.status < 300 or answer.status == 555,
        f"a query for {UNKNOWN} got {words(answer)}, neither 555 nor 2xx",
    )
    await no_promise_of_the_unknown(trial, answer)


@scenario
async def query_for_all(trial: Trial) -> None:
    """P-022, F-01: Who asks for all is told each service once, in a field of its own."""
    phone = await _asking(trial, "")
    answer = await trial.answered(phone.register(), "the query")
    if answer.status == 555 and await pushes_anything(trial):
        skip("it pushes whatever service it is asked for, and knows of none")
    check(answer.status < 300, f"a query for all services got {words(answer)}")
    told = [caps["sip.pns"].lower() for caps in indicated(answer)]
    check(of(answer, trial.subject.provider), f"{trial.subject.provider} is not among {told}")
    check(len(set(told)) == len(told), f"some are told twice: {told}")
    _is_no_registration(answer)


@scenario
async def query_is_never_pushed(trial: Trial) -> None:
    """P-023: A binding that was made by a query is called, and not pushed."""
    phone = await _asking(trial, trial.subject.provider)
    await trial.registered(phone)
    bob = await trial.phone("bob")
    before = len(trial.receiver.pushes)
    call = bob.call(trial.aor("alice"))
    await trial.got_call(phone)
    await trial.nothing_more()
    pushed = [
        push.body
        for push in trial.receiver.pushes[before:]
        if push.body.get("aor") == trial.aor("alice")
    ]
    check(not pushed, "it was pushed, without a PRID")
    await trial.hang_up(call)
