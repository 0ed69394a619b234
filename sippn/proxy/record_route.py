"""
The Record-Route value that remembers both sides of a dialog (RFC 3261 16.6 step 4, RFC 5626 5.3).

A sealed token in its user part names the flow of the caller and the flow of
the callee.  In-dialog requests follow the token whatever their Request-URI
says: they travel over NATs, and nobody can make this proxy a relay, because
nobody else can make a token.  The proxy itself remembers no dialog.
"""

from __future__ import annotations

import hashlib

from sippn.seal import Keyring, Reference
from sippn.sip import NameAddr, Request
from sippn.value import value_class

_PURPOSE = "record-route"
_LONGEST = 255  # characters of an AOR; with a longer one its token made every request a long one


@value_class
class Side:
    """
    One side of a dialog.

    :ivar flow: token of the flow towards it, when the dialog began.
    :ivar vouched: it proved to be who it is, or has registered: the pushes that it causes are
        no stranger's.
    :ivar reference: its binding, by which it is woken without a PURR (REQUIREMENTS S-22); None:
        only with one.
    :ivar user: digest of the AOR that is reached there; empty: somebody else is, who may lead
        to it.
    """

    flow: str
    vouched: bool = False
    reference: Reference | None = None
    user: str = ""

    def is_of(self, aor: str) -> bool:
        """Whether a PURR of *aor* stands for this side, and not for somebody beyond it."""
        if self.reference is not None:
            return self.reference.aor == aor
        return self.user == user_of(aor)


@value_class
class Dialog:
    """
    The two sides of a dialog.

    :ivar caller_mark: digest of the Call-ID and of the tag of who sent the first request.
    """

    caller_mark: str
    caller: Side
    callee: Side

    @classmethod
    def begun_by(cls, request: Request, caller: Side, callee: Side) -> Dialog:
        """The dialog that *request* may create."""
        return cls(_mark(request, request.from_), caller, callee)

    def sides(self, request: Request) -> tuple[Side, Side] | None:
        """
        Who sent an in-dialog *request*, and who is to get it.

        :returns: None: the request is not of this dialog.
        """
        if _mark(request, request.from_) == self.caller_mark:
            return self.caller, self.callee
        if _mark(request, request.to) == self.caller_mark:
            return self.callee, self.caller
        return None


def write_token(dialog: Dialog, keyring: Keyring) -> str:
    """Seal *dialog* for the user part of a Record-Route URI, as short as can be."""
    caller, callee = dialog.caller, dialog.callee
    vouched = ("c" if caller.vouched else "") + ("d" if callee.vouched else "")
    fields = [dialog.caller_mark, caller.flow, callee.flow, vouched]
    if caller.reference or callee.reference or caller.user or callee.user:
        fields += [_written(caller), _written(callee)]
    return keyring.seal(_PURPOSE, "\n".join(fields).encode("utf-8", "surrogateescape"))


def read_token(token: str, keyring: Keyring) -> Dialog | None:
    """The dialog in *token*; None: we did not make it."""
    plain = keyring.unseal(_PURPOSE, token)
    if plain is None:
        return None
    fields = plain.decode("utf-8", "surrogateescape").split("\n")
    mark, caller, callee, vouched, *references = (*fields, "", "", "")
    return Dialog(
        mark,
        _read(caller, "c" in vouched, references[0]),
        _read(callee, "d" in vouched, references[1]),
    )


def user_of(aor: str) -> str:
    """A digest of *aor*: it is not to make every request longer."""
    return hashlib.blake2s(aor.encode("utf-8", "surrogateescape"), digest_size=6).hexdigest()


def _written(side: Side) -> str:
    reference = side.reference
    if reference is None or len(reference.aor) > _LONGEST:
        return side.user
    return f"{reference.binding_id} {reference.aor}"


def _read(flow: str, vouched: bool, text: str) -> Side:
    first, _, aor = text.partition(" ")
    if aor:
        return Side(flow, vouched, Reference(aor, first))
    return Side(flow, vouched, user=first)


def _mark(request: Request, who: NameAddr) -> str:
    text = f"{request.call_id} {who.tag or ''}"
    return hashlib.blake2s(text.encode("utf-8", "surrogateescape"), digest_size=9).hexdigest()
