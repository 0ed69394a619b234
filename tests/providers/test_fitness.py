"""Tests for :mod:`sippn.providers.fitness`."""

from __future__ import annotations

import pytest

from sippn.binding import PushKind, PushTarget
from sippn.providers.fitness import fit_for

QUIET = {PushKind.REFRESH, PushKind.CANCEL}


@pytest.mark.parametrize("kind", PushKind)
@pytest.mark.parametrize(
    ("provider", "param", "quiet"),
    [
        ("apns", "TEAM.com.example.app.voip", False),
        ("apns.dev", "TEAM.com.example.app.VoIP", False),
        ("apns", "TEAM.com.example.app.voip&remote", True),
        ("apns", "TEAM.com.example.app.remote&voip", True),
        ("apns", "TEAM.com.example.app.remote", True),
        ("apns", "TEAM.com.example.voip.app", True),
        ("apns", "", True),
        ("fcm", "my.voip", True),
    ],
)
def test_voip_push_has_to_ring(kind: PushKind, provider: str, param: str, quiet: bool) -> None:
    """R-04, B 20: with a VoIP token alone a UA is neither refreshed nor told of a CANCEL."""
    assert fit_for(PushTarget(provider, param, "x"), kind) == (quiet or kind not in QUIET)
