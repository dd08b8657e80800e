"""What a process has of the one that it was forked from: connections, which are the other's, and locks that only threads over there would
let go.

    forks.watch(self)  # abandon() is called in each process that is forked off
"""
import os
import weakref
from typing import Any

_watched: "weakref.WeakSet[Any]" = weakref.WeakSet()
_count = 0


def watch(one: Any) -> None:
    _watched.add(one)


def count() -> int:
    """How many times this process has forked."""
    return _count


def _before() -> None:
    global _count
    _count += 1


def _in_child() -> None:
    for one in list(_watched):
        one.abandon()


os.register_at_fork(before=_before, after_in_child=_in_child)
