"""One connection of a sender: what is written to it, what comes, and how it must end."""

from __future__ import annotations

import re
import socket
import struct
import time
from contextlib import suppress
from enum import Enum

from attrs import define, field

from fuzz.case import Case
from fuzz.draft import Cut, End
from fuzz.framing import frames
from fuzz.scene import HOSTS, Scene, options
from fuzz.server import IDLE_SECONDS
from fuzz.sockets import Messages

_MARK = re.compile(rb"\r\nCall-ID: (mark-[0-9]+-[0-9]+-)\r\n")
_LONGEST = 65_535
_OCTETS_AT_ONCE = 12  # each by itself; fewer, and a connection is cut for being slow
_RESET = struct.pack("ii", 1, 0)  # SO_LINGER: at once, with an RST
_ANSWER_SECONDS = 5.0
_CLOSE_SECONDS = 15.0
_GRACE_SECONDS = 0.05


class Due(Enum):
    """What the second opinion on framing expects of the server."""

    ANSWER = "the marker is answered"
    CLOSE = "the connection is closed, the marker not answered"
    SILENCE = "the marker is not answered: it is not a message"


@define(eq=False)
class Connection:
    """
    A connection that carries one case, and then perhaps another.

    :ivar due: what is expected of this case.
    :ivar done: nothing more is expected of it.
    """

    scene: Scene
    case: Case
    due: Due = field(default=Due.SILENCE, init=False)
    done: bool = field(default=False, init=False)
    ended: bool = field(default=False, init=False)  # by the server
    _socket: socket.socket = field(init=False)
    _me: bytes = field(init=False)
    _pieces: list[bytes] = field(factory=list, init=False)
    _messages: Messages = field(init=False)
    _marks: dict[bytes, bytes] = field(factory=dict, init=False)
    _streams: dict[int, bytes] = field(factory=dict, init=False)  # by iteration
    _answers: dict[bytes, int] = field(factory=dict, init=False)
    _mark: bytes = field(default=b"", init=False)
    _since: float = field(default=0.0, init=False)
    _finishing: bool = field(default=False, init=False)
    _nothing_whole: bool = field(default=False, init=False)

    def __attrs_post_init__(self) -> None:
        """Connect, and begin."""
        self._socket = socket.socket()
        host = HOSTS[self.case.sender]
        self._socket.bind((host, 0))
        self._socket.settimeout(_ANSWER_SECONDS)
        self._socket.connect(self.scene.server)
        self._socket.setblocking(False)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._me = b"%b:%d" % (host.encode(), self._socket.getsockname()[1])
        self._messages = Messages(self._take)
        self.scene.turns.watch(self._socket, self._read)
        self._begin()

    @property
    def usable(self) -> bool:
        """Whether another case of the same sender may follow."""
        return self.done and not self.ended and not self._finishing and self.due is Due.ANSWER

    @property
    def fresh(self) -> bool:
        """Whether it has said something lately, so that it is not about to be closed."""
        return not self.ended and time.perf_counter() - self._since < IDLE_SECONDS / 3

    @property
    def waits_for_the_end(self) -> bool:
        """Whether the server is expected to close it, which may take a while."""
        return not self._pieces and (self.due is Due.CLOSE or self.case.end is End.LEFT)

    def carry(self, case: Case) -> None:
        """Send the next case."""
        self.case, self.done = case, False
        self._begin()

    def push(self) -> None:
        """Write the next piece, and see whether all is as it should be."""
        if self.done:
            return
        if self._pieces:
            self._write()
        elif not self._finishing and not self._is_ended_by_us():
            self._look()
        elif time.perf_counter() - self._since > _CLOSE_SECONDS:
            self._fail("the server does not close a connection that its peer has closed")
            self.drop()

    def finish(self) -> None:
        """Say no more, and hear what is still to come."""
        if self.ended or self._finishing:
            return
        self.done, self._finishing, self._since = False, True, time.perf_counter()
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_WR)

    def drop(self) -> None:
        """Forget it."""
        if self._socket.fileno() >= 0:
            self.scene.turns.forget(self._socket)
            self._socket.close()
        self.done = self.ended = True

    def _begin(self) -> None:
        case = self.case
        octets = case.octets(self.scene.places(self._me))
        self._nothing_whole = not frames(octets).messages
        if case.end is End.MARKED:
            self._mark = b"mark-%d-%d-" % (case.seed, case.number)
            marker = self._marks[self._mark] = options(b"TCP", self._me, self._mark)
            octets += marker
            found = frames(octets)
            if found.broken:
                self.due = Due.CLOSE
            else:
                last = found.messages[-1:] == [marker] and not found.rest
                self.due = Due.ANSWER if last else Due.SILENCE
        else:
            self._mark, self.due = b"", Due.SILENCE
        self._streams[case.number] = octets
        self._pieces = [piece for piece in case.pieces(octets) if piece]
        self._since = time.perf_counter()

    def _write(self) -> None:
        for _ in range(_OCTETS_AT_ONCE if self.case.cut is Cut.EACH else 1):
            piece = self._pieces[0] if self._pieces else b""
            try:
                sent = self._socket.send(piece) if piece else 0
            except BlockingIOError:
                break
            except OSError:
                self._pieces = []  # it was closed before it had read all
                break
            if sent < len(piece):
                self._pieces[0] = piece[sent:]
            elif self._pieces:
                del self._pieces[0]
        if not self._pieces:
            self._since = time.perf_counter()

    def _is_ended_by_us(self) -> bool:
        if self.case.end is End.RESET:
            with suppress(OSError):
                self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            self.drop()
        elif self.case.end is End.CLOSED:
            self.drop()
        else:
            return False
        return True

    def _look(self) -> None:
        """Nothing is left to write: is what is due there?"""
        waited = time.perf_counter() - self._since
        if self.due is Due.ANSWER:
            if self._answers.get(self._mark):
                self.done = True
            elif waited > _ANSWER_SECONDS:
                self._fail("a well-framed request behind it is not answered")
                self.drop()
        elif self.due is Due.CLOSE or (self.case.end is End.LEFT and self._nothing_whole):
            if waited > _CLOSE_SECONDS:
                self._fail(f"{self.due.value}: it is still open")
                self.drop()
        elif waited > (_GRACE_SECONDS if self.case.end is End.MARKED else _ANSWER_SECONDS):
            self.finish()

    def _read(self) -> None:
        try:
            octets = self._socket.recv(_LONGEST)
        except BlockingIOError:
            return
        except OSError:
            octets = b""
        if not octets:
            self._is_over()
        elif not self._messages.feed(octets):
            self._fail("the server sent what is no stream of messages", octets)
            self.drop()

    def _take(self, octets: bytes) -> None:
        found = _MARK.search(octets)
        mark = found[1] if found else b""
        if mark not in self._marks:
            self.scene.emitted(octets, self._me, sent=self._streams)
            return
        asked = (
            frames(b"".join(self._streams.values())).messages if self.due is not Due.ANSWER else ()
        )
        said = self.scene.oracles.emitted(octets, None, asked or [self._marks[mark]])
        self.scene.oracles.checked["framing"] += 1
        self._answers[mark] = self._answers.get(mark, 0) + 1
        if self._answers[mark] > 1:
            self._fail("a request behind it is answered twice", octets)
        if mark == self._mark and self.due is not Due.ANSWER and said and said.status == 200:
            self._fail(f"{self.due.value}: it was answered", octets)

    def _is_over(self) -> None:
        if self.due is Due.ANSWER and not self._finishing and not self._answers.get(self._mark):
            self.scene.closed.append(self.case.name)
        self.scene.oracles.checked["framing"] += 1
        self.drop()

    def _fail(self, reason: str, octets: bytes = b"") -> None:
        self.scene.oracles.fail("framing", reason, self.case, octets)
