"""
What happened, one frozen type each.

No event carries a PRID, a credential or a body: whoever listens may print it.
Times *at* are on the monotonic clock, in seconds.
"""

from __future__ import annotations

from sippn.value import value_class


@value_class
class Event:
    """Something happened."""

    at: float


@value_class
class MessageReceived(Event):
    """
    A SIP message came in.

    :ivar peer: ``host:port`` of the sender; *transport* as in a Via.
    :ivar summary: ``"INVITE"`` or ``"200 OK (INVITE)"``.
    """

    peer: str
    transport: str
    summary: str
    call_id: str


@value_class
class MessageSent(Event):
    """A SIP message went out; the fields are those of :class:`MessageReceived`."""

    peer: str
    transport: str
    summary: str
    call_id: str


@value_class
class MessageRefused(Event):
    """Octets came in that are no message; *reason* says why."""

    peer: str
    transport: str
    reason: str


@value_class
class BindingRegistered(Event):
    """A REGISTER added or refreshed a binding, and it is committed."""

    aor: str
    binding_id: str
    sleeps: bool


@value_class
class BindingRemoved(Event):
    """A binding is gone, and that is committed."""

    aor: str
    binding_id: str


@value_class
class RegistrationRefused(Event):
    """A REGISTER got *status* instead of a binding."""

    aor: str
    status: int
    reason: str


@value_class
class RequestParked(Event):
    """A request waits for a sleeping UA, at most *wait* seconds."""

    call_id: str
    method: str
    aor: str
    binding_id: str
    wait: float


@value_class
class WakeReleased(Event):
    """The UA is back after *waited* seconds: its request goes out."""

    call_id: str
    aor: str
    binding_id: str
    waited: float


@value_class
class WakeEnded(Event):
    """A wait is over without its UA; *why* says in words what ended it."""

    call_id: str
    aor: str
    binding_id: str
    why: str


@value_class
class WakeRefused(Event):
    """A request may not wait; *why* names the limit."""

    call_id: str
    aor: str
    why: str


@value_class
class PushRequested(Event):
    """A push left for the PNS."""

    job_id: str
    kind: str
    provider: str
    aor: str
    call_id: str


@value_class
class PushAnswered(Event):
    """
    The PNS answered after *took* seconds.

    :ivar verdict: the name of a :class:`sippn.binding.Verdict`.
    """

    job_id: str
    provider: str
    aor: str
    call_id: str
    verdict: str
    detail: str
    took: float


@value_class
class RefreshRequested(Event):
    """
    A binding ends soon: its UA is pushed, so that it refreshes it (RFC 8599 section 5.5).

    :ivar attempt: counts from 1 at each REGISTER.
    """

    aor: str
    binding_id: str
    attempt: int


@value_class
class RequestForwarded(Event):
    """A request left for a UA or a next hop, at *peer*."""

    call_id: str
    method: str
    peer: str
    binding_id: str


@value_class
class RequestAnswered(Event):
    """A request that was proxied has its final answer."""

    call_id: str
    method: str
    status: int
    reason: str
