"""Proof of a password by HTTP Digest (RFC 3261 section 22, RFC 7616, RFC 8760)."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Mapping, Sequence
from urllib.parse import quote

from attrs import define, field
from zope.interface import implementer

from sippn.auth.guesses import Guesses
from sippn.auth.nonces import Nonces
from sippn.auth.places import source_class
from sippn.auth.settings import User
from sippn.binding import AOR, Principal, Source, canonical_aor
from sippn.errors import BadRequest, ConfigErrors, SIPError, StaleNonce, Unauthorized
from sippn.interfaces import IAuthenticator
from sippn.seal import Keyring
from sippn.sip import (
    URI,
    Credentials,
    Request,
    is_digest,
    parse_credentials,
    response,
    same_uri,
    write_challenge,
)

_HA1_OCTETS = {"MD5": 16, "SHA-256": 32}
_MAX_CREDENTIALS = 10  # a UA may answer one challenge of each proxy on the way


def offered(users: Sequence[User], realm: str, algorithms: Sequence[str]) -> tuple[str, ...]:
    """
    Those of *algorithms* for which every user of *realm* has an HA1, in their order.

    What is offered and cannot be checked locks out the user whose UA picks it.
    """
    theirs = [{name for name, _ in user.ha1} for user in users if user.realm == realm]
    return tuple(
        algorithm
        for algorithm in algorithms
        if algorithm in _HA1_OCTETS and all(algorithm in known for known in theirs)
    )


@implementer(IAuthenticator)
@define(eq=False)
class DigestAuthenticator:
    """
    Knows users by their HA1.

    An unknown user and a wrong password cost the same work and get the same answer,
    so that nobody learns who exists.  The state is that of :class:`Nonces`: what has
    authenticated, bounded; and that of :class:`~sippn.auth.guesses.Guesses`.

    A nonce that was not given to that class of sources is stale (RFC 7616 section 3.3), and
    the password is not looked at: whoever wants to try one has to be challenged first.  So
    who forges the source of datagrams, and cannot read what is sent there, uses up nobody
    else's guesses.

    :ivar users: those of another realm are ignored.
    :ivar realm: the only realm it challenges for.
    :ivar algorithms: in the order in which they are offered (RFC 8760 section 2.3).
    :ivar domains: a user speaks for its name in each of them; none: in the realm.
    :ivar guesses: how often a password may be wrong; None: any number of times.
    :raises ConfigErrors: no algorithm has an HA1 of every user.
    """

    users: Sequence[User] = field(repr=False)
    realm: str
    algorithms: Sequence[str]
    _keyring: Keyring = field(repr=False)
    _wall: Callable[[], float] = field(repr=False)
    _entropy: Callable[[int], bytes] = field(repr=False)
    domains: Sequence[str] = ()
    guesses: Guesses | None = field(default=None, repr=False)
    nonces: Nonces = field(init=False, repr=False)
    _known: Mapping[str, dict[str, str]] = field(init=False, repr=False)
    _nobody: Mapping[str, str] = field(init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        self.algorithms = offered(self.users, self.realm, self.algorithms)
        if not self.algorithms:
            problem = f"none has an HA1 of every user of realm {self.realm!r}"
            raise ConfigErrors([("auth.algorithms", problem)])
        self.nonces = Nonces(self._keyring, self._wall, self._entropy)
        self._known = {user.name: dict(user.ha1) for user in self.users if user.realm == self.realm}
        self._nobody = {name: self._entropy(size).hex() for name, size in _HA1_OCTETS.items()}

    def challenges(self, realm: str, stale: bool, source: Source) -> Sequence[str]:
        """One challenge for each algorithm, the preferred one first."""
        if realm != self.realm:
            return ()
        nonce = self.nonces.issue(realm, source_class(source))
        return [write_challenge(realm, nonce, name, stale) for name in self.algorithms]

    def authenticate(self, request: Request, source: Source) -> Principal | None:
        """
        Check the credentials for this realm, in the order in which they are given.

        ACK and CANCEL cannot be sent again with credentials: do not ask for them
        (RFC 3261 section 22.1).

        :raises Unauthorized: there are some, and they prove nothing.
        :raises StaleNonce: the nonce is used up, or is none that *source* was given.
        :raises Forbidden: too many wrong passwords came from there.
        """
        found = self._offers(request)
        if not found:
            return None
        where, stale = source_class(source), False
        for credentials in found:
            if credentials is None:
                continue
            nonce = self.nonces.recognize(self.realm, credentials.nonce, where)
            if nonce is None:
                stale = True
            elif not self._proves(credentials, request, source):
                continue
            elif self.nonces.spend(nonce, int(credentials.nc, 16)):
                return Principal(credentials.username, self.realm, self._aors(credentials.username))
            else:
                stale = True
        raise StaleNonce if stale else Unauthorized

    def _proves(self, credentials: Credentials, request: Request, source: Source) -> bool:
        """Whether the password is right; that it is not is counted."""
        name = credentials.username
        if self.guesses is not None:
            self.guesses.check(source, name)
        right = self._right(credentials, request)
        if not right and self.guesses is not None:
            self.guesses.was_wrong(source, name, known=name in self._known)
        return right

    def _offers(self, request: Request) -> list[Credentials | None]:
        """
        The credentials for this realm; None stands for some that make no sense.

        Those are challenged like wrong ones: some UAs begin with an empty response.
        """
        name = "Authorization" if request.method == "REGISTER" else "Proxy-Authorization"
        values = [value for value in request.headers.get_all(name) if is_digest(value)]
        found: list[Credentials | None] = []
        for value in values[:_MAX_CREDENTIALS]:
            try:
                credentials = parse_credentials(value)
            except BadRequest:
                found.append(None)
            else:
                if credentials.realm == self.realm:
                    found.append(credentials)
        return found

    def _right(self, credentials: Credentials, request: Request) -> bool:
        """Whether they prove the password, for this very request."""
        algorithm = credentials.algorithm
        if algorithm not in self.algorithms or credentials.qop != "auth":
            return False
        known = self._known.get(credentials.username)
        ha1 = known[algorithm] if known else self._nobody[algorithm]
        proof = response(credentials, ha1, request.method)
        equal = hmac.compare_digest(proof, credentials.response)  # both hexadecimal, lower case
        return equal and known is not None and _addressed(credentials.uri, request)

    def _aors(self, username: str) -> tuple[AOR, ...]:
        """``alice`` is alice in every domain of ours, ``alice@example.org`` in that one."""
        name, at, domain = username.rpartition("@")
        if not (at and name):
            name, domain = username, self.realm
        own = domain.lower() == self.realm.lower()
        hosts = (self.domains or (self.realm,)) if own else (domain,)
        user = quote(name, safe="", errors="surrogateescape")
        return tuple(canonical_aor(URI("sip", user, None, host, None)) for host in hosts)


def _addressed(uri: str, request: Request) -> bool:
    """
    Whether the credentials were made for where *request* goes.

    RFC 3261 section 22.4 (6) allows differences that proxies make.  A REGISTER names
    its registrar there, so its host is enough: some UAs add a port or a transport.
    """
    if uri == request.uri:
        return True
    try:
        named, actual = URI.parse(uri), request.request_uri
    except SIPError:
        return False
    if request.method == "REGISTER":
        return named.host.lower() == actual.host.lower()
    return same_uri(named, actual, ignoring=("transport",))
