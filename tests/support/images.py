"""Images: built by buildah without a daemon, and looked into."""
import os
import pathlib
import shutil
import subprocess

from .server import ROOT


class Buildah:
    """buildah without a daemon, its images in a folder, among them a Debian 12 of debootstrap's."""

    def __init__(self, work):
        self.storage = ["--root", work / "storage", "--runroot", work / "run", "--storage-driver", "vfs"]
        self.environment = {**os.environ, "BUILDAH_ISOLATION": "chroot", "STORAGE_DRIVER": "vfs"}
        self.program = work / "buildah"
        self.program.write_text("#!/bin/sh\nexec buildah " + " ".join(map(str, self.storage)) + ' "$@"\n')
        self.program.chmod(0o755)
        base = work / "base"
        made = subprocess.run(["debootstrap", "--variant=minbase", "--include=ca-certificates", "bookworm", base],
                              capture_output=True, text=True)
        assert made.returncode == 0, made.stdout[-1000:]
        # Networks may have an authority of their own.
        shutil.copy("/etc/ssl/certs/ca-certificates.crt", base / "etc/ssl/certs")
        (base / "etc/pip.conf").write_text("[global]\ncert = /etc/ssl/certs/ca-certificates.crt\n")
        container = self("from", "scratch")
        self("copy", container, base, "/")
        self("commit", container, "localhost/debian:12-slim")
        shutil.rmtree(base)

    def __call__(self, *words):
        result = subprocess.run(["buildah", *self.storage, *words], capture_output=True, text=True, env=self.environment)
        assert result.returncode == 0, f"{words}\n{result.stdout[-3000:]}{result.stderr[-3000:]}"
        return result.stdout.strip()

    def build(self, name, *options):
        """By scripts/image. Returns the root folder of a container of it, and what the image says of itself."""
        built = subprocess.run([ROOT / "scripts/image", *options, ROOT / "dist", name, "--pull-never", "--network=host",
                                "--build-arg", "BASE=localhost/debian:12-slim"], capture_output=True, text=True,
                               env={**self.environment, "NESO_IMAGE_BUILDER": str(self.program)})
        assert built.returncode == 0, built.stdout[-3000:] + built.stderr[-3000:]
        described = self("inspect", "--type", "image", name)
        return pathlib.Path(self("mount", self("from", "--pull-never", name))), described


def inside(root, *words, path, mounts=""):
    """A command in the image as its user, on a root that is read-only but for /tmp."""
    script = (f'mount --bind "$1" "$1"; cd "$1"; mount -t proc proc proc; mount --rbind /dev dev; mount -t tmpfs tmp tmp; {mounts}'
              ' mount -o remount,bind,ro "$1"; shift; exec chroot --userspec=1000:1000 . "$@"')
    return ["unshare", "--mount", "bash", "-ec", script, "-", root, "/usr/bin/env", "-i", f"PATH={path}", *words]
