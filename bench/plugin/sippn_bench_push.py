"""
The push server of ``sippn.testing`` in a process of its own.

``python -m sippn_bench_push FOLDER PORT GOAWAY``: what a sippn is configured with comes into
FOLDER, ``providers.toml`` last; each APNs push that reaches its phone is told by a datagram to
PORT of this machine; a connection takes no more than GOAWAY streams, 0: any number.

What comes as a datagram to the port that FOLDER's ``datagram_port`` says is passed on there, too:
so the same calls can be pushed by datagrams, with as many processes on the same way.
"""

from __future__ import annotations

import sys
from pathlib import Path
from socket import AF_INET, SOCK_DGRAM, socket
from typing import Any

from twisted.internet import reactor as _reactor
from twisted.internet.protocol import DatagramProtocol

from sippn.testing.push_server import APNsPush, PushServer

reactor: Any = _reactor  # its module stands for it


class PassingOn(DatagramProtocol):
    """Passes each datagram on to the phones."""

    def __init__(self, phones: socket) -> None:
        self._phones = phones

    def datagramReceived(self, datagram: bytes, addr: object) -> None:  # noqa: ARG002 - Twisted's
        """Pass it on."""
        self._phones.send(datagram)


def serve(folder: Path, port: int, goaway: int) -> None:
    """Until the process is ended."""
    phones = socket(AF_INET, SOCK_DGRAM)
    phones.setblocking(False)
    phones.connect(("127.0.0.1", port))
    server = PushServer(reactor)
    server.apns.goaway_every = goaway

    def tell(push: APNsPush) -> None:
        phones.send(b"pn-prid=" + push.token.encode())

    server.apns.on_push = tell
    server.start()
    passing = reactor.listenUDP(0, PassingOn(phones), interface="127.0.0.1", maxPacketSize=65535)
    (folder / "datagram_port").write_text(str(passing.getHost().port))
    unfinished = folder / "providers.toml.new"
    unfinished.write_text(server.tables(folder))
    unfinished.rename(folder / "providers.toml")
    reactor.run()


if __name__ == "__main__":
    serve(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
