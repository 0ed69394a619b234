"""What runs when nobody configured anything."""

from __future__ import annotations

EMBEDDED = """\
role = "registrar"

[[listen]]
transport = "udp"
host = "127.0.0.1"
port = 5060

[[listen]]
transport = "tcp"
host = "127.0.0.1"
port = 5060

[storage]
type = "sqlite"
path = "sippn.db"

[keys]
file = "sippn.keys"

[auth]
mode = "none"

[[trusted]]
address = "127.0.0.0/8"

[[trusted]]
address = "::1/128"

[[push.provider]]
type = "log"
"""

NOTE = (
    "no --config: any address of any domain may register from this machine, without a"
    " password; pushes are logged and not sent; sippn.db and sippn.keys, in the current folder,"
    " keep registrations and the secret"
)
