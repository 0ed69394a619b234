"""
A small registrar and proxy on a real UDP socket, which does wrong what a test asks for.

It does just as much of RFC 8599 as the scenarios look at that it is meant to fail.
"""

from __future__ import annotations

from attrs import define, field

from sippn.sip import URI, PushParams, Request, Response, read, without_push_params, write
from sippn.transport import Address
from tests.conformance.stub_registrar import Binding, Registrar


@define(eq=False)
class Parked:
    """A request that waits for *binding*; *to* is where its answers go."""

    request: Request
    to: Address
    binding: Binding
    over: bool = False


@define(eq=False)
class Stub(Registrar):
    """A whole server."""

    parked: list[Parked] = field(factory=list, init=False)
    _back: dict[str, Address] = field(factory=dict, init=False)

    def _received(self, octets: bytes, source: Address) -> None:
        message = read(octets)
        if isinstance(message, Response):
            self._response(message)
        elif message.method == "REGISTER":
            self._register(message, source)
        elif message.method == "CANCEL":
            self._cancel(message, source)
        elif message.to.tag is not None:
            self._in_dialog(message, source)
        elif message.method != "ACK":
            self._request(message, source)

    def _in_dialog(self, request: Request, source: Address) -> None:
        if self._is_repeated(request):
            return
        binding = self._by_purr(request)
        if binding is None:
            uri = request.request_uri
            beside = Binding("", request.uri, Address(uri.host, uri.port or 5060), None)
            self._forward(request, source, beside)
        elif request.method == "ACK" or self.fault == "wakes nobody in dialogs":
            self._forward(request, source, binding)
        else:
            if request.method == "INVITE":
                self._say(request, 100, source)
            self._park(request, source, binding)

    def _is_repeated(self, request: Request) -> bool:
        return any(each.request.via.branch == request.via.branch for each in self.parked)

    def _by_purr(self, request: Request) -> Binding | None:
        found = request.request_uri.param("pn-purr")
        if found is None:
            return None
        aor, prid = self._issued.get(found, ("", ""))
        live = [each for each in self.bindings if (each.aor, each.prid) == (aor, prid)]
        if not live and prid and self.fault == "knows a PURR for ever":
            live = [Binding(aor, request.uri, self.address, PushParams("acme", "", prid))]
        if not prid and self.fault == "pushes by any PURR":
            live = [each for each in self.bindings if each.prid]
        return live[0] if live else None

    def _request(self, request: Request, source: Address) -> None:
        if self._is_repeated(request):
            return
        replaced = self._by_purr(request)
        found = [each for each in self.bindings if each.aor == request.uri]
        if replaced is not None and self.fault != "wakes nobody in dialogs":
            found = [replaced]
        if not found:
            self._say(request, 480, source)
        elif request.headers.get("Event") == "reg":
            self._watch(request, source, found[0])
        else:
            self._reach(request, source, found)

    def _watch(self, request: Request, source: Address, watched: Binding) -> None:
        if self.fault == "lets everybody watch":
            extra = [("Contact", f"<{watched.uri}>"), ("Expires", "60")]
            self._say(request, 200, source, extra)
        else:
            self._say(request, 489, source)

    def _reach(self, request: Request, source: Address, found: list[Binding]) -> None:
        if request.method == "INVITE" or self.fault == "is early with 100":
            self._say(request, 100, source)
        for binding in found:
            if self._sleeps(binding):
                self._park(request, source, binding)
            else:
                self._forward(request, source, binding)

    def _sleeps(self, binding: Binding) -> bool:
        if self.fault == "pushes queries" and binding.push is not None:
            return True
        return bool(binding.prid)

    def _park(self, request: Request, source: Address, binding: Binding) -> None:
        parked = Parked(request, source, binding)
        self.parked.append(parked)
        if self.fault == "does not wait":
            self._say(request, 480, source)
        if self.fault == "shows the PRID to the caller":
            self._say(request, 183, source, [("Contact", f"<{binding.uri}>")])
        status = self._push(request, binding)
        if status == 410 and self.fault != "waits for the dead":
            self._end(parked, 480)
        self._later(self.wait, self._too_late, parked)
        if request.method != "INVITE" and self.fault != "never says 100":
            self._later(3.6, self._still_there, parked)

    def _push(self, request: Request, binding: Binding) -> int:
        push = binding.push or PushParams("acme", "", None)
        if self.fault == "does not push" or push.provider != "acme":
            return 200
        prid = binding.prid
        if self.fault == "does not unescape":
            prid = binding.uri.rpartition("pn-prid=")[2]
        return self._tell("call" if request.method == "INVITE" else "message", binding, prid)

    def _still_there(self, parked: Parked) -> None:
        if not parked.over:
            self._say(parked.request, 100, parked.to)

    def _too_late(self, parked: Parked) -> None:
        if parked.over:
            return
        status = 480 if parked.request.to.tag is None else 500
        if self.fault.startswith("says "):
            status = int(self.fault.removeprefix("says "))
        self._end(parked, status)
        if self.fault == "delivers late":
            parked.over = False

    def _end(self, parked: Parked, status: int) -> None:
        parked.over = True
        self._say(parked.request, status, parked.to)

    def _release(self, aor: str, source: Address) -> None:
        for parked in self.parked:
            binding = next((b for b in self.bindings if b.source == source), parked.binding)
            mine = parked.binding.aor == aor
            if self.fault == "releases by PRID":
                mine = mine or binding.prid == parked.binding.prid
            if not mine or (parked.over and self.fault != "releases each time"):
                continue
            parked.over = True
            where = Binding(aor, binding.uri, source, binding.push)
            self._forward(parked.request, parked.to, where)
            if self.fault == "delivers one call":
                return

    def _forward(self, request: Request, source: Address, binding: Binding) -> None:
        headers = request.headers.copy()
        branch = f"z9hG4bK{next(self._numbers)}{request.via.branch}"
        headers.add_first("Via", f"SIP/2.0/UDP {self.address};branch={branch};rport")
        self._back[branch] = source
        uri = request.uri
        if request.to.tag is None and "pn-purr" not in uri:
            uri = str(without_push_params(URI.parse(binding.uri)))
        if request.to.tag is not None:
            headers.remove("Route")
        elif self.fault != "does not Record-Route":
            headers.add_first("Record-Route", f"<sip:{self.address};lr>")
        if self.fault == "shows the PRID to the callee":
            mine = [each.uri for each in self.bindings if each.aor == request.from_.uri_text]
            headers.add("X-Caller", "".join(mine))
        out = Request(request.method, uri, headers, request.body)
        self._socket.send(write(out), binding.source)

    def _cancel(self, cancel: Request, source: Address) -> None:
        self._say(cancel, 200, source)
        for parked in self.parked:
            if parked.request.via.branch == cancel.via.branch and not parked.over:
                if self.fault == "rings on":
                    self._say(parked.request, 487, parked.to)
                else:
                    self._end(parked, 487)

    def _answered_by_one(self, call_id: str) -> None:
        for parked in self.parked:
            parked.over = parked.over or parked.request.call_id == call_id

    def _response(self, response: Response) -> None:
        to = self._back.get(response.via.branch or "")
        if to is not None:
            headers = response.headers.copy()
            headers.pop_value("Via")
            if response.status // 100 == 2 and self.fault != "forgets who has answered":
                self._answered_by_one(response.call_id)
            back = Response(response.status, response.reason, headers, response.body)
            self._socket.send(write(back), to)
