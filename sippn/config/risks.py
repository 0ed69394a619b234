"""What is allowed, and should not go unsaid."""

from __future__ import annotations

from collections.abc import Iterator

from sippn.config.checks import is_loopback
from sippn.config.model import Config


def risks(config: Config) -> tuple[str, ...]:
    """Warnings for ``--check`` and for the log, in the order of the file."""
    return (
        *_exposed(config),
        *_forgetful(config),
        *_unused(config),
        *_against_the_rfc(config),
        *_open(config),
        *_all_strangers(config),
        *_no_push(config),
    )


def _exposed(config: Config) -> Iterator[str]:
    """RFC 8599 section 13: who reads a PRID on the wire can wake the phone (P-006)."""
    if not config.push.provider:
        return
    for number, listen in enumerate(config.listen):
        if listen.transport != "tls" and not is_loopback(listen):
            yield (
                f"listen[{number}]: push parameters travel in clear text over"
                f" {listen.transport} {listen.host}: whoever reads them can push to the phone"
                " (RFC 8599 section 13)"
            )


def _forgetful(config: Config) -> Iterator[str]:
    """Who sleeps when its binding is lost cannot be woken, and registers much later."""
    if config.storage.type == "memory":
        yield (
            "storage: registrations are in memory and end with the process, and with them the way"
            ' to phones that sleep: type = "sqlite" keeps both'
        )


def _unused(config: Config) -> Iterator[str]:
    if config.auth.mode == "none" and config.auth.users is not None:
        yield 'auth.users: is not read while auth.mode is "none"'
    if config.auth.conceal and config.auth.mode == "digest" and config.auth.strangers == "refuse":
        yield 'auth.conceal: conceals nothing while auth.strangers is "refuse": nobody comes so far'


def _against_the_rfc(config: Config) -> Iterator[str]:
    if config.push.sleep_after_expiry:
        yield (
            "push.sleep_after_expiry: RFC 8599 section 5.5 forbids a push to a phone whose binding"
            " has expired; this one gets it"
        )
    if config.registrar.ignore_dereg_from:
        yield (
            "registrar.ignore_dereg_from: these phones ring until their binding expires, also when"
            " their users have logged out"
        )


def _open(config: Config) -> Iterator[str]:
    if all(map(is_loopback, config.listen)):
        return
    if config.auth.mode == "none":
        yield "auth.allow_open: whoever reaches this server can register as anybody"
    elif not config.limits.wrong_passwords:
        yield (
            "limits.wrong_passwords: whoever reaches this server may try any number of passwords:"
            " leave it out, or write a number"
        )


def _all_strangers(config: Config) -> Iterator[str]:
    """A bound meant for strangers that meets everybody is found out by a call that fails."""
    most = config.limits.pushes_per_hour_stranger
    if config.auth.mode == "none" and most and not config.trusted and config.push.provider:
        yield (
            f"limits.pushes_per_hour_stranger: nobody proves who they are, so everybody is a"
            f" stranger: {most} pushes an hour from each address, and to each phone; name"
            " [[trusted]] peers, or raise it"
        )


def _no_push(config: Config) -> Iterator[str]:
    if not config.push.provider:
        yield "push.provider: there is none, so no phone can be woken"
