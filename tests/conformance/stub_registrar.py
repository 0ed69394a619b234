"""The registrar in :mod:`tests.conformance.stub`: bindings, and what they are promised."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from attrs import define, field
from twisted.internet.interfaces import IDelayedCall

from sippn.sip import URI, PushParams, Request, response_to, unescape, write
from sippn.testing.conformance import Receiver
from sippn.testing.endpoints import UDPEndpoint
from sippn.testing.pns_http import ReceivedPush
from sippn.transport import Address


def pushed_by(uri: URI) -> PushParams | None:
    """The push parameters of a Contact *uri*, unescaped once; None: there are none."""
    said = {name.lower(): unescape(value or "") for name, value in uri.params}
    if "pn-provider" not in said:
        return None
    return PushParams(said["pn-provider"], said.get("pn-param", ""), said.get("pn-prid"))


Fields = list[tuple[str, str]]

CHALLENGE = ("WWW-Authenticate", 'Digest realm="example.com",nonce="1",algorithm=MD5')


@define
class Binding:
    """One phone: where it is, and how it is pushed."""

    aor: str
    uri: str
    source: Address
    push: PushParams | None

    @property
    def prid(self) -> str:
        """Empty: nobody can push it."""
        return (self.push.prid if self.push else None) or ""


@define(eq=False)
class Registrar:
    """
    Half a server.

    :ivar fault: what it does wrong; empty: nothing that the scenarios see.
    :ivar receiver: is told of its pushes, as if they had come over HTTP.
    :ivar challenges: REGISTERs without credentials.
    :ivar wait: seconds that a request waits for a phone.
    :ivar least: seconds that a binding has to last; half of them before, it is refreshed.
    """

    reactor: Any
    fault: str
    receiver: Receiver
    challenges: bool = False
    wait: float = 1
    least: int = 60
    bindings: list[Binding] = field(factory=list, init=False)
    _socket: UDPEndpoint = field(init=False)
    _issued: dict[str, tuple[str, str]] = field(factory=dict, init=False)
    _calls: list[IDelayedCall] = field(factory=list, init=False)
    _numbers: Iterator[int] = field(factory=lambda: iter(range(10**6)), init=False)

    def __attrs_post_init__(self) -> None:
        self._socket = UDPEndpoint(self.reactor)
        self._socket.receive = self._received

    @property
    def address(self) -> Address:
        """Where it is."""
        return self._socket.address

    def close(self) -> None:
        """Be gone, and leave the reactor nothing to do."""
        self._socket.close()
        for call in self._calls:
            if call.active():
                call.cancel()

    def _later(self, seconds: float, action: Callable[..., None], *about: object) -> None:
        self._calls.append(self.reactor.callLater(seconds, action, *about))

    def _received(self, octets: bytes, source: Address) -> None:
        raise NotImplementedError

    def _release(self, aor: str, source: Address) -> None:
        raise NotImplementedError

    def _say(self, request: Request, status: int, to: Address, extra: Iterable[Any] = ()) -> None:
        tag = "" if status == 100 else "stub"
        self._socket.send(write(response_to(request, status, extra=extra, to_tag=tag)), to)

    def _tell(self, kind: str, binding: Binding, prid: str) -> int:
        body = {
            "kind": kind,
            "provider": "acme",
            "param": binding.push.param if binding.push else "",
            "prid": prid,
            "aor": binding.aor,
        }
        return self.receiver.push_received(ReceivedPush(body, {})).status

    def _register(self, request: Request, source: Address) -> None:
        aor = request.to.uri_text
        if self.challenges and "Authorization" not in request.headers:
            self._say(request, 401, source, [CHALLENGE, *self._caps_of_refusal()])
            if self.fault == "releases on the 401 leg":
                self._release(aor, source)
            return
        if not request.contacts:
            listed = [f"<{each.uri}>" for each in self.bindings if self._is_shown(each, aor)]
            self._say(request, 200, source, [("Contact", value) for value in listed])
        elif request.contacts[0].uri_text == "*":
            if self.fault != "keeps what is removed":
                self.bindings = [each for each in self.bindings if each.aor != aor]
            self._say(request, 200, source)
        else:
            self._bind(request, aor, source)

    def _is_shown(self, binding: Binding, aor: str) -> bool:
        return binding.aor == aor or self.fault == "shows everybody's Contacts"

    def _bind(self, request: Request, aor: str, source: Address) -> None:
        push = self._asked(request)
        expires = int(request.headers.get("Expires") or 0)
        if push and push.provider not in ("", "acme") and self.fault != "promises anything":
            self._say(request, 555, source)
        elif 0 < expires < self.least and push and self.fault != "promises short lives":
            self._say(request, 423, source, [("Min-Expires", f"{self.least}")])
        else:
            self._keep(Binding(aor, request.contacts[0].uri_text, source, push), expires)
            self._say(request, 200, source, self._caps(request, push, expires))
            self._later(0, self._release, aor, source)

    def _asked(self, request: Request) -> PushParams | None:
        """What *request* wants pushed here."""
        uri = request.contacts[0].uri
        if "sip.pns" in (request.headers.get("Feature-Caps") or "") and (
            self.fault != "pushes beside others"
        ):
            return None
        if self.fault == "knows names in lower case" and "pn-prid" not in str(uri):
            return None
        if self.fault == "keeps the PRID" and uri.param("pn-prid") is None:
            before = [each for each in self.bindings if each.aor == request.to.uri_text]
            return before[0].push if before else pushed_by(uri)
        return pushed_by(uri)

    def _keep(self, binding: Binding, expires: int) -> None:
        key = binding.aor, binding.uri.partition(";")[0]
        others = [b for b in self.bindings if (b.aor, b.uri.partition(";")[0]) != key]
        if binding.prid and expires:
            others = [b for b in others if (b.aor, b.prid) != (binding.aor, binding.prid)]
        if expires:
            self.bindings = [*others, binding]
            self._later(max(0, expires - self.least / 2), self._refresh, binding)
            self._later(expires, self._expire, binding)
        elif self.fault != "keeps what is removed":
            self.bindings = others

    def _refresh(self, binding: Binding) -> None:
        if binding in self.bindings and binding.prid and self.fault != "lets bindings end":
            self._tell("refresh", binding, binding.prid)

    def _expire(self, binding: Binding) -> None:
        if self.fault != "keeps what has ended":
            self.bindings = [each for each in self.bindings if each is not binding]

    def _caps_of_refusal(self) -> Fields:
        wrong = self.fault == "promises in refusals"
        return [("Feature-Caps", '*;+sip.pns="acme"')] if wrong else []

    def _caps(self, request: Request, push: PushParams | None, expires: int) -> Fields:
        wanted = push is not None and push.provider is not None and expires
        if not wanted and self.fault != "promises always":
            return []
        least = {"promises nothing": 10**6, "promises to long lives": self.least + 1}
        if expires < least.get(self.fault, 0):
            return []
        if self.fault == "promises once" and request.cseq.number > 1:
            return []
        provider = (push.provider if push else "") or "acme"
        caps = f'*;+sip.pns="{provider}"'
        offered = "+sip.pnsreg" in (request.headers.get("Contact") or "")
        if push is not None and push.prid and (offered or self.fault == "gives pnsreg to all"):
            caps += f';+sip.pnsreg="{100 if self.fault == "gives short pnsreg" else 130}"'
        if push is not None and push.prid:
            purr = self._purr()
            self._issued[purr] = request.to.uri_text, push.prid
            caps += f';+sip.pnspurr="{purr}"'
        written = {
            "forgets the star": caps.removeprefix("*;"),
            "joins two services": f'{caps}, *;+sip.pns="other"',
        }
        return [("Feature-Caps", written.get(self.fault, caps))]

    def _purr(self) -> str:
        number = next(self._numbers)
        if self.fault == "counts its PURRs":
            return f"{number}"
        if self.fault == "has PURRs that look alike":
            return f"a-very-long-start-and-then-{number:03}"
        return f"{hash((id(self), number)) & (2**64 - 1):020}{number:06}"[::-1]
