"""Certificates of the tests: `ours` has issued those of server and client, `theirs` has issued others."""
import types

import pytest
from support.certificates import Authority


@pytest.fixture(scope="session")
def pki(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pki")
    ours, theirs = Authority(folder, "ours"), Authority(folder, "theirs")
    return types.SimpleNamespace(
        ours=ours, theirs=theirs, server=ours.issue("server"), client=ours.issue("client"),
        expired_server=ours.issue("expired_server", days=-1), expired_client=ours.issue("expired_client", days=-1),
        elsewhere=ours.issue("elsewhere", hosts="DNS:elsewhere.example"), stranger=theirs.issue("stranger"))
