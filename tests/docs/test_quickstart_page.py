"""The call that ``docs/quickstart.rst`` shows is one of the demo's."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
TWISTD = "import sys; from twisted.scripts.twistd import run; sys.exit(run())"
_TIME = re.compile(r"[0-9]+(\.[0-9]+)?( ms)?")


def test_demo_shows_what_the_page_has() -> None:
    """Issue 7, 10: who runs the demo sees the page's ladder, at other times."""
    page = (ROOT / "docs" / "quickstart.rst").read_text("utf-8")
    shown = page.partition("code-block:: text\n\n")[2].partition("\n\nA server of your own")[0]
    done = subprocess.run(
        [sys.executable, "-c", TWISTD, "-n", "--pidfile=", "sippn", "--demo-calls=1"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    said = done.stdout.partition("Ctrl-C ends it.\n\n")[2].partition("\n\n1 call;")[0]
    assert said
    assert _shape(said) == _shape(shown)


def _shape(ladder: str) -> list[str]:
    """Its lines without times and blanks, in an order that a faster machine does not change."""
    lines = (_TIME.sub("#", "".join(line.split())) for line in ladder.splitlines())
    return sorted(filter(None, lines))
