"""What is allowed, and should not go unsaid."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.config.conftest import Reads

OUTSIDE = """
domains = ["example.com"]
[[listen]]
transport = "udp"
host = "0.0.0.0"
port = 5060
[auth]
allow_open = true
"""
SQLITE = '[storage]\ntype = "sqlite"\n'
DIGEST = '[auth]\nmode = "digest"\nrealm = "example.com"\nusers = "users"\n'
TRUSTED = '[[trusted]]\naddress = "127.0.0.0/8"\n'
LOG = '[[push.provider]]\ntype = "log"\n'


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_push_parameters_in_clear_text(reads: Reads, transport: str) -> None:
    """P-006: the operator is warned where push parameters travel in clear text."""
    text = OUTSIDE.replace("udp", transport) + SQLITE + LOG
    first, second, _ = reads(text).warnings
    assert first.startswith(f"listen[0]: push parameters travel in clear text over {transport} 0.0")
    assert second.startswith("auth.allow_open")


def test_tls_is_no_clear_text(reads: Reads) -> None:
    """P-006: of a socket with TLS nobody is warned."""
    tls = 'port = 5061\ncertificate = "c"\nprivate_key = "k"'
    text = OUTSIDE.replace("udp", "tls").replace("port = 5060", tls) + SQLITE + LOG
    assert [warning.split(":")[0] for warning in reads(text).warnings] == [
        "auth.allow_open",
        "limits.pushes_per_hour_stranger",
    ]


@pytest.mark.parametrize("storage", ["", '[storage]\ntype = "memory"\n'])
def test_registrations_end_with_the_process(reads: Reads, storage: str) -> None:
    """N-03: a phone that sleeps is found through its binding alone, also after a restart."""
    [warning] = reads(storage + LOG + TRUSTED).warnings
    assert warning.startswith("storage: registrations are in memory and end with the process")


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1"])
def test_loopback_is_no_risk(reads: Reads, host: str) -> None:
    """P-006: nor of one on loopback, for what stays on the machine nobody else reads."""
    text = f'[[listen]]\ntransport = "udp"\nhost = "{host}"\nport = 5060\n{SQLITE}{LOG}{TRUSTED}'
    assert reads(text).warnings == ()


def test_nothing_can_wake(reads: Reads) -> None:
    """A push server without a push provider is allowed, and hardly meant."""
    assert reads(SQLITE).warnings == ("push.provider: there is none, so no phone can be woken",)


def test_users_that_nobody_asks_for(reads: Reads) -> None:
    """Whoever names a users file believes that it is read."""
    [warning] = reads('[auth]\nusers = "users.htdigest"\n' + SQLITE + LOG + TRUSTED).warnings
    assert warning.startswith("auth.users: is not read")


def test_everybody_is_a_stranger(reads: Reads) -> None:
    """DESIGN 5: without authentication the budget of strangers bounds every caller."""
    [warning] = reads(SQLITE + LOG).warnings
    assert warning.startswith("limits.pushes_per_hour_stranger: nobody proves who they are")
    assert "20 pushes an hour" in warning
    assert reads(SQLITE + LOG + "[limits]\npushes_per_hour_stranger = 0\n").warnings == ()
    assert reads(SQLITE + LOG + TRUSTED).warnings == ()


def test_conceal_that_conceals_nothing(reads: Reads, tmp_path: Path) -> None:
    """T15: whoever writes it believes that strangers are told nothing by it."""
    (tmp_path / "users").write_text(f"alice:example.com:{'0' * 32}\n")
    text = DIGEST + "conceal = true\n" + SQLITE + LOG
    [warning] = reads(text).warnings
    assert warning.startswith('auth.conceal: conceals nothing while auth.strangers is "refuse"')
    assert reads(text.replace("conceal", 'strangers = "budget"\nconceal')).warnings == ()


def test_any_number_of_guesses(reads: Reads, tmp_path: Path) -> None:
    """A8: a switch for tests must not stay on an open socket unnoticed."""
    (tmp_path / "users").write_text(f"alice:example.com:{'0' * 32}\n")
    socket = OUTSIDE[: OUTSIDE.index("[auth]")]
    text = socket + DIGEST + SQLITE + "[limits]\nwrong_passwords = {}\n"
    assert "limits.wrong_passwords" in str(reads(text.format(0)).warnings)
    assert "limits.wrong_passwords" not in str(reads(text.format(1)).warnings)
    inside = text.replace("0.0.0.0", "127.0.0.1")
    assert "limits.wrong_passwords" not in str(reads(inside.format(0)).warnings)


def test_what_the_rfc_forbids_is_said(reads: Reads) -> None:
    """P-028, D-12: who asks for a deviation is reminded of what it means."""
    deviations = "[push]\nsleep_after_expiry = 60\n[registrar]\nignore_dereg_from = ['x']\n"
    asleep, ignored = reads(SQLITE + deviations + LOG + TRUSTED).warnings
    assert asleep.startswith("push.sleep_after_expiry: RFC 8599 section 5.5 forbids")
    assert ignored.startswith("registrar.ignore_dereg_from: these phones ring until")
