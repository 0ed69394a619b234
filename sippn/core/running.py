"""
Running a coroutine that seldom has to wait.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Generator
from types import coroutine
from typing import Any

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure


def run(work: Coroutine[Any, Any, None], failed: Callable[[Failure], None]) -> None:
    """
    Run *work* now as far as it goes, and the rest of it when what it waits for is there.

    A Deferred, with all that belongs to one, is made only if it does wait: most requests
    are seen to at once, and a tenth of their cost would be that.

    :param failed: told what *work* raises.
    """
    try:
        waits_for = work.send(None)
    except StopIteration:
        return
    except Exception:  # noqa: BLE001 - whatever it is, somebody waits for an answer
        failed(Failure())
        return
    Deferred.fromCoroutine(_rest(work, waits_for)).addErrback(failed)


@coroutine
def _rest(work: Coroutine[Any, Any, None], waits_for: Any) -> Generator[Any, Any, None]:
    step: Callable[[Any], Any]
    while True:
        try:
            came = yield waits_for
        except BaseException as error:  # noqa: BLE001 - it is for *work* to make something of it
            step, given = work.throw, error
        else:
            step, given = work.send, came
        try:
            waits_for = step(given)
        except StopIteration:
            return
        finally:
            del given  # an error that knows its traceback, and by it this frame
