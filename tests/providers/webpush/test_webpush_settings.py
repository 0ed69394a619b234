"""What an operator may write about Web Push."""

from __future__ import annotations

from typing import Any

import pytest

from sippn.errors import ConfigErrors
from sippn.providers.settings import Endpoint
from sippn.providers.webpush.addresses import Allowed
from sippn.providers.webpush.settings import webpush_settings

RIGHT: dict[str, Any] = {
    "vapid_key_file": "vapid.pem",
    "contact": "mailto:ops@example.com",
    "allow_hosts": ["*.push.apple.com", "fcm.googleapis.com"],
}


def wrong_in(**changes: Any) -> list[str]:
    """Where the right table with *changes* is wrong; None takes a key out."""
    table = {key: value for key, value in (RIGHT | changes).items() if value is not None}
    with pytest.raises(ConfigErrors) as raised:
        webpush_settings(table)
    return [where for where, _ in raised.value.problems]


def test_all_of_it() -> None:
    """T8: who we are, who may be pushed to, and through what."""
    endpoint = {"endpoint": "https://gate.example.com:8443", "ca_file": "ca.pem"}
    settings = webpush_settings(RIGHT | endpoint)
    assert settings.vapid_key_file == "vapid.pem"
    assert settings.contact == "mailto:ops@example.com"
    assert settings.allow_hosts == (Allowed(".push.apple.com"), Allowed("fcm.googleapis.com"))
    assert settings.endpoint == Endpoint("gate.example.com", 8443)
    assert settings.ca_file == "ca.pem"
    assert webpush_settings(RIGHT).endpoint is None


def test_what_is_missing_is_said_at_once() -> None:
    """T8: hosts are closed unless the operator opens them: allow_hosts has no default."""
    with pytest.raises(ConfigErrors) as raised:
        webpush_settings({})
    where = [where for where, _ in raised.value.problems]
    assert sorted(where) == ["allow_hosts", "contact", "vapid_key_file"]
    assert wrong_in(allow_hosts=[]) == ["allow_hosts"]


@pytest.mark.parametrize(
    "contact",
    [
        "ops@example.com",
        "mailto:ops",
        "mailto:@example.com",
        "mailto: ops@example.com",
        "mailto:<ops@example.com>\n",
        "http://example.com/",
        "https://",
        "tel:+15551234",
        "mailto:ops@localhost",
        "mailto:ops@pbx.local",
        "https://pbx.lan/contact",
        "https://localhost:8080/",
        "mailto:ops@pbx.invalid",
    ],
)
def test_contacts_that_are_none(contact: str) -> None:
    """G-10: a contact that Apple would refuse every push for is refused at the start."""
    assert wrong_in(contact=contact) == ["contact"]


@pytest.mark.parametrize(
    "contact",
    [
        "mailto:ops@example.com",
        "mailto:voice+push@pbx.example.co.uk",
        "https://example.com",
        "https://example.com/contact?x#y",
        "https://example.com:8443/contact",
        "mailto:ops@localhost.example.com",
    ],
)
def test_contacts(contact: str) -> None:
    """G-10: sub is a mailto: or https: URI."""
    assert webpush_settings(RIGHT | {"contact": contact}).contact == contact


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("allow_hosts", "fcm.googleapis.com"),
        ("allow_hosts", ["https://fcm.googleapis.com"]),
        ("allow_hosts", ["127.0.0.1"]),
        ("allow_hosts", [1]),
        ("endpoint", "http://gate.example.com"),
        ("endpoint", "https://gate.example.com/path"),
        ("endpoint", "gate"),
        ("vapid_key_file", 1),
        ("ca_file", ""),
        ("payload", "all"),
        ("vapid_key", "x"),
    ],
)
def test_other_mistakes(key: str, value: object) -> None:
    """T8: each is said with its key."""
    assert [where.partition("[")[0] for where in wrong_in(**{key: value})] == [key]


def test_each_mistake_is_said() -> None:
    """T8: all that is wrong with a table is said at once."""
    assert wrong_in(allow_hosts=["*", "a b", "::1"], contact="x", other=1) == [
        "other",
        "contact",
        "allow_hosts[1]",
        "allow_hosts[2]",
    ]


def test_no_mistake_repeats_what_was_written() -> None:
    """T17: whoever pastes a subscription's URL by mistake does not find it in the log."""
    with pytest.raises(ConfigErrors) as raised:
        webpush_settings(RIGHT | {"allow_hosts": ["https://push.example.net/secret"]})
    assert "secret" not in str(raised.value)
    assert "secret" not in str(raised.value.problems)
