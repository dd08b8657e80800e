"""What builds images."""
import os
import shutil

import pytest
from support.images import Buildah


@pytest.fixture(scope="session")
def buildah(tmp_path_factory):
    if "NESO_IMAGE" not in os.environ:
        pytest.skip("asked for by `make test-image` only")
    if os.getuid() != 0:
        pytest.skip("only root can make a root folder")
    work = tmp_path_factory.mktemp("images")
    buildah = Buildah(work)
    yield buildah
    buildah("umount", "--all")
    shutil.rmtree(work)
