"""How each app's pushes get to Apple: whom we ask, and as whom."""

from __future__ import annotations

from typing import Any, Final, Protocol

from attrs import define, field, frozen
from twisted.internet.defer import Deferred

from sippn.errors import ConfigErrors
from sippn.http import Answer, Ask
from sippn.http.origin import Origin
from sippn.http.trust import ClientCertificate, client_certificate
from sippn.http.way import Way
from sippn.interfaces import Surroundings
from sippn.providers.apns.credentials import ProviderToken
from sippn.providers.apns.push import App
from sippn.providers.apns.settings import (
    PRODUCTION,
    SANDBOX,
    APNsSettings,
    AppSettings,
    CertificateSettings,
    Credentials,
    KeySettings,
)
from sippn.providers.keys import ec_key
from sippn.providers.settings import Endpoint, trust_in

_CURE: Final = (
    "name a PEM file with the certificate, and with its key unless private_key_file names that; "
    "a .p12 is made one by `openssl pkcs12 -nodes`"
)

_ENDPOINT: Final = "endpoint"
_SANDBOX_ENDPOINT: Final = "sandbox_endpoint"
_APPLES: Final = (PRODUCTION, SANDBOX)  # a ca_file is for others


class Server(Protocol):
    """What an :class:`~sippn.http.origin.Origin` does, of which no more is needed here."""

    def ask(self, ask: Ask, seconds: float, authority: bytes = b"") -> Deferred[Answer]:
        """Ask once; fails with :class:`~sippn.http.NoAnswer`."""

    def close(self) -> Deferred[None]:
        """Cut everything."""


@frozen
class Access:
    """
    What an app's pushes need.

    :ivar token: None: a certificate says who we are.
    :ivar sandbox: the environment of its tokens; None: the UA's word, or the other.
    """

    production: Server
    development: Server
    token: ProviderToken | None
    sandbox: bool | None

    @property
    def one_environment(self) -> bool:
        """Whether both environments are one server, a gateway's."""
        return self.production is self.development

    def server(self, sandbox: bool) -> Server:
        """Whom to ask."""
        return self.development if sandbox else self.production


def apps_of(
    settings: APNsSettings, surroundings: Surroundings
) -> tuple[dict[str, tuple[App, Access]], list[Server]]:
    """
    Every app by its bundle id, and all servers that they share.

    :raises ConfigErrors: all keys and certificates that cannot be used.
    """
    problems: list[tuple[str, str]] = []
    making = _Making(settings, surroundings, trust_in(settings.ca_file))
    apps: dict[str, tuple[App, Access]] = {}
    for app in settings.apps:
        try:
            access = making.access(app.credentials, app.sandbox)
        except ConfigErrors as errors:
            problems += [(_where(app, key), what) for key, what in errors.problems]
        else:
            apps[app.bundle] = (App.of(app.bundle, app.payload), access)
    if problems:
        raise ConfigErrors(list(dict.fromkeys(problems)))
    return apps, list(making.servers.values())


@define(eq=False)
class _Making:
    """
    What apps share is made once: each key has one token, and connections of its own, as each
    certificate has.  Apple takes the tokens of one key only on a connection, and answers those
    of another with 403 InvalidProviderToken.

    :ivar servers: by who we are there, and by whom it leads to.
    """

    _settings: APNsSettings
    _surroundings: Surroundings
    _trust: Any
    _tokens: dict[KeySettings, ProviderToken] = field(factory=dict, init=False)
    servers: dict[tuple[Credentials, Endpoint], Server] = field(factory=dict, init=False)

    def access(self, credentials: Credentials, sandbox: bool | None) -> Access:
        if isinstance(credentials, KeySettings):
            token, certificate = self._token(credentials), None
        else:
            token, certificate = None, _certificate(credentials)
        servers = [
            self._server(credentials, certificate, endpoint)
            for endpoint in (self._settings.endpoint, self._settings.sandbox_endpoint)
        ]
        return Access(servers[0], servers[1], token, sandbox)

    def _token(self, key: KeySettings) -> ProviderToken:
        if key not in self._tokens:
            signs = ec_key(key.key_file, "key_file")
            around = self._surroundings
            self._tokens[key] = ProviderToken(
                key.team, key.key_id, signs, around.clock, around.wall
            )
        return self._tokens[key]

    def _server(
        self,
        credentials: Credentials,
        certificate: ClientCertificate | None,
        endpoint: Endpoint,
    ) -> Server:
        if (credentials, endpoint) not in self.servers:
            self.servers[credentials, endpoint] = self._origin(endpoint, certificate)
        return self.servers[credentials, endpoint]

    def _origin(self, endpoint: Endpoint, certificate: ClientCertificate | None) -> Origin:
        around = self._surroundings
        way = way_to(endpoint, self._trust, certificate)
        try:
            return Origin(way, around.reactor, around.clock, overhear=around.overhear)
        except UnicodeError:
            key = _ENDPOINT if endpoint == self._settings.endpoint else _SANDBOX_ENDPOINT
            what = "has a host name that is no punycode: write it in ASCII"
            raise ConfigErrors([(key, what)]) from None


def way_to(endpoint: Endpoint, trust: Any, certificate: ClientCertificate | None) -> Way:
    """The way to *endpoint*; Apple's own are known by the system's CAs, whatever *trust* is."""
    known = None if endpoint in _APPLES else trust
    return Way(endpoint.host, endpoint.port, trust=known, certificate=certificate)


def _where(app: AppSettings, key: str) -> str:
    """An app's key, or one that all apps share."""
    return key if key in (_ENDPOINT, _SANDBOX_ENDPOINT) else f'apps."{app.bundle}".{key}'


def _certificate(settings: CertificateSettings) -> ClientCertificate:
    try:
        return client_certificate(settings.certificate_file, settings.private_key_file)
    except OSError as error:
        where = "private_key_file" if settings.private_key_file else "certificate_file"
        if str(error.filename) == settings.certificate_file:
            where = "certificate_file"
        what = f"cannot be read: {error.strerror}; name a file that the server may read"
        raise ConfigErrors([(where, what)]) from None
    except ValueError as error:
        raise ConfigErrors([("certificate_file", f"{error}: {_CURE}")]) from None
