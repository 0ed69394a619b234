"""Draw the ladders of ``docs/flows.rst``: ``python -m tests.docs docs/ladders``."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.docs.scenes import SCENES

if __name__ == "__main__":
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for scene in SCENES:
        (folder / f"{scene.name}.svg").write_text(scene.svg(), encoding="utf-8")
