"""Tests for :mod:`sippn.providers.apns.settings`."""

from __future__ import annotations

from typing import Any

import pytest

from sippn.errors import ConfigErrors
from sippn.providers.apns.settings import (
    PRODUCTION,
    SANDBOX,
    CertificateSettings,
    KeySettings,
    apns_settings,
)
from sippn.providers.settings import Endpoint

APP = {"team": "TEAMID1234", "key_id": "ABC123DEFG", "key_file": "AuthKey.p8"}
BUNDLE = "com.example.phone"


def _table(app: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    return {"apps": {BUNDLE: {**APP, **(app or {})}}, **more}


def _problems(table: dict[str, Any]) -> dict[str, str]:
    with pytest.raises(ConfigErrors) as caught:
        apns_settings(table)
    return dict(caught.value.problems)


def test_little_is_enough() -> None:
    """N-04: a bundle id and a key; the rest is Apple's."""
    settings = apns_settings(_table())
    (app,) = settings.apps
    assert (app.bundle, app.sandbox, app.payload.preset) == (BUNDLE, None, "minimal")
    assert app.credentials == KeySettings("TEAMID1234", "ABC123DEFG", "AuthKey.p8")
    assert (settings.endpoint, settings.sandbox_endpoint) == (PRODUCTION, SANDBOX)
    assert PRODUCTION.url == "https://api.push.apple.com"
    assert SANDBOX.url == "https://api.sandbox.push.apple.com"


def test_certificate_is_enough() -> None:
    """N-04: with the key in the same file, or in another."""
    table = {"apps": {BUNDLE: {"certificate_file": "a.pem", "private_key_file": "b.pem"}}}
    assert apns_settings(table).apps[0].credentials == CertificateSettings("a.pem", "b.pem")
    table = {"apps": {BUNDLE: {"certificate_file": "a.pem"}}}
    assert apns_settings(table).apps[0].credentials == CertificateSettings("a.pem")


def test_gateway_takes_the_place_of_both() -> None:
    """DESIGN 5: endpoint is for both environments, unless there is one for the sandbox."""
    ours, theirs = Endpoint("push.example.com", 8443), Endpoint("sandbox.example.com")
    settings = apns_settings(_table(endpoint="https://push.example.com:8443", ca_file="ca.pem"))
    assert (settings.endpoint, settings.sandbox_endpoint) == (ours, ours)
    assert settings.ca_file == "ca.pem"
    settings = apns_settings(
        _table(endpoint="https://push.example.com:8443/", sandbox_endpoint=theirs.url)
    )
    assert (settings.endpoint, settings.sandbox_endpoint) == (ours, theirs)


@pytest.mark.parametrize("port", [443, 2197])
def test_apples_other_port_is_that_of_both(port: int) -> None:
    """DESIGN 5: who names Apple's production has named no gateway: the sandbox is Apple's too."""
    settings = apns_settings(_table(endpoint=f"https://api.push.apple.com:{port}"))
    assert settings.endpoint == Endpoint(PRODUCTION.host, port)
    assert settings.sandbox_endpoint == Endpoint(SANDBOX.host, port)


@pytest.mark.parametrize(("value", "found"), [("auto", None), (True, True), (False, False)])
def test_sandbox_is_one_of_three(value: object, found: bool | None) -> None:
    """Appendix A: "auto" believes the UA, and looks in the other environment where it is wrong."""
    assert apns_settings(_table({"sandbox": value})).apps[0].sandbox is found


@pytest.mark.parametrize(
    ("table", "where", "cure"),
    [
        ({}, "apps", "your.bundle.id"),
        ({"apps": {}}, "apps", "your.bundle.id"),
        ({"apps": 5}, "apps", "table of tables"),
        ({"apps": {BUNDLE: 5}}, f'apps."{BUNDLE}"', "must be a table"),
        (_table(app_s={}), "app_s", 'did you mean "apps"'),
        (_table({"keyfile": "x"}), f'apps."{BUNDLE}".keyfile', "key_file"),
        (_table({"team": ""}), f'apps."{BUNDLE}".team', "empty"),
        (_table({"team": "Example Ltd"}), f'apps."{BUNDLE}".team', "Team ID"),
        (_table({"key_id": "abc"}), f'apps."{BUNDLE}".key_id', "Key ID"),
        (_table({"key_file": 5}), f'apps."{BUNDLE}".key_file', "string"),
        (_table({"sandbox": "yes"}), f'apps."{BUNDLE}".sandbox', '"auto"'),
        (_table({"sandbox": 1}), f'apps."{BUNDLE}".sandbox', '"auto"'),
        (_table({"private_key_file": "x"}), f'apps."{BUNDLE}".private_key_file', "key_file"),
        (_table({"certificate_file": "x"}), f'apps."{BUNDLE}".key_file', "remove one"),
        (_table({"payload": "full"}), f'apps."{BUNDLE}".payload', '"linphone"'),
        ({"apps": {"no bundle": APP}}, 'apps."no bundle"', "Xcode"),
        ({"apps": {f"{BUNDLE}.voip": APP}}, f'apps."{BUNDLE}.voip"', "leave out .voip"),
        (_table(endpoint="http://push.example.com"), "endpoint", "https"),
        (_table(endpoint="https://push.example.com/3"), "endpoint", "leave out"),
        (_table(sandbox_endpoint="push.example.com"), "sandbox_endpoint", "https"),
        (_table(ca_file="ca.pem"), "ca_file", "remove it"),
    ],
)
def test_what_is_wrong_is_said(table: dict[str, Any], where: str, cure: str) -> None:
    """DESIGN 5: which key it is, and what to do about it."""
    assert cure in _problems(table)[where]


@pytest.mark.parametrize("kind", ["refresh", "mid-dialog"])
@pytest.mark.parametrize("name", ["alert", "sound", "badge"])
def test_push_in_the_background_may_show_nothing(kind: str, name: str) -> None:
    """R-04: Apple refuses it; a payload that asks for it is refused when it is read."""
    table = _table({"payload": {kind: {"aps": {name: 1, "category": "X"}}}})
    assert list(_problems(table)) == [f'apps."{BUNDLE}".payload.{kind}.aps.{name}']


def test_aps_is_a_table() -> None:
    """N-27: it is Apple's own part of a payload."""
    table = _table({"payload": {"call": {"aps": "alert"}}})
    assert "table" in _problems(table)[f'apps."{BUNDLE}".payload.call.aps']


def test_everything_wrong_is_said_at_once() -> None:
    """DESIGN 5: one start is enough to see it all, and no value is repeated."""
    secret = "a-secret-in-the-wrong-place"
    table = {
        "apps": {BUNDLE: {"team": secret, "payload": secret}, "x y": {}},
        "endpoint": secret,
        "unknown": secret,
    }
    problems = _problems(table)
    assert len(problems) == 10
    assert secret not in repr(problems)
