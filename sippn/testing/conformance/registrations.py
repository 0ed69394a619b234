"""REGISTER with push parameters: RFC 8599 sections 4.1 and 5.6.1.1."""

from __future__ import annotations

from attrs import evolve

from sippn.sip import PushParams, Response
from sippn.testing.conformance.catalogue import leniency, scenario
from sippn.testing.conformance.indicators import indicated, of, promises_nothing
from sippn.testing.conformance.trial import Trial
from sippn.testing.conformance.verdicts import check, skip, words

UNKNOWN = "nosuchpns"


async def pushes_anything(trial: Trial) -> bool:
    """Whether it pushes, and not only promises to, a service of which it cannot have heard."""
    push = evolve(trial.push(), provider=UNKNOWN)
    phone = await trial.phone("carol", push)
    await trial.answered(phone.register(), "the REGISTER")
    if not phone.caps:
        return False
    await trial.falls_asleep(phone)
    bob = await trial.phone("bob")
    bob.call(trial.aor("carol"))
    await trial.pause(2 * trial.subject.quiet)
    return any(push.get("provider") == UNKNOWN for push in trial.pushes(phone))


async def no_promise_of_the_unknown(trial: Trial, answer: Response) -> None:
    """See that *answer* does not promise what nobody can keep."""
    if indicated(answer) and await pushes_anything(trial):
        skip("it pushes whatever service it is asked for")
    promises_nothing(answer, f"nobody pushes {UNKNOWN}")


@scenario
async def plain_register(trial: Trial) -> None:
    """P-010: A REGISTER without push parameters is an ordinary one, and promises nothing."""
    phone = await trial.phone("alice")
    answer = await trial.registered(phone)
    promises_nothing(answer, "the Contact has no pn-provider")


@scenario
async def push_is_promised(trial: Trial) -> None:
    """P-014, P-016, F-01, F-02: A push REGISTER gets one Feature-Caps field, for its service."""
    phone = await trial.phone("alice", trial.push())
    answer = await trial.registered(phone)
    fields = indicated(answer)
    check(fields, f"the {words(answer)} has no Feature-Caps with sip.pns")
    check(len(fields) == 1, f"it has {len(fields)} fields about push")
    told = fields[0]["sip.pns"]
    check(told.lower() == trial.subject.provider, f"it has sip.pns={told} for another service")


@scenario
async def every_refresh_is_promised(trial: Trial) -> None:
    """P-016, P-063: Each refresh is promised anew; and where one has a PURR, all have."""
    phone = await trial.promised()
    before = phone.caps[0].purr
    answer = await trial.registered(phone)
    caps = of(answer, trial.subject.provider)
    check(caps, f"the {words(answer)} to the refresh promises nothing any more")
    check(
        before is None or (caps or {}).get("sip.pnspurr"),
        "the 2xx to the refresh has no sip.pnspurr, and the first had",
    )


@scenario
async def pnsreg_is_for_who_offers_it(trial: Trial) -> None:
    """P-018: Who does not offer +sip.pnsreg is given none."""
    phone = await trial.promised()
    answer = await trial.registered(phone)
    check(
        all("sip.pnsreg" not in caps for caps in indicated(answer)),
        "the 2xx has sip.pnsreg, and the phone's Contact had none",
    )


@scenario
async def pnsreg_is_above_120(trial: Trial) -> None:
    """P-018: Who offers +sip.pnsreg is given more than 120 seconds, or nothing."""
    phone = await trial.promised(pnsreg=True)
    answer = await trial.registered(phone)
    seconds = (of(answer, trial.subject.provider) or {}).get("sip.pnsreg")
    if seconds is None:
        skip("it would rather push than let phones refresh by themselves")
    check(
        seconds.isascii() and seconds.isdigit() and int(seconds) > 120,
        f"sip.pnsreg is {seconds}: a number above 120 is allowed",
    )


