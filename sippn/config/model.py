"""
The tables of the configuration file: names, types and bounds.

Nothing outside this room sees them; what depends on more than one key is checked in
:mod:`sippn.config.checks`.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from sippn.config.words import (
    ADVERTISE,
    DOMAIN,
    EXPRESSION,
    HOST,
    METHOD,
    NETWORK,
    NUMBER_OR_WORD,
    REALM,
    one_of,
)

NOT_YET = "not supported yet"
_NOT_YET_ROLE = f'{NOT_YET}: write "registrar"'
_NOT_YET_BUT = f"{NOT_YET}: write one of {{choices}}"

_Count = Annotated[int, Field(ge=0)]
_Expiry = Annotated[int, Field(ge=1, le=2**32 - 1)]
_Wait = Annotated[float, Field(ge=1, lt=32, allow_inf_nan=False)]
_UpToADay = Annotated[float, Field(ge=0, le=86400, allow_inf_nan=False)]
_File = Annotated[str, Field(min_length=1)]


class Table(BaseModel):
    """One table: nothing is converted in silence, nothing unknown is passed over."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class PluginTable(Table):
    """A table whose other keys are the business of the plugin that ``type`` names."""

    model_config = ConfigDict(extra="allow")

    type: Annotated[str, Field(min_length=1)]


class Listen(Table):
    """One socket; port 0 takes any free one."""

    transport: Annotated[str, one_of("udp", "tcp", "tls", ws=_NOT_YET_BUT, wss=_NOT_YET_BUT)]
    host: Annotated[str, HOST]
    port: Annotated[int, Field(ge=0, le=65535)]
    advertise: Annotated[str, ADVERTISE] | None = None
    certificate: _File | None = None
    private_key: _File | None = None


class Keys(Table):
    """Where the secret behind nonces and tokens is kept."""

    file: _File


class Auth(Table):
    """Who must prove what."""

    mode: Annotated[str, one_of("digest", "none")] = "none"
    realm: Annotated[str, REALM] | None = None
    users: _File | None = None
    algorithms: Annotated[list[Annotated[str, one_of("SHA-256", "MD5")]], Field(min_length=1)] = [
        "SHA-256",
        "MD5",
    ]
    strangers: Annotated[str, one_of("refuse", "budget")] = "refuse"
    conceal: bool | None = None
    allow_open: bool = False


class Trusted(Table):
    """Peers that are neither challenged nor budgeted."""

    address: Annotated[str, NETWORK]


class Registrar(Table):
    """How bindings are told apart, and how many there may be."""

    match: Annotated[
        list[Annotated[str, one_of("outbound", "instance", "push", "uri")]], Field(min_length=1)
    ] = ["outbound", "instance", "push", "uri"]
    max_contacts: _Count = 10
    overflow: Annotated[str, one_of("reject", "replace_oldest")] = "reject"
    path: Annotated[str, one_of("off", "lazy", "strict")] = "lazy"
    ignore_dereg_from: list[Annotated[str, EXPRESSION]] = []


class Expires(Table):
    """How long a plain binding lives, in seconds."""

    min: _Expiry = 60
    default: _Expiry = 3600
    max: _Expiry = 7200
    min_action: Annotated[str, NUMBER_OR_WORD, one_of("423", "raise")] = "423"


class Wait(Table):
    """
    How long requests wait for a sleeper, in seconds.

    A client gives up on anything but an INVITE after 32 s (RFC 3261 timer F), and a 480
    that comes later is lost (RFC 4320).
    """

    invite: Annotated[float, Field(ge=1, le=180, allow_inf_nan=False)] = 20
    message: _Wait = 10
    other: _Wait = 8
    mid_dialog: _Wait = 8


class Push(Table):
    """Who is woken by what, and what push bindings are promised (RFC 8599)."""

    methods: list[Annotated[str, METHOD]] = ["INVITE", "MESSAGE"]
    unsupported: Annotated[
        str,
        NUMBER_OR_WORD,
        one_of(
            "555",
            "accept_without_push",
            forward='only means something in the roles "mid" and "edge": write "555"',
        ),
    ] = "555"
    refresh_lead: Annotated[int, Field(ge=30)] = 120
    refresh_attempts: Annotated[int, Field(ge=0, le=20)] = 4
    restart_spread: Annotated[float, Field(ge=0, le=3600, allow_inf_nan=False)] = 60
    pnsreg: Annotated[int, Field(gt=120, le=2**31 - 1)] = 130
    expires_min: Annotated[int, Field(ge=1, le=3600)] = 300
    expires_max: _Expiry = 2592000
    awake_after_register: _UpToADay = 0
    live_window: _UpToADay = 30
    hedge: Annotated[float, Field(gt=0, le=10, allow_inf_nan=False)] = 1.0
    provisional: Annotated[str, NUMBER_OR_WORD, one_of("none", "110", "180", "182", "183")] = "none"
    late_join: bool = True
    strip_pn_to_ua: bool = True
    purr: bool = True
    mid_dialog: Annotated[str, one_of("purr", "all")] = "purr"
    sleep_after_expiry: Annotated[int, Field(ge=0, le=31536000)] = 0
    wait: Wait = Wait()
    provider: list[PluginTable] = []
    dialect: list[PluginTable] = []


class Proxy(Table):
    """Where requests go when there is more than one way; times in seconds."""

    next_after: Annotated[float, Field(ge=1, le=180, allow_inf_nan=False)] = 20
    recurse: bool = False


class Limits(Table):
    """Bounds; 0 means none."""

    parked: _Count = 10000
    parked_per_callee: _Count = 5
    parked_per_caller: _Count = 20
    pushes_per_hour_stranger: _Count = 20
    pushes_per_hour_caller: _Count = 600
    pushes_per_hour_device: _Count = 240
    pushes_per_second: _Count = 500
    in_flight_per_provider: _Count = 100
    message: _Count = 131072
    contact: _Count = 4096
    wrong_passwords: _Count = 10
    connections: _Count = 4096
    idle_timeout: _UpToADay = 60


def _default_listen() -> list[Listen]:
    return [Listen(transport="udp", host="127.0.0.1", port=5060)]


class Config(Table):
    """The whole file."""

    role: Annotated[str, one_of("registrar", mid=_NOT_YET_ROLE, edge=_NOT_YET_ROLE)] = "registrar"
    domains: Annotated[list[Annotated[str, DOMAIN]], Field(min_length=1)] | None = None
    listen: Annotated[list[Listen], Field(default_factory=_default_listen, min_length=1)]
    storage: PluginTable = PluginTable(type="memory")
    keys: Keys | None = None
    auth: Auth = Auth()
    trusted: list[Trusted] = []
    registrar: Registrar = Registrar()
    expires: Expires = Expires()
    push: Push = Push()
    proxy: Proxy = Proxy()
    limits: Limits = Limits()
    policy: list[PluginTable] = []
