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
    """Keeps everything in memory, in a folder of its own. With `tls`, a Pair of support.certificates, it speaks nothing
    else on its port; `roots` are those of its own certificate, and of its clients' if `args` do not say that they need none.
    """

    def __init__(self, folder, *args, tls=None, roots=None):
        self.port = free_port()
        self.folder = folder
        self.args = args
        self.tls = tls
        self.roots = roots
        self.process = None

    def start(self):
        ports = ["--port", str(self.port)] if self.tls is None else [
            "--port", "0", "--tls-port", str(self.port), "--tls-cert-file", str(self.tls.certificate),
            "--tls-key-file", str(self.tls.key), "--tls-ca-cert-file", str(self.roots)]
        self.process = subprocess.Popen(
            ["redis-server", *ports, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no",
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
        tls = [] if self.tls is None else [
            "--tls", "--cacert", str(self.roots), "--cert", str(self.tls.certificate), "--key", str(self.tls.key)]
        return subprocess.run(["redis-cli", "-p", str(self.port), *tls, *words], capture_output=True, text=True, check=True,
                              timeout=10 * PATIENCE).stdout.strip()

    def keys(self):
        return self.ask("KEYS", "*").split()

    @property
    def config(self):
        return ["--cache-config=redis,host=127.0.0.1", f"--cache-config=redis,port={self.port}"]
