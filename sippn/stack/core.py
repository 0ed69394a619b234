"""What stands on the stack."""

from __future__ import annotations

from typing import Protocol

from sippn.sip import Request
from sippn.transaction import ServerTransaction
from sippn.transport import Flow


class Core(Protocol):
    """
    Takes the requests that are nobody's retransmission (RFC 3261 section 5, "core").

    An exception out of it is a bug: the stack logs it and answers 500.
    """

    def request_received(
        self, request: Request, transaction: ServerTransaction, flow: Flow
    ) -> None:
        """
        Answer *request* through *transaction*, now or later.

        :param flow: where it came from; the responses may go to another port.
        """

    def ack_received(self, request: Request, flow: Flow) -> None:
        """Pass on the ACK of a 2xx, which has no transaction and no answer."""
