"""What a transaction needs of the way its messages travel."""

from __future__ import annotations

from typing import Protocol


class FlowUser(Protocol):
    """Who has to know when a connection is lost."""

    def flow_lost(self) -> None:
        """Learn that nothing more comes or goes on the flow; it does not raise."""


class Flow(Protocol):
    """
    A way to one peer and back: for UDP two addresses, else a connection.

    :mod:`sippn.transport` has the real ones; this room knows none of its classes.
    """

    @property
    def token(self) -> str:
        """Names it, in logs too."""

    @property
    def reliable(self) -> bool:
        """Whether it delivers what it was given: then nothing is sent twice."""

    @property
    def transport(self) -> str:
        """As in a Via, e.g. ``UDP``."""

    @property
    def remote(self) -> object:
        """The peer's address; ``str()`` of it is ``host:port``."""

    def send(self, octets: bytes) -> None:
        """
        Send one message.

        :raises TransportError: it did not leave.
        """

    def join(self, user: FlowUser) -> None:
        """
        Tell *user* once when the connection is lost; flows without one never are.

        Until it leaves, the connection is in use: nobody closes it for being idle.
        """

    def leave(self, user: FlowUser) -> None:
        """Tell *user* no more, whether or not it was told."""
