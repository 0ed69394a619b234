"""The senders, the phones, the next hop and the push service around one server."""

from __future__ import annotations

import re
import socket
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import lru_cache

from attrs import define, field

from bench.load.turns import Turns
from bench.servers.running import HOST
from fuzz.case import Case, Places, bound, make
from fuzz.dialogs import in_dialog
from fuzz.draft import Proof, Sender
from fuzz.draw import Draw
from fuzz.framing import frames
from fuzz.mutators.digests import PASSWORD, USER
from fuzz.oracles import PRID, Oracles
from fuzz.replies import replies
from fuzz.server import TRUSTED_HOST
from fuzz.sockets import Datagrams, Listening, Messages, Posts
from fuzz.strict import Emitted

HOSTS = {
    Sender.STRANGER: "127.0.0.11",
    Sender.SILENT: "127.0.0.12",
    Sender.TRUSTED: TRUSTED_HOST,
}
_NEXT_HOP, _PROBE = "127.0.0.7", "127.0.0.5"
_TOKEN = re.compile(rb"fz([0-9]+)x([0-9]+)z")
_SOURCE = re.compile(rb";(?:received=[^;,]*|rport=[0-9]*)")
_OWN = re.compile(rb"own-[0-9]+-[0-9]+-")
_NONCE = re.compile(rb'nonce="([^"]+)"')
_PATIENCE = 5.0

_REGISTER = (
    b"REGISTER sip:fuzz.test SIP/2.0\r\nVia: SIP/2.0/UDP %(at)b;branch=z9hG4bK%(mark)b;rport\r\n"
    b"Max-Forwards: 70\r\nFrom: <sip:%(user)b@fuzz.test>;tag=%(mark)b\r\n"
    b"To: <sip:%(user)b@fuzz.test>\r\nCall-ID: %(user)b-own\r\nCSeq: %(number)d REGISTER\r\n"
    b"Contact: <sip:%(user)b@%(at)b%(push)b>;expires=3600\r\n%(more)bContent-Length: 0\r\n\r\n"
)
_OPTIONS = (
    b"OPTIONS sip:fuzz.test SIP/2.0\r\n"
    b"Via: SIP/2.0/%(transport)b %(at)b;branch=z9hG4bK%(mark)b;rport\r\n"
    b"Max-Forwards: 70\r\nFrom: <sip:probe@fuzz.test>;tag=%(mark)b\r\nTo: <sip:fuzz.test>\r\n"
    b"Call-ID: %(mark)b\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n"
)


def options(transport: bytes, at: bytes, mark: bytes) -> bytes:
    """A request that the server answers itself, known by its Call-ID *mark*."""
    return _OPTIONS % {b"transport": transport, b"at": at, b"mark": mark}


