"""
The push service of the tests: an HTTP endpoint of a few lines, on a real socket.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Empty, Queue
from threading import Thread
from typing import Any

from attrs import define, field

from tests.peers.server import DOMAIN, HOST
from tests.peers.waiting import PATIENCE

Push = dict[str, Any]
"""The JSON object that a push is."""


def lasting(push: Push) -> Push:
    """*push* without what is another each time."""
    return {key: push[key] for key in push if key not in {"id", "call_id", "deadline"}}


def call_for(user: str, provider: str, param: str, prid: str) -> Push:
    """What :func:`lasting` leaves of a push when *user* is called, whose PNS has one token each."""
    return {
        "kind": "call",
        "provider": provider,
        "param": param,
        "prid": prid,
        "token": prid,
        "service": "",
        "app": "",
        "sandbox": False,
        "hints": {},
        "aor": f"sip:{user}@{DOMAIN}",
        "method": "INVITE",
    }


@define(eq=False)
class PushService:
    """
    Takes pushes for phones.

    :ivar url: where it takes them.
    :ivar status: what it answers them with.
    """

    url: str
    status: int = 200
    _pushes: Queue[Push] = field(factory=Queue, init=False)

    def record(self, push: Push) -> None:
        """Keep *push* for :meth:`next`."""
        self._pushes.put(push)

    def next(self) -> Push:
        """
        The oldest push that was not taken yet, as soon as there is one.

        :raises AssertionError: there is none for too long.
        """
        try:
            return self._pushes.get(timeout=PATIENCE)
        except Empty:
            raise AssertionError(f"no push within {PATIENCE:g} s") from None

    @property
    def all_taken(self) -> bool:
        """Whether there was no push but those that :meth:`next` returned."""
        return self._pushes.empty()


class _Server(ThreadingHTTPServer):
    request_queue_size = 128  # with the usual 5, a connection of a crowd waits for a second


@contextmanager
def push_service() -> Iterator[PushService]:
    """One that runs meanwhile, in a thread of its own."""

    class Endpoint(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            push = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(service.status)
            self.send_header("Content-Length", "0")
            self.end_headers()
            service.record(push)  # last: who is told of it finds it answered

        def log_message(self, *_: object) -> None:
            """Be quiet: a test that fails shows the pushes."""

    with _Server((HOST, 0), Endpoint) as endpoint:
        service = PushService(f"http://{HOST}:{endpoint.server_port}/push")
        thread = Thread(target=endpoint.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield service
        finally:
            endpoint.shutdown()
            thread.join()
