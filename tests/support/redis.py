"""A Redis server of a test's own."""
import os
import shutil
import signal
import subprocess

import pytest

from .server import PATIENCE, TREE, free_port
from .wait import wait_for_port

needs_redis = pytest.mark.skipif(
    shutil.which("redis-server") is None or not (TREE / "caches" / "redis").is_dir(),
    reason="no redis-server, or a tree without the Redis cache: run scripts/setup test, and build")


class Redis:
    """Keeps everything in memory, in a folder of its own."""

    def __init__(self, folder, *args):
        self.port = free_port()
        self.folder = folder
        self.args = args
        self.process = None

    def start(self):
        self.process = subprocess.Popen(
            ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no",
             "--dir", str(self.folder), *self.args], stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT)
        wait_for_port(self.port)
        return self

    def stop(self):
        if self.process is not None:
            self.process.send_signal(signal.SIGCONT)
            self.process.kill()
            self.process.wait()
            self.process = None

    def hang(self):
        """It answers nothing, and nothing is refused."""
        os.kill(self.process.pid, signal.SIGSTOP)

    def go_on(self):
        os.kill(self.process.pid, signal.SIGCONT)

    def ask(self, *words):
        """What redis-cli prints."""
        return subprocess.run(["redis-cli", "-p", str(self.port), *words], capture_output=True, text=True, check=True,
                              timeout=10 * PATIENCE).stdout.strip()

    def keys(self):
        return self.ask("KEYS", "*").split()

    @property
    def config(self):
        return ["--cache-config=redis,host=127.0.0.1", f"--cache-config=redis,port={self.port}"]
