"""What is wrong with a configuration, for a terminal."""

from __future__ import annotations

from pathlib import Path

from sippn.errors import ConfigErrors


def listed(errors: ConfigErrors, path: Path | str | None) -> str:
    """Everything that is wrong with the configuration at *path*; None: the embedded one."""
    lines = lines_of(errors)
    count = "1 problem" if len(lines) == 1 else f"{len(lines)} problems"
    return "\n  ".join([f"{count} in {path or 'the embedded configuration'}", *lines])


def lines_of(errors: ConfigErrors) -> list[str]:
    """Each problem in a line of its own."""
    return [f"{where}: {what}" if where else what for where, what in errors.problems]
