"""Our plug-ins in the real Triton server: what they rely on is the C interface, not our server."""
import numpy as np
import pytest
import tritonclient.http as httpclient
from support.clients import arrays_of, infer_at_once, inputs_of
from support.onnx_models import double
from support.triton import Triton, needs_triton
from tritonclient.utils import InferenceServerException

pytestmark = needs_triton


@pytest.fixture(scope="module")
def server(module_repository):
    module_repository.add_identity("identity", extra="dynamic_batching { }")
    module_repository.add_identity("strings", "TYPE_STRING")
    module_repository.add("double", None, files={"model.onnx": double()})
    module_repository.add("bad", 'backend: "onnxruntime"', files={"model.onnx": b"no model"})
    server = Triton(module_repository.path, "--model-control-mode=explicit", "--load-model=identity",
                    "--load-model=strings", "--load-model=double").start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def client(server):
    with httpclient.InferenceServerClient(server.http) as client:
        yield client


def test_the_server_is_the_real_one(client):
    assert client.get_server_metadata()["version"].startswith("2.51")


def test_identity_answers(server):
    requests = [{"INPUT0": np.full((1, 1 + i % 5), i, dtype=np.float32)} for i in range(400)]
    for request, answer in zip(requests, infer_at_once(server.http, "identity", requests), strict=True):
        np.testing.assert_array_equal(answer["OUTPUT0"], request["INPUT0"])


def test_identity_answers_strings(client):
    text = np.array([[b"", b"neso"]], dtype=np.object_)
    answer = arrays_of(client.infer("strings", inputs_of({"INPUT0": text})))
    np.testing.assert_array_equal(answer["OUTPUT0"], text)


def test_onnx_model_is_completed_and_answers_in_batches(client, server):
    config = client.get_model_config("double")
    assert config["max_batch_size"] == 4
    assert "dynamic_batching" in config
    requests = [{"x": np.full((1, 3), i, dtype=np.float32)} for i in range(400)]
    for request, answer in zip(requests, infer_at_once(server.http, "double", requests), strict=True):
        np.testing.assert_array_equal(answer["y"], 2 * request["x"])


def test_onnx_model_unloads_and_loads_again(client):
    client.unload_model("double")
    client.load_model("double")
    ones = np.ones((1, 3), dtype=np.float32)
    np.testing.assert_array_equal(arrays_of(client.infer("double", inputs_of({"x": ones})))["y"], 2 * ones)


def test_a_file_that_is_no_model_is_refused_with_the_runtime_s_words(client):
    with pytest.raises(InferenceServerException, match="onnx runtime error"):
        client.load_model("bad")
