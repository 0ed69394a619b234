"""A phone's socket, and a line for each message that passes."""

from __future__ import annotations

from collections.abc import Callable

from attrs import define, field

from sippn.errors import BadRequest
from sippn.sip import read, summary
from sippn.testing.endpoints import Endpoint, Suspension
from sippn.transport import Address


@define(eq=False)
class Overheard:
    """
    An endpoint that does what *endpoint* does, and says so to *note*.

    :ivar receive: called with each message and its source; the UA sets it.
    """

    endpoint: Endpoint
    note: Callable[[str], None]
    receive: Callable[[bytes, Address], None] = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.endpoint.receive = self._received

    @property
    def transport(self) -> str:
        """See :attr:`sippn.testing.endpoints.Endpoint.transport`."""
        return self.endpoint.transport

    @property
    def address(self) -> Address:
        """See :attr:`sippn.testing.endpoints.Endpoint.address`."""
        return self.endpoint.address

    def send(self, octets: bytes, to: Address) -> None:
        """See :meth:`sippn.testing.endpoints.Endpoint.send`."""
        self.note(f"-> {summary(read(octets))}")
        self.endpoint.send(octets, to)

    def suspend(self, how: Suspension) -> None:
        """See :meth:`sippn.testing.endpoints.Endpoint.suspend`."""
        self.note("falls asleep")
        self.endpoint.suspend(how)

    def resume(self) -> None:
        """See :meth:`sippn.testing.endpoints.Endpoint.resume`."""
        self.note("wakes up")
        self.endpoint.resume()

    def close(self) -> None:
        """See :meth:`sippn.testing.endpoints.Endpoint.close`."""
        self.endpoint.close()

    def _received(self, octets: bytes, source: Address) -> None:
        try:
            words = summary(read(octets))
        except BadRequest as error:
            self.note(f"<- what is no SIP message: {error}")  # the UA would not survive it
            return
        self.note(f"<- {words}")
        self.receive(octets, source)
