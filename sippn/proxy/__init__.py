"""
I decide where a request goes: the proxy of RFC 3261 section 16.
"""

from sippn.proxy.context import ResponseContext
from sippn.proxy.forwarder import Forwarder
from sippn.proxy.late_calls import LateCalls
from sippn.proxy.means import TIMER_C, Means
from sippn.proxy.policy import DomainPolicy
from sippn.proxy.proxy import Proxy
from sippn.proxy.route import RouteReader
from sippn.proxy.selection import Selection
from sippn.proxy.settings import ProxySettings, WaitSettings

__all__ = [
    "TIMER_C",
    "DomainPolicy",
    "Forwarder",
    "LateCalls",
    "Means",
    "Proxy",
    "ProxySettings",
    "ResponseContext",
    "RouteReader",
    "Selection",
    "WaitSettings",
]
