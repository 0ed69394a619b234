"""
Everything that can go wrong, and the SIP status that says so.

The core turns any :class:`SIPError` into its response, and any other exception
into 500.  The text of an error becomes the reason phrase, so it names what was
wrong and never a secret.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar


class SIPError(Exception):
    """
    A failure that has an answer in SIP.

    :cvar status: the status code of the answer.
    :ivar headers: header fields the answer must carry, as (name, value) pairs.
    """

    status: ClassVar[int] = 500

    def __init__(self, reason: str = "", headers: Sequence[tuple[str, str]] = ()) -> None:
        super().__init__(reason)
        self.headers = tuple(headers)


class BadRequest(SIPError):
    """The message breaks the grammar or a rule of it (RFC 3261 section 21.4.1)."""

    status = 400


class Unauthorized(SIPError):
    """A registrar or UAS wants credentials; *headers* has the challenges."""

    status = 401


class Forbidden(SIPError):
    """Understood, and refused; credentials would not help."""

    status = 403


class NotFound(SIPError):
    """Nobody here answers for that address."""

    status = 404


class ProxyAuthenticationRequired(SIPError):
    """A proxy wants credentials; *headers* has the challenges."""

    status = 407


class RequestTimeout(SIPError):
    """Nobody answered in time; never sent for a non-INVITE (RFC 4320)."""

    status = 408


class UnsupportedURIScheme(SIPError):
    """A Request-URI of a scheme that is not sip or sips."""

    status = 416


class BadExtension(SIPError):
    """An extension that was required is not supported; *headers* names it."""

    status = 420


class IntervalTooBrief(SIPError):
    """The expiry asked for is too short; *headers* has Min-Expires."""

    status = 423


class MaxBreadthExceeded(SIPError):
    """A request may not be forked any wider (RFC 5393 section 5.3.3)."""

    status = 440


class Unreachable(SIPError):
    """The UA could not be woken, or nobody is registered; *headers* may have Retry-After."""

    status = 480


class CallDoesNotExist(SIPError):
    """No transaction or dialog matches."""

    status = 481


class LoopDetected(SIPError):
    """The request came back to where it was."""

    status = 482


class TooManyHops(SIPError):
    """Max-Forwards ran out."""

    status = 483


class BadEvent(SIPError):
    """A subscription to events that nobody here tells (RFC 6665 section 7.3.2)."""

    status = 489


class MethodUnknown(SIPError):
    """A method that nobody here knows (RFC 3261 section 8.2.1); *headers* has Allow."""

    status = 501


class ServiceUnavailable(SIPError):
    """Refused before it was tried; *headers* has Retry-After."""

    status = 503


class ServerTimeout(SIPError):
    """A server this one depends on did not answer in time."""

    status = 504


class PushNotSupported(SIPError):
    """
    No provider here serves that PNS (RFC 8599 section 8.1); to REGISTER only.

    :ivar why: for the operator and the author of the app; never has a PRID.
    """

    status = 555

    def __init__(self, why: str = "", headers: Sequence[tuple[str, str]] = ()) -> None:
        super().__init__("", headers)
        self.why = why


class StoreUnavailable(SIPError):
    """
    Nothing of a batch was written.

    RFC 3261 section 10.3, step 7: a registration that could not be committed is
    a 500; *headers* has Retry-After.
    """

    status = 500


class TransportError(Exception):
    """A datagram or a stream could not be sent; the branch is dead (RFC 3261 section 18.4)."""


class StaleNonce(Unauthorized):
    """The credentials are right and the nonce is old: a new challenge, marked stale."""


class ConfigErrors(Exception):
    """
    Everything that is wrong with a configuration, at once.

    :ivar problems: (key path, what is wrong and what to do) pairs; no secret in them.
    """

    def __init__(self, problems: Sequence[tuple[str, str]]) -> None:
        super().__init__("\n".join(f"{where}: {what}" for where, what in problems))
        self.problems = tuple(problems)
