"""A REGISTER request as the rules see it: what it asks for, nothing of how it came."""

from __future__ import annotations

from enum import Enum

from attrs import field

from sippn.binding.values import AOR, PushTarget
from sippn.sip import URI, Params
from sippn.value import value_class


def _hidden(_: object) -> str:  # a Contact URI carries its PRID
    return "<contact>"


class Refresh(Enum):
    """Whether a UA is pushed so that it refreshes its binding (RFC 8599 section 5.5)."""

    NEVER = "no provider can"
    PUSHED = "it sleeps until it is pushed"
    LATE = "it refreshes by itself, as it was promised, and is pushed where it did not"


@value_class
class RegisteredContact:
    """
    One Contact of a REGISTER, except ``*``.

    :ivar uri: the Contact URI; *uri_text* is the same as the UA spelled it.
    :ivar params: Contact header parameters to return to the UA.
    :ivar q: preference in thousandths, 0 to 1000; None: the UA gave none.
    :ivar instance: ``+sip.instance`` without its quotes; empty: none.
    :ivar reg_id: ``reg-id``; 0: none.
    :ivar wanted: whom it wants pushed, whoever does that; None: nobody.
    :ivar push_target: set only where a provider here will push it (RFC 8599 section 5.6.1);
        None drops the PRID that an earlier REGISTER left (section 4.1.2).
    :ivar refresh: NEVER where *push_target* is good for calls alone (REQUIREMENTS R-04).
    :ivar elsewhere: a proxy on the way pushes it (RFC 8599 section 5.6.1.1), which needs the
        push parameters in what is sent to it.
    """

    uri: URI = field(repr=_hidden)
    uri_text: str = field(repr=_hidden)
    params: Params = ()
    q: int | None = None
    instance: str = ""
    reg_id: int = 0
    wanted: PushTarget | None = None
    push_target: PushTarget | None = None
    refresh: Refresh = Refresh.NEVER
    elsewhere: bool = False


@value_class
class Registration:
    """
    One REGISTER.

    :ivar star: it had ``Contact: *``, and *contacts* is empty.
    :ivar flow: token of the flow it came on.
    :ivar path: Path values, topmost first (RFC 3327).
    :ivar outbound: RFC 5626 section 6 applies; elsewhere ``reg-id`` is ignored.
    :ivar overlooks: its UA is one that takes back what it wants to keep: whatever can be pushed
        stays (REQUIREMENTS D-12).
    """

    aor: AOR
    call_id: str
    cseq: int
    contacts: tuple[RegisteredContact, ...]
    star: bool = False
    flow: str = ""
    user_agent: str = ""
    path: tuple[str, ...] = ()
    outbound: bool = False
    overlooks: bool = False


@value_class
class Terms:
    """
    What the operator decided about the bindings of an AOR.

    :ivar match: rungs of the identity ladder, in order (REQUIREMENTS S-10).
    :ivar max_contacts: bindings an AOR may hold; 0: any number.
    :ivar overflow: ``"reject"``: one more is refused with 403; ``"replace_oldest"``: the
        binding that was registered the longest time ago makes room.
    :ivar refresh_lead: seconds before expiry at which a refresh push is due, or earlier.
    :ivar refresh_attempts: how many there are before a binding expires; 0: none.
    :ivar unreachable: ids of bindings that nothing reaches: they make room before anybody is
        refused, whatever *overflow* says (RFC 5626 section 6 lets them be removed).
    :ivar sleep_after_expiry: seconds for which a binding that can be pushed may be woken once
        it expired (REQUIREMENTS S-32); 0: it may not, as RFC 8599 section 5.5 has it.
    """

    match: tuple[str, ...] = ("outbound", "instance", "push", "uri")
    max_contacts: int = 10
    overflow: str = "reject"
    refresh_lead: int = 120
    refresh_attempts: int = 4
    unreachable: frozenset[str] = frozenset()
    sleep_after_expiry: float = 0
