"""
I introduce everyone, then leave.
"""

from sippn.service.figures import Figures
from sippn.service.pauses import Pauses
from sippn.service.server import Listen, Server, make_server
from sippn.service.settings import ServerSettings
from sippn.service.sockets import Sockets
from sippn.service.wall import Boot

__all__ = [
    "Boot",
    "Figures",
    "Listen",
    "Pauses",
    "Server",
    "ServerSettings",
    "Sockets",
    "make_server",
]