@scenario
async def unsupported_service(trial: Trial) -> None:
    """P-012, P-030: A service that it does not push is refused with 555, or not promised."""
    phone = await trial.phone("alice", PushParams(UNKNOWN, "app", "prid"))
    answer = await trial.answered(phone.register(), "the REGISTER")
    check(
        answer.status < 300 or answer.status == 555,
        f"a REGISTER for push service {UNKNOWN} got {words(answer)}, neither 555 nor 2xx",
    )
    await no_promise_of_the_unknown(trial, answer)


@scenario
async def another_proxy_pushes(trial: Trial) -> None:
    """P-011: A REGISTER that a proxy before it has promised to push gets no promise of its own."""
    phone = await trial.phone("alice", trial.push())
    theirs = ("Feature-Caps", f'*;+sip.pns="{trial.subject.provider}"')
    answer = await trial.registered(phone, extra=[theirs])
    promises_nothing(answer, "the REGISTER says that another proxy pushes")


@scenario
async def another_proxy_pushes_alone(trial: Trial) -> None:
    """P-011: A phone that another proxy pushes is called without a push from here."""
    phone = await trial.phone("alice", trial.push())
    theirs = ("Feature-Caps", f'*;+sip.pns="{trial.subject.provider}"')
    await trial.registered(phone, extra=[theirs])
    bob = await trial.phone("bob")
    call = bob.call(trial.aor("alice"))
    await trial.got_call(phone)
    await trial.nothing_more()
    check(not trial.pushes(phone), "it was pushed all the same")
    await trial.hang_up(call)


@scenario
async def refusals_promise_nothing(trial: Trial) -> None:
    """P-016, U-03: A REGISTER that is refused, or challenged, has no Feature-Caps about push."""
    phone = await trial.phone("alice", trial.push(), password=None)
    answer = await trial.answered(phone.register(5), "the REGISTER")
    if answer.status < 300:
        skip("it refuses nothing that was tried")
    promises_nothing(answer, "only a 2xx promises")


@scenario
async def no_prid_no_push(trial: Trial) -> None:
    """P-029, U-05: A refresh without pn-prid ends the pushes, and is promised nothing of them."""
    phone = await trial.promised()
    assert phone.account.push is not None
    before = phone.account
    phone.account = evolve(before, push=None)
    answer = await trial.registered(phone)
    promises_nothing(answer, "the Contact has no pn-prid any more")
    phone.account = before
    bob = await trial.phone("bob")
    call = bob.call(trial.aor("alice"))
    await trial.got_call(phone)
    await trial.nothing_more()
    check(not trial.pushes(phone), "a call was pushed to the PRID that was taken back")
    await trial.hang_up(call)


@scenario
async def other_contacts_are_listed_without(trial: Trial) -> None:
    """P-004: Who asks for the bindings is not told the PRID of another user's phone."""
    alice = await trial.promised()
    mallory = await trial.phone("carol")
    answer = await trial.answered(mallory.query(), "the query of another user")
    assert alice.account.push is not None
    secret = alice.account.push.prid or ""
    check(
        all(secret not in value for value in answer.headers.get_all("Contact")),
        "another user's query lists the Contact with its pn-prid",
    )


@leniency
async def devices_do_not_see_each_other(trial: Trial) -> None:
    """P-004: One device of a user is not told the PRID of another."""
    first = await trial.promised()
    second = await trial.promised()
    answer = await trial.registered(second)
    assert first.account.push is not None
    secret = first.account.push.prid or ""
    check(
        all(secret not in value for value in answer.headers.get_all("Contact")),
        "the 2xx to one device has the pn-prid of the other",
    )


@leniency
async def two_contacts_of_one_service(trial: Trial) -> None:
    """F-03: Two push Contacts of one service in one REGISTER get no PURR: whose would it be?"""
    phone = await trial.phone("alice", trial.push())
    one = phone.contact
    phone.account = evolve(phone.account, push=trial.push(), instance="<urn:uuid:second>")
    other = phone.contact
    answer = await trial.registered(phone, contacts=[one, other])
    check(
        all("sip.pnspurr" not in caps for caps in indicated(answer)),
        "the 2xx has a sip.pnspurr, and nobody knows whose",
    )
