"""The .deb on a bare Debian 12 and 13, each in a folder, where systemd cannot run: what it would do is done by hand. Once from
its file, once from the apt repository.

`make test-package` makes the package and runs this; it takes minutes and root, so that `make test` does not.
"""
import contextlib
import os
import pathlib
import re
import shlex
import shutil
import signal
import subprocess
import time

import numpy as np
import pytest
import tritonclient.http as httpclient
from support.bare_machine import is_ready
from support.repository import ModelRepository
from support.server import PATIENCE, ROOT, free_port

pytestmark = pytest.mark.timeout(1200)


def start_line(machine):
    """ExecStart with the environment file, as systemd would put it together."""
    unit = (machine.root / "lib/systemd/system/neso.service").read_text()
    options = re.search(r"^NESO_OPTIONS=(.*)$", (machine.root / "etc/default/neso").read_text(), re.M)[1]
    words = shlex.split(re.search(r"^ExecStart=(.*)$", unit, re.M)[1])
    return [part for word in words for part in (options.split() if word == "$NESO_OPTIONS" else [word])]


def install(machine, package):
    shutil.copy(package, machine.root / "tmp/neso.deb")
    return machine.run("apt-get", "install", "/tmp/neso.deb")


@contextlib.contextmanager
def service(machine, port):
    """As systemd would run it; the process that takes over from the first is nobody's child, and ended here."""
    process = subprocess.Popen(machine.command(*start_line(machine), user="neso"), stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, text=True)
    try:
        deadline = time.monotonic() + 60 * PATIENCE
        while not is_ready(port):
            assert process.poll() is None and time.monotonic() < deadline, process.stdout.read()
            time.sleep(0.1)
        yield server_pids(port)
    finally:
        for pid in server_pids(port):
            os.kill(pid, signal.SIGTERM)
        process.wait(60)
        process.stdout.close()


def server_pids(port):
    pids = []
    for folder in pathlib.Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            words = (folder / "cmdline").read_bytes().split(b"\0")
            if words[0] == b"/opt/neso/bin/neso" and f"--http-port={port}".encode() in words:
                pids.append(int(folder.name))
    return pids


def infer(port):
    with httpclient.InferenceServerClient(f"127.0.0.1:{port}") as client:
        tensor = httpclient.InferInput("INPUT0", [1, 2], "FP32")
        tensor.set_data_from_numpy(np.array([[1, 2]], dtype=np.float32))
        return client.infer("simple", [tensor]).as_numpy("OUTPUT0").tolist()


def test_install_serve_reload_upgrade_remove_purge(machine, package):
    install(machine, package)
    root = machine.root
    enabled = root / "etc/systemd/system/multi-user.target.wants/neso.service"
    assert os.readlink(enabled) == "/lib/systemd/system/neso.service"  # it starts at boot
    assert (root / "lib/systemd/system/neso-http.socket").exists()
    for place in ("man/man1/neso-serve.1.gz", "man/man1/tritonserver.1.gz", "bash-completion/completions/neso",
                  "zsh/vendor-completions/_neso", "fish/vendor_completions.d/neso.fish"):
        assert (root / "usr/share" / place).exists(), place
    models = root / "var/lib/neso/models"
    assert machine.run("stat", "-c", "%U:%G %a", "/var/lib/neso/models").stdout == "neso:neso 750\n"

    port = free_port()
    settings = root / "etc/default/neso"
    settings.write_text(f"NESO_OPTIONS=--http-address=127.0.0.1 --http-port={port} --grpc-port={free_port()} "
                        f"--metrics-port={free_port()}\n")
    ModelRepository(models).add_identity("simple")
    subprocess.run(["chmod", "-R", "a+rX", str(models / "simple")], check=True)
    with service(machine, port) as (pid,):
        assert infer(port) == [[1, 2]]
        owner = machine.run("id", "-u", "neso").stdout.strip()
        assert f"Uid:\t{owner}\t{owner}" in pathlib.Path(f"/proc/{pid}/status").read_text()
        os.kill(pid, signal.SIGUSR2)  # ExecReload
        deadline = time.monotonic() + 60 * PATIENCE
        while pid in server_pids(port) and time.monotonic() < deadline:
            assert infer(port) == [[1, 2]]
        assert pid not in server_pids(port) and len(server_pids(port)) == 1

    machine.run("chmod", "2770", "/var/lib/neso/models")
    machine.run("dpkg", "-i", "/tmp/neso.deb")  # again: what the administrator has set stays
    assert f"--http-port={port}" in settings.read_text()
    assert machine.run("stat", "-c", "%U:%G %a", "/var/lib/neso/models").stdout == "neso:neso 2770\n"
    machine.run("apt-get", "remove", "neso")
    assert not (root / "opt/neso").exists()
    assert settings.exists() and (models / "simple").exists()
    install(machine, package)
    assert os.path.lexists(enabled)
    machine.run("apt-get", "purge", "neso")
    assert not settings.exists() and not (root / "var/lib/neso").exists() and not os.path.lexists(enabled)
    assert machine.run("getent", "passwd", "neso", check=False).returncode != 0


