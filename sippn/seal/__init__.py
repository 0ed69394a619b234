"""Tokens that nobody can forge: PURR, flow token, cookie, nonce."""

from sippn.seal.keyfile import load_or_create, rotate
from sippn.seal.keyring import Keyring
from sippn.seal.purr import Reference, read_purr, write_purr

__all__ = ["Keyring", "Reference", "load_or_create", "read_purr", "rotate", "write_purr"]
