"""The pictures of ``docs/flows.rst`` are what a real server does."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.docs.scenes import SCENES, Scene

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
LADDERS = DOCS / "ladders"

every_scene = pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.name)


@every_scene
def test_picture_is_what_happens(scene: Scene) -> None:
    """Issue 5, 7.  If not, and it is meant: ``python -m tests.docs docs/ladders``, and look."""
    assert (LADDERS / f"{scene.name}.svg").read_text("utf-8") == scene.svg()


@every_scene
def test_picture_shows_no_prid(scene: Scene) -> None:
    """P-007: not even of a phone that there is not."""
    assert "token" not in scene.svg()


@every_scene
def test_nothing_is_drawn_outside(scene: Scene) -> None:
    """A label that is cut cannot be read."""
    picture = ET.fromstring(scene.svg())  # noqa: S314 - our own
    width, height = int(picture.attrib["width"]), int(picture.attrib["height"])
    for box in picture.iter("{http://www.w3.org/2000/svg}rect"):
        x, y, w, h = (int(box.attrib[name]) for name in ("x", "y", "width", "height"))
        assert x >= 0
        assert x + w <= width
        assert y + h <= height


def test_every_picture_is_on_the_page_with_its_words() -> None:
    """Whoever does not see it is told what it shows."""
    page = (DOCS / "flows.rst").read_text("utf-8")
    shown = re.findall(r"\.\. image:: ladders/(.+)\.svg\n    :alt: (.+)\n", page)
    assert sorted(shown) == sorted((scene.name, scene.title) for scene in SCENES)
    assert {path.stem for path in LADDERS.iterdir()} == {scene.name for scene in SCENES}


def test_command_draws_them(tmp_path: Path) -> None:
    """The command that the first test names."""
    subprocess.run([sys.executable, "-B", "-m", "tests.docs", tmp_path], cwd=ROOT, check=True)
    drawn = {path.name for path in tmp_path.iterdir()}
    assert drawn == {f"{scene.name}.svg" for scene in SCENES}
