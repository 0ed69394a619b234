"""
A source that sends as fast as it can: ``python -m bench.load.flood PORT SECONDS``.

A process of its own, for whoever floods waits for nobody.  It prints how many it has sent.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter

from bench.load.messages import register
from bench.load.sockets import address_of, udp_socket
from bench.servers.running import HOST

_SOURCE = "127.0.9.9"
_DIFFERENT = 1_000  # messages, over and over
_USER = 900_000_000


@contextmanager
def flood(port: int, seconds: float) -> Iterator[list[int]]:
    """Flood the server at *port* while the block runs; the list gets how many were sent."""
    words = [sys.executable, "-m", "bench.load.flood", str(port), str(seconds)]
    root = Path(__file__).parents[2]
    environment = {**os.environ, "PYTHONPATH": str(root)}
    sent: list[int] = []
    with subprocess.Popen(words, stdout=subprocess.PIPE, env=environment, cwd=root) as process:
        yield sent
        printed, _ = process.communicate()
        sent.append(int(printed))


def _flood(port: int, seconds: float) -> int:
    sent = 0
    with udp_socket(_SOURCE) as endpoint:
        endpoint.connect((HOST, port))
        at = address_of(endpoint)
        messages = [register(_USER + n, n + 1, at) for n in range(_DIFFERENT)]
        end = perf_counter() + seconds
        while perf_counter() < end:
            for message in messages:
                try:
                    endpoint.send(message)
                except OSError:  # its own buffer is full, or nobody listens
                    continue
                sent += 1
    return sent


if __name__ == "__main__":
    sys.stdout.write(str(_flood(int(sys.argv[1]), float(sys.argv[2]))))
