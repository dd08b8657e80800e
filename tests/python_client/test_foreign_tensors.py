"""Tensors of PyTorch and frames of pandas, in and out."""
import sys

import ml_dtypes
import numpy as np
import pytest
from neso_client import InvalidInput
from support.optional_backends import python_of
from support.repository import ModelRepository, tensor
from support.server import Server


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    repository = ModelRepository(tmp_path_factory.mktemp("foreign") / "models")
    repository.add_identity("identity")
    repository.add_identity("table", dims=(3,))
    for datatype in ("BF16", "FP16", "INT64", "STRING"):
        repository.add_identity(f"any_{datatype.lower()}", f"TYPE_{datatype}", max_batch_size=0, dims=(-1, -1))
    columns = {"age": "TYPE_INT64", "income": "TYPE_FP32", "city": "TYPE_STRING"}
    repository.add("people", f'''backend: "identity" max_batch_size: 100
        input [{", ".join(tensor(name, datatype, (1,)) for name, datatype in columns.items())}]
        output [{", ".join(tensor(f"{name}_out", datatype, (1,)) for name, datatype in columns.items())}]''')
    running = Server(repository.path).start()
    yield running
    running.stop()


def optional(module, folder):
    """Where scripts/setup has put it."""
    place = str(folder)
    if place not in sys.path:
        sys.path.append(place)
    return pytest.importorskip(module, reason=f"there is no {module} for this Python: scripts/setup {folder.parent.name}", exc_type=ImportError)


@pytest.fixture(scope="module")
def torch():
    return optional("torch", python_of("pytorch"))


@pytest.fixture(scope="module")
def pandas():
    return optional("pandas", python_of("python-client"))


class Foreign:
    """What NumPy knows of another library's tensor; `device` as DLPack numbers it."""

    def __init__(self, array, device=1):
        self.array, self.device = array, device

    def __dlpack__(self, **kwargs):
        return self.array.__dlpack__(**kwargs)

    def __dlpack_device__(self):
        return self.device, 0


def test_dlpack(client):
    array = np.arange(6, dtype=np.float32).reshape(2, 3)
    result = client.infer("identity", INPUT0=Foreign(array)).array
    np.testing.assert_array_equal(np.from_dlpack(result), array)
    assert np.shares_memory(np.from_dlpack(result), result)
    with pytest.raises(InvalidInput, match=r"input 'INPUT0' of model 'identity': expected a tensor in the host's memory, got one on .*cpu"):
        client.infer("identity", INPUT0=Foreign(array, device=2))


def test_what_dlpack_cannot_say(client):
    class Named(Foreign):
        """Of a datatype that DLPack, or NumPy's side of it, has no name for."""

        def __dlpack__(self, **kwargs):
            raise BufferError("no such datatype")

        def __array__(self, dtype=None, copy=None):
            return self.array

    halves = np.float32([[1.5, 2]]).astype(ml_dtypes.bfloat16)
    assert client.infer("any_bf16", INPUT0=Named(halves)).array.tolist() == [[1.5, 2]]
    assert client.infer("any_string", INPUT0=Named(np.array([["a"]], object))).array.tolist() == [[b"a"]]


def test_masked_arrays(client):
    array = np.ma.masked_array(np.float32([[1, 2]]), [[False, False]])
    assert client.infer("identity", INPUT0=array).array.tolist() == [[1, 2]]
    array[0, 1] = np.ma.masked
    with pytest.raises(InvalidInput, match="input 'INPUT0' of model 'identity': expected an array without masked"):
        client.infer("identity", INPUT0=array)


def test_torch(client, torch):
    tensor = torch.arange(6, dtype=torch.float32, requires_grad=True).reshape(2, 3)
    result = client.infer("identity", INPUT0=tensor).array
    back = torch.from_dlpack(result)
    assert torch.equal(back, tensor) and back.data_ptr() == result.ctypes.data
    assert torch.equal(torch.from_dlpack(client.infer("identity", INPUT0=tensor.T).array), tensor.T)
    half = torch.tensor([[1.5, -2.25]], dtype=torch.bfloat16)
    assert client.infer("any_bf16", INPUT0=half).array.tolist() == [[1.5, -2.25]]
    with pytest.raises(InvalidInput, match="input 'INPUT0' of model 'identity': expected FP32, got a tensor of torch.bfloat16"):
        client.infer("identity", INPUT0=half)


