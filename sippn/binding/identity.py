"""
Which binding is this Contact?  The identity ladder of REQUIREMENTS S-10.

A phone changes its address with every network, its PRID with every reinstall and its
Call-ID with every start; it must stay one binding, or a call rings it twice or not at all.
Only bindings of one AOR are ever compared.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import TypeAlias

from sippn.binding.registration import RegisteredContact, Registration
from sippn.binding.services import services_of
from sippn.binding.values import Binding, PushTarget
from sippn.errors import SIPError
from sippn.sip import PN_PARAMS, URI, same_uri
from sippn.value import value_class


@value_class
class Claim:
    """
    Who a Contact says it is.

    :ivar reg_id: 0 unless RFC 5626 section 6 applies and there is an instance-id.
    """

    contact: RegisteredContact
    registration: Registration
    reg_id: int

    @classmethod
    def of(cls, contact: RegisteredContact, registration: Registration) -> Claim:
        """The claim that *contact* makes in *registration*."""
        counts = registration.outbound and contact.instance
        return cls(contact, registration, contact.reg_id if counts else 0)

    def renews(self, binding: Binding) -> bool:
        """
        Whether the UA that made *binding* speaks again, by its Call-ID and another CSeq.

        An equal CSeq is another Contact of the same request.
        """
        speaks = self.registration.call_id == binding.call_id
        return speaks and self.registration.cseq != binding.cseq


# True: the same; False: both sides have this identifier and it differs; None: no telling
Comparison: TypeAlias = Callable[[Claim, Binding], bool | None]


@value_class
class Rung:
    """
    One way to tell bindings apart.

    :ivar instance: it compares instances; where they differ, only an equal PRID still joins.
    :ivar push: it compares PRIDs.
    :ivar decisive: all bindings that match on it are one UA.  URI equality is not: it is not
        transitive (RFC 3261 section 19.1.4), so there the first match wins alone.
    """

    compare: Comparison
    instance: bool = False
    push: bool = False
    decisive: bool = True


@value_class
class Ladder:
    """The rungs, highest first."""

    rungs: tuple[Rung, ...]

    def find(self, claim: Claim, bindings: Iterable[Binding]) -> list[Binding]:
        """
        The bindings that *claim* names: first the one to update, then those it supersedes.

        Rung goes before order: a binding that matches on a higher rung is the one.
        """
        ranked: list[tuple[int, Binding]] = []
        for binding in bindings:
            rank = self._rank(claim, binding)
            if rank is not None:
                ranked.append((rank, binding))
        if len(ranked) > 1:
            ranked.sort(key=lambda pair: pair[0])
        rungs = self.rungs
        return [
            binding
            for place, (rank, binding) in enumerate(ranked)
            if place == 0 or rungs[rank].decisive
        ]

    def _rank(self, claim: Claim, binding: Binding) -> int | None:
        told_apart = False
        for rank, rung in enumerate(self.rungs):
            if told_apart and not rung.push:
                continue
            same = rung.compare(claim, binding)
            if same:
                return rank
            if same is False:
                if not rung.instance:
                    return None
                told_apart = True
        return None


@lru_cache(maxsize=16)
def ladder(names: tuple[str, ...]) -> Ladder:
    """
    The ladder of *names*: ``outbound``, ``instance``, ``push``, ``param:<x>``, ``uri``.

    :raises ValueError: no such rung.
    """
    rungs: list[Rung] = []
    for name in names:
        if name.startswith("param:") and name != "param:":
            rungs.append(Rung(_same_param(name.removeprefix("param:"))))
        elif name in _RUNGS:
            rungs.extend(_RUNGS[name])
        else:
            raise ValueError(f"no such rung of the identity ladder: {name!r}")
    return Ladder(tuple(rungs))


def same_prid(one: PushTarget, other: PushTarget) -> bool:
    """
    Whether both reach the same UA instance: the provider and any of their tokens equal.

    Whichever service it is for: a UA that has two may leave out one, or its name.
    """
    if one.provider != other.provider:
        return False
    tokens = [token for _, token in services_of(one)]
    return one.prid == other.prid or any(token in tokens for _, token in services_of(other))


def names_contact(claim: Claim, binding: Binding) -> bool:
    """Whether the Contact URIs alone are the same."""
    return bool(_same_text(claim, binding) or _same_uri(claim, binding))


def _same_flow(claim: Claim, binding: Binding) -> bool | None:
    if not claim.reg_id or not binding.reg_id:
        return None
    return claim.reg_id == binding.reg_id and claim.contact.instance == binding.instance


def _same_instance(claim: Claim, binding: Binding) -> bool | None:
    if not claim.contact.instance or not binding.instance:
        return None
    return claim.contact.instance == binding.instance


def _same_push(claim: Claim, binding: Binding) -> bool | None:
    """
    Compare PRIDs.

    Two flows of one instance share a PRID and stay two.  A PRID that differs tells nothing
    where the Call-ID shows that it is the same UA: its PRID was rotated.
    """
    contact, theirs = claim.contact, binding.push_target
    ours = contact.push_target or contact.wanted
    if ours is None or theirs is None:
        return None
    if same_prid(ours, theirs):
        return not (_same_flow(claim, binding) is False and _same_instance(claim, binding))
    return None if claim.renews(binding) else False


def _same_param(name: str) -> Comparison:
    def compare(claim: Claim, binding: Binding) -> bool | None:
        stored = _uri_of(binding)
        ours, theirs = claim.contact.uri.param(name), stored.param(name) if stored else None
        return ours == theirs if ours and theirs else None

    return compare


def _same_text(claim: Claim, binding: Binding) -> bool | None:
    return claim.contact.uri_text == binding.contact or None


def _same_uri(claim: Claim, binding: Binding) -> bool | None:
    """
    Compare as RFC 3261 section 19.1.4 does: ``pn-*`` of one side only are ignored, so that
    a UA that takes its push parameters back still names its binding (P-029).
    """
    theirs = _uri_of(binding)
    if theirs is None:
        return None
    ignoring = PN_PARAMS if claim.renews(binding) else ()
    return same_uri(claim.contact.uri, theirs, ignoring) or None


def _uri_of(binding: Binding) -> URI | None:
    try:
        return URI.parse(binding.contact)
    except SIPError:  # stored by a release that let it pass
        return None


_RUNGS = {
    "outbound": (Rung(_same_flow, instance=True),),
    "instance": (Rung(_same_instance, instance=True),),
    "push": (Rung(_same_push, push=True),),
    "uri": (Rung(_same_text, decisive=False), Rung(_same_uri, decisive=False)),
}
