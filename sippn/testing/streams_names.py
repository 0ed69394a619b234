"""What a memory network's reactor answers when it is asked for a name."""

from __future__ import annotations

from collections.abc import Sequence

from attrs import define, field
from twisted.internet.interfaces import (
    IAddress,
    IHostnameResolver,
    IHostResolution,
    IResolutionReceiver,
)
from zope.interface import implementer

from sippn.testing.streams_ends import as_peer
from sippn.transport import Address


@implementer(IHostnameResolver)
@define(eq=False)
class ScriptedNames:
    """
    Answers at once, from what a test wrote down.

    :ivar addresses: name to addresses, best first; any other name has none.
    """

    addresses: dict[str, Sequence[str]] = field(factory=dict)

    def resolveHostName(
        self,
        resolutionReceiver: IResolutionReceiver,
        hostName: str,
        portNumber: int = 0,
        addressTypes: Sequence[type[IAddress]] | None = None,  # noqa: ARG002 - all there are
        transportSemantics: str = "TCP",  # noqa: ARG002 - the host counts
    ) -> IHostResolution:
        """See :meth:`twisted.internet.interfaces.IHostnameResolver.resolveHostName`."""
        resolution = _Resolution(hostName)
        resolutionReceiver.resolutionBegan(resolution)
        for host in self.addresses.get(hostName, ()):
            resolutionReceiver.addressResolved(as_peer(Address(host, portNumber)))
        resolutionReceiver.resolutionComplete()
        return resolution


@implementer(IHostResolution)
@define(eq=False)
class _Resolution:
    name: str

    def cancel(self) -> None:
        """It is over already."""
