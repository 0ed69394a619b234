"""Tests for :mod:`sippn.providers.webhook` over https, with certificates made here."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from attrs import frozen
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from OpenSSL.SSL import TLS_SERVER_METHOD, Context
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IOpenSSLContextFactory
from zope.interface import implementer

from sippn.binding import PushJob, Verdict
from sippn.errors import ConfigErrors
from sippn.providers.webhook import Webhook
from sippn.testing.pns import Answer, Manner, ScriptedPNS

MakeJob = Callable[..., PushJob]
MakeWebhook = Callable[..., Webhook]
Wait = Callable[[Deferred[Any]], Any]

LOOPBACK = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))


@implementer(IOpenSSLContextFactory)
@frozen
class SelfMade:
    """A certificate that signed itself, and its key: what a server shows."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @property
    def pem(self) -> bytes:
        """The certificate, for a ca_file."""
        return self.certificate.public_bytes(Encoding.PEM)

    def getContext(self) -> Context:
        """For the server's side; Twisted's own way warns of pyOpenSSL's old types."""
        context = Context(TLS_SERVER_METHOD)
        context.use_certificate(self.certificate)
        context.use_privatekey(self.key)
        return context


def self_made(name: x509.GeneralName) -> SelfMade:
    """One for *name*."""
    key = ec.generate_private_key(ec.SECP256R1())
    serial = x509.random_serial_number()
    # of its own for each, or OpenSSL tries the first of them only
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"gateway {serial}")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(serial)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([name]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, SHA256())
    )
    return SelfMade(certificate, key)


def write(path: Path, octets: bytes) -> str:
    """The name of a file with *octets*."""
    path.write_bytes(octets)
    return str(path)


def add(path: Path, octets: bytes) -> None:
    """*octets* before what is in a file."""
    path.write_bytes(octets + b"# the old one:\n" + path.read_bytes())


@pytest.fixture
def ca_file(tmp_path: Path) -> Path:
    return tmp_path / "ca.pem"


@pytest.fixture
def secure(reactor: Any, wait: Wait, ca_file: Path) -> Iterator[ScriptedPNS]:
    """An https push service whose certificate is in *ca_file*."""
    shown = self_made(LOOPBACK)
    ca_file.write_bytes(shown.pem)
    pns = ScriptedPNS(reactor, tls=shown)
    pns.start()
    yield pns
    wait(pns.stop())


async def test_ca_file_is_trusted(
    secure: ScriptedPNS, make_webhook: MakeWebhook, make_job: MakeJob, ca_file: Path
) -> None:
    """A private gateway with a certificate of its own; its connection is kept."""
    webhook = make_webhook(secure.url, ca_file=str(ca_file))
    for _ in range(3):
        assert (await webhook.request_push(make_job())).verdict is Verdict.ACCEPTED
    assert secure.connections == 1


async def test_any_certificate_of_the_ca_file_is_trusted(
    secure: ScriptedPNS, make_webhook: MakeWebhook, make_job: MakeJob, ca_file: Path
) -> None:
    """While a CA is changed there are two."""
    add(ca_file, self_made(LOOPBACK).pem)
    webhook = make_webhook(secure.url, ca_file=str(ca_file))
    assert (await webhook.request_push(make_job())).verdict is Verdict.ACCEPTED


async def test_certificate_of_somebody_else_is_refused(
    secure: ScriptedPNS, make_webhook: MakeWebhook, make_job: MakeJob, tmp_path: Path
) -> None:
    """Q-10: a push does not leave for a server whose certificate is not verified."""
    other_ca = write(tmp_path / "other.pem", self_made(LOOPBACK).pem)
    outcome = await make_webhook(secure.url, ca_file=other_ca).request_push(make_job())
    assert outcome.verdict is Verdict.FAILED
    assert outcome.detail == "TLS: certificate verify failed"
    assert secure.pushes == []


