"""What is allowed of push providers, and should not go unsaid."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sippn.interfaces import IPushProvider

if TYPE_CHECKING:
    from tests.config.conftest import Plugins, Reads

QUIET = '[storage]\ntype = "sqlite"\n[[trusted]]\naddress = "127.0.0.0/8"\n'
APNS = '[[push.provider]]\ntype = "apns"\n[push.provider.apps."com.x"]\nkey_file = "k.p8"\n'
FCM = '[[push.provider]]\ntype = "fcm"\n[push.provider.projects.p1]\nservice_account = "sa.json"\n'
WEBPUSH = '[[push.provider]]\ntype = "webpush"\nallow_hosts = ["push.example.com"]\n'
PLUGIN = '[[push.provider]]\ntype = "x-push"\n'


def webhook(pns: str = "") -> str:
    """The table of a gateway for one PNS, or for any."""
    return '[[push.provider]]\ntype = "webhook"\n' + (f'pn_provider = "{pns}"\n' if pns else "")


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644])
def test_keys_that_others_may_read(reads: Reads, tmp_path: Path, mode: int) -> None:
    """T17: the operator is warned of each key file of a push service that others may read."""
    for name in ("k.p8", "sa.json", "vapid.pem", "cert.pem"):
        (tmp_path / name).write_text("s3cret")
        (tmp_path / name).chmod(mode)
    text = APNS + 'certificate_file = "cert.pem"\nprivate_key_file = "k.p8"\n' + FCM + WEBPUSH
    text += 'vapid_key_file = "vapid.pem"\n'
    paths = [
        'push.provider[0].apps."com.x".key_file',
        'push.provider[0].apps."com.x".private_key_file',
        "push.provider[1].projects.p1.service_account",
        "push.provider[2].vapid_key_file",
    ]
    said = "others may read the file, and push with it: chmod 600 it"
    assert reads(QUIET + text).warnings == tuple(f"{path}: {said}" for path in paths)
    (tmp_path / "k.p8").chmod(0o600)
    assert [warning.split(": ")[0] for warning in reads(QUIET + text).warnings] == paths[2:]


def test_certificate_with_its_key_that_others_may_read(reads: Reads, tmp_path: Path) -> None:
    """T17: where no other file has it, the private key is in that of the certificate."""
    (tmp_path / "cert.pem").write_text("s3cret")
    (tmp_path / "cert.pem").chmod(0o644)
    text = QUIET + APNS.replace('key_file = "k.p8"', 'certificate_file = "cert.pem"')
    [warning] = reads(text).warnings
    assert warning == (
        'push.provider[0].apps."com.x".certificate_file: others may read the file, and push with'
        " it: chmod 600 it"
    )
    assert reads(text + 'private_key_file = "key.pem"').warnings == ()


def test_keys_that_are_not_there(reads: Reads) -> None:
    """The start says so, and looks into them; ``--check`` does not."""
    assert reads(QUIET + APNS + FCM).warnings == ()


def test_any_host(reads: Reads) -> None:
    """T8, Q-04: whoever allows phones to name any host is reminded of what that means."""
    for written in ("*", "*:8443"):
        [warning] = reads(QUIET + WEBPUSH.replace("push.example.com", written)).warnings
        assert warning.startswith('push.provider[0].allow_hosts: "*" lets whoever registers')
    assert reads(QUIET + WEBPUSH.replace("push.example", "*.push.example")).warnings == ()


@pytest.mark.parametrize(
    ("text", "whose"),
    [
        (webhook("apns") + APNS, 'of "apns"'),
        (webhook("APNS") + webhook("apns"), 'of "apns"'),
        (webhook() + FCM, "there is"),
        ('[[push.provider]]\ntype = "log"\n' + webhook("acme"), "there is"),
        (webhook() + PLUGIN, "there is"),
        (webhook("apns") + webhook("apns") + 'preset = "sylk"\n', 'of "apns"'),
    ],
)
def test_provider_that_is_never_asked(
    reads: Reads, plugins: Plugins, text: str, whose: str
) -> None:
    """DESIGN 5: the first that serves a phone is asked; what it hides is told."""
    plugins.more.append(type(plugins.log)(IPushProvider, "x-push"))
    [warning] = reads(QUIET + text).warnings
    assert warning == (
        "push.provider[1]: is never asked, for push.provider[0] before it takes every push"
        f" {whose}: change their order, or remove one"
    )


@pytest.mark.parametrize(
    "text",
    [
        APNS + FCM + WEBPUSH + webhook(),
        APNS + APNS.replace("com.x", "com.y"),
        APNS + webhook("apns"),
        webhook("acme") + webhook("other") + APNS,
        webhook("apns") + 'preset = "sylk"\n' + APNS,
        webhook() + 'preset = "sylk"\n' + WEBPUSH,
        PLUGIN + PLUGIN.replace("x-push", "log"),
    ],
)
def test_providers_beside_each_other(reads: Reads, plugins: Plugins, text: str) -> None:
    """Another app, another PNS, or a gateway for the rest: nothing is hidden."""
    plugins.more.append(type(plugins.log)(IPushProvider, "x-push"))
    assert reads(QUIET + text).warnings == ()


def test_app_that_is_there_twice(reads: Reads) -> None:
    """Which of its keys is used would be a riddle."""
    [warning] = reads(QUIET + APNS + APNS).warnings
    assert warning == (
        'push.provider[1].apps."com.x": is never asked, for push.provider[0] has it, too:'
        " remove one"
    )


@pytest.mark.parametrize(("table", "type_"), [(FCM, "fcm"), (WEBPUSH, "webpush")])
def test_two_tables_where_one_takes_all(reads: Reads, table: str, type_: str) -> None:
    """P-017: browsers are told one VAPID key; a single project is pushed whatever phones say."""
    [warning] = reads(QUIET + table + table.replace("p1", "p2")).warnings
    assert warning.startswith(f"push.provider[1]: push.provider[0] is {type_}, too, and ")
