"""``python -m fuzz``: see docs/fuzzing.rst."""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from bench.servers.running import CannotStart
from bench.servers.setup import Setup, start
from fuzz.case import make
from fuzz.options import parser
from fuzz.oracles import Oracles
from fuzz.report import report, shown
from fuzz.run import Process, Run
from fuzz.scene import Scene
from fuzz.server import Fuzzed

_NOWHERE = ("127.0.0.1", 9)


def main(arguments: Sequence[str] | None = None) -> int:
    """Fuzz; 1 if anything was wrong."""
    options = parser().parse_args(arguments)
    if options.replay:
        runs = {seed: [n for s, n in options.replay if s == seed] for seed, _ in options.replay}
    else:
        runs = {seed: list(range(options.iterations)) for seed in options.seed}
    try:
        return max([_run(options, seed, numbers) for seed, numbers in runs.items()])
    except CannotStart as error:
        print(error, file=sys.stderr)
        return 1


def _run(options: argparse.Namespace, seed: int, numbers: Sequence[int]) -> int:
    with fuzzing(options, seed) as run:
        if options.replay:
            run.settle = 0
            for number in numbers:
                print(shown(make(seed, number, options.transport), run.scene))
        run.run(numbers)
        text = report(run, seed, len(numbers))
    print(text, flush=True)
    return 1 if run.oracles.failures else 0


@contextmanager
def fuzzing(options: argparse.Namespace, seed: int) -> Iterator[Run]:
    """Have a scene, and the server in it."""
    scene = Scene(options.server or _NOWHERE, seed, tuple(options.transport), Oracles())
    try:
        if options.server:
            yield Run(scene)
            return
        setup = Setup(durable=options.sqlite, push_port=scene.push_port)
        with (
            tempfile.TemporaryDirectory(prefix="fuzz-") as scratch,
            start(Fuzzed(options.tree), setup, Path(scratch)) as server,
        ):
            scene.server = ("127.0.0.1", server.port)
            log = server.folder / "log"
            yield Run(scene, Process(server.pid, log), options.settle)
            if options.keep:
                options.keep.mkdir(parents=True, exist_ok=True)
                shutil.copy(log, options.keep / f"log-{seed}")
    finally:
        scene.close()


if __name__ == "__main__":
    sys.exit(main())
