"""What phones in the field send instead of what the RFC says; no server need understand it."""

from __future__ import annotations

from typing import Any

from sippn.testing.conformance.catalogue import leniency
from sippn.testing.conformance.trial import Trial
from sippn.testing.conformance.verdicts import check, words


async def _understood(trial: Trial, **said: Any) -> None:
    """A phone whose Contact has *said*, and @ for its PRID, is promised to be pushed, and is."""
    push = trial.push()
    written = {name: text.replace("@", push.prid or "") for name, text in said.items()}
    phone = await trial.phone("alice", **written)
    answer = await trial.answered(phone.register(), "the REGISTER")
    check(answer.status < 300, f"the REGISTER got {words(answer)}")
    check(phone.caps, f"not understood: the {words(answer)} promises nothing")
    await trial.falls_asleep(phone)
    bob = await trial.phone("bob")
    call = bob.call(trial.aor("alice"))
    await trial.until(lambda: trial.receiver.of(push.prid or ""), "a push of its PRID")
    await trial.answered(call.cancel(), "the CANCEL")


@leniency
async def in_the_header(trial: Trial) -> None:
    """D-09: Push parameters of the Contact header are those of its URI."""
    subject = trial.subject
    text = f";pn-provider={subject.provider};pn-param={subject.param};pn-prid=@"
    await _understood(trial, contact_params=text)


@leniency
async def quoted(trial: Trial) -> None:
    """G-03: A PRID in quotes, as the draft had it, is the PRID between them."""
    subject = trial.subject
    text = f';pn-provider={subject.provider};pn-param={subject.param};pn-prid="@"'
    await _understood(trial, uri_params=text)


@leniency
async def of_the_slides(trial: Trial) -> None:
    """D-03: ``pn-type=acme:param``, the first form there was, is provider and param."""
    subject = trial.subject
    await _understood(trial, uri_params=f";pn-type={subject.provider}:{subject.param};pn-prid=@")


@leniency
async def legacy(trial: Trial) -> None:
    """D-03: ``app-id``, ``pn-type`` and ``pn-tok`` are param, provider and PRID."""
    subject = trial.subject
    text = f";app-id={subject.param};pn-type={subject.provider};pn-tok=@"
    await _understood(trial, uri_params=text)


@leniency
async def with_extras(trial: Trial) -> None:
    """D-01, D-05: What Linphone says besides, pn-silent, pn-timeout and texts, is no hindrance."""
    subject = trial.subject
    text = (
        f";pn-provider={subject.provider};pn-param={subject.param};pn-prid=@"
        ";pn-silent=1;pn-timeout=0;pn-msg-str=IM_MSG;pn-call-str=IC_MSG;pn-groupchat-str=GC_MSG"
    )
    await _understood(trial, uri_params=text)
