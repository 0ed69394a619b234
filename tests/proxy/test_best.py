"""
Tests for :mod:`sippn.proxy.best`.
"""

from __future__ import annotations

import pytest

from sippn.proxy.best import Final, best_final, gather_challenges
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
        ([Final(408), Final(480)], 480),
        ([remote(404), remote(415)], 415),
        ([remote(404), remote(420)], 420),
        ([remote(404), remote(484)], 484),
        ([remote(401), remote(302)], 302),
        ([remote(503)], 503),
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
        "RFC 4320: a non-INVITE cannot have 408",
        "415 tells more",
        "420 tells more",
        "484 tells more",
        "class before what tells more",
        "all there is",
    ],
)
def test_chooses(finals: list[Final], best: int) -> None:
    """RFC 3261 16.7, step 6, and S-11."""
    assert best_final(finals).status == best


WWW, PROXY = "WWW-Authenticate", "Proxy-Authenticate"


def challenge(status: int, *challenges: tuple[str, str]) -> Response:
    """A 401 or 407."""
    return Response(status, "", Headers([("X-Other", "kept"), *challenges]))


def test_challenges_of_all_branches_are_gathered() -> None:
    """RFC 3261 16.7, step 7: of every 401 and 407, unchanged, and the same one once."""
    best = challenge(407, (PROXY, 'Digest realm="a"'))
    others = [
        challenge(401, (WWW, 'Digest realm="b"'), (WWW, 'Digest realm="c"')),
        challenge(407, (PROXY, 'Digest realm="a"'), (PROXY, 'Digest realm="d"')),
        challenge(401, (WWW, 'Digest realm="c"')),
        challenge(403, (WWW, 'Digest realm="not asked"')),
    ]
    finals = [Final(one.status, one) for one in (best, *others)]
    told = gather_challenges(best, [Final(480), *finals])
    assert told.status == 407
    assert told.headers.get_all(PROXY) == ['Digest realm="a"', 'Digest realm="d"']
    assert told.headers.get_all(WWW) == ['Digest realm="b"', 'Digest realm="c"']
    assert best.headers.get_all(WWW) == []


def test_other_answers_get_no_challenges() -> None:
    """RFC 3261 16.7, step 7: only a 401 or a 407 has them."""
    best = Response(486, "", Headers())
    assert gather_challenges(best, [Final(401, challenge(401, (WWW, "x")))]) is best
