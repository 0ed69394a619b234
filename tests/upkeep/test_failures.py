"""Tests for :mod:`sippn.upkeep.failures`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twisted.logger import capturedLogs, formatEvent

from sippn.binding import PushOutcome, Verdict

if TYPE_CHECKING:
    from tests.upkeep.conftest import Scene

BOB = "sip:bob@example.com"


def test_herd_that_fails_is_a_line_a_minute(scene: Scene) -> None:
    """W2: the first is told at once, then how many more, until there was a minute without."""
    for number in range(100):
        scene.register(f"sip:{number}@example.com", f"p{number}")
    scene.clock.advance(3300)
    with capturedLogs() as logs:
        scene.look()
        while scene.pns.unanswered:
            scene.pns.answer(Verdict.FAILED)
        assert len(logs) == 1
        scene.clock.advance(60)
        scene.clock.advance(60)
        scene.register(BOB, "p-bob", 300)
        scene.clock.advance(200)
        scene.look()
        scene.pns.answer(PushOutcome(Verdict.REFUSED, detail="HTTP 403"))
    lines = [formatEvent(event) or "" for event in logs]
    assert [line.partition(" ")[0] for line in lines] == [scene.pns.jobs[0].aor, "99", BOB]
    last = scene.pns.jobs[99].id
    assert (
        lines[1]
        == f"99 more were not asked to refresh in the last minute, at last push {last} failed"
    )
    assert lines[2].endswith("refused (HTTP 403)")
