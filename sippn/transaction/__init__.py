"""I count retransmissions: the transaction layer of RFC 3261 section 17."""

from sippn.transaction.client import ClientObserver, ClientTransaction
from sippn.transaction.deadlines import Deadlines
from sippn.transaction.fixed import FixedTimer
from sippn.transaction.flow import Flow
from sippn.transaction.layer import TransactionLayer
from sippn.transaction.machine import Action, Input, Machine, State, dot
from sippn.transaction.server import ServerTransaction
from sippn.transaction.tables import (
    INVITE_CLIENT,
    INVITE_SERVER,
    MACHINES,
    NON_INVITE_CLIENT,
    NON_INVITE_SERVER,
)
from sippn.transaction.timer_queue import Handle
from sippn.transaction.timers import Timers

__all__ = [
    "INVITE_CLIENT",
    "INVITE_SERVER",
    "MACHINES",
    "NON_INVITE_CLIENT",
    "NON_INVITE_SERVER",
    "Action",
    "ClientObserver",
    "ClientTransaction",
    "Deadlines",
    "FixedTimer",
    "Flow",
    "Handle",
    "Input",
    "Machine",
    "ServerTransaction",
    "State",
    "Timers",
    "TransactionLayer",
    "dot",
]