@define(eq=False)
class Scene:
    """
    Everything but the server.

    :ivar last: the highest number of those that were sent.
    :ivar pushes: how many POSTs came; *forwarded* how many requests.
    :ivar closed: iterations after which a connection was closed though it could be read on.
    :ivar copies: how many requests came of one iteration.
    """

    server: tuple[str, int]
    seed: int
    transports: Sequence[str]
    oracles: Oracles
    turns: Turns = field(factory=Turns)
    nonce: bytes = b"none-yet"
    last: int = 0
    pushes: int = 0
    forwarded: int = 0
    copies: Counter[int] = field(factory=Counter)
    closed: list[str] = field(factory=list)
    senders: dict[Sender, Datagrams] = field(init=False)
    _phone: Datagrams = field(init=False)
    _sleeper: Datagrams = field(init=False)
    _hop: Datagrams = field(init=False)
    _probing: Datagrams = field(init=False)
    _service: Listening = field(init=False)
    _hop_streams: Listening = field(init=False)
    _own: dict[bytes, bytes] = field(factory=dict, init=False)  # what we sent in order, by mark
    _done: dict[bytes, Emitted] = field(factory=dict, init=False)  # and what was said to it
    _replied: set[int] = field(factory=set, init=False)
    _called: set[int] = field(factory=set, init=False)  # iterations whose call was taken
    _asked: bytes = field(default=b"", init=False)  # the one that is waited for
    _number: int = field(default=0, init=False)
    _made: Callable[[int], Case] = field(init=False)

    def __attrs_post_init__(self) -> None:
        """Open all sockets."""
        self._made = lru_cache(512)(lambda number: make(self.seed, number, self.transports))
        self.senders = {
            sender: self._datagrams(sender.name.lower(), host) for sender, host in HOSTS.items()
        }
        self._phone = self._datagrams("phone", TRUSTED_HOST)
        self._sleeper = self._datagrams("sleeper", TRUSTED_HOST, own=True)
        self._hop = self._datagrams("next hop", _NEXT_HOP)
        self._probing = self._datagrams("probe", _PROBE)
        self._service = Listening(self.turns, HOST, self._push_service)
        self._hop_streams = Listening(self.turns, _NEXT_HOP, self._next_hop_stream)

    @property
    def push_port(self) -> int:
        """Where the push service listens."""
        return self._service.port

    @property
    def calls(self) -> int:
        """How many were taken."""
        return len(self._called)

    def places(self, me: bytes) -> Places:
        """What a case of the sender at *me* is bound to."""
        return Places(
            b"%b:%d" % (self.server[0].encode(), self.server[1]), self._hop.address, me, self.nonce
        )

    def send(self, case: Case) -> bytes:
        """Send the datagram of *case*; what it was."""
        from_ = self.senders[case.sender]
        octets = case.octets(self.places(from_.address))
        self._count(from_, octets)
        from_.send(octets, self.server)
        return octets

    def ready(self) -> None:
        """Register the phones, and have a nonce."""
        for user, phone, push in (
            (b"phone", self._phone, b""),
            (b"sleeper", self._sleeper, b";pn-provider=fuzz;pn-param=p;pn-prid=" + PRID),
        ):
            self._ask(phone, self._register(phone, user, push), 200)
        self.nonce = self._challenged()

    def probe(self, register: bool = False) -> None:
        """Ask something that must be answered, and wait for that."""
        if register:
            proof = Proof(USER, b"REGISTER", b"sip:fuzz.test", password=PASSWORD)
            self.nonce = self._challenged()
            credentials = (
                b'Authorization: Digest username="probe",realm="fuzz.test",nonce="@NONCE@",'
                b'uri="sip:fuzz.test",response="@RESPONSE@",algorithm=SHA-256,cnonce="0a4f113b",'
                b"nc=00000001,qop=auth\r\n"
            )
            made = self._register(self._probing, USER, b"", credentials)
            self._ask(self._probing, bound(made, self.places(b""), proof), 200)
        else:
            mark = self._mark()
            request = options(b"UDP", self._probing.address, mark)
            self._own[mark] = request
            self._ask(self._probing, request, 200)

    def settle(self) -> None:
        """Close what was opened to us: nothing is to be left of it at the server."""
        self._service.cut()
        self._hop_streams.cut()

    def close(self) -> None:
        """Close all sockets."""
        ends = (*self.senders.values(), self._phone, self._sleeper, self._hop, self._probing)
        for end in ends:
            end.close()
        for listening in (self._service, self._hop_streams):
            listening.close()
        self.turns.close()

    def case_of(self, octets: bytes) -> Case | None:
        """Whose iteration *octets* are of."""
        numbers = self._numbers(octets)
        return self._made(numbers[0]) if numbers else None

    def _numbers(self, octets: bytes) -> list[int]:
        """Whose they may be, the likeliest first: a token that was bent looks like another."""
        found = ((int(seed), int(number[:9])) for seed, number in _TOKEN.findall(octets))
        known = Counter(number for seed, number in found if seed == self.seed)
        return [number for number, _ in known.most_common() if number <= self.last]

    def emitted(
        self, octets: bytes, me: bytes, own: bool = False, sent: Mapping[int, bytes] | None = None
    ) -> Emitted | None:
        """
        Have the oracles look at what the server sent to *me*; what it was.

        :param sent: what came before it in a stream, by iteration.
        """
        numbers = self._numbers(octets)
        case = self._made(numbers[0]) if numbers else None
        asked: list[bytes] = []
        if octets[:4] == b"SIP/" and self._replied.isdisjoint(numbers):
            for number in numbers:
                stream = sent.get(number) if sent else None
                whole = stream or self._made(number).octets(self.places(me))
                asked += (frames(whole).messages if stream else ()) or [whole]
        return self.oracles.emitted(octets, case, asked, own)

    def _datagrams(self, name: str, host: str, own: bool = False) -> Datagrams:
        return Datagrams(self.turns, name, host, self._take, own)

    def _take(self, octets: bytes, end: Datagrams) -> None:
        self.oracles.received[end.name] += len(octets)
        mark = _OWN.search(octets)
        if mark is not None and octets[:4] == b"SIP/":
            self._answered(mark[0], octets, end)
            return
        message = self.emitted(octets, end.address, end.own)
        if message is None:
            return
        if not message.status:
            for reply in self._replies(message, end.address, streams=False):
                end.send(reply, self.server)
        elif message.status >= 200 and end.name in ("stranger", "trusted"):
            self._acknowledge(message, end)

    def _answered(self, mark: bytes, octets: bytes, end: Datagrams) -> None:
        request = self._own.get(mark)
        said = self.oracles.emitted(octets, None, [request] if request else (), own=end.own)
        if said is not None and mark == self._asked:
            self._done[mark] = said
        else:
            self._own.pop(mark, None)

    def _replies(self, request: Emitted, me: bytes, streams: bool) -> list[bytes]:
        self.forwarded += 1
        case = self.case_of(request.head)
        if case is None:
            return []
        self._replied.add(case.number)
        self.copies[case.number] += 1
        made = replies(self.seed, case.number, request, streams)
        return [bound(octets, self.places(me), draft.proof) for octets, draft in made]

    def _acknowledge(self, message: Emitted, end: Datagrams) -> None:
        cseq = message.all(b"cseq")[0]
        if not cseq.endswith(b"INVITE"):
            return
        if message.status < 300 and end is self.senders[Sender.TRUSTED]:
            self._go_on(message, end)
            return
        topmost = message.all(b"via")[0]
        asked = b";rport" if b"rport" in topmost else b""
        copied = [name + b": " + message.all(name)[0] for name in (b"from", b"to", b"call-id")]
        lines = [
            b"ACK sip:ack@fuzz.test SIP/2.0",
            b"Via: " + _SOURCE.sub(b"", topmost) + asked,
            b"Max-Forwards: 70",
            *copied,
            b"CSeq: " + cseq.partition(b" ")[0] + b" ACK",
            b"Content-Length: 0\r\n\r\n",
        ]
        octets = b"\r\n".join(lines)
        self._count(end, octets)
        end.send(octets, self.server)

    def _go_on(self, message: Emitted, end: Datagrams) -> None:
        """A call was taken: acknowledge that, say something odd in it, and hang up."""
        case = self.case_of(message.head)
        if case is None or case.number in self._called:
            return
        self._called.add(case.number)
        for draft in in_dialog(self.seed, case.number, case.token, message):
            end.send(bound(draft.octets(), self.places(end.address)), self.server)

    def _count(self, end: Datagrams, octets: bytes) -> None:
        if end.name in ("stranger", "silent"):
            self.oracles.sent[end.name] += len(octets)

    def _mark(self) -> bytes:
        self._number += 1
        return b"own-%d-%d-" % (self.seed, self._number)

    def _register(self, end: Datagrams, user: bytes, push: bytes, more: bytes = b"") -> bytes:
        mark = self._mark()
        self._own[mark] = made = _REGISTER % { b"at": end.address, b"user": user, b"push": push,
            b"more": more, b"mark": mark, b"number": self._number, }  # fmt: skip
        return made

    def _challenged(self) -> bytes:
        said = self._ask(self._probing, self._register(self._probing, USER, b""), 401)
        found = _NONCE.search(said.head) if said else None
        return found[1] if found else b"none"

    def _ask(self, end: Datagrams, request: bytes, status: int) -> Emitted | None:
        """Ask until there is an answer, which must be *status*."""
        mark = self._asked = next(reversed(self._own))
        started = time.perf_counter()
        for attempt in range(10):  # a datagram may be lost where many come
            end.send(request, self.server)
            until = started + _PATIENCE * (attempt + 1) / 10
            while mark not in self._done and time.perf_counter() < until:
                self.turns.turn(until - time.perf_counter())
            if mark in self._done:
                break
        self._own.pop(mark, None)
        said = self._done.pop(mark, None)
        self.oracles.answered_in(time.perf_counter() - started)
        if said is None or said.status != status:
            got = "nothing" if said is None else f"{said.status}"
            self.oracles.fail("alive", f"a probe was answered with {got} instead of {status}")
        return said

    def _push_service(self, connection: socket.socket) -> Callable[[bytes], bool]:
        return Posts(connection, self._pushed).take

    def _pushed(self, head: bytes, body: bytes) -> None:
        self.pushes += 1
        case = self.case_of(body)
        self.oracles.pushed(head, body, case)
        number = case.number if case else self.pushes
        if PRID in body and Draw(self.seed, number, "wakes").once_in(2):
            push = b";pn-provider=fuzz;pn-param=p;pn-prid=" + PRID
            self._sleeper.send(self._register(self._sleeper, b"sleeper", push), self.server)

    def _next_hop_stream(self, connection: socket.socket) -> Callable[[bytes], bool]:
        me = self._hop.address

        def take(octets: bytes) -> None:
            message = self.emitted(octets, me)
            if message is not None and not message.status:
                with suppress(OSError):
                    connection.send(b"".join(self._replies(message, me, streams=True)))

        messages = Messages(take)
        return messages.feed
