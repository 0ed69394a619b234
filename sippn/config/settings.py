"""From what the file says to what the rooms take."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from sippn.auth import User
from sippn.auth.settings import AuthSettings
from sippn.config.backends import Backends
from sippn.config.checks import is_loopback
from sippn.config.factories import Build
from sippn.config.model import Config, Listen
from sippn.config.words import network
from sippn.proxy.settings import ProxySettings, WaitSettings
from sippn.push.settings import PushLimits
from sippn.registrar.settings import ExpirySettings, PushRegistration, RegistrarSettings
from sippn.service.settings import ServerSettings
from sippn.sip import Limits
from sippn.transport.settings import ListenSettings, StreamLimits
from sippn.upkeep.settings import UpkeepSettings
from sippn.wake.settings import ParkingLimits


def settings_of(
    config: Config, folder: Path, users: Sequence[User], found: Backends, storage: Build
) -> ServerSettings:
    """The settings of a checked *config*; files become absolute, since twistd changes folders."""
    return ServerSettings(
        listen=tuple(_listen(listen, folder) for listen in config.listen),
        domains=tuple(config.domains or ()),
        storage=storage,
        providers=found.providers,
        dialects=found.dialects,
        policies=found.policies,
        keys_file=_whole(config.keys.file if config.keys else None, folder),
        auth=_auth(config, users),
        registrar=_registrar(config),
        proxy=_proxy(config),
        parking=_parking(config),
        push=_push(config),
        upkeep=UpkeepSettings(config.push.restart_spread),
        message=_message(config),
        streams=_streams(config),
    )


def _listen(listen: Listen, folder: Path) -> ListenSettings:
    return ListenSettings(
        transport=listen.transport,
        host=listen.host,
        port=listen.port,
        advertise=listen.advertise,
        certificate=_whole(listen.certificate, folder),
        private_key=_whole(listen.private_key, folder),
    )


def _whole(name: str | None, folder: Path) -> str | None:
    return None if name is None else str(folder / name)


def _auth(config: Config, users: Sequence[User]) -> AuthSettings:
    return AuthSettings(
        mode=config.auth.mode,
        realm=config.auth.realm or "",
        users=tuple(users),
        algorithms=tuple(config.auth.algorithms),
        strangers=config.auth.strangers,
        wrong_passwords=config.limits.wrong_passwords,
        trusted=tuple(network(peer.address) for peer in config.trusted),
    )


def _registrar(config: Config) -> RegistrarSettings:
    registrar, expires, push = config.registrar, config.expires, config.push
    return RegistrarSettings(
        match=tuple(registrar.match),
        max_contacts=registrar.max_contacts,
        overflow=registrar.overflow,
        path=registrar.path,
        ignore_dereg_from=tuple(registrar.ignore_dereg_from),
        expires=ExpirySettings(expires.min, expires.default, expires.max, expires.min_action),
        push=PushRegistration(
            unsupported=push.unsupported,
            refresh_lead=push.refresh_lead,
            refresh_attempts=push.refresh_attempts,
            pnsreg=push.pnsreg,
            expires_min=push.expires_min,
            expires_max=push.expires_max,
            purr=push.purr,
            sleep_after_expiry=push.sleep_after_expiry,
        ),
    )


def _proxy(config: Config) -> ProxySettings:
    push = config.push
    return ProxySettings(
        methods=frozenset(push.methods),
        awake_after_register=push.awake_after_register,
        provisional=None if push.provisional == "none" else int(push.provisional),
        strip_pn_to_ua=push.strip_pn_to_ua,
        mid_dialog=push.mid_dialog,
        live_window=push.live_window,
        hedge=push.hedge,
        late_join=push.late_join,
        next_after=config.proxy.next_after,
        recurse=config.proxy.recurse,
        conceal=_conceals(config),
        wait=WaitSettings(
            invite=push.wait.invite,
            message=push.wait.message,
            other=push.wait.other,
            mid_dialog=push.wait.mid_dialog,
        ),
    )


def _conceals(config: Config) -> bool:
    """As it is written; else where strangers are served whom nobody vouches for (T15)."""
    auth = config.auth
    if auth.conceal is not None:
        return auth.conceal
    strangers = auth.mode == "digest" and auth.strangers == "budget"
    return strangers and not all(map(is_loopback, config.listen))


def _parking(config: Config) -> ParkingLimits:
    limits = config.limits
    return ParkingLimits(
        parked=limits.parked,
        parked_per_callee=limits.parked_per_callee,
        parked_per_caller=limits.parked_per_caller,
        pushes_per_hour_stranger=limits.pushes_per_hour_stranger,
        pushes_per_hour_caller=limits.pushes_per_hour_caller,
        pushes_per_hour_device=limits.pushes_per_hour_device,
    )


def _push(config: Config) -> PushLimits:
    limits = config.limits
    return PushLimits(
        pushes_per_second=limits.pushes_per_second,
        in_flight_per_provider=limits.in_flight_per_provider,
    )


def _message(config: Config) -> Limits:
    limits = config.limits  # 0 means no limit, and to the reader a limit is a number
    return Limits(message=limits.message or sys.maxsize, contact=limits.contact or sys.maxsize)


def _streams(config: Config) -> StreamLimits:
    limits = config.limits
    return StreamLimits(
        connections=limits.connections,
        idle_timeout=limits.idle_timeout,
        message=limits.message,
    )
