"""How the pages are built: ``sphinx-build -n -W docs docs/_build``."""

from __future__ import annotations

from configparser import ConfigParser
from pathlib import Path

_setup = ConfigParser()
_setup.read(Path(__file__).parent.parent / "setup.cfg", "utf-8")

project = "sippn"
author = "the sippn developers"
copyright = f"2026, {author}"
release = _setup["metadata"]["version"]
version = release

exclude_patterns = ["_build"]
nitpicky = True
html_theme = "alabaster"
html_theme_options = {
    "description": _setup["metadata"]["description"],
    "page_width": "1080px",
}
html_static_path = ["_static"]
html_css_files = ["sippn.css"]
