"""Who may register, and who may ask anything else."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from attrs import define

from sippn.auth.trusted import Trusted
from sippn.binding import Principal, Source, canonical_aor
from sippn.errors import (
    Forbidden,
    ProxyAuthenticationRequired,
    StaleNonce,
    Unauthorized,
    UnsupportedURIScheme,
)
from sippn.interfaces import IAuthenticator, settled
from sippn.sip import URI, Request

_ANONYMOUS = "anonymous.invalid"  # RFC 3323 section 4.1.1.3: who asks for privacy has this From


@define(eq=False)
class Admission:
    """
    Asks the authenticators, and decides what an unproven request is worth.

    The caller never brings an ACK or a CANCEL here: neither can be challenged
    (RFC 3261 section 22.1).  A request that is refused has changed nothing.

    :ivar authenticators: asked in this order; a challenge offers those of all.
    :ivar realm: what the challenges are for.
    :ivar serves: whether a host is a domain of ours.
    :ivar strangers: ``"refuse"`` or ``"budget"``: requests from foreign domains.
    :ivar challenging: False: anybody may do anything (``auth.mode = "none"``).
    """

    authenticators: Sequence[IAuthenticator]
    realm: str
    serves: Callable[[str], bool]
    strangers: str = "refuse"
    challenging: bool = True

    async def registering(self, request: Request, source: Source) -> Principal | None:
        """
        Who sent this REGISTER; None only where nobody is challenged.

        :raises Unauthorized: not proved; its headers have the challenges.
        :raises Forbidden: too many wrong passwords were tried.
        """
        principal, stale = await self._identify(request, source)
        if principal is not None or not self.challenging:
            return principal
        error = StaleNonce if stale else Unauthorized
        raise error("", self._challenges("WWW-Authenticate", stale, source))

    async def requesting(self, request: Request, source: Source) -> Principal | None:
        """
        Who sent this request; None: a stranger, whom a budget holds.

        A From in one of our domains has to be proved, by somebody whose address it
        is.  A foreign one cannot be proved here, so credentials count for nothing
        with it, except with the From that hides a name (RFC 3325 section 7).

        :raises ProxyAuthenticationRequired: not proved; its headers have the challenges.
        :raises Forbidden: proved to be another than From says, an unwanted stranger, or too
            many wrong passwords were tried.
        """
        principal, stale = await self._identify(request, source)
        if not self.challenging or (principal is not None and principal.trusted):
            return principal
        sender = _sender(request)
        if sender is None or not (_hides(sender) or self.serves(sender.host)):
            self._check_stranger()
            return None
        if principal is not None:
            return _speaking_as(principal, sender)
        if _hides(sender) and self.strangers == "budget":
            return None
        challenges = self._challenges("Proxy-Authenticate", stale, source)
        raise ProxyAuthenticationRequired("", challenges)

    def peer(self, request: Request, source: Source) -> Principal | None:
        """
        The operator's own peer that sent *request*, if one did; nothing is asked of anybody.

        For what must not be challenged: whoever hangs up need not prove who he is.
        """
        for authenticator in self.authenticators:
            if isinstance(authenticator, Trusted):
                return authenticator.authenticate(request, source)
        return None

    def _check_stranger(self) -> None:
        if self.strangers != "budget":
            raise Forbidden("Strangers are not served")

    async def _identify(
        self, request: Request, source: Source
    ) -> tuple[Principal | None, list[IAuthenticator]]:
        """The first proof there is, and whose nonces were stale."""
        stale = []
        for authenticator in self.authenticators:
            try:
                principal = await settled(authenticator.authenticate(request, source))
            except StaleNonce:
                stale.append(authenticator)
            except Unauthorized:
                continue  # the next may know better; all challenges are offered at the end
            else:
                if principal is not None and (self.challenging or principal.trusted):
                    return principal, []
        return None, stale

    def _challenges(
        self, name: str, stale: Sequence[IAuthenticator], source: Source
    ) -> list[tuple[str, str]]:
        found = [
            (name, challenge)
            for authenticator in self.authenticators
            for challenge in authenticator.challenges(self.realm, authenticator in stale, source)
        ]
        if not found:  # a 401 without one would be no 401 (RFC 3261 section 22.2)
            raise Forbidden("Only trusted peers are served")
        return found


def _sender(request: Request) -> URI | None:
    try:
        return request.from_.uri
    except UnsupportedURIScheme:
        return None  # a tel URI has no domain: nobody of ours


def _hides(sender: URI) -> bool:
    return sender.host.lower() == _ANONYMOUS


def _speaking_as(principal: Principal, sender: URI) -> Principal:
    if _hides(sender) or (sender.user and canonical_aor(sender) in principal.aors):
        return principal
    raise Forbidden("From is not yours")
