"""The ``sippn`` command, beside twistd: what an operator asks, and no server need run for."""

from __future__ import annotations


def main() -> None:
    """Do what the arguments of the process say, and end it."""
    from sippn.cli.commands import sippn  # noqa: PLC0415 - whoever imports the room asks nothing

    sippn(prog_name="sippn")
