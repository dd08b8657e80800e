"""Threads that run as long as a block does.

    class Load(Workers):
        def __init__(self):
            super().__init__([self._ask] * 2)

        def _ask(self):
            while not self.stopped():
                ...
"""
import threading


class Workers:
    def __init__(self, works):
        """`works`: functions without arguments, a thread each."""
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=work) for work in works]

    def stopped(self):
        return self._stop.is_set()

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *unused):
        self._stop.set()
        for thread in self._threads:
            thread.join()
