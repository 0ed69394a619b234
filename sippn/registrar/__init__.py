"""I decide who is where."""

from sippn.registrar.authority import LocalAuthority
from sippn.registrar.registrar import Registrar
from sippn.registrar.settings import ExpirySettings, PushRegistration, RegistrarSettings

__all__ = [
    "ExpirySettings",
    "LocalAuthority",
    "PushRegistration",
    "Registrar",
    "RegistrarSettings",
]
