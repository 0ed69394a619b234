"""From TOML to each room's own frozen settings; the only room that knows pydantic."""

from sippn.config.embedded import EMBEDDED, NOTE
from sippn.config.factories import Factories
from sippn.config.listed import lines_of, listed
from sippn.config.load import Checked, load, read

__all__ = ["EMBEDDED", "NOTE", "Checked", "Factories", "lines_of", "listed", "load", "read"]
