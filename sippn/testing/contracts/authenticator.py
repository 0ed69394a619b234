"""What every authenticator must do."""

from __future__ import annotations

from collections.abc import Awaitable
from contextlib import suppress

import pytest
from twisted.internet.defer import Deferred
from zope.interface.verify import verifyObject

from sippn.binding import Principal, Source
from sippn.errors import BadRequest, Unauthorized
from sippn.interfaces import IAuthenticator, Maybe
from sippn.sip import Headers, Request, is_digest, parse_challenge
from sippn.testing.results import succeeded

_GARBAGE = (
    "Digest",
    "Digest \x7f",
    'Digest realm="example.com"',
    'Digest realm="example.com", username="alice" username="bob"',
    "Bearer ....",
    "Basic YWxpY2U6c2VjcmV0",
    "\udcff\udcfe",
    "x" * 10_000,
)


class AuthenticatorContract:
    """
    The promises of :class:`~sippn.interfaces.IAuthenticator`.

    Override :meth:`make_authenticator` and :meth:`prove`; :attr:`realm` and
    :attr:`source` where yours needs others; and :meth:`wait` if it needs a reactor.

    :cvar realm: what challenges are asked for.
    :cvar source: where the requests come from.
    """

    realm: str = "example.com"
    source: Source = Source("udp:192.0.2.1:5060:192.0.2.7:5060", "192.0.2.7", 5060)
    authenticator: IAuthenticator

    def make_authenticator(self) -> IAuthenticator:
        """An authenticator that knows the sender of what :meth:`prove` makes."""
        raise NotImplementedError

    def prove(self, challenges: list[str]) -> Request | None:
        """
        A REGISTER whose sender answers one of *challenges*, to ``sip:example.com``.

        None: this one is not convinced by anything that a request holds.
        """
        raise NotImplementedError

    def wait(self, result: Awaitable[Principal | None]) -> Principal | None:
        """
        The value of *result*, a Deferred or a coroutine, which is there at once.

        An authenticator that needs a running reactor overrides this, for instance with
        ``pytest_twisted.blockon``.
        """
        return succeeded(Deferred.fromCoroutine(_awaited(result)))

    def setup_method(self) -> None:
        """Pytest calls this before each test."""
        self.authenticator = self.make_authenticator()

    # what the tests say again and again

    def authenticate(self, request: Request) -> Principal | None:
        """Who sent *request*."""
        answer: Maybe[Principal | None] = self.authenticator.authenticate(request, self.source)
        return self.wait(answer) if isinstance(answer, Awaitable) else answer

    def challenges(self, *, stale: bool = False) -> list[str]:
        """What a 401 would carry."""
        return list(self.authenticator.challenges(self.realm, stale, self.source))

    # the tests

    def test_provides_the_interface(self) -> None:
        """It has what is asked for, with the arguments it is asked with."""
        assert verifyObject(IAuthenticator, self.authenticator)

    def test_challenges_are_header_values(self) -> None:
        """A scheme and its parameters, one challenge a value, nothing that ends the field."""
        for text in self.challenges():
            scheme, _, parameters = text.partition(" ")
            assert scheme.isalpha()
            assert f'realm="{self.realm}"' in parameters
            assert text.isprintable()

    def test_challenges_name_their_algorithm(self) -> None:
        """Liblinphone 5.1 dies of a second challenge without one (INTEROP rule 1)."""
        digests = [text for text in self.challenges() if is_digest(text)]
        assert all("algorithm=" in text for text in digests)
        named = [parse_challenge(text).algorithm for text in digests]
        assert len(named) == len(set(named)), "RFC 8760 section 2.3: each another algorithm"

    def test_stale_challenges_say_so(self) -> None:
        """A UA is then to try again without asking for a password."""
        digests = [text for text in self.challenges(stale=True) if is_digest(text)]
        assert all(parse_challenge(text).stale for text in digests)

    def test_no_credentials_are_nobody(self) -> None:
        """None, not an error: the next authenticator may know."""
        assert self.authenticate(Request("REGISTER", "sip:example.com", Headers())) is None

    @pytest.mark.parametrize("text", _GARBAGE)
    def test_garbage_is_nobody(self, text: str) -> None:
        """Whatever a stranger writes: None or a refusal, never a bug."""
        fields = [("Authorization", text), ("Proxy-Authorization", text)]
        for method in ("REGISTER", "INVITE"):
            request = Request(method, "sip:example.com", Headers(fields))
            with suppress(Unauthorized, BadRequest):
                assert self.authenticate(request) is None

    def test_proof_names_the_sender(self) -> None:
        """A principal says who it is, and in which realm unless it is a trusted peer."""
        request = self.prove(self.challenges())
        if request is None:
            return
        principal = self.authenticate(request)
        assert principal is not None
        assert principal.user
        assert principal.trusted or principal.realm == self.realm
        assert all(aor.startswith("sip:") and "@" in aor for aor in principal.aors)

    def test_proof_is_good_once(self) -> None:
        """Who overhears a request cannot send it again (RELIABILITY T4, T16)."""
        request = self.prove(self.challenges())
        if request is None:
            return
        principal = self.authenticate(request)
        if principal is None or principal.trusted:
            return
        with pytest.raises(Unauthorized):
            self.authenticate(request)


async def _awaited(result: Awaitable[Principal | None]) -> Principal | None:
    return await result
