"""Who calls: one socket, any number of calls."""

from __future__ import annotations

import re
from collections.abc import Callable
from time import perf_counter

from attrs import define

from bench.load.calls import Call, Calls
from bench.load.ends import End
from bench.load.messages import DOMAIN, in_call, invite, mark_of
from bench.load.sockets import LONGEST
from bench.load.turns import read_all

_TO = re.compile(rb"(?im)^To:([^\r]*)\r$")
_CONTACT = re.compile(rb"(?im)^Contact:[^<\r]*<([^>\r]*)>")
_RECORD_ROUTE = re.compile(rb"(?im)^Record-Route:([^\r]*)\r$")


@define(eq=False)
class Caller:
    """
    Calls phones, and hangs up as soon as they answer.

    :ivar over: called whenever a call is over.
    """

    _end: End
    _calls: Calls
    over: Callable[[], None]

    def call(self) -> Call | None:
        """Call the next phone; None where none is free."""
        call = self._calls.begin()
        if call is not None:
            message = invite(call.user, call.mark, self._end.at)
            self._end.ask((b"INVITE", call.mark), message)
        return call

    def read(self) -> None:
        """Take what has come."""
        read_all(self._end.socket, LONGEST, self._take)

    def _take(self, answer: bytes) -> None:
        call = self._calls.marked(mark_of(answer))
        if call is None:
            return
        bye = b" BYE\r\n" in answer
        self._end.answered((b"BYE" if bye else b"INVITE", call.mark))
        if answer[8:9] == b"1":
            return
        ok = answer.startswith(b"SIP/2.0 200 ")
        if bye:
            self._over(call, b"" if ok else b"BYE " + answer[8:11])
        elif not ok:
            self._acknowledge(call, answer)
            self._over(call, b"INVITE " + answer[8:11])
        elif not call.answered:
            call.answered = perf_counter()
            self._hang_up(call, answer)

    def _over(self, call: Call, why: bytes) -> None:
        if why:
            self._calls.fail(call, why.decode())
        else:
            self._calls.complete(call)
        self.over()

    def _hang_up(self, call: Call, answer: bytes) -> None:
        """ACK and BYE, by the route that *answer* has recorded."""
        found = _CONTACT.search(answer)
        values = [
            value.strip() for line in _RECORD_ROUTE.findall(answer) for value in line.split(b",")
        ]
        route = b"".join([b"Route: " + value + b"\r\n" for value in reversed(values)])
        for method, letter in ((b"ACK", b"a"), (b"BYE", b"b")):
            self._in_call(
                method, call, answer,
                uri=found[1] if found else b"sip:nowhere.invalid",
                branch=b"%08x.%b" % (call.mark, letter),
                route=route,
            )  # fmt: skip

    def _acknowledge(self, call: Call, answer: bytes) -> None:
        """ACK for a refusal: of the same branch, hop by hop."""
        uri = b"sip:u%d@%b" % (call.user, DOMAIN.encode())
        self._in_call(b"ACK", call, answer, uri=uri, branch=b"%08x" % call.mark, route=b"")

    def _in_call(self, method: bytes, call: Call, answer: bytes, **of: bytes) -> None:
        found = _TO.search(answer)
        to = found[1] if found else b""
        message = in_call(method, call.mark, self._end.at, to, **of)
        if method == b"BYE":
            self._end.ask((method, call.mark), message)
        else:
            self._end.tell(message)
