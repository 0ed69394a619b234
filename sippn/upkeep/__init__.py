"""
Looks again at what is due: bindings to have refreshed (RFC 8599 section 5.5), and expired ones.
"""

from sippn.upkeep.refreshing import RefreshPushes
from sippn.upkeep.settings import UpkeepSettings
from sippn.upkeep.upkeep import Upkeep

__all__ = ["RefreshPushes", "Upkeep", "UpkeepSettings"]
