"""Threads for requests that are on their way.

They do not keep a program from ending, as those of concurrent.futures would until the last answer has come, and a
process that was forked off has its own."""
import os
import queue
import threading
from concurrent.futures import Future


class _Work:
    """What the threads know: nothing of whoever they work for, whose end is theirs."""

    def __init__(self):
        self.process = os.getpid()
        self.tasks = queue.SimpleQueue()
        self.lock = threading.Lock()
        self.threads = []
        self.count = 0  # of tasks that wait or run

    def do(self):
        while (task := self.tasks.get()) is not None:
            future, function, arguments = task
            try:
                future.set_result(function(*arguments))
            except BaseException as error:
                future.set_exception(error)
            del task, future, function, arguments
            with self.lock:
                self.count -= 1


class Threads:
    """At most so many at the same time; others wait for their turn."""

    def __init__(self, most):
        if most < 1:
            raise ValueError(f"expected at least one request at the same time, got {most}")
        self._most, self._work, self._is_shut = most, _Work(), False

    def submit(self, function, *arguments):
        if self._is_shut:
            raise RuntimeError("cannot schedule new futures after shutdown")
        if self._work.process != os.getpid():
            self._work = _Work()
        work, future, thread = self._work, Future(), None
        with work.lock:
            work.count += 1
            work.tasks.put((future, function, arguments))
            if len(work.threads) < min(work.count, self._most):
                thread = threading.Thread(target=work.do, daemon=True)
                work.threads.append(thread)
        if thread is not None:
            thread.start()
        return future

    def shutdown(self, wait=True):
        """What was submitted is still done; waits for it."""
        self._is_shut = True
        if self._work.process != os.getpid():
            return
        with self._work.lock:
            threads = list(self._work.threads)
            self._work.threads.clear()
        for _ in threads:
            self._work.tasks.put(None)
        for thread in threads if wait else ():
            if thread is not threading.current_thread():
                thread.join()

    def __del__(self):
        self.shutdown(wait=False)
