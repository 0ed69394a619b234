"""One iteration: a function of the seed and its number."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from attrs import frozen

from fuzz.classes import ALL, SECOND
from fuzz.draft import NEXT_HOP, NONCE, RESPONSE, SELF, SERVER, Cut, End, Proof, Sender
from fuzz.draw import Draw
from fuzz.grammar import message, token_of

TRANSPORTS = ("udp", "tcp")
_LARGEST_DATAGRAM = 65_507


@frozen
class Places:
    """
    What is only known when a case is sent.

    :ivar me: host and port of its sender.
    """

    server: bytes
    next_hop: bytes
    me: bytes
    nonce: bytes = b""


@frozen
class Case:
    """
    What one iteration sends.

    :ivar kind: its class: the name of the mutator.
    :ivar template: its octets, with places that are not known before.
    :ivar secret: octets that are not to be seen anywhere: behind its end, or a request within.
    """

    seed: int
    number: int
    kind: str
    transport: str
    sender: Sender
    template: bytes
    end: End
    cut: Cut
    proof: Proof | None

    @property
    def name(self) -> str:
        """To send it again by."""
        return f"{self.seed}:{self.number}"

    @property
    def token(self) -> bytes:
        """What is in all that comes of it."""
        return token_of(self.seed, self.number)

    def octets(self, places: Places) -> bytes:
        """The octets that are sent."""
        whole = bound(self.template, places, self.proof)
        return whole[:_LARGEST_DATAGRAM] if self.transport == "udp" else whole

    def pieces(self, octets: bytes) -> Sequence[bytes]:
        """*octets* as they are written to a stream."""
        draw = Draw(self.seed, self.number, "cut")
        places = _cuts(self.cut, octets, draw)
        return [octets[a:b] for a, b in zip([0, *places], [*places, len(octets)], strict=True)]


def bound(template: bytes, places: Places, proof: Proof | None = None) -> bytes:
    """Put into *template* what is only known now."""
    for name, value in (
        (SERVER, places.server),
        (NEXT_HOP, places.next_hop),
        (SELF, places.me),
        (RESPONSE, _response(proof, places.nonce) if proof else b""),
        (NONCE, places.nonce),
    ):
        template = template.replace(name, value)
    return template


def make(seed: int, number: int, transports: Sequence[str] = TRANSPORTS) -> Case:
    """
    Make iteration *number* of *seed*.

    :param transports: of which one is drawn; it is the same with the same ones.
    """
    draw = Draw(seed, number)
    transport = draw.pick(transports)
    draft = message(draw, seed, number, streams=transport == "tcp")
    kind = draw.pick(ALL)
    if draw.once_in(4):
        draw.pick(SECOND)(draft, draw)
    kind(draft, draw)
    return Case(
        seed,
        number,
        kind.__name__,
        transport,
        draft.sender,
        draft.octets(),
        draft.end,
        draft.cut,
        draft.proof,
    )


def _cuts(cut: Cut, octets: bytes, draw: Draw) -> list[int]:
    size = len(octets)
    if size < 2 or cut is Cut.WHOLE:
        return []
    if cut is Cut.ENDS:
        at = [place + 1 for place in range(size - 1) if octets[place : place + 2] == b"\r\n"]
        return at[:200]
    if cut is Cut.EACH:
        return list(range(1, min(size, 700)))
    count = 1 if cut is Cut.TWO else draw.between(2, 12)
    return sorted({draw.between(1, size - 1) for _ in range(count)})


def _response(proof: Proof, nonce: bytes) -> bytes:
    """RFC 7616 section 3.4.1."""
    hashed = hashlib.sha256 if proof.algorithm == b"SHA-256" else hashlib.md5
    ha1 = hashed(proof.user + b":fuzz.test:" + proof.password).hexdigest().encode()
    ha2 = hashed(proof.method + b":" + proof.uri).hexdigest().encode()
    parts = (ha1, nonce, proof.nc, proof.cnonce, b"auth", ha2)
    return hashed(b":".join(parts)).hexdigest().encode()
