"""How a scripted UA registers: RFC 3261 section 10.2, with the Contact of RFC 8599."""

from __future__ import annotations

from collections.abc import Iterable

from attrs import define, field
from twisted.internet.defer import Deferred

from sippn.sip import FeatureCaps, Response, read_feature_caps
from sippn.testing.ua_account import Account
from sippn.testing.ua_client import UAC, Draft, Numbers
from sippn.testing.ua_wire import Wire
from sippn.transport import Address


@define(eq=False)
class Registration:
    """
    The REGISTERs of one UA, under one Call-ID.

    :ivar call_id: stays the same until :meth:`restart` (section 10.2.4).
    :ivar caps: what the last answer said about push, one for each Feature-Caps value.
    :ivar purr: the last that came (RFC 8599 section 6.1.1); None: none ever did.
    """

    _wire: Wire
    _uac: UAC
    _server: Address
    call_id: str = field(default="", init=False)
    caps: list[FeatureCaps] = field(factory=list, init=False)
    purr: str | None = field(default=None, init=False, repr=False)
    _numbers: Numbers = field(factory=Numbers, init=False)

    def __attrs_post_init__(self) -> None:
        """A first Call-ID."""
        self.restart()

    def restart(self) -> None:
        """A new Call-ID, and CSeq from the start: the app was killed and came back."""
        self.call_id = self._wire.random()
        self._numbers = Numbers()

    def send(
        self,
        account: Account,
        contacts: Iterable[str],
        expires: int | None,
        extra: Iterable[tuple[str, str]] = (),
    ) -> Deferred[Response]:
        """
        Send one REGISTER.

        :param contacts: none asks for the bindings there are.
        :param extra: more fields.
        :returns: fires with the final response, a refusal included.
        """
        fields = [
            ("From", f"<{account.aor}>;tag={self._wire.random(4)}"),
            ("To", f"<{account.aor}>"),
            ("Call-ID", self.call_id),
        ]
        fields += [("Contact", contact) for contact in contacts]
        if expires is not None:
            fields.append(("Expires", str(expires)))
        fields += [("Supported", "path, outbound"), *extra]
        uri = f"sip:{account.domain}"
        draft = Draft("REGISTER", uri, tuple(fields), self._numbers, self._server)
        return self._uac.ask(draft).final.addCallback(self._learnt)

    def _learnt(self, response: Response) -> Response:
        self.caps = read_feature_caps(response.headers)
        if 200 <= response.status < 300:
            self.purr = next((caps.purr for caps in self.caps if caps.purr), self.purr)
        return response
