"""Why a connection has failed, in a few words for the operator."""

from __future__ import annotations

from typing import Final

from OpenSSL.SSL import Error as TLSError
from service_identity import VerificationError
from twisted.internet.defer import CancelledError
from twisted.internet.error import ConnectError, ConnectionClosed, DNSLookupError
from twisted.python.failure import Failure

from sippn.http.errors import NoAnswer

_WORDS: Final = (
    (DNSLookupError, "host not found"),
    (ConnectError, "no connection"),
    (VerificationError, "TLS: the certificate is for another host"),
    (ConnectionClosed, "connection lost"),
    (CancelledError, "connection lost"),
)


def why(failure: Failure) -> str:
    """
    What *failure* was: of a name, of a connection, of TLS, or of what was spoken.

    No word of the peer's is in it.
    """
    error = failure.value
    if isinstance(error, NoAnswer):  # of an endpoint that has words of its own
        return str(error)
    if isinstance(error, TLSError):
        return _why_tls(error)
    return next((words for kind, words in _WORDS if isinstance(error, kind)), "no HTTP")


def _why_tls(error: TLSError) -> str:
    """OpenSSL's own words: (library, function, reason) triples, the last one of use."""
    try:
        return f"TLS: {error.args[0][-1][-1][:60]}"
    except (IndexError, TypeError):
        return "TLS failed"
