"""Whom FCM asks: the one server that takes messages, and those that give tokens."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from attrs import define, field
from twisted.internet.defer import Deferred, DeferredList

from sippn.errors import ConfigErrors
from sippn.http import Answer, Ask
from sippn.http.origin import Origin, Way
from sippn.interfaces import Surroundings
from sippn.providers.fcm.account import ServiceAccount
from sippn.providers.fcm.settings import GOOGLE, FCMSettings
from sippn.providers.settings import Endpoint, trust_in

_NO_PUNYCODE = "has a host name that is no punycode: write it in ASCII"


class Server(Protocol):
    """What an :class:`~sippn.http.origin.Origin` does, of which no more is needed here."""

    def ask(self, ask: Ask, seconds: float, authority: bytes = b"") -> Deferred[Answer]:
        """Ask once; fails with :class:`~sippn.http.NoAnswer`."""

    def close(self) -> Deferred[None]:
        """Cut everything."""


@define(eq=False)
class Servers:
    """
    The servers that the configuration leads to, each of them once.

    :ivar _reach: makes the way to one; told whether the operator named it, and so vouches
        for it by his *ca_file*.
    """

    _settings: FCMSettings
    _reach: Callable[[Endpoint, bool], Server]
    _reached: dict[tuple[str, int, bool], Server] = field(factory=dict, init=False)

    @classmethod
    def of(cls, settings: FCMSettings, surroundings: Surroundings) -> Servers:
        """
        Those of *settings*, asked over TLS.

        :raises ConfigErrors: *ca_file* is of no use; asking for one, that its host is none.
        """
        trust = trust_in(settings.ca_file)

        def reach(endpoint: Endpoint, named: bool) -> Server:
            way = Way(endpoint.host, endpoint.port, trust=trust if named else None)
            overhear = surroundings.overhear
            try:
                return Origin(way, surroundings.reactor, surroundings.clock, overhear=overhear)
            except UnicodeError:
                key = "endpoint" if endpoint == settings.endpoint else "token_endpoint"
                raise ConfigErrors([(key, _NO_PUNYCODE)]) from None

        return cls(settings, reach)

    def messages(self) -> Server:
        """Takes messages."""
        endpoint = self._settings.endpoint
        return self._server(endpoint, endpoint != GOOGLE)

    def tokens(self, account: ServiceAccount) -> tuple[Endpoint, Server]:
        """Gives access tokens to *account*, and where."""
        named = self._settings.token_endpoint
        endpoint = named or account.token_uri
        return endpoint, self._server(endpoint, named is not None)

    def close(self) -> Deferred[Any]:
        """Cut all connections; fires when they are gone."""
        return DeferredList([server.close() for server in self._reached.values()])

    def _server(self, endpoint: Endpoint, named: bool) -> Server:
        key = (endpoint.host, endpoint.port, named)
        if key not in self._reached:
            self._reached[key] = self._reach(endpoint, named)
        return self._reached[key]
