"""Tokens that nobody can forge: PURR, flow token, cookie, nonce."""

from sippn.seal.keyfile import load_or_create
from sippn.seal.keyring import Keyring

__all__ = ["Keyring", "load_or_create"]
