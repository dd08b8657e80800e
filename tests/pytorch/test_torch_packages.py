"""Packages of AOTInductor: names from the call, values, errors."""
import numpy as np
import pytest
import tritonclient.grpc as grpcclient
from support.inference import statistics
from support.repository import parameters
from support.torch_models import config

pytestmark = pytest.mark.timeout(600)  # the first test waits for the compiler
FP32 = ("TYPE_FP32", [4])
LEFT = np.float32([[5, 6, 7, 8], [1, 2, 3, 4]])
RIGHT = np.float32([[1, 2, 3, 4], [0, 1, 0, 1]])


def aoti(inputs, outputs, max_batch_size=8, extra=""):
    return config(inputs, outputs, max_batch_size, extra, platform="torch_aoti")


@pytest.fixture
def load(torch, packages):
    return lambda name, package, configured: torch.load(name, packages(package), configured, file="model.pt2")


@pytest.fixture
def load_error(torch, packages):
    return lambda name, package, configured: torch.load_error(name, packages(package), configured, file="model.pt2")


NAMES = {"ARGS[0]": FP32, "ARGS[1][y]": FP32, "KWARGS[scale]": FP32}


@pytest.mark.parametrize("name, names, results", [
    ("places", ["ARGS[0]", "ARGS[1][y]", "KWARGS[scale]"], ["RESULT[0]", "RESULT[1][scaled]"]),
    ("numbers", ["INPUT__0", "INPUT__1", "INPUT__2"], ["OUTPUT__0", "OUTPUT__1"]),
    ("no_brackets", ["ARGS[0]", "INPUT__1", "KWARGSscale"], ["OUTPUT__0", "RESULT[1][scaled]"]),
])
def test_names_are_places_in_the_call_or_numbers(torch, load, name, names, results):
    load(name, "keywords", aoti({name_: FP32 for name_ in reversed(names)}, {result: FP32 for result in reversed(results)}))
    answer = torch.infer(name, **dict(zip(names, [LEFT, RIGHT, LEFT + 1])))
    np.testing.assert_array_equal(answer[results[0]], LEFT + RIGHT)
    np.testing.assert_array_equal(answer[results[1]], LEFT * (LEFT + 1))


def test_a_trained_network_says_what_it_says_in_torchscript(torch, load, digits):
    load("digits", "digits", aoti({"ARGS[0]": ("TYPE_FP32", [1, 8, 8])}, {"RESULT": ("TYPE_FP32", [10])}))
    for rows in (slice(0, 8), slice(7, 8)):  # one row, too: torch.export takes them to be two at least
        answer = torch.infer("digits", **{"ARGS[0]": digits["images"][rows]})["RESULT"]
        np.testing.assert_allclose(answer, digits["scores"][rows], atol=1e-4)
    with grpcclient.InferenceServerClient(torch.server.grpc) as client:
        tensor = grpcclient.InferInput("ARGS[0]", [2, 1, 8, 8], "FP32")
        tensor.set_data_from_numpy(digits["images"][:2])
        np.testing.assert_allclose(client.infer("digits", [tensor]).as_numpy("RESULT"), digits["scores"][:2], atol=1e-4)


def test_requests_are_batched_and_instances_share_the_package(torch, load):
    load("batched", "keywords", aoti(NAMES, {"RESULT[0]": FP32}, 8, """
        dynamic_batching { max_queue_delay_microseconds: 30000 } instance_group { count: 2 kind: KIND_CPU }"""))
    answers = torch.infer_many("batched", [{"ARGS[0]": LEFT * i, "ARGS[1][y]": RIGHT, "KWARGS[scale]": LEFT}
                                           for i in range(32)])
    for i, answer in enumerate(answers):
        np.testing.assert_array_equal(answer["RESULT[0]"], LEFT * i + RIGHT)
    assert statistics(torch.server, "batched")["execution_count"] < 32


