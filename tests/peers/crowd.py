"""
A crowd of phones that register again and again, and remember what they were told.

One socket for all of them, no retransmissions: on the loopback interface nothing is lost but
what a server that is killed had not answered yet.
"""

from __future__ import annotations

import random
import socket
from collections.abc import Iterable

from attrs import define, field

from sippn.sip import Response, read
from tests.peers.server import DOMAIN, HOST
from tests.peers.waiting import PATIENCE

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
class Registrant:
    """
    One phone, which has one REGISTER in flight at most.

    :ivar acknowledged: the Contact URI of its last 200; None: it is not registered.
    :ivar asked: the one that it asked for, if *waits*.
    :ivar waits: it has asked, and heard nothing yet.
    """

    number: int
    acknowledged: str | None = None
    asked: str | None = None
    waits: bool = False
    cseq: int = 0

    def change(self, dice: random.Random) -> str:
        """The fields of a REGISTER: in one of ten cases it leaves, else it has moved."""
        self.cseq += 1
        self.waits = True
        if self.acknowledged is not None and dice.random() < 0.1:
            self.asked = None
            return "Contact: *\nExpires: 0\n"
        self.asked = f"sip:{self.number}@192.0.2.1:{self.cseq}"
        instance = f'+sip.instance="<urn:uuid:{self.number:032x}>"'
        return f"Contact: <{self.asked}>;{instance}\nExpires: 3600\n"

    def learn(self, response: Response) -> None:
        """It is as the *response* to its last REGISTER says."""
        assert response.status == 200, response.status
        contacts = [contact.uri_text for contact in response.contacts]
        expected = [self.asked] if self.asked is not None else []
        assert contacts == expected, "the answer is to what was asked"
        self.acknowledged = self.asked
        self.waits = False

    def compare(self, response: Response) -> None:
        """
        It asked what is stored of it, and *response* says so.

        :raises AssertionError: that is neither what it was told last nor what it asked since.
        """
        contacts = [contact.uri_text for contact in response.contacts]
        story = f"{self.number} finds {contacts}, was told {self.acknowledged}"
        if self.waits:
            story += f", asked for {self.asked}"
        assert response.status == 200, story
        assert len(contacts) <= 1, story
        found = contacts[0] if contacts else None
        assert found == self.acknowledged or (self.waits and found == self.asked), story
        self.acknowledged = found
        self.waits = False


@define(eq=False)
class Crowd:
    """
    Phones of one server.

    :ivar port: the server's.
    :ivar told: how many answers they got, to what they wanted to change.
    """

    _socket: socket.socket
    _dice: random.Random
    port: int
    registrants: tuple[Registrant, ...]
    told: int = field(default=0, init=False)

    def register(self, in_flight: int, answers: int) -> None:
        """Keep *in_flight* requests under way until there were so many *answers*."""
        idle = [r for r in self.registrants if not r.waits]
        self._dice.shuffle(idle)
        for _ in range(in_flight):
            self._change(idle.pop())
        for _ in range(answers):
            registrant = self._hear()
            self._change(idle.pop(self._dice.randrange(len(idle))))
            idle.append(registrant)

    def hear_the_last(self) -> None:
        """Take what a server that is dead by now had sent."""
        self._socket.settimeout(0)
        try:
            while True:
                self._hear()
        except BlockingIOError:
            self._socket.settimeout(PATIENCE)

    def compare(self, at_once: int) -> None:
        """
        Ask for each of them what is stored, *at_once* at a time.

        :raises AssertionError: something else than what was answered.
        """
        rest = iter(self.registrants)
        under_way = sum(self._query(rest) for _ in range(at_once))
        while under_way:
            registrant, response = self._receive()
            registrant.compare(response)
            under_way += self._query(rest) - 1

    def _change(self, registrant: Registrant) -> None:
        self._send(registrant, registrant.change(self._dice))

    def _query(self, rest: Iterable[Registrant]) -> int:
        for registrant in rest:
            registrant.cseq += 1
            self._send(registrant, "")
            return 1
        return 0

    def _hear(self) -> Registrant:
        registrant, response = self._receive()
        registrant.learn(response)
        self.told += 1
        return registrant

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
