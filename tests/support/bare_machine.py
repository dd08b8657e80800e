"""A bare Debian in a folder, where systemd cannot run; network and processes are this machine's.

    machine = BareMachine(folder, "bookworm")        # of .deps/debian, which `make test-package` sets up
    machine.run("apt-get", "install", "-y", "/tmp/neso.deb")
"""
import contextlib
import pathlib
import shutil
import subprocess
import time

import requests

from .server import PATIENCE, ROOT


class BareMachine:
    def __init__(self, root, release):
        self.root = pathlib.Path(root)
        self.release = release
        self.root.mkdir(parents=True)
        subprocess.run(["tar", "-C", self.root, "--numeric-owner", "-xf", ROOT / f".deps/debian/{release}.tar"], check=True)
        shutil.copy("/etc/resolv.conf", self.root / "etc/resolv.conf")
        for setting in pathlib.Path("/etc/apt/apt.conf.d").glob("*prox*"):
            shutil.copy(setting, self.root / "etc/apt/apt.conf.d")
        # The pages say sudo; here all is root's.
        (self.root / "usr/local/bin/sudo").write_text('#!/bin/sh\nexec "$@"\n')
        (self.root / "usr/local/bin/sudo").chmod(0o755)
        (self.root / "etc/apt/apt.conf.d/yes").write_text('APT::Get::Assume-Yes "true";\nAPT::Install-Recommends "false";\n')
        (self.root / "etc/dpkg/dpkg.cfg.d/quick").write_text("force-unsafe-io\n")  # nobody keeps it
        self.run("apt-get", "update")

    def command(self, *words, user=None):
        script = ('mount --bind "$1" "$1"; cd "$1"; mount -t proc proc proc; mount --rbind /dev dev; shift; '
                  'exec chroot "$@"')
        who = [f"--userspec={user}:{user}"] if user else []
        return ["unshare", "--mount", "bash", "-ec", script, "-", str(self.root), *who, ".",
                "/usr/bin/env", "-i", "PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "DEBIAN_FRONTEND=noninteractive", *words]

    def run(self, *words, check=True):
        result = subprocess.run(self.command(*words), capture_output=True, text=True)
        assert not check or result.returncode == 0, f"{words}\n{result.stdout[-4000:]}{result.stderr[-4000:]}"
        return result

    def shell(self, text, folder="/"):
        """Runs what a page says to type."""
        return self.run("bash", "-ec", f"cd {folder}\n{text}")

    @contextlib.contextmanager
    def serving(self, port, *words, user=None):
        """While the command serves on this port for HTTP; it ends cleanly when it is asked to, or the test fails."""
        process = subprocess.Popen(self.command(*words, user=user), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        try:
            deadline = time.monotonic() + 60 * PATIENCE
            while not is_ready(port):
                assert process.poll() is None and time.monotonic() < deadline, process.stdout.read()
                time.sleep(0.1)
            yield process
        finally:
            process.terminate()
            said, _ = process.communicate(timeout=60)
        assert process.returncode == 0, said


def is_ready(port):
    with contextlib.suppress(requests.ConnectionError):
        return requests.get(f"http://127.0.0.1:{port}/v2/health/ready", timeout=5).status_code == 200
    return False
