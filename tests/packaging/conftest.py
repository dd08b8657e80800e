"""Bare machines, and what `make package` made for them."""
import os
import shutil
import subprocess
import tempfile

import pytest
from support.bare_machine import BareMachine
from support.server import ROOT


@pytest.fixture(scope="session", params=["bookworm", "trixie"])
def machine(request, tmp_path_factory):
    if "NESO_PACKAGE" not in os.environ:
        pytest.skip("asked for by `make test-package` only")
    if os.getuid() != 0:
        pytest.skip("only root can make a root folder")
    root = tmp_path_factory.mktemp(request.param) / "root"
    yield BareMachine(root, request.param)
    shutil.rmtree(root.parent)


@pytest.fixture(scope="session")
def package():
    if "NESO_PACKAGE" not in os.environ:
        pytest.skip("asked for by `make test-package` only")
    (newest,) = sorted((ROOT / "dist").glob("neso_*.deb"), key=lambda path: path.stat().st_mtime)[-1:]
    return newest


@pytest.fixture
def signing_key(monkeypatch):
    """The id of a key of a keyring of its own, which NESO_SIGNING_KEY names."""
    with tempfile.TemporaryDirectory(prefix="gpg-") as home:  # not tmp_path: gpg's agent wants a short path for its socket
        monkeypatch.setenv("GNUPGHOME", home)
        identity = "packages@neso.test"
        subprocess.run(["gpg", "--batch", "--quiet", "--passphrase", "", "--quick-generate-key", identity, "ed25519", "sign"],
                       check=True, capture_output=True)
        monkeypatch.setenv("NESO_SIGNING_KEY", identity)
        yield identity
        subprocess.run(["gpgconf", "--kill", "gpg-agent"], check=True)
