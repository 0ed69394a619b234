"""
``h2``, as a client needs it that loses no answer: what is changed of it, and why.

Each change has a test of its own; the private table is looked at when this is imported, so
that an ``h2`` which differs is refused at the start and not in the middle of a call.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Any, Final

import h2
from h2.config import H2Configuration
from h2.connection import (
    ConnectionInputs,
    ConnectionState,
    H2Connection,
    H2ConnectionStateMachine,
)
from h2.settings import SettingCodes, Settings
from h2.stream import StreamClosedBy
from hpack import Encoder, NeverIndexedHeaderTuple
from hpack.hpack import encode_integer

MOST_OF_FRAME: Final = 16384
"""Octets of one frame; also what SETTINGS_MAX_FRAME_SIZE is unless somebody says otherwise."""

MOST_OF_HEAD: Final = 32768
"""Octets of one header section, before and after it is expanded (RELIABILITY T9)."""

STREAM_WINDOW: Final = 65536 + MOST_OF_FRAME
"""Octets of one answer that its server may send: none of them is given back."""

CONNECTION_WINDOW: Final = 1 << 20
"""Octets of all answers together that are on their way at a time."""

_TABLE: Final = 4096  # octets of the header table that we fill; looking it up is linear
_RESETS: Final = 4096  # streams of ours whose late answers are known for what they are

# Who lets the root logger have DEBUG would find our tokens in hpack's.
for _name in ("hpack.hpack", "hpack.table"):
    logging.getLogger(_name).setLevel(logging.INFO)

_KEPT_OPEN: Final = {
    (ConnectionState.CLIENT_OPEN, ConnectionInputs.RECV_GOAWAY): ConnectionState.CLIENT_OPEN,
    (ConnectionState.IDLE, ConnectionInputs.RECV_GOAWAY): ConnectionState.IDLE,
}
_TRANSITIONS: Final[dict[Any, Any]] = H2ConnectionStateMachine._transitions  # noqa: SLF001 - h2#1181


def check_table(transitions: dict[Any, Any], version: str) -> None:
    """
    See that *transitions* are those that :class:`StayingOpen` was written for.

    :raises ImportError: they are not.
    """
    closed = (None, ConnectionState.CLOSED)
    if any(transitions.get(each) != closed for each in _KEPT_OPEN):
        raise ImportError(
            f"h2 {version} closes a connection in another way than the 4.x that sippn knows;"
            " install h2>=4.3,<5"
        )


check_table(_TRANSITIONS, h2.__version__)


class StayingOpen(H2ConnectionStateMachine):
    """
    A connection stays open after GOAWAY.

    RFC 9113 section 6.8: streams up to the last one named are answered still.
    ``h2`` calls the connection closed (python-hyper/h2#1181), and each of those
    answers a protocol error.
    """

    _transitions = {  # noqa: RUF012 - as h2 has it
        **_TRANSITIONS,
        **{each: (None, state) for each, state in _KEPT_OPEN.items()},
    }


class FieldEncoder(Encoder):
    """
    HPACK (RFC 7541) with no more work than it saves.

    What was written once is written again as it was, until the table changes; and nothing
    is Huffman coded, which takes longer than the octets that it saves.  The table is not
    larger than its first size, whatever the server offers.
    """

    def __init__(self) -> None:
        super().__init__()
        self._fields: dict[tuple[bytes, bytes], bytes] = {}
        self._names: dict[bytes, bytes] = {}

    @property
    def header_table_size(self) -> int:
        """Octets of the table."""
        size: int = self.header_table.maxsize
        return size

    @header_table_size.setter
    def header_table_size(self, value: int) -> None:
        self.header_table.maxsize = min(value, _TABLE)
        if self.header_table.resized:
            self.table_size_changes.append(self.header_table.maxsize)
            self._forget()

    def encode(
        self,
        headers: Any,
        huffman: bool = False,  # noqa: ARG002 - hpack's
    ) -> bytes:
        """A header section, of fields whose names and values are octets."""
        written = [super().encode([])]  # what is to be said of the table
        for pair in headers:
            if isinstance(pair, NeverIndexedHeaderTuple):
                written.append(self._literal(*pair))
            else:
                written.append(self._fields.get(pair) or self._indexed(pair))
        return b"".join(written)

    def _indexed(self, pair: tuple[bytes, bytes]) -> bytes:
        octets = self.add(pair, sensitive=False)
        if octets[0] & 0x80:
            self._fields[pair] = octets
        else:
            self._forget()  # it is in the table now, and all others have moved
        return octets

    def _literal(self, name: bytes, value: bytes) -> bytes:
        """Never indexed (RFC 7541 section 6.2.3)."""
        prefix = self._names.get(name)
        if prefix is None:
            prefix = self._names[name] = self._name(name)
        length = len(value)
        size = bytes((length,)) if length < 127 else bytes(encode_integer(length, 7))
        return prefix + size + value

    def _name(self, name: bytes) -> bytes:
        found = self.header_table.search(name, b"")
        if found is None:
            return b"\x10" + bytes(encode_integer(len(name), 7)) + name
        prefix = encode_integer(found[0], 4)
        prefix[0] |= 0x10
        return bytes(prefix)

    def _forget(self) -> None:
        self._fields.clear()
        self._names.clear()


class Framing(H2Connection):
    """
    A client's side of a connection: frames and their order, no socket.

    :ivar under_way: streams of ours that are open.
    """

    MAX_CLOSED_STREAMS = _RESETS

    def __init__(self) -> None:
        super().__init__(_CONFIGURATION)
        self.state_machine = StayingOpen()
        self.encoder = FieldEncoder()
        self.decoder.max_header_list_size = MOST_OF_HEAD
        self.local_settings = Settings(client=True, initial_values=_SETTINGS)
        self.under_way = 0

    @property
    def open_outbound_streams(self) -> int:
        """
        Streams of ours that are open.

        Asked for before each request: ``h2`` counts them one by one.
        """
        if len(self.streams) > 2 * self.under_way + 64:
            self._open_streams(1)  # those that were reset; what has ended is gone already
        return self.under_way

    def clear_outbound_data_buffer(self) -> None:
        """
        Keep what is to be sent.

        A GOAWAY would throw the acknowledgements away that came before it, and the
        server is waiting for them.
        """

    def open(self, fields: Iterable[tuple[bytes, bytes]], *, ended: bool) -> int:
        """Begin a stream with a request's *fields*; which stream it is."""
        stream_id = self.get_next_available_stream_id()
        self.send_headers(stream_id, fields, end_stream=ended)
        self.under_way += 1
        return stream_id

    def forget(self, stream_id: int) -> None:
        """
        A stream of ours is not open any more.

        One that has ended is not kept.  One that we have reset is, as its answer may be on
        the way: ``h2`` would take that for a breach of the protocol.
        """
        self.under_way -= 1
        stream = self.streams.get(stream_id)
        if stream is None or not stream.closed:
            return
        if stream.closed_by is not StreamClosedBy.SEND_RST_STREAM:
            del self.streams[stream_id]


_CONFIGURATION: Final = H2Configuration(
    client_side=True,
    header_encoding=None,
    # what we send is made here, of octets that were looked at: see Ask
    validate_outbound_headers=False,
    normalize_outbound_headers=False,
)
_SETTINGS: Final = {
    SettingCodes.HEADER_TABLE_SIZE: 4096,
    SettingCodes.ENABLE_PUSH: 0,
    SettingCodes.MAX_CONCURRENT_STREAMS: 1,
    SettingCodes.INITIAL_WINDOW_SIZE: STREAM_WINDOW,
    SettingCodes.MAX_FRAME_SIZE: MOST_OF_FRAME,
    SettingCodes.MAX_HEADER_LIST_SIZE: MOST_OF_HEAD,
}
