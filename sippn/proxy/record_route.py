"""
The Record-Route value that remembers both sides of a dialog (RFC 3261 16.6 step 4, RFC 5626 5.3).

A sealed token in its user part names the flow of the caller and the flow of
the callee.  In-dialog requests follow the token whatever their Request-URI
says: they travel over NATs, and nobody can make this proxy a relay, because
nobody else can make a token.  The proxy itself remembers no dialog.
"""

from __future__ import annotations

import hashlib

from sippn.seal import Keyring
from sippn.sip import NameAddr, Request
from sippn.value import value_class

_PURPOSE = "record-route"


@value_class
class Dialog:
    """
    The two sides of a dialog.

    :ivar caller: digest of the Call-ID and of the tag of who sent the first request.
    :ivar caller_flow: flow token towards that side; *callee_flow* towards the other.
    """

    caller: str
    caller_flow: str
    callee_flow: str

    @classmethod
    def begun_by(cls, request: Request, caller_flow: str, callee_flow: str) -> Dialog:
        """The dialog that *request* may create."""
        return cls(_side(request, request.from_), caller_flow, callee_flow)

    def flow_of(self, request: Request) -> str | None:
        """
        Where an in-dialog *request* goes: away from its sender.

        :returns: a flow token; None: the request is not of this dialog.
        """
        if _side(request, request.from_) == self.caller:
            return self.callee_flow
        if _side(request, request.to) == self.caller:
            return self.caller_flow
        return None


def write_token(dialog: Dialog, keyring: Keyring) -> str:
    """Seal *dialog* for the user part of a Record-Route URI."""
    fields = (dialog.caller, dialog.caller_flow, dialog.callee_flow)
    return keyring.seal(_PURPOSE, "\n".join(fields).encode())


def read_token(token: str, keyring: Keyring) -> Dialog | None:
    """The dialog in *token*; None: we did not make it."""
    plain = keyring.unseal(_PURPOSE, token)
    if plain is None:
        return None
    caller, caller_flow, callee_flow = plain.decode().split("\n")
    return Dialog(caller, caller_flow, callee_flow)


def _side(request: Request, who: NameAddr) -> str:
    text = f"{request.call_id} {who.tag or ''}"
    return hashlib.blake2s(text.encode("utf-8", "surrogateescape"), digest_size=9).hexdigest()
