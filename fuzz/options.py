"""The command line."""

from __future__ import annotations

import argparse
from pathlib import Path

from fuzz.case import TRANSPORTS


def parser() -> argparse.ArgumentParser:
    """What the command line may say."""
    made = argparse.ArgumentParser(
        prog="python -m fuzz",
        description="Sends a server what it should not be sent, and looks at all that it emits.",
        epilog="It ends with 1 if any oracle was not satisfied, and says what to --replay.",
    )
    add = made.add_argument
    add("--seed", type=int, nargs="+", default=[1], metavar="S", help="one run for each")
    add("--iterations", type=int, default=2000, metavar="N", help="of each run; 2000 if not given")
    add("--transport", nargs="+", choices=TRANSPORTS, default=list(TRANSPORTS), help="both, if not"
        " given; a --replay needs the same")  # fmt: skip
    add("--replay", type=_name, action="append", metavar="S:N", help="send only this iteration, and"
        " print it; may be given several times")  # fmt: skip
    add("--server", type=_address, metavar="HOST:PORT", help="that one, of which neither log nor"
        " memory can be seen; it should serve fuzz.test as fuzz/server.py has it")  # fmt: skip
    add(
        "--tree",
        type=Path,
        default=Path(__file__).parents[1],
        help="run the sippn of this checkout",
    )
    add("--sqlite", action="store_true", help="bindings are kept on disk, not in memory")
    add("--settle", type=float, default=40.0, metavar="SECONDS", help="that timers are given before"
        " memory and descriptors are compared; 40 if not given")  # fmt: skip
    add("--keep", type=Path, metavar="FOLDER", help="leave the log of the server there")
    return made


def _name(text: str) -> tuple[int, int]:
    seed, _, number = text.partition(":")
    return int(seed), int(number)


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    return host, int(port)
