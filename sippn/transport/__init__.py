"""I own a socket: listeners, the flows through them, and where a URI leads."""

from sippn.transport.address import Address, SockAddr, canonical_host
from sippn.transport.flow import DatagramFlow, DatagramSocket, Flow
from sippn.transport.listener import Listener, Received
from sippn.transport.resolver import Resolver
from sippn.transport.sent_by import SentBy
from sippn.transport.table import FlowTable
from sippn.transport.udp import LARGEST_DATAGRAM, UDPListener

__all__ = [
    "LARGEST_DATAGRAM",
    "Address",
    "DatagramFlow",
    "DatagramSocket",
    "Flow",
    "FlowTable",
    "Listener",
    "Received",
    "Resolver",
    "SentBy",
    "SockAddr",
    "UDPListener",
    "canonical_host",
]
