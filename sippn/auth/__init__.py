"""I know who you are."""

from sippn.auth.admission import Admission
from sippn.auth.budget import Budget
from sippn.auth.digest import DigestAuthenticator, offered
from sippn.auth.guesses import Guesses
from sippn.auth.nonces import Nonces
from sippn.auth.places import network_of
from sippn.auth.settings import AuthSettings, User
from sippn.auth.trusted import Trusted
from sippn.auth.users import read_users

__all__ = [
    "Admission",
    "AuthSettings",
    "Budget",
    "DigestAuthenticator",
    "Guesses",
    "Nonces",
    "Trusted",
    "User",
    "network_of",
    "offered",
    "read_users",
]
