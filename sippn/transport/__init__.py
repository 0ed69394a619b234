"""I own a socket: listeners, the flows through them, and where a URI leads."""

from sippn.transport.address import Address, SockAddr, canonical_host
from sippn.transport.flow import DatagramFlow, DatagramSocket, Flow, FlowUser
from sippn.transport.framing import Framer
from sippn.transport.intake import Intake
from sippn.transport.listener import Listener, Received
from sippn.transport.resolver import Resolver
from sippn.transport.sent_by import SentBy
from sippn.transport.stream import StreamConnection
from sippn.transport.streams import Streams
from sippn.transport.table import FlowTable
from sippn.transport.tcp import TCPListener
from sippn.transport.tls import TLSListener
from sippn.transport.udp import LARGEST_DATAGRAM, UDPListener

__all__ = [
    "LARGEST_DATAGRAM",
    "Address",
    "DatagramFlow",
    "DatagramSocket",
    "Flow",
    "FlowTable",
    "FlowUser",
    "Framer",
    "Intake",
    "Listener",
    "Received",
    "Resolver",
    "SentBy",
    "SockAddr",
    "StreamConnection",
    "Streams",
    "TCPListener",
    "TLSListener",
    "UDPListener",
    "canonical_host",
]
