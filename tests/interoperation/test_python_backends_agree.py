"""Triton's own compiled Python backend and ours, each in a Neso, with the same models: the same answers and errors."""
import json

import numpy as np
import pytest
import tritonclient.http as httpclient
from support.clients import arrays_of, inputs_of
from support.python_models import FAILING, PythonModels, python_on_path
from support.triton import needs_triton, python_backend, python_environment
from tritonclient.utils import InferenceServerException

pytestmark = needs_triton

MORE_FAILING = FAILING + """
    if kind == 7: return self.deeper(requests)
    if kind == 9: return [answer(OUT=np.array(["text"]))]
    if kind == 10: return [pb_utils.InferenceResponse([pb_utils.Tensor("", values(requests[0]))])]
    if kind == 11: return (answer(OUT=values(requests[0])),)
    if kind == 12: return [answer(OTHER=values(requests[0]), OUT=values(requests[0]).astype(np.int8))]
    if kind == 13: return [answer(OUT=np.zeros((2, 3), np.float32))]
    if kind == 14: return [pb_utils.InferenceResponse([])]
    return [answer(OUT=values(requests[0]))]

def deeper(self, requests):
    return [{}["no such key"] for _ in requests]
"""

TELLS = """
def execute(self, requests):
    request = requests[0]
    told = json.dumps([json.loads(request.parameters()), request.request_id(), request.correlation_id(), request.flags(),
                       request.timeout(), sorted(request.requested_output_names()), [i.name() for i in request.inputs()],
                       pb_utils.get_input_tensor_by_name(request, "none") is None, __name__, pb_utils.get_model_dir(),
                       str(values(request).dtype), values(request).flags.writeable])
    return [pb_utils.InferenceResponse([pb_utils.Tensor("OUT", np.array([told], dtype=object))])]
"""

LATER = """
def execute(self, requests):
    FINAL = pb_utils.TRITONSERVER_RESPONSE_COMPLETE_FINAL
    told = []
    sender = requests[0].get_response_sender()
    def attempt(*arguments):
        try: sender.send(*arguments)
        except Exception as e: told.append(f"{type(e).__name__}: {e}")
    attempt(None, 0)
    attempt(None, 7)
    attempt(None, FINAL)
    threading.Thread(target=lambda: sender.send(answer(OUT=np.array([json.dumps(told)], dtype=object)), FINAL)).start()
    return [None]
"""


CALLS = """
def execute(self, requests):
    told = []
    def attempt(what):
        try: told.append(str(what()))
        except Exception as e: told.append(f"{type(e).__name__}: {e}")
    def call(model, inputs, outputs=("OUT",), **kwargs):
        response = pb_utils.InferenceRequest(model_name=model, inputs=inputs, requested_output_names=list(outputs),
                                             **kwargs).exec()
        return response.error().message() if response.has_error() else response.output_tensors()[0].as_numpy().tolist()
    tensor = pb_utils.Tensor("IN", np.float32([99]))
    attempt(lambda: call("failing", [tensor]))
    attempt(lambda: call("failing", [tensor], request_id="r", correlation_id=5, timeout=1000000))
    attempt(lambda: call("no_such_model", [tensor]))
    attempt(lambda: call("failing", [tensor], [""]))
    attempt(lambda: pb_utils.Tensor("", np.zeros(1)))
    attempt(lambda: pb_utils.Tensor("a", np.array(["text"])))
    attempt(lambda: pb_utils.Tensor("a", np.zeros((2, 3), np.int8)).shape())
    attempt(lambda: pb_utils.TritonError("text", pb_utils.TritonError.CANCELLED).code() ==
            pb_utils.TritonError.CANCELLED)
    attempt(lambda: pb_utils.TritonError("text").message())
    attempt(lambda: pb_utils.numpy_to_triton_type(np.float32))
    attempt(lambda: pb_utils.serialize_byte_tensor(np.array([b"ab", "c"], dtype=object)))
    attempt(lambda: pb_utils.InferenceResponse([]).has_error())
    attempt(lambda: pb_utils.InferenceResponse([]).output_tensors())
    return [answer(OUT=np.array([json.dumps(told)], dtype=object))]
"""


@pytest.fixture(scope="module")
def servers(tmp_path_factory, module_repository, start_module_server):
    models = PythonModels(module_repository)
    models.add("failing", MORE_FAILING)
    models.add("tells", TELLS, outputs={"OUT": "TYPE_STRING"})
    models.add("calls", CALLS, outputs={"OUT": "TYPE_STRING"})
    models.add("later", LATER, outputs={"OUT": "TYPE_STRING"})
    models.add("strings", """
        def execute(self, requests):
            return [answer(OUT=np.array([[x, str(x), len(x)] for x in values(requests[0])], dtype=object))]
        """, {"IN": "TYPE_STRING"}, {"OUT": ("TYPE_STRING", (-1, -1))})
    models.add("annotated", """
        inputs = {"OTHER": (np.int8, [7])}
        outputs = {"OUT": (str, [-1])}
        max_batch_size = 3
        decoupled = True
        def execute(self, requests):
            return [answer(OUT=2 * values(request)) for request in requests]
        """)
    theirs = python_backend(tmp_path_factory.mktemp("backends"))
    return (start_module_server(module_repository.path, env=python_on_path()),
            start_module_server(module_repository.path, f"--backend-directory={theirs}", env=python_environment()))


def ask(server, model, array, **kwargs):
    """What a client sees: the outputs with their types, or the error."""
    with httpclient.InferenceServerClient(server.http) as client:
        try:
            result = client.infer(model, inputs_of({"IN": array}), **kwargs)
        except InferenceServerException as error:
            return error.status(), error.message()
        return {name: (str(array.dtype), array.tolist()) for name, array in arrays_of(result).items()}


@pytest.mark.parametrize("kind", range(16))
def test_answers_and_errors_are_the_same(servers, kind):
    ours, theirs = (ask(server, "failing", np.float32([kind])) for server in servers)
    assert ours == theirs, f"{ours}\n{theirs}"


def test_what_a_class_says_of_its_tensors_is_nothing_to_triton_and_to_who_has_a_configuration(servers):
    ours, theirs = (ask(server, "annotated", np.float32([1, 2])) for server in servers)
    assert ours == theirs == {"OUT": ("float32", [2, 4])}


def test_models_see_the_same(servers):
    ours, theirs = (ask(server, "tells", np.float32([1]), request_id="id", sequence_id=3, sequence_start=True,
                        timeout=12345678, parameters={"a": "b", "c": 1, "d": True}) for server in servers)
    assert ours == theirs, f"{ours}\n{theirs}"


def test_strings_are_the_same(servers):
    strings = np.array([b"", b"text", "\u00fc".encode(), b"\xff\0"], dtype=object)
    ours, theirs = (ask(server, "strings", strings) for server in servers)
    assert ours == theirs, f"{ours}\n{theirs}"


def test_senders_refuse_the_same(servers):
    ours, theirs = (json.loads(ask(server, "later", np.float32([1]))["OUT"][1][0]) for server in servers)
    assert ours == theirs, f"{ours}\n{theirs}"


def test_the_module_answers_the_same(servers):
    ours, theirs = (ask(server, "calls", np.float32([1])) for server in servers)
    assert ours == theirs, f"{ours}\n{theirs}"
