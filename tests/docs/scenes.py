"""The flows of ``docs/flows.rst``, each played by a real server."""

from __future__ import annotations

from collections.abc import Callable

from attrs import frozen

from tests.docs import plays
from tests.docs.drawing import draw
from tests.docs.stage import PNS, SERVER, Stage


@frozen
class Scene:
    """
    One picture.

    :ivar name: of its file; *title*: for those who do not see it.
    """

    name: str
    title: str
    columns: tuple[str, ...]
    play: Callable[[], Stage]

    def svg(self) -> str:
        """Play it, and draw what was seen."""
        stage = self.play()
        stage.end()
        return draw(self.title, self.columns, stage.rows)


TWO = ("phone", SERVER)
FOUR = ("caller", SERVER, PNS, "phone")

SCENES = (
    Scene("register", "A phone registers", TWO, plays.register),
    Scene("woken", "A call wakes a phone", FOUR, plays.woken),
    Scene("cancelled", "The caller hangs up before the phone is there", FOUR, plays.cancelled),
    Scene(
        "late-join",
        "A mobile joins a call that rings on the desk",
        ("caller", SERVER, PNS, "desk", "mobile"),
        plays.late_join,
    ),
    Scene(
        "one-after-the-other",
        "A mobile is called when nobody answers on the desk",
        ("caller", SERVER, PNS, "desk", "mobile"),
        plays.one_after_the_other,
    ),
    Scene(
        "concealed",
        "A stranger hears the same of nobody and of who sleeps",
        ("stranger", SERVER, PNS, "phone"),
        plays.concealed,
    ),
    Scene(
        "refresh", "A push asks a phone to register again", (SERVER, PNS, "phone"), plays.refresh
    ),
    Scene("hedged", "A frozen phone is called, then pushed", FOUR, plays.hedged),
    Scene("reconnected", "A phone comes back on another connection", FOUR, plays.reconnected),
    Scene(
        "mid-dialog", "A re-INVITE wakes a phone in the middle of a call", FOUR, plays.mid_dialog
    ),
    Scene("stopped", "The server stops while a call waits", FOUR, plays.stopped),
)
