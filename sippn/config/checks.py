"""What must fit together: keys of one table, and tables with each other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from ipaddress import ip_address

from sippn.config.model import Config, Listen
from sippn.config.problems import Problem

_ONE_HOUR = 3600


def is_loopback(listen: Listen) -> bool:
    """Whether nobody outside this machine can reach the socket."""
    return ip_address(listen.host.partition("%")[0]).is_loopback


def check(config: Config, knows: Callable[..., bool]) -> list[Problem]:
    """
    Everything that does not fit.

    :param knows: whether all tables of these names are as the file has them; what rests on
        one that is not would be a guess.
    """
    found: list[Problem] = []
    for rule, tables in _RULES:
        if knows(*tables):
            found += rule(config)
    return found


def _domains(config: Config) -> Iterator[Problem]:
    outside = [listen.host for listen in config.listen if not is_loopback(listen)]
    if config.domains is None and outside:
        yield "domains", f"is missing, and others reach {outside[0]}: name those to answer for"


def _listen(config: Config) -> Iterator[Problem]:
    seen: dict[tuple[bool, str, int], int] = {}
    for number, listen in enumerate(config.listen):
        socket = (listen.transport == "udp", listen.host, listen.port)  # TLS listens on TCP
        first = seen.setdefault(socket, number)
        if first == number or not listen.port:
            continue
        if listen.transport == config.listen[first].transport:
            yield f"listen[{number}]", f"is the same socket as listen[{first}]: remove one"
        else:
            what = f"{listen.port}: is taken by listen[{first}]: tcp and tls cannot share a port"
            yield f"listen[{number}].port", f"{what}: choose another"


def _certificates(config: Config) -> Iterator[Problem]:
    for number, listen in enumerate(config.listen):
        files = {"certificate": listen.certificate, "private_key": listen.private_key}
        for key, name in files.items():
            what = _wrong_file(listen.transport, name)
            if what:
                yield f"listen[{number}].{key}", what


def _wrong_file(transport: str, name: str | None) -> str:
    """What is wrong with the *name* of a PEM file; it is not shown, for it may be the key."""
    if transport != "tls":
        return "" if name is None else f"{transport} has no use for it: remove it"
    if name is None:
        return 'is missing: transport = "tls" needs the name of a PEM file'
    return "" if name.isprintable() else "expected the name of a PEM file, not what is in it"


def _open(config: Config) -> Iterator[Problem]:
    if config.auth.mode != "none" or config.auth.allow_open:
        return
    for listen in config.listen:
        if not is_loopback(listen):
            what = f'"none" lets everybody who reaches {listen.host} register as anybody'
            yield "auth.mode", f'{what}: write "digest", or allow_open = true if that is meant'
            return


def _digest(config: Config) -> Iterator[Problem]:
    if config.auth.mode != "digest":
        return
    if config.auth.realm is None:
        yield "auth.realm", 'is missing: mode = "digest" needs it, e.g. realm = "example.com"'
    if config.auth.users is None:
        yield "auth.users", 'is missing: mode = "digest" needs a file of user:realm:HA1 lines'


def _expires(config: Config) -> Iterator[Problem]:
    expires = config.expires
    bounds = f"expires.min, {expires.min}, and expires.max, {expires.max}"
    if expires.min_action == "423" and expires.min > _ONE_HOUR:
        what = f"{expires.min}: a 423 is legal only below one hour (RFC 3261 section 10.3)"
        yield "expires.min", f'{what}: write at most {_ONE_HOUR}, or min_action = "raise"'
    elif expires.min > expires.max:
        yield "expires.min", f"{expires.min}: must be at most expires.max, {expires.max}"
    elif not expires.min <= expires.default <= expires.max:
        yield "expires.default", f"{expires.default}: must be between {bounds}"


def _push(config: Config) -> Iterator[Problem]:
    push = config.push
    for name, lead in (("refresh_lead", push.refresh_lead), ("pnsreg", push.pnsreg)):
        if push.expires_min <= lead:
            what = f"{push.expires_min}: must be more than push.{name}, {lead}"
            yield "push.expires_min", f"{what}, or a new binding is due for refresh at once"
            break
    if push.expires_max < push.expires_min:
        what = f"{push.expires_max}: must be at least push.expires_min, {push.expires_min}"
        yield "push.expires_max", what


def _repeated(config: Config) -> Iterator[Problem]:
    lists = {
        "domains": config.domains or [],
        "auth.algorithms": config.auth.algorithms,
        "registrar.match": config.registrar.match,
        "push.methods": config.push.methods,
    }
    for where, words in lists.items():
        for number, word in enumerate(words):
            if word in words[:number]:
                yield f"{where}[{number}]", f'"{word}": is there twice: remove one'


_Rule = Callable[[Config], Iterator[Problem]]

_RULES: tuple[tuple[_Rule, tuple[str, ...]], ...] = (
    (_domains, ("domains", "listen")),
    (_listen, ("listen",)),
    (_certificates, ("listen",)),
    (_open, ("auth", "listen")),
    (_digest, ("auth",)),
    (_expires, ("expires",)),
    (_push, ("push",)),
    (_repeated, ("domains", "auth", "registrar", "push")),
)
