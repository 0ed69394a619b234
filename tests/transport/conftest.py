"""What the tests of streams share: time, certificates, and sockets that block."""

from __future__ import annotations

import socket
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta
from inspect import iscoroutinefunction
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
import pytest_twisted  # type: ignore[import-untyped] # it has no py.typed
from attrs import evolve, frozen
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock, deferLater

Wait = Callable[[Deferred[Any]], Any]
Until = Callable[[Callable[[], object]], Awaitable[None]]

_DAY = timedelta(days=1)
_PATIENCE = 5.0


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """An ``async def`` of this room is a test that runs in the reactor."""
    here = Path(__file__).parent
    for item in items:
        function = getattr(item, "obj", None)
        if here in item.path.parents and iscoroutinefunction(function):
            pytest_twisted.ensureDeferred(function)


@frozen
class Issued:
    """
    A chain of certificates and the key of the first.

    :ivar root: who signed them: itself in no file.
    """

    root: x509.Certificate
    chain: tuple[x509.Certificate, ...]
    key: ec.EllipticCurvePrivateKey
    _middle_key: ec.EllipticCurvePrivateKey

    def also(self, *names: str) -> Issued:
        """Another one of the same root, for *names*; ``dns:`` makes a name of an address."""
        alternatives = x509.SubjectAlternativeName([_alternative(name) for name in names])
        own = _signed("own", self.key.public_key(), "middle", self._middle_key, alternatives)
        return evolve(self, chain=(own, *self.chain[-1:]))

    def write(self, folder: Path) -> dict[str, str]:
        """Write them into two files, named as a listener wants them to be."""
        certificate, private_key = folder / "chain.pem", folder / "key.pem"
        certificate.write_bytes(b"".join(one.public_bytes(Encoding.PEM) for one in self.chain))
        private_key.write_bytes(
            self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        )
        return {"certificate": str(certificate), "private_key": str(private_key)}


def issued(*names: str) -> Issued:
    """A chain of two for *names*, of a root that nobody else knows."""
    root_key, middle_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(3))
    root = _signed("root", root_key.public_key(), "root", root_key, _authority())
    middle = _signed("middle", middle_key.public_key(), "root", root_key, _authority())
    return Issued(root, (middle,), key, middle_key).also(*names)


def _alternative(name: str) -> x509.GeneralName:
    if name.startswith("dns:"):
        return x509.DNSName(name.removeprefix("dns:"))
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _authority() -> x509.ExtensionType:
    return x509.BasicConstraints(ca=True, path_length=None)


def _signed(
    name: str,
    key: ec.EllipticCurvePublicKey,
    by: str,
    by_key: ec.EllipticCurvePrivateKey,
    extension: x509.ExtensionType,
) -> x509.Certificate:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"sippn {name}")]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"sippn {by}")]))
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _DAY)
        .not_valid_after(now + _DAY)
        .add_extension(extension, critical=False)
        .sign(by_key, SHA256())
    )


@pytest.fixture(scope="session")
def good() -> Issued:
    """For loopback, by address and by name."""
    return issued("127.0.0.1", "::1", "sip.example")


@pytest.fixture
def clock() -> Iterator[Clock]:
    """What listeners measure with; whoever leaves a timer behind fails his test."""
    clock = Clock()
    clock.advance(1000)
    yield clock
    assert clock.getDelayedCalls() == []


@pytest.fixture
def reactor() -> Iterator[Any]:
    """The reactor; the same holds for it."""
    from twisted.internet import reactor  # noqa: PLC0415 - pytest-twisted chooses which

    yield reactor
    assert reactor.getDelayedCalls() == []


@pytest.fixture
def wait() -> Wait:
    """For fixtures: run the reactor until a Deferred has its result."""
    blockon: Wait = pytest_twisted.blockon
    return blockon


@pytest.fixture
def until(reactor: Any, clock: Clock) -> Until:
    """Let the reactor run until something holds; on the clock it is the next turn, no more."""

    async def run(holds: Callable[[], object]) -> None:
        ends = reactor.seconds() + _PATIENCE
        while not holds():
            assert reactor.seconds() < ends, "it never came about"
            await deferLater(reactor, 0.002)
            clock.advance(0)

    return run


def needs(host: str) -> None:
    """Skip the test where *host* is no address of the machine."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as trial:
        try:
            trial.bind((host, 0))
        except OSError:
            pytest.skip(f"no {host} here")
