"""The push server of ``sippn.testing``, which pushes go to that a sippn sends by itself."""

from __future__ import annotations

import json
import os
import ssl
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.client import HTTPSConnection
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from attrs import frozen

from bench.servers.running import CannotStart
from bench.servers.sippn import path_to

_HERE = Path(__file__).parents[2]
_PATIENCE = 20.0  # seconds that it gets to start


@frozen
class Counts:
    """
    What it did.

    :ivar acted: pushes that reached their phones.
    :ivar different: of those, each counted once; *doubled*: how many came there twice.
    :ivar connections: that were made.
    """

    acted: int
    different: int
    doubled: int
    connections: int


@frozen
class PushServer:
    """
    One that runs.

    :ivar providers: the tables of a configuration that has sippn push to it.
    :ivar datagram_port: takes pushes by datagram, in the same process.
    """

    providers: str
    datagram_port: int
    _apns: Mapping[str, Any]

    def counts(self) -> Counts:
        """Of APNs, since the start."""
        trust = ssl.create_default_context(cafile=self._apns["ca_file"])
        host, _, port = self._apns["endpoint"].removeprefix("https://").partition(":")
        connection = HTTPSConnection(host, int(port), timeout=_PATIENCE, context=trust)
        try:
            connection.request("GET", "/counts")
            return Counts(**json.loads(connection.getresponse().read()))
        finally:
            connection.close()


@contextmanager
def push_server(scratch: Path, port: int, goaway: int) -> Iterator[PushServer]:
    """
    Start one in a folder below *scratch*, and end it afterwards.

    :param port: of whoever plays the phones, for datagrams.
    :param goaway: streams that a connection takes; 0: any number.
    :raises CannotStart: it does not come up.
    """
    with TemporaryDirectory(dir=scratch, prefix="push-") as name:
        folder = Path(name)
        words = [sys.executable, "-m", "sippn_bench_push", str(folder), str(port), str(goaway)]
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(
                words,
                env={**os.environ, **path_to(_HERE)},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        try:
            providers = _written(process, folder)
            tables = tomllib.loads(providers)["push"]["provider"]
            apns = next(one for one in tables if one["type"] == "apns")
            port_of_datagrams = int((folder / "datagram_port").read_text())
            yield PushServer(providers, port_of_datagrams, apns)
        finally:
            process.terminate()
            process.wait(_PATIENCE)


def _written(process: subprocess.Popen[bytes], folder: Path) -> str:
    file, began = folder / "providers.toml", time.perf_counter()
    while time.perf_counter() - began < _PATIENCE and process.poll() is None:
        if file.exists():
            return file.read_text()
        time.sleep(0.02)
    words = (folder / "log").read_text(errors="replace")[-2000:]
    raise CannotStart(f"the push server did not come up:\n{words}")
