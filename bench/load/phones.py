"""The phones, all on one socket: they wake up when they are pushed, and answer at once."""

from __future__ import annotations

import re
from collections.abc import Callable
from time import perf_counter

from attrs import define

from bench.load.calls import Call, Calls
from bench.load.ends import End
from bench.load.messages import SDP, mark_of, register
from bench.load.sockets import LONGEST
from bench.load.turns import read_all

_COPIED = re.compile(rb"(?im)^(?:Via|Record-Route|From|To|Call-ID|CSeq):[^\r]*\r\n")
_BRANCH = re.compile(rb"branch=([^;\r, ]*)")
_TO = re.compile(rb"(?im)^(To:[^\r]*)\r\n")
_CALL_ID = b"@caller.invalid"
_NO_BODY = b"Content-Length: 0\r\n\r\n"


@define(eq=False)
class Phones:
    """
    Registers those that are pushed, and takes their calls.

    :ivar wakes: they register when they are pushed; otherwise every call waits.
    :ivar heard: called for each push that a call was waiting for.
    :ivar summoned: told whose phone was pushed though nobody calls: it is to refresh.
    :ivar stranger: told of the mark of a REGISTER that belongs to no call, of the answer, and
        when it was sent last.
    """

    _end: End
    _calls: Calls
    wakes: bool = True
    heard: Callable[[], None] | None = None
    stranger: Callable[[int, bytes, float], None] | None = None
    summoned: Callable[[int], None] | None = None

    def pushed(self, user: int) -> None:
        """Wake the phone of *user*."""
        call = self._calls.push(user)
        if call is None:
            if self.summoned is not None:
                self.summoned(user)
            return
        if self.wakes:
            self.wake(call)
        if self.heard is not None:
            self.heard()

    def wake(self, call: Call) -> None:
        """Register the one that *call* waits for."""
        message = register(call.user, call.mark, self._end.at)
        call.woken = perf_counter()
        self._end.ask((b"REGISTER", call.mark), message)

    def read(self) -> None:
        """Take what has come."""
        read_all(self._end.socket, LONGEST, self._take)

    def _take(self, message: bytes) -> None:
        if message.startswith(b"SIP/2.0 "):
            self._registered(message)
        elif message.startswith(b"INVITE "):
            self._invited(message)
        else:
            self._end.answered((b"200", _call_of(message)))
            if not message.startswith(b"ACK "):
                self._end.tell(b"SIP/2.0 200 OK\r\n" + _copied(message) + _NO_BODY)

    def _registered(self, answer: bytes) -> None:
        mark = mark_of(answer)
        if answer[8:9] == b"1":
            return
        last = self._end.answered((b"REGISTER", mark))
        call = self._calls.marked(mark)
        if call is None:
            if self.stranger is not None:
                self.stranger(mark, answer, last)
        elif answer.startswith(b"SIP/2.0 200 "):
            call.registered = call.registered or perf_counter()
        else:
            self._calls.failed["REGISTER " + answer[8:11].decode()] += 1

    def _invited(self, invite: bytes) -> None:
        call = self._calls.marked(_call_of(invite))
        found = _BRANCH.search(invite)
        branch = found[1] if found else b""
        if call is None:  # the call is over
            self._calls.repeated += 1
            return
        if call.rung:
            if branch == call.branch:
                self._calls.repeated += 1
            else:
                self._calls.doubled += 1
            return
        call.rung, call.branch = perf_counter(), branch
        copied = _TO.sub(b"\\1;tag=p%x\r\n" % call.mark, _copied(invite))
        copied += b"Contact: <sip:u%d@%b>\r\n" % (call.user, self._end.at)
        self._end.tell(b"SIP/2.0 180 Ringing\r\n" + copied + _NO_BODY)
        self._end.ask(
            (b"200", call.mark),
            b"SIP/2.0 200 OK\r\n" + copied + b"Content-Type: application/sdp\r\n"
            b"Content-Length: %d\r\n\r\n" % len(SDP) + SDP,
        )


def _copied(request: bytes) -> bytes:
    """The lines of *request* that every answer has."""
    head = request[: request.find(b"\r\n\r\n") + 2]
    return b"".join(_COPIED.findall(head))


def _call_of(request: bytes) -> int:
    """The mark of the call that *request* is of."""
    at = request.find(_CALL_ID)
    return int(request[at - 8 : at], 16)
