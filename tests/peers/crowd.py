"""
A crowd of phones that register at one server, and compare what is stored with what they heard.

One socket for all of them, no retransmissions: on the loopback interface nothing is lost but
what a server that is killed had not answered yet.
"""

from __future__ import annotations

import random
import select
import socket
import time
from collections.abc import Iterable

from attrs import define, field

from sippn.sip import Response, read
from tests.peers.registrant import Registrant
from tests.peers.server import DOMAIN, HOST
from tests.peers.waiting import PATIENCE

BURST = 20  # phones do not come one by one; and a commit is for all that came at once

_REGISTER = """\
REGISTER sip:{domain} SIP/2.0
Via: SIP/2.0/UDP {sent_by};branch=z9hG4bK-{number}-{cseq};rport
Max-Forwards: 70
From: <sip:{number}@{domain}>;tag=1
To: <sip:{number}@{domain}>
Call-ID: {number}
CSeq: {cseq} REGISTER
{fields}Content-Length: 0

"""


@define(eq=False)
class Crowd:
    """
    Phones of one server.

    :ivar port: the server's.
    :ivar sent: how often they wanted to change something.
    :ivar told: how many 200 they got to that; *refused*: how many 500.
    """

    _socket: socket.socket
    _dice: random.Random
    registrants: tuple[Registrant, ...]
    port: int = 0
    sent: int = field(default=0, init=False)
    told: int = field(default=0, init=False)
    refused: int = field(default=0, init=False)

    @property
    def waiting(self) -> int:
        """How many of them have asked, and heard nothing yet."""
        return sum(registrant.waits for registrant in self.registrants)

    def register(self, in_flight: int, answers: int) -> None:
        """Keep *in_flight* requests under way until there were so many *answers*."""
        idle = self._idle()
        for _ in range(in_flight):
            self._change(idle.pop())
        for _ in range(answers):
            registrant = self._hear()
            self._change(idle.pop(self._dice.randrange(len(idle))))
            idle.append(registrant)

    def register_at(self, rate: float, seconds: float) -> None:
        """
        Send *rate* requests a second, whether they are answered or not.

        The last thing that is done is to send some: the caller finds the server at work.
        """
        began = time.monotonic()
        for burst in range(1 + int(rate * seconds / BURST)):
            self._hear_until(began + burst * BURST / rate)
            for registrant in self._idle()[:BURST]:
                self._change(registrant)

    def finish(self) -> None:
        """Hear all answers that are under way."""
        while self.waiting:
            self._hear()

    def hear_for(self, seconds: float) -> None:
        """Hear all answers that come meanwhile."""
        self._hear_until(time.monotonic() + seconds)

    def hear_the_last(self) -> None:
        """Take what a server that is gone by now had sent."""
        self._hear_until(0)

    def compare(self, at_once: int, *, crashed: bool) -> float:
        """
        Ask for each of them what is stored, *at_once* at a time.

        :param crashed: see :meth:`.Registrant.compare`.
        :returns: the moment of the first answer, by the monotonic clock.
        :raises AssertionError: something else than what was answered.
        """
        rest = iter(self.registrants)
        under_way = sum(self._query(rest) for _ in range(at_once))
        moments = []
        while under_way:
            registrant, response = self._receive()
            moments.append(time.monotonic())
            registrant.compare(response, crashed=crashed)
            under_way += self._query(rest) - 1
        return moments[0]

    def _idle(self) -> list[Registrant]:
        idle = [registrant for registrant in self.registrants if not registrant.waits]
        self._dice.shuffle(idle)
        return idle

    def _change(self, registrant: Registrant) -> None:
        self._send(registrant, registrant.change(self._dice))
        self.sent += 1

    def _query(self, rest: Iterable[Registrant]) -> int:
        for registrant in rest:
            registrant.cseq += 1
            self._send(registrant, "")
            return 1
        return 0

    def _hear(self) -> Registrant:
        registrant, response = self._receive()
        if registrant.learn(response):
            self.told += 1
        else:
            self.refused += 1
        return registrant

    def _hear_until(self, moment: float) -> None:
        """Take all answers that are there before *moment*, or now."""
        while select.select([self._socket], [], [], max(0, moment - time.monotonic()))[0]:
            self._hear()

    def _send(self, registrant: Registrant, fields: str) -> None:
        text = _REGISTER.format(
            domain=DOMAIN,
            sent_by=f"{HOST}:{self._socket.getsockname()[1]}",
            number=registrant.number,
            cseq=registrant.cseq,
            fields=fields,
        )
        self._socket.sendto(text.replace("\n", "\r\n").encode(), (HOST, self.port))

    def _receive(self) -> tuple[Registrant, Response]:
        response = read(self._socket.recv(65535))
        assert isinstance(response, Response)
        registrant = self.registrants[int(response.call_id)]
        assert response.cseq.number == registrant.cseq, "nothing is sent twice"
        return registrant, response


def make_crowd(endpoint: socket.socket, dice: random.Random, phones: int) -> Crowd:
    """So many *phones* on the socket *endpoint*, which is bound to a port of its own."""
    endpoint.bind((HOST, 0))
    endpoint.settimeout(PATIENCE)
    return Crowd(endpoint, dice, tuple(Registrant(number) for number in range(phones)))
