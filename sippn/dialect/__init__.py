"""I know what phones say when they ask to be pushed."""

from sippn.dialect.contact import read_push
from sippn.dialect.names import ALIASES, GONE

__all__ = ["ALIASES", "GONE", "read_push"]
