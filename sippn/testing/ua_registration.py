"""How a scripted UA registers: RFC 3261 section 10.2, with the Contact of RFC 8599."""

from __future__ import annotations

from attrs import define, field
from twisted.internet.defer import Deferred

from sippn.sip import Response
from sippn.testing.ua_account import Account
from sippn.testing.ua_client import UAC, Draft, Numbers
from sippn.testing.ua_wire import Wire
from sippn.transport import Address


@define(eq=False)
class Registration:
    """
    The REGISTERs of one UA, under one Call-ID.

    :ivar call_id: stays the same until :meth:`restart` (section 10.2.4).
    """

    _wire: Wire
    _uac: UAC
    _server: Address
    call_id: str = field(default="", init=False)
    _numbers: Numbers = field(factory=Numbers, init=False)

    def __attrs_post_init__(self) -> None:
        """A first Call-ID."""
        self.restart()

    def restart(self) -> None:
        """A new Call-ID, and CSeq from the start: the app was killed and came back."""
        self.call_id = self._wire.random()
        self._numbers = Numbers()

    def send(
        self, account: Account, contact: str | None, expires: int | None
    ) -> Deferred[Response]:
        """
        Send one REGISTER.

        :param contact: None asks for the bindings there are.
        :returns: fires with the final response, a refusal included.
        """
        fields = [
            ("From", f"<{account.aor}>;tag={self._wire.random(4)}"),
            ("To", f"<{account.aor}>"),
            ("Call-ID", self.call_id),
        ]
        if contact is not None:
            fields.append(("Contact", contact))
        if expires is not None:
            fields.append(("Expires", str(expires)))
        fields.append(("Supported", "path, outbound"))
        uri = f"sip:{account.domain}"
        draft = Draft("REGISTER", uri, tuple(fields), self._numbers, self._server)
        return self._uac.ask(draft).final
