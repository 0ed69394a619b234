"""
Callers by the hundred, who only wait for an answer.

One socket for all of them, no retransmissions.
"""

from __future__ import annotations

import socket
import time
from typing import TypeAlias

from attrs import define, field

from sippn.sip import Response, read
from tests.peers.server import DOMAIN, HOST

_INVITE = """\
{method} sip:{callee}@{domain} SIP/2.0
Via: SIP/2.0/UDP {sent_by};branch=z9hG4bK-{number};rport
Max-Forwards: 70
From: <sip:caller@{domain}>;tag=1
To: {to}
Call-ID: call-{number}
CSeq: 1 {method}
Contact: <sip:caller@{sent_by}>
Content-Length: 0

"""

Answer: TypeAlias = tuple[float, Response]
"""When it came, by the monotonic clock, and what it was."""


@define(eq=False)
class Callers:
    """
    All callers of one server.

    :ivar _callees: whom each of them calls, by the number of the call.
    """

    _socket: socket.socket
    _port: int
    _callees: list[str] = field(factory=list, init=False)

    def call(self, callee: str) -> None:
        """Another one calls *callee*, a user of the domain."""
        self._send("INVITE", len(self._callees), callee, f"<sip:{callee}@{DOMAIN}>")
        self._callees.append(callee)

    def answers(self, number: int, *, final: bool) -> dict[str, Answer]:
        """The next *number* responses, by Call-ID; the others in between are left out."""
        heard: dict[str, Answer] = {}
        while len(heard) < number:
            response = read(self._socket.recv(65535))
            assert isinstance(response, Response)
            if final == (response.status >= 200):
                heard[response.call_id] = time.monotonic(), response
            if response.status >= 200:
                self._acknowledge(response)
        return heard

    def _acknowledge(self, response: Response) -> None:
        number = int(response.call_id.removeprefix("call-"))
        self._send("ACK", number, self._callees[number], str(response.to))

    def _send(self, method: str, number: int, callee: str, to: str) -> None:
        text = _INVITE.format(
            method=method,
            callee=callee,
            domain=DOMAIN,
            sent_by=f"{HOST}:{self._socket.getsockname()[1]}",
            number=number,
            to=to,
        )
        self._socket.sendto(text.replace("\n", "\r\n").encode(), (HOST, self._port))