class Systemd:
    """To the scripts of packages it runs: what they ask of systemctl is written down."""

    def __init__(self, root):
        self.root, self.said = root, root / "tmp/systemctl.said"  # the path of packages' scripts lacks /usr/local
        self.enabled = root / "etc/systemd/system/multi-user.target.wants/neso.service"
        self.program = root / "usr/bin/systemctl"
        (root / "run/systemd/system").mkdir(parents=True)
        self.program.write_text("""#!/bin/sh
echo "$*" >>/tmp/systemctl.said
enabled=/etc/systemd/system/multi-user.target.wants/neso.service
case "$*" in
  *preset*neso.service*) mkdir -p "${enabled%/*}"; ln -sf /lib/systemd/system/neso.service $enabled ;;
  *is-active*) cat /tmp/systemctl.state; grep -q ^active /tmp/systemctl.state ;;
  *is-enabled*neso.service*) [ ! -L $enabled ] || echo enabled ;;
  *is-enabled*) exit 1 ;;
esac
""")
        self.program.chmod(0o755)
        self.state_is("inactive")

    def state_is(self, state):
        (self.root / "tmp/systemctl.state").write_text(state + "\n")

    def asked(self):
        """What it was told to do since this was asked last."""
        said = self.said.read_text() if self.said.exists() else ""
        self.said.unlink(missing_ok=True)
        return re.findall(r"\b(start|stop|restart|reload) .*neso\.service", said)

    def end(self):
        (self.root / "run/systemd/system").rmdir()
        self.program.unlink()


@pytest.fixture
def systemd(machine):
    systemd = Systemd(machine.root)
    yield systemd
    machine.run("apt-get", "purge", "neso")
    systemd.end()


def test_the_service_is_started_replaced_and_stopped_as_the_administrator_wants_it(machine, package, systemd):
    install(machine, package)
    assert systemd.asked() == ["start"]
    for state, then in (("active", ["reload"]), ("activating", ["restart"]), ("inactive", ["start"])):
        systemd.state_is(state)
        machine.run("dpkg", "-i", "/tmp/neso.deb")
        assert systemd.asked() == then, state
    machine.run("apt-get", "remove", "neso")
    assert systemd.asked() == ["stop"]
    install(machine, package)  # comes again: it is started, now and at boot
    assert systemd.asked() == ["start"] and os.path.lexists(systemd.enabled)

    systemd.enabled.unlink()  # as systemctl disable does
    machine.run("dpkg", "-i", "/tmp/neso.deb")
    assert systemd.asked() == [] and not os.path.lexists(systemd.enabled)
    machine.run("apt-get", "purge", "neso")
    systemd.asked()

    policy = machine.root / "usr/sbin/policy-rc.d"  # where images are made, say
    policy.write_text("#!/bin/sh\nexit 101\n")
    policy.chmod(0o755)
    install(machine, package)
    policy.unlink()
    assert systemd.asked() == []


def test_models_on_another_file_system_are_nobody_s_but_the_administrator_s(machine, package):
    install(machine, package)
    machine.run("bash", "-ec", """
        mount -t tmpfs tmpfs /var/lib/neso/models
        touch /var/lib/neso/models/mine
        mount -o remount,ro /var/lib/neso/models
        dpkg -i /tmp/neso.deb
        apt-get purge neso
        test -e /var/lib/neso/models/mine""")


def test_apt_takes_the_signed_repository_and_no_changed_one(machine, package, signing_key, tmp_path):
    shutil.copy(package, tmp_path)
    subprocess.run([ROOT / "scripts/apt_repository", tmp_path / "apt", package], check=True, capture_output=True)
    subprocess.run([ROOT / "scripts/checksums", tmp_path, package.name], check=True, capture_output=True)
    subprocess.run(["gpgv", "--keyring", keyring(tmp_path / "neso.asc"), tmp_path / "SHA256SUMS.asc", tmp_path / "SHA256SUMS"],
                   check=True, capture_output=True)
    subprocess.run(["sha256sum", "--check", "--strict", "SHA256SUMS"], cwd=tmp_path, check=True, capture_output=True)

    root = machine.root
    shutil.copytree(tmp_path / "apt", root / "srv/neso")
    shutil.copy(tmp_path / "neso.asc", root / "etc/apt/keyrings/neso.asc")
    (root / "etc/apt/sources.list.d/neso.list").write_text(
        "deb [signed-by=/etc/apt/keyrings/neso.asc] file:/srv/neso stable main\n")
    machine.run("apt-get", "update")
    machine.run("apt-get", "install", "neso")
    assert "neso" in machine.run("neso", "--version").stdout.lower()
    machine.run("apt-get", "purge", "neso")

    inrelease = root / "srv/neso/dists/stable/InRelease"
    inrelease.write_text(inrelease.read_text().replace("Origin: Neso", "Origin: Evil"))
    refused = machine.run("apt-get", "update", check=False)
    assert "neso" in refused.stderr and re.search("invalid|verification", refused.stderr), refused.stderr
    (root / "etc/apt/sources.list.d/neso.list").unlink()
    shutil.rmtree(root / "srv/neso")


def keyring(armored):
    """The key in the form in which gpgv reads it."""
    binary = armored.with_suffix(".gpg")
    subprocess.run(["gpg", "--batch", "--yes", "--dearmor", "--output", binary, armored], check=True, capture_output=True)
    return binary


def test_nothing_asks_for_a_library_whose_name_only_one_release_has(package):
    depends = subprocess.run(["dpkg-deb", "--field", package, "Depends"], capture_output=True, text=True, check=True).stdout
    names = {part.split("(")[0].strip() for part in depends.split(",")}
    # What Ubuntu 24.04 and Debian 13 call ...t64 has the older name besides (Provides:), with its version.
    assert names <= {"libc6", "libgcc-s1", "libstdc++6", "zlib1g", "libnghttp2-14", "libssl3", "libcurl4", "libexpat1", "passwd",
                     "libgomp1", "libatomic1"}
