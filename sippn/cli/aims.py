"""Whom a push goes to, and why somebody gets none."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote, urlsplit

from attrs import evolve

from sippn.binding import (
    AOR,
    Binding,
    PushKind,
    PushState,
    PushTarget,
    Record,
    asleep,
    service_for,
)
from sippn.cli.wish import CannotTry, Wish
from sippn.dialect import read_push
from sippn.errors import SIPError
from sippn.interfaces import IPushProvider
from sippn.sip import URI
from sippn.value import value_class

_SHOWN = 8  # characters of a binding's id: enough to tell those of one AOR apart

_MIND = {
    "apns": "is its bundle id in [push.provider.apps], and its token hexadecimal?",
    "fcm": "is its pn-param a project of [push.provider.projects], or an alias of one?",
    "webpush": "is the host of its URL in allow_hosts?",
}


@value_class
class Aim:
    """
    One phone.

    :ivar says: who it is, in a few words without its token.
    :ivar target: None: it cannot be pushed, as *why_not* says.
    :ivar why_not: empty: it is pushed.
    """

    aor: AOR
    says: str
    target: PushTarget | None
    why_not: str = ""


def aims_of_record(record: Record, wish: Wish, push: IPushProvider, now: float) -> Sequence[Aim]:
    """
    The bindings of *record*.

    :param push: all providers as one.
    :param now: wall clock, seconds.
    :raises CannotTry: the binding that was named is not there.
    """
    bindings = [b for b in record.bindings if b.id.startswith(wish.binding or "")]
    if wish.binding and len(bindings) != 1:
        there = ", ".join(b.id[:_SHOWN] for b in record.bindings)
        which = "no binding of it begins" if not bindings else "several of its bindings begin"
        raise CannotTry(f"{record.aor}: {which} with {wish.binding}: there are {there}")
    aims = []
    for binding in bindings:
        why_not = "" if wish.binding else _passed_over(binding, now)
        why_not = why_not or _unable(binding.push_target, wish.kind, push)
        aims.append(Aim(record.aor, _words(binding, now), binding.push_target, why_not))
    return aims


def aim_of_token(wish: Wish, push: IPushProvider, domain: str) -> Aim:
    """
    The phone that has the token which was given, read as that of a Contact.

    :param domain: of the AOR that the provider is told.
    :raises CannotTry: it makes no sense.
    """
    provider = wish.provider or _only(push, wish)
    said = [("pn-provider", provider), ("pn-param", wish.param), ("pn-prid", wish.whom)]
    said += [_pair(hint) for hint in wish.hints]
    params = tuple((name, quote(value, safe="")) for name, value in said if value is not None)
    try:
        request = read_push(URI("sip", "push-test", None, "phone.invalid", None, params), ())
    except SIPError as error:
        raise CannotTry(f"the token: {error}") from None
    if request is None or request.target is None:
        why = request.problem if request else "it has no pn-provider"
        raise CannotTry(f"the token: {why}; say so with --provider and --param")
    target = request.target
    if wish.sandbox:
        target = evolve(target, sandbox=True)
    says = f"a token of {_app(target)}"
    return Aim(f"sip:push-test@{domain}", says, target, _unable(target, wish.kind, push))


def _only(push: IPushProvider, wish: Wish) -> str:
    """The PNS whose token it must be."""
    served = [capability.pns for capability in push.capabilities]
    if wish.whom.startswith("https://") and "webpush" in served:
        return "webpush"
    if len(served) == 1:
        return served[0]
    there = f": the configuration serves {', '.join(served)}" if served else ""
    raise CannotTry(f"whose token is it? say so with --provider{there}")


def _pair(hint: str) -> tuple[str, str]:
    name, equals, value = hint.partition("=")
    if not name or not equals:
        raise CannotTry("--hint: write NAME=VALUE, as pn-silent=1")
    return name, value


def _passed_over(binding: Binding, now: float) -> str:
    """Why the server does not push *binding*, whatever it is pushed by."""
    if binding.push_state is PushState.ELSEWHERE:
        return "a proxy between the phone and this server pushes it, as its REGISTER said"
    if binding.expires_at <= now and not asleep(binding, now):
        return f"its registration ended {_span(now - binding.expires_at)} ago"
    if binding.push_state is PushState.DEAD:
        return (
            "its token is dead: the push service has disowned it. The phone must register again;"
            f" --binding {binding.id[:_SHOWN]} pushes it all the same"
        )
    return ""


def _unable(target: PushTarget | None, kind: PushKind, push: IPushProvider) -> str:
    if target is None:
        return (
            "its Contact has no push parameters that the server could use: pn-provider, pn-param"
            " and pn-prid"
        )
    if service_for(target, kind) is None:
        return (
            f"its only token is for VoIP, that is for calls, and this is a {kind.value} push: iOS"
            " stops an app that is sent a VoIP push and shows no call. The app can register a"
            " second token, for remote notifications"
        )
    if not push.can_push(target, kind):
        mind = _MIND.get(target.provider, "is it the pn_provider of a [[push.provider]]?")
        return f"no provider of the configuration serves {_app(target)} ({mind})"
    return ""


def _app(target: PushTarget) -> str:
    host = urlsplit(target.prid).hostname or "" if "://" in target.prid else ""
    environment = ", sandbox" if target.sandbox else ""
    return f"{target.provider} {target.app or target.param or host}".rstrip() + environment


def _words(binding: Binding, now: float) -> str:
    target, left = binding.push_target, binding.expires_at - now
    return ", ".join(
        [
            f"binding {binding.id[:_SHOWN]}",
            *([_app(target)] if target else []),
            *([f"{binding.user_agent[:30]}"] if binding.user_agent else []),
            f"registered {_span(now - binding.registered_at)} ago",
            f"expires in {_span(left)}" if left > 0 else f"expired {_span(-left)} ago",
        ]
    )


def _span(seconds: float) -> str:
    """So long, in the unit that says most."""
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{max(seconds, 0):.0f} s"
