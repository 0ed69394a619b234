"""What comes after ``sippn``."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import click

from sippn.binding import PushKind
from sippn.cli.wish import Wish

_KINDS = [kind.value for kind in PushKind]


def _text(value: str) -> str:
    """
    What can be part of a Contact.

    :raises BadParameter: it cannot; *value* may be a token, and is not shown.
    """
    try:
        value.encode()
    except UnicodeEncodeError:
        raise click.BadParameter("has octets that are no UTF-8") from None
    return value


def _whom(value: str) -> str:
    """The same; of ``-`` the first line of the standard input."""
    if value == "-":
        line = sys.stdin.buffer.readline()
        value = line.decode(errors="surrogateescape").strip()
    return _text(value)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="sippn")
def sippn() -> None:
    """Ask things of a sippn configuration.  The server itself is run by "twistd sippn"."""


@sippn.group()
def push() -> None:
    """Push services."""


@push.command("test")
@click.argument("whom", metavar="AOR|TOKEN", type=_whom)
@click.option(
    "--config",
    "-c",
    required=True,
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The server's TOML file.",
)
@click.option(
    "--kind",
    type=click.Choice(_KINDS),
    default=PushKind.CALL.value,
    show_default=True,
    help="Why it is pushed.",
)
@click.option(
    "--binding", type=_text, metavar="ID", help="Of an AOR, this binding alone, be it dead."
)
@click.option("--provider", type=_text, metavar="NAME", help="Of a token: apns, fcm, webpush, ...")
@click.option("--param", type=_text, metavar="TEXT", help="Of a token: its pn-param.")
@click.option("--sandbox", is_flag=True, help="Of a token: it is of the test environment.")
@click.option(
    "--hint",
    "hints",
    multiple=True,
    type=_text,
    metavar="NAME=VALUE",
    help="Of a token: another push parameter of its Contact.",
)
def test(**asked: Any) -> None:
    """
    Send ONE push as the server would, and show what went out and what came back.

    An AOR, as sip:alice@example.com, stands for its bindings, which are read from the storage
    while the server runs; nothing is changed.  A TOKEN is a pn-prid as the phone registers it;
    - reads it from the standard input, where no other user of the machine sees it.

    Ends with 0 if every push was accepted, with 1 if one was not, and with 2 if there was
    nothing to try: the command line, the configuration or the storage is wrong; 130 after Ctrl-C.
    """
    from sippn.cli.running import run_push_test  # noqa: PLC0415 - it brings Twisted

    wish = Wish(**{**asked, "kind": PushKind(asked["kind"])})
    sys.exit(run_push_test(wish, os.environ))
