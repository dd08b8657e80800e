"""Engines that answer through the stock clients: names, datatypes, batches, what is completed, where tensors lie."""
import numpy as np
import pytest
from support import gpu
from support.shared_memory import PAGE, Api, SharedObject
from support.trt_engines import DOUBLE, engine
from support.wait import wait_until

X = np.array([[1, 2, 3], [4, 5, 6]], np.float32)


def test_an_engine_alone_is_a_model(serve):
    served = serve()
    config = served.load("m", DOUBLE)
    assert (config["backend"], config["platform"], config["max_batch_size"]) == ("tensorrt", "tensorrt_plan", 8)
    assert [(one["name"], one["data_type"], one["dims"]) for one in config["input"] + config["output"]] == [
        ("x", "TYPE_FP32", [3]), ("y", "TYPE_FP32", [3])]
    assert "dynamic_batching" in config
    assert [(group["kind"], group["gpus"]) for group in config["instance_group"]] == [("KIND_GPU", [0])]
    np.testing.assert_array_equal(served.infer("m", x=X)["y"], 2 * X)
    api = Api("grpc", served.server)
    np.testing.assert_array_equal(api.infer("m", [api.inline("x", X, "FP32")]).as_numpy("y"), 2 * X)


def test_tensors_are_copied_once_each_way(serve):
    served = serve()
    served.load("m", DOUBLE)
    served.copies()
    served.infer("m", x=X)
    assert served.copies() == ["24 host to gpu", "24 gpu to host"]


def test_a_batch_of_requests_is_one_run(serve):
    served = serve()
    served.load("m", DOUBLE, "max_batch_size: 8 dynamic_batching { preferred_batch_size: 8 max_queue_delay_microseconds: 3000000 }")
    served.log(), served.copies()
    rows = [np.full((2, 3), i, np.float32) for i in range(4)]
    for row, answer in zip(rows, served.infer_many("m", [{"x": row} for row in rows])):
        np.testing.assert_array_equal(answer["y"], 2 * row)
    assert served.log() == ["run in profile 0"]
    assert served.copies() == ["96 host to gpu", "96 gpu to host"]


@pytest.mark.parametrize("datatype, dtype", [
    ("BOOL", bool), ("INT8", np.int8), ("UINT8", np.uint8), ("INT32", np.int32), ("INT64", np.int64), ("FP16", np.float16),
    ("FP32", np.float32)])
def test_datatypes(serve, datatype, dtype):
    served = serve()
    config = served.load("m", engine(f"input x {datatype} 2,2", f"output y {datatype} 2,2 copy x"))
    assert (config["max_batch_size"], config["input"][0]["dims"]) == (0, [2, 2])
    array = np.array([[0, 1], [1, 0]], dtype)
    answer = served.infer("m", x=array)["y"]
    assert answer.dtype == array.dtype
    np.testing.assert_array_equal(answer, array)


def test_a_datatype_that_is_not_served(serve):
    served = serve()
    error = served.load_error("m", engine("input x FP8 2", "output y FP8 2 copy x"))
    assert "unsupported datatype TYPE_INVALID for input 'x' for model 'm'" in error


def test_a_scalar(serve):
    served = serve()
    config = served.load("m", engine("input x FP32 scalar", "output y FP32 scalar scale x 3"))
    assert config["input"][0]["dims"] == [1]
    assert served.infer("m", x=np.float32([2]))["y"].tolist() == [6]


def test_rows_whose_number_only_the_run_tells(serve):
    served = serve()
    served.load("m", engine("input x FP32 -1,3", "output y FP32 -1,3 above x 2", "profile 0 x 1,3 4,3 8,3"),
                'max_batch_size: 0 input { name: "x" data_type: TYPE_FP32 dims: [-1, 3] }')
    assert served.infer("m", x=X)["y"].tolist() == [[4, 5, 6]]
    assert served.infer("m", x=-X)["y"].shape == (0, 3)
    many = np.full((8, 3), 7, np.float32)
    np.testing.assert_array_equal(served.infer("m", x=many)["y"], many)


def test_instances_share_an_engine_and_run_at_once(serve):
    served = serve()
    served.load("m", DOUBLE, "instance_group { kind: KIND_GPU count: 3 }")
    log = served.log()
    assert [log.count(line) for line in ("engine", "context", "profile 0")] == [1, 3, 3]
    rows = [np.full((1, 3), i, np.float32) for i in range(40)]
    for row, answer in zip(rows, served.infer_many("m", [{"x": row} for row in rows])):
        np.testing.assert_array_equal(answer["y"], 2 * row)


def test_memory_leaves_with_the_model(serve):
    served = serve()
    for _ in range(3):
        served.load("m", DOUBLE)
        served.infer("m", x=X)
        assert served.server.post("/v2/repository/models/m/unload", {}).status_code == 200
        wait_until(lambda: "engine destroyed" in served.log())


@pytest.fixture
def there(serve):
    """A server with DOUBLE, and a client's memory on GPU 0."""
    served = serve("--allow-client-shm=true")
    served.load("m", DOUBLE)
    served.api = Api("grpc", served.server)
    with SharedObject(PAGE) as served.memory:
        served.api.register_cuda_shared_memory("gpu", gpu.handle(served.memory), 0, PAGE)
        served.memory.put(X)
        served.copies()
        yield served


def test_an_input_on_the_gpu_is_not_copied(there):
    answer = there.api.infer("m", [there.api.input("x", [2, 3], "FP32", "gpu", 24)])
    assert answer.as_numpy("y").tolist() == (2 * X).tolist()
    assert there.copies() == ["24 gpu to host"]


def test_an_input_where_the_library_cannot_read_it_is_copied_on_the_gpu(there):
    there.memory.put(X, 64)
    answer = there.api.infer("m", [there.api.input("x", [2, 3], "FP32", "gpu", 24, 64)])
    assert answer.as_numpy("y").tolist() == (2 * X).tolist()
    assert there.copies() == ["24 gpu to gpu", "24 gpu to host"]


def test_an_output_stays_on_the_gpu_for_a_client_who_wants_it_there(there):
    there.api.infer("m", [there.api.input("x", [2, 3], "FP32", "gpu", 24)],
                    outputs=[there.api.output("y", "gpu", 24, 64)])
    assert there.memory.get(np.float32, 6, 64).tolist() == (2 * X).ravel().tolist()
    assert there.copies() == ["24 gpu to gpu"]