def test_torch_without_copies(torch):
    from neso_client.conversion import to_array
    from neso_client.tensors import TensorSpec, to_tensor
    tensor, spec = torch.ones(2, 3), TensorSpec("x", "FP32", (-1, 3))
    assert np.frombuffer(to_tensor(to_array(tensor, spec, "m"), spec).data, np.uint8).ctypes.data == tensor.data_ptr()


@pytest.fixture
def people(pandas):
    return pandas.DataFrame({"age": [30, 41], "income": [1.5, np.nan], "city": ["Oslo", "Århus"]}, index=["a", "b"])


def test_columns_go_to_the_inputs_of_their_names(client, people):
    frame = client.infer("people", people).to_frame(people.index)
    assert list(frame.index) == ["a", "b"] and frame["age_out"].tolist() == [30, 41] and frame["city_out"].tolist() == ["Oslo", "Århus"]
    assert frame["income_out"].iloc[0] == 1.5 and np.isnan(frame["income_out"].iloc[1])
    one = client.infer("people", people.drop(columns="age"), age=people["age"].to_numpy()[:, None]).to_frame()
    assert one["age_out"].tolist() == [30, 41]


def test_a_frame_for_the_only_input(client, pandas):
    frame = pandas.DataFrame({"x": [1, 2], "y": pandas.array([3, None], "Int64"), "z": [True, False]})
    for result in (client.infer("table", frame), client.infer("table", INPUT0=frame)):
        np.testing.assert_array_equal(result.array, np.float32([[1, 3, 1], [2, np.nan, 0]]))
    assert list(result.to_frame().columns) == ["OUTPUT0_0", "OUTPUT0_1", "OUTPUT0_2"]
    np.testing.assert_array_equal(client.infer("any_int64", INPUT0=frame[["x"]]).array, [[1], [2]])


def test_frames_that_do_not_fit(client, pandas, people):
    def refused(model, frame, **more):
        with pytest.raises(InvalidInput) as raised:
            client.infer(model, frame, **more)
        return str(raised.value)

    assert "input 'INPUT0' of model 'table', column 'city': expected numbers for FP32, got str" in refused("table", people)
    assert "expected the shape [-1, 3] (-1: any), got [2, 2]" in refused("table", people[["age", "income"]])
    assert "model 'people' has no input 'extra'; its inputs are age" in refused("people", people.assign(extra=1))
    gone = people.assign(age=pandas.array([1, None], "Int64"))
    told = refused("people", gone)
    assert "input 'age' of model 'people', column 'age': expected INT64, which has no missing values, got 1 of them" in told
    assert "expected columns of different names, got 'age' more than once" in refused("people", people[["age", "age"]])


def test_numbers_of_frames_that_would_be_lost(client, pandas):
    with pytest.raises(InvalidInput, match="expected FP32, up to 3.40282e.38, got 1e.300"):
        client.infer("table", pandas.DataFrame([[1.0, 2.0, 1e300]]))


def test_results_that_are_no_frames(client, pandas):
    with pytest.raises(ValueError, match=r"output 'y': expected one dimension or two for columns of a frame, got the shape \[1, 2, 3\]"):
        from neso_client.frames import from_outputs
        from_outputs({"y": np.zeros((1, 2, 3))}, None)
    with pytest.raises(ValueError, match="expected outputs with as many rows for a frame, got a: 2, b: 3"):
        from_outputs({"a": np.zeros(2), "b": np.zeros((3, 1))}, None)
    with pytest.raises(ValueError, match=r"output 'a': expected texts of UTF-8 for columns of a frame, got b'\\xff'"):
        from_outputs({"a": np.array([b"x", b"\xff"], object)}, None)


def test_what_is_wrong_is_shown(client):
    def refused(model, value):
        with pytest.raises(InvalidInput) as raised:
            client.infer(model, INPUT0=value)
        return str(raised.value)

    assert "expected FP32, got an array of <U4, with 'one' at [0, 0]" in refused("identity", [["one", "two!"]])
    assert "expected FP32, got an array of object, with None at [0, 1]" in refused("identity", [[1.0, None]])
    assert "expected FP16, up to 65504, got 1e+06" in refused("any_fp16", np.float32([[1, 1e6]]))
    assert "expected BF16, got an array of <U1" in refused("any_bf16", [["a"]])
    assert client.infer("any_fp16", INPUT0=np.float32([[np.inf, np.nan, 2]])).array[0, 2] == 2
