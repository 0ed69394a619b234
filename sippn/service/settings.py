"""
Everything an operator decided, room by room: what a whole server is made from.
"""

from __future__ import annotations

from collections.abc import Callable

from attrs import field, frozen

from sippn.auth.settings import AuthSettings
from sippn.interfaces import (
    IBindingStore,
    IPushDialect,
    IPushProvider,
    IRoutingPolicy,
    Surroundings,
)
from sippn.proxy.settings import ProxySettings
from sippn.push.settings import PushLimits
from sippn.registrar.settings import RegistrarSettings
from sippn.sip import Limits
from sippn.transport.settings import ListenSettings, StreamLimits
from sippn.upkeep.settings import UpkeepSettings
from sippn.wake.settings import ParkingLimits


@frozen
class ServerSettings:
    """
    One server.

    :ivar domains: AORs it answers for; empty: every domain.
    :ivar keys_file: where the secret of nonces and tokens is kept; None: a new one each start.
    :ivar storage: builds the :class:`~sippn.interfaces.IBindingStore`.
    :ivar providers: build the :class:`~sippn.interfaces.IPushProvider` s, in order of preference.
    :ivar dialects: build the :class:`~sippn.interfaces.IPushDialect` s, in the order asked.
    :ivar policies: build the :class:`~sippn.interfaces.IRoutingPolicy` s, in order.
    """

    listen: tuple[ListenSettings, ...]
    domains: tuple[str, ...]
    storage: Callable[[Surroundings], IBindingStore]
    providers: tuple[Callable[[Surroundings], IPushProvider], ...]
    policies: tuple[Callable[[Surroundings], IRoutingPolicy], ...] = ()
    dialects: tuple[Callable[[Surroundings], IPushDialect], ...] = ()
    keys_file: str | None = None
    auth: AuthSettings = field(factory=AuthSettings)
    registrar: RegistrarSettings = field(factory=RegistrarSettings)
    proxy: ProxySettings = field(factory=ProxySettings)
    parking: ParkingLimits = field(factory=ParkingLimits)
    push: PushLimits = field(factory=PushLimits)
    upkeep: UpkeepSettings = field(factory=UpkeepSettings)
    message: Limits = field(factory=Limits)
    streams: StreamLimits = field(factory=StreamLimits)

    def serves(self, host: str) -> bool:
        """Whether *host* is one of our domains; without a list every host is."""
        return not self.domains or host.lower() in self.domains
