"""Tests for :mod:`sippn.providers.fcm.servers`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from sippn.errors import ConfigErrors
from sippn.interfaces import Surroundings
from sippn.providers.fcm.provider import FCM
from sippn.providers.fcm.settings import fcm_settings
from sippn.providers.settings import Endpoint

if TYPE_CHECKING:
    from tests.providers.fcm.conftest import Google

MakeFCM = Callable[..., FCM]

FCM_HOST = Endpoint("fcm.googleapis.com")
TOKEN_URI = Endpoint("oauth2.googleapis.com", 443, "/token")
GATEWAY = "https://oauth2.gateway.example"


@pytest.mark.parametrize(
    ("table", "reached"),
    [
        ({}, [(TOKEN_URI, False), (FCM_HOST, False)]),
        (
            {"endpoint": "https://gateway.example"},
            [(TOKEN_URI, False), (Endpoint("gateway.example"), True)],
        ),
        (
            {"token_endpoint": f"{GATEWAY}/t"},
            [(Endpoint("oauth2.gateway.example", 443, "/t"), True), (FCM_HOST, False)],
        ),
    ],
)
def test_ca_file_is_for_what_the_operator_names(
    make_fcm: MakeFCM, google: Google, table: dict[str, Any], reached: list[object]
) -> None:
    """T17: a private CA vouches for a private gateway, and never for Google."""
    make_fcm(table)
    assert google.reached == reached


def test_projects_share_what_is_at_one_place(make_fcm: MakeFCM, google: Google) -> None:
    """One connection to Google's token endpoint, however many projects there are."""
    make_fcm({"endpoint": GATEWAY, "token_endpoint": f"{GATEWAY}/t"}, first={}, second={})
    assert len(google.reached) == 1
    make_fcm(first={}, second={})
    assert len(google.reached) == 3


@pytest.mark.parametrize(
    ("table", "key", "what"),
    [
        ({"endpoint": "https://xn--a.example"}, "endpoint", "punycode"),
        ({"token_endpoint": "https://xn--a.example/t"}, "token_endpoint", "punycode"),
        ({"endpoint": "https://h", "ca_file": "missing"}, "ca_file", "cannot be read"),
        ({"endpoint": "https://h", "ca_file": "empty"}, "ca_file", "no PEM certificate"),
    ],
)
def test_what_cannot_be_reached_is_told_when_it_is_built(
    surroundings: Surroundings,
    write_account: Callable[..., str],
    tmp_path: Path,
    table: dict[str, Any],
    *,
    key: str,
    what: str,
) -> None:
    """DESIGN section 5: with its key."""
    (tmp_path / "empty").write_text("")
    files = {name: str(tmp_path / each) for name, each in table.items() if name == "ca_file"}
    projects = {"my-project": {"service_account": write_account()}}
    with pytest.raises(ConfigErrors) as caught:
        FCM.build(fcm_settings({**table, **files, "projects": projects}), surroundings)
    [(where, wrong)] = caught.value.problems
    assert where == key
    assert what in wrong
