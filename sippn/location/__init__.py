"""The only writer of bindings: it queues, commits in groups, and tells."""

from sippn.location.news import Listener
from sippn.location.service import LocationService
from sippn.location.update import UNREAD, Unread

__all__ = ["UNREAD", "Listener", "LocationService", "Unread"]
