"""What is measured with what, as the command line says."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from attrs import frozen

from bench.servers.kamailio import Kamailio
from bench.servers.setup import Subject
from bench.servers.sippn import Sippn
from bench.sizes import Sizes


@frozen
class Plan:
    """
    One run of the benchmark.

    :ivar trees: checkouts whose sippn is measured.
    :ivar kamailio: it is measured as well.
    :ivar scratch: a folder for servers and data bases, on a disk where these are to be durable.
    :ivar in_order: bindings are refreshed in the order in which they were registered, which is
        kinder to caches than anything phones do; otherwise in random order.
    :ivar again: phones and callers repeat what is not answered, in woken calls.
    """

    sizes: Sizes
    trees: Sequence[Path]
    scratch: Path
    kamailio: bool = True
    in_order: bool = False
    again: bool = False

    def registrars(self) -> list[Subject]:
        """Servers of which it does not matter how a call waits."""
        return [*self.sippns(), *([Kamailio("kamailio")] if self.kamailio else [])]

    def wakers(self) -> list[Subject]:
        """All, with either way in which a Kamailio can let a call wait."""
        if not self.kamailio:
            return [*self.sippns()]
        return [
            *self.sippns(),
            Kamailio("kamailio park", "park"),
            Kamailio("kamailio tsilo", "tsilo"),
        ]

    def sippns(self) -> list[Subject]:
        """The sippn of each tree, named by it where there are several."""
        if len(self.trees) == 1:
            return [Sippn("sippn", self.trees[0])]
        names = [tree.name for tree in self.trees]
        if len(set(names)) < len(names):
            names = [str(tree) for tree in self.trees]
        return [Sippn(f"sippn {name}", tree) for name, tree in zip(names, self.trees, strict=True)]
