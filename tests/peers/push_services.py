"""
Apple's and Google's push services of ``sippn.testing``, for programs of others: in a thread.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import Empty, Queue
from threading import Thread
from typing import Any

from attrs import define, field, frozen
from twisted.internet.selectreactor import SelectReactor

from sippn.testing.push_server import APNsPush, FCMPush, PushServer
from tests.peers.server import Configuration
from tests.peers.waiting import PATIENCE

_WEBHOOK = '[[push.provider]]\ntype = "webhook"\nurl = "{url}"\n'


@frozen
class Pushing(Configuration):
    """
    A server with other providers than the webhook.

    :ivar providers: their tables; ``{url}`` in them is that of the webhook's gateway.
    """

    providers: str = ""

    def text(self, push_url: str) -> str:
        """Its file."""
        webhook = _WEBHOOK.format(url=push_url)
        text = super().text(push_url)
        assert webhook in text
        return text.replace(webhook, self.providers.replace("{url}", push_url))


@define(eq=False)
class PushServices:
    """
    What a server is told to push through, and what it pushes.

    :ivar tables: of the providers.
    :ivar server: not to be touched while it runs, but for what its services are told to do.
    """

    tables: str
    server: PushServer
    _pushes: Queue[Any] = field(factory=Queue, init=False)

    def record(self, push: APNsPush | FCMPush) -> None:
        """One has reached its phone."""
        self._pushes.put(push)

    def next_apns(self) -> APNsPush:
        """The oldest that was not taken yet, through Apple's."""
        push = self._next()
        assert isinstance(push, APNsPush), push
        return push

    def next_fcm(self) -> FCMPush:
        """The oldest that was not taken yet, through Google's."""
        push = self._next()
        assert isinstance(push, FCMPush), push
        return push

    @property
    def all_taken(self) -> bool:
        """Whether there was no push but those."""
        return self._pushes.empty()

    def _next(self) -> APNsPush | FCMPush:
        try:
            push: APNsPush | FCMPush = self._pushes.get(timeout=PATIENCE)
        except Empty:
            raise AssertionError(f"no push within {PATIENCE:g} s") from None
        return push


@contextmanager
def push_services(folder: Path) -> Iterator[PushServices]:
    """They run meanwhile; what providers need to reach them is in *folder*."""
    reactor = SelectReactor()
    server = PushServer(reactor)
    server.start()
    services = PushServices(server.tables(folder), server)
    for service in (server.apns, server.sandbox, server.fcm):
        service.on_push = services.record
    thread = Thread(target=reactor.run, kwargs={"installSignalHandlers": False})
    thread.start()
    try:
        yield services
    finally:
        reactor.callFromThread(lambda: server.stop().addBoth(lambda _: reactor.stop()))
        thread.join()
