"""The command line."""

from __future__ import annotations

import argparse
from pathlib import Path

from attrs import evolve

from bench.measures import ALL
from bench.plan import Plan
from bench.sizes import FULL, QUICK, TINY, Sizes

_HERE = Path(__file__).parents[1]

_NUMBER = {
    "rounds": "runs of each case",
    "bindings": "push bindings, for register and durable",
    "calls": "woken calls in a closed loop",
    "pushed": "the same, pushed by APNs",
}
_NUMBERS = {
    "at_a_time": "of them",
    "rates": "of calls a second, pushed by datagram",
    "http_rates": "the same, pushed by HTTP",
}


def parser() -> argparse.ArgumentParser:
    """What the command line may say."""
    made = argparse.ArgumentParser(
        prog="python -m bench",
        description="Measures sippn beside Kamailio.",
        epilog="\n".join(["measures:", *(f"  {one.name:12} {one.says}" for one in ALL)]),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    names = ["all", *(one.name for one in ALL)]
    add = made.add_argument
    add("measure", nargs="+", choices=names, metavar="MEASURE", help="one of those below, or all")
    add("--sippn", type=Path, action="append", metavar="TREE", help="a checkout to measure, this"
        " one if there is none; two are compared")  # fmt: skip
    add("--no-kamailio", dest="kamailio", action="store_false", help="leave it out")
    add("--in-order", action="store_true", help="refresh in order, not at random")
    add("--again", action="store_true", help="repeat what is not answered, in woken calls")
    add("--out", type=Path, metavar="FOLDER", help="for rows.jsonl, table.txt and growth.svg")
    add("--scratch", type=Path, metavar="FOLDER", help="for data bases: on the disk to measure")
    add("--quick", dest="sizes", action="store_const", const=QUICK, default=FULL,
        help="a tenth of everything")  # fmt: skip
    add("--tiny", dest="sizes", action="store_const", const=TINY, help="to see that it works")
    for name, what in _NUMBER.items():
        add(f"--{name}", type=int, metavar="N", help=what)
    for name, what in _NUMBERS.items():
        add(f"--{name.replace('_', '-')}", type=_numbers, metavar="N,N", help=what)
    return made


def plan_of(options: argparse.Namespace, scratch: Path) -> Plan:
    """What *options* ask for, with servers below the folder *scratch*."""
    return Plan(
        sizes=_sizes(options),
        trees=[tree.resolve() for tree in options.sippn or [_HERE]],
        scratch=scratch,
        kamailio=options.kamailio,
        in_order=options.in_order,
        again=options.again,
    )


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(one) for one in text.split(",") if one)


def _sizes(options: argparse.Namespace) -> Sizes:
    asked = {name: getattr(options, name) for name in (*_NUMBER, *_NUMBERS)}
    changed = {name: value for name, value in asked.items() if value is not None}
    if "rounds" in changed:
        changed["pairs"] = changed["rounds"]
    sizes: Sizes = options.sizes
    return evolve(sizes, **changed)
