"""
What happened, typed: the trace, the demo's ladder and metrics all listen here.
"""

from sippn.events.bus import Bus, Listener
from sippn.events.happenings import (
    BindingRegistered,
    BindingRemoved,
    Event,
    MessageReceived,
    MessageRefused,
    MessageSent,
    PushAnswered,
    PushRequested,
    RefreshRequested,
    RegistrationRefused,
    RequestAnswered,
    RequestForwarded,
    RequestParked,
    WakeEnded,
    WakeRefused,
    WakeReleased,
)
from sippn.events.ladder import Ladder

__all__ = [
    "BindingRegistered",
    "BindingRemoved",
    "Bus",
    "Event",
    "Ladder",
    "Listener",
    "MessageReceived",
    "MessageRefused",
    "MessageSent",
    "PushAnswered",
    "PushRequested",
    "RefreshRequested",
    "RegistrationRefused",
    "RequestAnswered",
    "RequestForwarded",
    "RequestParked",
    "WakeEnded",
    "WakeRefused",
    "WakeReleased",
]
