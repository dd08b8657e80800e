"""Libraries in one process that must not see each other: what the server exports, and plug-ins with a protobuf of their
own beside the server's."""
import pathlib
import subprocess

import numpy as np
import pytest
from support.certificates import Authority, tls_flags
from support.clients import infer_at_once
from support.onnx_models import double
from support.plugins import needs_plugins
from support.server import IS_SANITIZED, ROOT, TEST_BACKENDS, TREE



@pytest.mark.skipif(IS_SANITIZED, reason="sanitizers add symbols of theirs")
def test_the_server_library_exports_the_c_interface_and_nothing_else():
    result = subprocess.run([ROOT / "scripts" / "check_exports", TREE / "lib" / "libtritonserver.so",
                             ROOT / "cmake" / "exported_symbols.txt"], capture_output=True, text=True)
    assert result.returncode == 0, result.stdout
    assert "as listed" in result.stdout


@needs_plugins("otherproto")
def test_three_protobufs_in_one_process(repository, start_server, tmp_path):
    """The server's, the test plug-in's with a message of the same name, and ONNX Runtime's."""
    backends = tmp_path / "backends"
    backends.mkdir()
    for folder in [TREE / "backends" / "onnxruntime", TREE / "backends" / "identity", TEST_BACKENDS / "otherproto"]:
        (backends / folder.name).symlink_to(folder)
    repository.add("otherproto", """
        backend: "otherproto"
        input { name: "IN" data_type: TYPE_INT32 dims: [1] }
        output { name: "OUT" data_type: TYPE_INT32 dims: [1] }
        """)
    repository.add("double", None, files={"model.onnx": double()})
    repository.add_identity("identity")
    server = start_server(repository.path, f"--backend-directory={backends}", "--model-control-mode=explicit",
                          "--load-model=*")
    for _ in range(2):
        for name in ("otherproto", "double", "identity"):
            assert server.get(f"/v2/models/{name}/config").json()["name"] == name
        ones = np.ones((1, 3), dtype=np.float32)
        assert infer_at_once(server.http, "otherproto", [{"IN": np.array([i], dtype=np.int32)} for i in range(20)]) == [
            {"OUT": np.array([i], dtype=np.int32)} for i in range(20)]
        assert infer_at_once(server.http, "double", [{"x": ones}])[0]["y"].tolist() == [[2, 2, 2]]
        assert infer_at_once(server.http, "identity", [{"INPUT0": ones}])[0]["OUTPUT0"].tolist() == [[1, 1, 1]]
        for name in ("otherproto", "double"):  # and again after a new load
            assert server.post(f"/v2/repository/models/{name}/unload", {}).status_code == 200
            assert server.post(f"/v2/repository/models/{name}/load", {}).status_code == 200


@needs_plugins("otherssl")
@pytest.mark.parametrize("preloaded, expected", [(False, 1), (True, -1)])
def test_a_plug_in_with_an_openssl_of_its_own_beside_tls(repository, start_server, tmp_path, preloaded, expected):
    """The server's comes first and must not be seen; loaded for everybody (the control) it would be."""
    if preloaded and IS_SANITIZED:
        pytest.skip("a preloaded library stands before the sanitizer's own")
    authority = Authority(tmp_path, "ours")
    repository.add("otherssl", """
        backend: "otherssl"
        input { name: "IN" data_type: TYPE_INT32 dims: [1] }
        output { name: "OUT" data_type: TYPE_INT32 dims: [1] }
        """)
    server = start_server(repository.path, f"--backend-directory={TEST_BACKENDS}",
                          *tls_flags("grpc", authority.issue("server")),
                          env={"LD_PRELOAD": "libcrypto.so.3"} if preloaded else {})
    assert "libssl.so.3" in pathlib.Path(f"/proc/{server.pid}/maps").read_text()
    assert infer_at_once(server.http, "otherssl", [{"IN": np.array([1], dtype=np.int32)}])[0]["OUT"].tolist() == [expected]
