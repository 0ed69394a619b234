"""
What is said on the terminal, before there is a log.
"""

from __future__ import annotations

import sys


def say(text: str) -> None:
    """Write to the terminal itself: twistd turns what goes to ``sys.stdout`` into its log."""
    out = sys.__stdout__
    if out is not None:
        out.write(f"{text}\n")
        out.flush()
