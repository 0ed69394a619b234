"""What ``twisted.plugin`` looks for; neither this folder nor the one above has an __init__.py."""

from acme_sippn.factories import (
    JournalFactory,
    LineFactory,
    ShortNumbersFactory,
    XPushFactory,
)

line = LineFactory()
journal = JournalFactory()
short_numbers = ShortNumbersFactory()
x_push = XPushFactory()
