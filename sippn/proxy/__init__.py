"""
I decide where a request goes: the proxy of RFC 3261 section 16.
"""

from sippn.proxy.context import Means, ResponseContext
from sippn.proxy.forwarder import Forwarder
from sippn.proxy.policy import DomainPolicy
from sippn.proxy.proxy import Proxy
from sippn.proxy.route import RouteReader
from sippn.proxy.settings import ProxySettings, WaitSettings

__all__ = [
    "DomainPolicy",
    "Forwarder",
    "Means",
    "Proxy",
    "ProxySettings",
    "ResponseContext",
    "RouteReader",
    "WaitSettings",
]
