"""
Tests for :mod:`sippn.proxy.best`.
"""

from __future__ import annotations

import pytest

from sippn.proxy.best import Final, best_final
from sippn.sip import Headers, Response


def remote(status: int) -> Final:
    """Somebody answered."""
    return Final(status, Response(status, "", Headers()))


@pytest.mark.parametrize(
    ("finals", "best"),
    [
        ([remote(486), remote(603), remote(302)], 603),
        ([remote(500), remote(404)], 404),
        ([remote(404), remote(302)], 302),
        ([remote(486), remote(407), remote(404)], 407),
        ([Final(480), remote(500)], 500),
        ([Final(408), remote(486)], 486),
        ([remote(503), remote(486)], 486),
        ([Final(480), Final(408)], 480),
    ],
    ids=[
        "6xx wins",
        "lowest class",
        "3xx before 4xx",
        "what the caller can act on",
        "S-11: an answer beats our 480",
        "S-11: an answer beats silence",
        "S-11: 503 is about a server",
        "first of equals",
    ],
)
def test_chooses(finals: list[Final], best: int) -> None:
    """RFC 3261 16.7, step 6, and S-11."""
    assert best_final(finals).status == best
