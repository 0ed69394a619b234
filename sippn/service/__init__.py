"""
I introduce everyone, then leave.
"""

from sippn.service.server import Listen, Server, make_server
from sippn.service.settings import ServerSettings
from sippn.service.sockets import Sockets

__all__ = ["Listen", "Server", "ServerSettings", "Sockets", "make_server"]