async def test_system_trusts_no_self_made_certificate(
    secure: ScriptedPNS, make_webhook: MakeWebhook, make_job: MakeJob
) -> None:
    """Q-10: without a ca_file the CAs of the system count, not none."""
    outcome = await make_webhook(secure.url).request_push(make_job())
    assert outcome.detail == "TLS: certificate verify failed"
    assert secure.pushes == []


async def test_certificate_for_another_host_is_refused(
    reactor: Any, make_webhook: MakeWebhook, make_job: MakeJob, tmp_path: Path
) -> None:
    """Q-10: a certificate for another host is none, whoever signed it."""
    shown = self_made(x509.DNSName("gateway.example.com"))
    trusted = write(tmp_path / "ca.pem", shown.pem)
    pns = ScriptedPNS(reactor, tls=shown)
    pns.start()
    outcome = await make_webhook(pns.url, ca_file=trusted).request_push(make_job())
    assert outcome.verdict is Verdict.FAILED
    assert outcome.detail == "TLS: the certificate is for another host"
    assert pns.pushes == []
    await pns.stop()


async def test_http_where_https_is_spoken_has_failed(
    secure: ScriptedPNS, make_webhook: MakeWebhook, make_job: MakeJob
) -> None:
    """A wrong port or scheme is an outcome."""
    outcome = await make_webhook(secure.url.replace("https:", "http:")).request_push(make_job())
    assert outcome.verdict is Verdict.FAILED


async def test_endless_body_is_cut_over_tls(
    secure: ScriptedPNS, make_webhook: MakeWebhook, make_job: MakeJob, ca_file: Path
) -> None:
    """W4: by an abort: TLS would read on until the gateway agrees to close."""
    secure.script.append(Answer(manner=Manner.ENDLESS))
    webhook = make_webhook(secure.url, ca_file=str(ca_file))
    assert (await webhook.request_push(make_job())).verdict is Verdict.ACCEPTED
    assert (await webhook.request_push(make_job())).verdict is Verdict.ACCEPTED
    assert secure.connections == 2


async def test_stopping_waits_for_no_goodbye(
    secure: ScriptedPNS, make_webhook: MakeWebhook, make_job: MakeJob, ca_file: Path
) -> None:
    """D6: a gateway that hangs does not keep the server from stopping."""
    webhook = make_webhook(secure.url, ca_file=str(ca_file))
    await webhook.request_push(make_job())
    await webhook.stopService()
    assert len(webhook._gateway.connections) == 0


def test_ca_file_that_is_missing_is_a_configuration_error(
    make_webhook: MakeWebhook, tmp_path: Path
) -> None:
    """Said at the start, not at the first call."""
    with pytest.raises(ConfigErrors) as caught:
        make_webhook("https://127.0.0.1/", ca_file=str(tmp_path / "no such file"))
    assert caught.value.problems == (
        (
            "ca_file",
            "cannot be read: No such file or directory; name a file that the server may read",
        ),
    )


def test_host_that_no_certificate_can_name_is_a_configuration_error(
    make_webhook: MakeWebhook,
) -> None:
    """It looks like punycode and is none."""
    with pytest.raises(ConfigErrors) as caught:
        make_webhook("https://xn--a.example.com/")
    assert [where for where, _ in caught.value.problems] == ["url"]


@pytest.mark.parametrize(
    "octets",
    [b"", b"no certificate", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"],
)
def test_ca_file_without_certificate_is_a_configuration_error(
    make_webhook: MakeWebhook, ca_file: Path, octets: bytes
) -> None:
    """Trusting nobody, or everybody, is not what the operator meant."""
    ca_file.write_bytes(octets)
    with pytest.raises(ConfigErrors) as caught:
        make_webhook("https://127.0.0.1/", ca_file=str(ca_file))
    assert caught.value.problems == (
        ("ca_file", "has no PEM certificate that can be used; name a file of the CA"),
    )
