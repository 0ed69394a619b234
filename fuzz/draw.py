"""Choices that are the same whenever they are made for the same iteration."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


class Draw:
    """
    The choices of one iteration, in order: a function of seed and number alone.

    :param purpose: choices for another purpose do not depend on how many were made for this.
    """

    def __init__(self, seed: int, number: int, purpose: str = "") -> None:
        self._random = random.Random(f"{seed}:{number}:{purpose}")  # noqa: S311 - to be repeated

    def below(self, limit: int) -> int:
        """A number from 0 to *limit*, without it."""
        return self._random.randrange(limit)

    def between(self, first: int, last: int) -> int:
        """A number from *first* to *last*, both included."""
        return self._random.randint(first, last)

    def once_in(self, times: int) -> bool:
        """True once in so many *times*."""
        return self._random.randrange(times) == 0

    def pick(self, of: Sequence[T]) -> T:
        """One of them."""
        return self._random.choice(of)

    def several(self, of: Sequence[T], most: int) -> list[T]:
        """One to *most* of them, each once at the most, in any order."""
        return self._random.sample(of, self.between(1, min(most, len(of))))

    def octets(self, size: int) -> bytes:
        """Any octets."""
        return self._random.randbytes(size)