def test_a_shape_that_the_package_was_not_compiled_for_is_an_error(torch, load):
    load("shapes", "whole", aoti({"ARGS[0]": ("TYPE_FP32", [-1, -1])}, {"RESULT": ("TYPE_FP32", [-1, -1])}, 0))
    values = np.ones((3, 4), np.float32)
    np.testing.assert_array_equal(torch.infer("shapes", **{"ARGS[0]": values})["RESULT"], values * 2)
    for shape in [(1, 1), (3, 3), (4, 4), (1, 4), (0, 4), (3000, 4)]:
        with pytest.raises(Exception, match='Inductor model instance "shapes_0.*" execution failure: '):
            torch.infer("shapes", **{"ARGS[0]": np.ones(shape, np.float32)})
    np.testing.assert_array_equal(torch.infer("shapes", **{"ARGS[0]": values})["RESULT"], values * 2)


def test_a_datatype_that_the_package_was_not_compiled_for_is_an_error(torch, load):
    load("types", "whole", aoti({"ARGS[0]": ("TYPE_FP16", [3, 4])}, {"RESULT": ("TYPE_FP32", [3, 4])}, 0))
    with pytest.raises(Exception, match="execution failure: "):
        torch.infer("types", **{"ARGS[0]": np.ones((3, 4), np.float16)})


def test_an_output_of_another_datatype_than_configured(torch, load):
    load("output_type", "whole", aoti({"ARGS[0]": ("TYPE_FP32", [3, 4])}, {"RESULT": ("TYPE_INT32", [3, 4])}, 0))
    with pytest.raises(Exception, match='Inductor model instance "output_type_0.*" output tensor "RESULT" has datatype TYPE_FP32 '
                                        'but model configuration expects TYPE_INT32'):
        torch.infer("output_type", **{"ARGS[0]": np.ones((3, 4), np.float32)})


START = 'control_input { name: "START" control { kind: CONTROL_SEQUENCE_START int32_false_true: [0, 1] } }'


@pytest.mark.parametrize("name, configured, text", [
    ("no_input", aoti({"x": FP32}, {"RESULT": FP32}), "is not found in model input map."),
    ("no_output", aoti(NAMES, {"RESULT": FP32}), "is not found in model output map."),
    ("too_few", aoti({"ARGS[0]": FP32}, {"RESULT[0]": FP32}),
     "unable to load model 'too_few', configuration expects 1 inputs, model provides 3"),
    ("twice", aoti({"ARGS[0]": FP32, "INPUT__0": FP32, "INPUT__1": FP32}, {"RESULT[0]": FP32}), "are both argument 0 of the model"),
    ("controls", aoti(NAMES, {"RESULT[0]": FP32}, 8, f"sequence_batching {{ {START} }}"),
     "Boolean sequence control validation is not supported for model instance"),
    ("sequences", aoti(NAMES, {"RESULT[0]": FP32}, 8, "sequence_batching { }"),
     "Sequence batching is not supported yet."),
])
def test_what_does_not_fit_is_refused_at_load(load_error, name, configured, text):
    assert text in load_error(name, "keywords", configured)


def test_a_file_that_is_not_there(torch):
    torch.repository.add("missing", aoti({"ARGS[0]": FP32}, {"RESULT": FP32}))
    path = torch.repository.path / "missing/1/model.pt2"
    assert f'PyTorch inductor model file "{path}" is unreachable or inaccessible.' in torch.load_error("missing")


def test_parameters_say_nothing(torch, load):
    load("parameters", "whole", aoti({"ARGS[0]": ("TYPE_FP32", [3, 4])}, {"RESULT": ("TYPE_FP32", [3, 4])}, 0,
                                     parameters(INFERENCE_MODE="whatever")))


def test_what_is_logged(torch, load):
    load("logged", "whole", aoti({"ARGS[0]": ("TYPE_FP32", [3, 4])}, {"RESULT": ("TYPE_FP32", [3, 4])}, 0))
    assert "Model platform for 'logged': 'torch_aoti'." in torch.server.log
    assert ('Auto-complete configuration is not supported for Inductor models. Skipping auto-complete for model '
            r'\"logged\".'
            in torch.server.log)
