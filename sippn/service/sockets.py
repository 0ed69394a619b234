"""
Which listener a socket of the configuration becomes.
"""

from __future__ import annotations

from attrs import frozen

from sippn.errors import ConfigErrors
from sippn.interfaces import Surroundings
from sippn.transport import Intake, Listener, Streams, TCPListener, TLSListener, UDPListener
from sippn.transport.settings import ListenSettings, StreamLimits


@frozen
class Sockets:
    """
    Makes the listeners of one server, which share the bounds on connections.

    Datagrams share one line where they wait while the server is behind.

    They are not started yet.
    """

    _streams: Streams
    _intake: Intake | None = None

    @classmethod
    def within(
        cls, limits: StreamLimits, around: Surroundings, intake: Intake | None = None
    ) -> Sockets:
        """Sockets whose connections keep within *limits*."""
        return cls(Streams(around.clock, around.entropy, limits), intake)

    def __call__(self, one: ListenSettings, around: Surroundings) -> Listener:
        """
        Make the listener that *one* asks for.

        :raises ConfigErrors: its certificate or its key cannot be used.
        """
        reactor = around.reactor
        if one.transport == "udp":
            return UDPListener(reactor, one.host, one.port, one.advertise, self._intake)
        if one.transport == "tcp":
            return TCPListener(reactor, one.host, one.port, self._streams, advertise=one.advertise)
        if one.certificate is None or one.private_key is None:
            raise ConfigErrors([("listen", f"{one.transport} needs certificate and private_key")])
        return TLSListener(
            reactor,
            one.host,
            one.port,
            self._streams,
            advertise=one.advertise,
            certificate=one.certificate,
            private_key=one.private_key,
        )
