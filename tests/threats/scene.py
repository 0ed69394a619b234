"""
Those who attack, and what they can see: raw requests into a house, and all that leaves it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import count

from attrs import define, field

from sippn.auth.settings import User
from sippn.sip import Request, Response, ha1, parse_challenge, read, write
from sippn.testing.endpoints import Endpoint
from sippn.testing.house import House
from sippn.testing.ua import ScriptedUA
from tests.auth.test_digest import Phone

DOMAIN = "example.com"
SECRET = "secret"
ALICE, BOB = f"sip:alice@{DOMAIN}", f"sip:bob@{DOMAIN}"
NO_BODY = "Content-Length: 0\r\n\r\n"
PBX = "192.0.2.200"
"""Where the operator's own peer is."""


def user(name: str) -> User:
    """One whose password is :data:`SECRET`."""
    return User(
        name, DOMAIN, tuple((one, ha1(name, DOMAIN, SECRET, one)) for one in ("MD5", "SHA-256"))
    )


@define(eq=False)
class Sender:
    """
    Whoever writes his requests himself, field by field.

    :ivar endpoint: where he sits; over UDP he may say that he sits elsewhere.
    """

    house: House
    endpoint: Endpoint
    _numbers: Iterator[int] = field(factory=lambda: count(1), init=False)
    _read: int = field(default=0, init=False)
    _answers: list[Response] = field(factory=list, init=False)

    @classmethod
    def at(cls, house: House, host: str = "", transport: str = "") -> Sender:
        """One at *host*, or anywhere."""
        return cls(house, house.endpoint(transport, host))

    def write(self, method: str, uri: str, *fields: tuple[str, str], **named: str) -> bytes:
        """
        A request.

        :param fields: besides the mandatory ones.
        :param named: values of those, e.g. ``To``; ``Call_ID`` is Call-ID.
        """
        number = next(self._numbers)
        mandatory = {
            "Via": f"SIP/2.0/{self.endpoint.transport} {self.endpoint.address}"
            f";branch=z9hG4bK{self.endpoint.address.port}x{number};rport",
            "Max-Forwards": "70",
            "From": f"<sip:x@elsewhere.example>;tag=x{number}",
            "To": f"<{uri}>",
            "Call-ID": f"{self.endpoint.address}-{number}",
            "CSeq": f"{number} {method}",
        }
        mandatory |= {name.replace("_", "-"): value for name, value in named.items()}
        lines = [f"{name}: {value}" for name, value in [*mandatory.items(), *fields]]
        head = "\r\n".join([f"{method} {uri} SIP/2.0", *lines, NO_BODY])
        return head.encode("utf-8", "surrogateescape")

    def ask(self, method: str, uri: str, *fields: tuple[str, str], **named: str) -> list[int]:
        """Send that, and let come what comes at once; the final answers."""
        return self.send(self.write(method, uri, *fields, **named))

    def send(self, octets: bytes, seconds: float = 0) -> list[int]:
        """Send *octets*; the final answers that came in *seconds*."""
        known = len(self.answers())
        self.endpoint.send(octets, self.house.address)
        self.house.run(seconds)
        return [answer.status for answer in self.answers()[known:] if answer.status >= 200]

    def answers(self) -> list[Response]:
        """All that he was sent, so far as he has asked since the network forgot it."""
        carried, here = self.house.network.carried, self.house.address.host
        if len(carried) < self._read:
            self._read = 0
        for sent in carried[self._read :]:
            if sent.to == self.endpoint.address and sent.source.host == here:
                message = read(sent.octets) if sent.octets.strip() else None
                self._answers += [message] if isinstance(message, Response) else []
        self._read = len(carried)
        return self._answers

    def register(
        self, name: str, *fields: tuple[str, str], as_: str = "", **named: str
    ) -> list[int]:
        """
        Register as *name*, with an answer to a challenge that is asked for first.

        :param as_: whose user name and password prove it; *name*'s unless told.
        """
        about = {"From": f"<sip:{name}@{DOMAIN}>;tag=r", "To": f"<sip:{name}@{DOMAIN}>"} | named
        uri = f"sip:{DOMAIN}"
        self.send(self.write("REGISTER", uri, **about))
        challenge = parse_challenge(self.answers()[-1].headers.get_all("WWW-Authenticate")[0])
        proof = Phone(as_ or name, SECRET).credentials(challenge)
        return self.send(self.write("REGISTER", uri, *fields, ("Authorization", proof), **about))


def sleeper(house: House, name: str, prid: str, transport: str = "") -> ScriptedUA:
    """A phone of *name*, who has a password, registered and asleep."""
    return house.asleep(name, prid, password=SECRET, transport=transport)


def phone(house: House, name: str, prid: str | None = None) -> ScriptedUA:
    """A phone of *name*, who has a password."""
    return house.phone(name, prid, password=SECRET)


def all_sent(house: House, without: Sequence[ScriptedUA] = ()) -> bytes:
    """Everything that has left the server, but to some."""
    spared = {one.address.host for one in without}
    here = house.address.host
    return b"".join(
        sent.octets
        for sent in house.network.carried
        if sent.source.host == here and sent.to.host not in spared
    )


def requests_sent(house: House) -> list[Request]:
    """The requests that have left the server."""
    here = house.address.host
    carried = [sent for sent in house.network.carried if sent.source.host == here]
    messages = [read(sent.octets) for sent in carried if sent.octets.strip()]
    return [message for message in messages if isinstance(message, Request)]


def heard(ua: ScriptedUA) -> bytes:
    """All that *ua* was told."""
    return b"".join(write(message) for message in ua.received)
