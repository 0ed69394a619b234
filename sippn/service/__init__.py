"""
I introduce everyone, then leave.
"""

from sippn.service.server import Listen, Server, listen_udp, make_server
from sippn.service.settings import ServerSettings

__all__ = ["Listen", "Server", "ServerSettings", "listen_udp", "make_server"]
