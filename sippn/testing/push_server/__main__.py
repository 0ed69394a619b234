"""
``python -m sippn.testing.push_server FOLDER``: push services on this machine, for people.

Key files and the providers' tables are written into FOLDER; each push is a line.
"""

from __future__ import annotations

import re
import sys
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TextIO

from twisted.internet.error import CannotListenError

from sippn.testing.push_server.server import PushServer
from sippn.testing.push_server.service import Push, Service

TABLES = "push.toml"
_HIGHEST = 65_532  # the last of the four is 65535


def options(arguments: Sequence[str]) -> Namespace:
    """What the command line says."""
    parser = ArgumentParser(
        prog="python -m sippn.testing.push_server",
        description="Serve APNs, FCM and web push on this machine until interrupted.",
    )
    parser.add_argument("folder", type=Path, help="where key files and tables are written")
    parser.add_argument(
        "--port", type=_port, default=0, help="of APNs; the others follow it; 0: any"
    )
    parser.add_argument(
        "--goaway-every", type=int, default=0, metavar="N", help="GOAWAY after N streams"
    )
    parser.add_argument("--quiet", action="store_true", help="no line for each push")
    return parser.parse_args(arguments)


def serve(reactor: Any, told: Namespace, out: TextIO) -> PushServer:
    """
    A server that does what the command line says, started.

    :raises CannotListenError: a port is taken.
    :raises OSError: the folder cannot be written into.
    """
    told.folder.mkdir(parents=True, exist_ok=True)
    server = PushServer(reactor)
    server.start(told.port)
    tables = told.folder / TABLES
    tables.write_text(server.tables(told.folder), encoding="utf-8")
    for service in server.services:
        service.goaway_every = told.goaway_every
        if not told.quiet:
            service.on_answer = _liner(service, out)
        print(f"{service.name} at {service.url}", file=out)
    print(f"the providers' tables are in {tables}", file=out, flush=True)
    return server


def goodbye(server: PushServer) -> str:
    """What there was, in a line for each service that had something to do."""
    return "\n".join(
        f"{service.name}: {_number(sum(service.acted.values()))} reached a phone, "
        f"{service.doubled} were sent there more than once"
        for service in server.services
        if service.connections
    )


def main(arguments: Sequence[str]) -> None:
    """Serve until interrupted."""
    from twisted.internet import reactor  # noqa: PLC0415 - it is installed by its import

    running: Any = reactor
    told, served = options(arguments), []

    def begin() -> None:
        try:
            served.append(serve(running, told, sys.stdout))
        except CannotListenError as error:
            sys.stderr.write(f"{error}\n")
        except OSError as error:
            sys.stderr.write(f"{error.filename or told.folder}: {error.strerror}\n")
        finally:
            if not served:  # nobody is to wait for who serves nothing
                running.stop()

    running.callLater(0, begin)  # once signals are heard
    running.run()
    if not served:
        raise SystemExit(1)
    sys.stdout.write(goodbye(served[0]) + "\n")


def _port(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,5}", text) or int(text) > _HIGHEST:
        raise ArgumentTypeError(f"{text}: write a number from 0 to {_HIGHEST}")
    return int(text)


def _number(pushes: int) -> str:
    return "1 push" if pushes == 1 else f"{pushes} pushes"


def _liner(service: Service[Any], out: TextIO) -> Callable[[Push, int], None]:
    def line(push: Push, status: int) -> None:
        print(service.name, push.label, status or "unanswered", file=out, flush=True)

    return line


if __name__ == "__main__":
    main(sys.argv[1:])
