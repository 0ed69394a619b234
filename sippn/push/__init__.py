"""
Asks push notification services to wake a UA: providers, composed by wrapping.

As service builds it, from the outside in: one :class:`Dispatcher` with the
policies; for each provider, and for each lane of one that has :class:`Lanes`, a
:class:`Retrying` around a :class:`Breaker` around a :class:`Limited` around a
:class:`Metered` around the provider.  A retry gives up its slot while it waits,
and what is metered is what left.
"""

from sippn.push.alarms import Alarms
from sippn.push.breaker import Breaker
from sippn.push.departures import Departures
from sippn.push.dispatcher import Dispatcher
from sippn.push.lanes import Lane, Lanes
from sippn.push.limited import Limited
from sippn.push.metered import Metered
from sippn.push.pace import Pace
from sippn.push.retrying import Retrying
from sippn.push.settings import PushLimits
from sippn.push.slots import Slots
from sippn.push.told import Told
from sippn.push.waiting import Line
from sippn.push.withdrawal import is_over

__all__ = [
    "Alarms",
    "Breaker",
    "Departures",
    "Dispatcher",
    "Lane",
    "Lanes",
    "Limited",
    "Line",
    "Metered",
    "Pace",
    "PushLimits",
    "Retrying",
    "Slots",
    "Told",
    "is_over",
]
