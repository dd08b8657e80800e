"""Our plug-ins in the real Triton server: what they rely on is the C interface, not our server."""
import numpy as np
import pytest
import tritonclient.http as httpclient
from onnx import TensorProto, helper
from support.triton import Triton, needs_triton

pytestmark = needs_triton


def double_model():
    """y = x + x over [-1, 3]."""
    graph = helper.make_graph(
        [helper.make_node("Add", ["x", "x"], ["y"])], "double",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [None, 3])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [None, 3])])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


@pytest.fixture(scope="module")
def client(module_repository):
    module_repository.add_identity("identity", extra="dynamic_batching { }")
    module_repository.add_identity("strings", "TYPE_STRING")
    module_repository.add("double", None, files={"model.onnx": double_model().SerializeToString()})
    module_repository.add("bad", 'backend: "onnxruntime"', files={"model.onnx": b"no model"})
    server = Triton(module_repository.path, "--model-control-mode=explicit", "--load-model=identity",
                    "--load-model=strings", "--load-model=double").start()
    try:
        with httpclient.InferenceServerClient(server.http, concurrency=16) as client:
            yield client
    finally:
        server.stop()


def tensor(name, values, datatype="FP32"):
    result = httpclient.InferInput(name, values.shape, datatype)
    result.set_data_from_numpy(values)
    return result


def test_the_server_is_the_real_one(client):
    assert client.get_server_metadata()["version"].startswith("2.5")


def test_identity_answers(client):
    rows = [np.full((1, 1 + i % 5), i, dtype=np.float32) for i in range(200)]
    pending = [client.async_infer("identity", [tensor("INPUT0", row)]) for row in rows]
    for row, request in zip(rows, pending):
        np.testing.assert_array_equal(request.get_result().as_numpy("OUTPUT0"), row)


def test_identity_answers_strings(client):
    text = np.array([[b"", b"neso"]], dtype=np.object_)
    np.testing.assert_array_equal(client.infer("strings", [tensor("INPUT0", text, "BYTES")]).as_numpy("OUTPUT0"), text)


def test_onnx_model_is_completed_and_answers_in_batches(client):
    config = client.get_model_config("double")
    assert config["max_batch_size"] == 4
    assert "dynamic_batching" in config
    rows = [np.full((1, 3), i, dtype=np.float32) for i in range(200)]
    pending = [client.async_infer("double", [tensor("x", row)]) for row in rows]
    for row, request in zip(rows, pending):
        np.testing.assert_array_equal(request.get_result().as_numpy("y"), 2 * row)


def test_onnx_model_unloads_and_loads_again(client):
    client.unload_model("double")
    client.load_model("double")
    assert client.infer("double", [tensor("x", np.ones((1, 3), dtype=np.float32))]).as_numpy("y").tolist() == [[2, 2, 2]]


def test_a_file_that_is_no_model_is_refused_with_the_runtime_s_words(client):
    with pytest.raises(Exception, match="onnx runtime error"):
        client.load_model("bad")
