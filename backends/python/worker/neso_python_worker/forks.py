"""Processes that a model forks, as multiprocessing does by default before Python 3.14: copies of the worker.

What the worker talks to the server with is shared memory and what it knows of it; a copy that wrote there, too, would
spoil it for both. What a copy prints and logs goes to the server's standard error; it asks and answers nothing.
"""
import os

from . import bls
from .channel import Channel
from .errors import TritonModelException


def keep_apart(channel):
    """From now on, what is forked leaves the channel alone."""
    os.register_at_fork(after_in_child=lambda: _leave(channel))


def _leave(channel):
    channel.__class__ = _ForkedChannel  # for all that hold it, finalizers too
    bls.disconnect()


class _ForkedChannel(Channel):
    def send(self, *_, **__):
        raise TritonModelException(f"process {os.getpid()} was forked from a model: only the process that the server started "
                                   "asks and answers it")

    send_records = next_work = next_reply = send

    def _flush(self):
        self._soon.clear()
