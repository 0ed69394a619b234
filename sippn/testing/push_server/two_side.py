"""The server's side of h2's state machine, made quick for many small requests."""

from __future__ import annotations

from typing import Final

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.settings import SettingCodes, Settings
from h2.stream import StreamClosedBy

_BODY: Final = 1 << 20  # octets of a request's body that are taken; a client with more waits
_WINDOW: Final = (1 << 31) - 1 - 65535  # octets that are taken before the window is opened again

_CONFIGURATION: Final = H2Configuration(
    client_side=False,
    header_encoding=None,
    validate_inbound_headers=False,  # each of these is a tenth of the work for a push
    normalize_inbound_headers=False,
    validate_outbound_headers=False,
    normalize_outbound_headers=False,
)


class ServersSide(H2Connection):
    """
    One connection.

    Who has it counts open streams, and says which have ended: h2 would walk through all that
    are open with each request.
    """

    def __init__(self, streams: int) -> None:
        super().__init__(_CONFIGURATION)
        self._taken = 0
        self.local_settings = Settings(
            client=False,
            initial_values={
                SettingCodes.MAX_CONCURRENT_STREAMS: streams,
                SettingCodes.INITIAL_WINDOW_SIZE: _BODY,
            },
        )

    @property
    def open_inbound_streams(self) -> int:
        """None, so that none is too many: h2 would end the connection for one."""
        return 0

    def begin(self) -> None:
        """Send the preface."""
        self.initiate_connection()
        self.increment_flow_control_window(_WINDOW)

    def allow(self, streams: int) -> None:
        """From now on a client may have so many streams at a time."""
        self.update_settings({SettingCodes.MAX_CONCURRENT_STREAMS: streams})

    def took(self, octets: int) -> None:
        """So many octets of bodies have come: open the window again, seldom."""
        self._taken += octets
        if self._taken > _WINDOW // 2:
            self.increment_flow_control_window(self._taken)
            self._taken = 0

    def ended(self, number: int) -> None:
        """Forget stream *number*."""
        stream = self.streams.pop(number, None)
        if stream is not None:
            self._closed_streams[number] = stream.closed_by or StreamClosedBy.SEND_END_STREAM
