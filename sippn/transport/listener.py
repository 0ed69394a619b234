"""What every socket that listens does, whatever its transport."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeAlias

from twisted.internet.defer import Deferred

from sippn.interfaces import Maybe
from sippn.transport.address import Address
from sippn.transport.flow import Flow

Received: TypeAlias = Callable[[bytes, Flow], None]


class Listener(Protocol):
    """A socket of ours, and the flows through it."""

    @property
    def transport(self) -> str:
        """As in a Via, e.g. ``"UDP"``."""

    @property
    def local(self) -> Address:
        """What it is bound to; before :meth:`start` its port may be 0."""

    @property
    def sent_by(self) -> str:
        """The ``host:port`` that it tells others: what it advertises, or its own."""

    def start(self, received: Received) -> None:
        """
        Bind, and from now on give each message to *received*, which does not raise.

        :raises CannotListenError: the address is taken, or not ours.
        """

    def stop(self) -> Deferred[None] | None:
        """
        Close the socket; its flows raise TransportError from now on.

        :returns: fires when what was written has left, or never will, in a second at
            most; None: there is nothing to wait for.
        """

    def flow_to(self, remote: Address, name: str = "") -> Maybe[Flow]:
        """
        The flow to *remote*; over a stream one that is open already, or a new one.

        :param name: the host that a URI named, which TLS wants proved.
        :raises TransportError: this socket cannot reach it, told at once or later.
        """

    def owns(self, host: str, port: int) -> bool:
        """Whether what is sent to *host* and *port* comes to this socket."""

    def reaches(self, remote: Address) -> bool:
        """Whether the kernel would send to *remote* from the address this is bound to."""
