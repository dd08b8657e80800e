"""The backend's folder: it may lie anywhere, and says what is missing."""
import pytest
from support.model_server import model_servers
from support.openvino_models import check_scores, config, ir
from support.server import TREE

TENSORS = {"pixels": ("TYPE_FP32", [64])}, {"scores": ("TYPE_FP32", [10])}, 1


@pytest.fixture
def start_moved(tmp_path, repository, start_server):
    """start_moved("*cpu*"): a server whose backend lies in another folder, without files that are called so."""
    with model_servers("model.xml", repository, start_server) as start:
        def start_one(*without):
            folder = tmp_path / "moved"
            folder.mkdir()
            for file in (TREE / "backends/openvino").iterdir():
                if not any(file.match(pattern) for pattern in without):
                    (folder / file.name).symlink_to(file.resolve())
            (tmp_path / "backends").mkdir()
            folder.rename(tmp_path / "backends/openvino")
            return start(f"--backend-directory={tmp_path / 'backends'}")
        yield start_one


def test_the_folder_may_lie_anywhere(start_moved, digits):
    openvino = start_moved()
    openvino.load("digits", ir("digits"), config(*TENSORS))
    check_scores(openvino.infer("digits", pixels=digits["pixels"][:1])["scores"], digits["scores"][:1])


@pytest.mark.parametrize("missing, error", [
    ("libopenvino.so.*", "libopenvino.so."), ("libtbb.so.*", "libtbb.so."),
    ("libopenvino_intel_cpu_plugin.so", "unable to compile model 'digits' for device 'CPU': "),
    ("libopenvino_ir_frontend.so.*", "unable to read model 'digits': "),
])
def test_what_is_missing_is_named(start_moved, missing, error):
    openvino = start_moved(missing)
    assert error in openvino.load_error("digits", ir("digits"), config(*TENSORS))
