"""The way out: everything that transactions send goes through here, and is told."""

from __future__ import annotations

from attrs import frozen
from twisted.internet.interfaces import IReactorTime

from sippn.errors import BadRequest
from sippn.events import Bus, MessageSent
from sippn.sip import Message, read, summary
from sippn.transaction.flow import Flow


@frozen
class Outlet:
    """Sends octets, and publishes what was sent when somebody listens."""

    _clock: IReactorTime
    _bus: Bus

    def transmit(self, flow: Flow, octets: bytes, message: Message | None = None) -> None:
        """
        Send *octets* on *flow*.

        :param message: what they say; None: a repetition, of which octets are all that is
            left.  It is read again only when somebody listens.
        :raises TransportError: they did not leave.
        """
        flow.send(octets)
        if self._bus.heard:
            self._tell(flow, octets, message)

    def _tell(self, flow: Flow, octets: bytes, message: Message | None) -> None:
        try:
            sent = read(octets) if message is None else message
            event = MessageSent(
                self._clock.seconds(), str(flow.remote), flow.transport, summary(sent), sent.call_id
            )
        except BadRequest:  # a core may send what the reader's limits would refuse
            return
        self._bus.publish(event)
