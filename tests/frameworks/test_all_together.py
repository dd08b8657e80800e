"""All frameworks in one process, whatever libraries each brings along: protobuf, OpenMP, oneDNN, TBB, Abseil in several versions."""
import concurrent.futures
import random
import threading

import numpy as np
import pytest
import tritonclient.grpc as grpcclient
import tritonclient.http as httpclient
from support import dali_models, tree_models
from support.control import load, unload
from support.frameworks import FORMATS, MOST_ROWS, add_network, tensor_names
from support.optional_backends import needs_backends
from support.python_models import python_on_path
from tritonclient.utils import np_to_triton_dtype

pytestmark = [needs_backends("dali", "fil"), pytest.mark.timeout(300)]

PYTHON = """
import numpy as np
import triton_python_backend_utils as pb_utils

class TritonPythonModel:
    def execute(self, requests):
        return [pb_utils.InferenceResponse([pb_utils.Tensor("OUT", np.sort(
            pb_utils.get_input_tensor_by_name(request, "IN").as_numpy()))]) for request in requests]
"""
NUMBERS = np.float32([[3, 1, 2]])


class Question:
    """A request to a model, and what its answer is to be near to."""

    def __init__(self, model, input, array, output, expected, tolerance=1e-4):
        self.model, self.input, self.array = model, input, array
        self.output, self.expected, self.tolerance = output, expected, tolerance

    def check(self, module, client):
        tensor = module.InferInput(self.input, self.array.shape, np_to_triton_dtype(self.array.dtype))
        tensor.set_data_from_numpy(self.array)
        answer = client.infer(self.model, [tensor]).as_numpy(self.output)
        np.testing.assert_allclose(answer, self.expected, atol=self.tolerance, err_msg=self.model)


def add_trees(repository):
    """XGBoost's file of the digits."""
    folder = tree_models.folder_of("xgb_digits")
    arrays = np.load(folder / "xgb_digits.npz")
    rows, scores = arrays["rows"][:8].astype(np.float32), arrays["scores"][:8]
    format = tree_models.format_of("xgb_digits")
    repository.add("trees", tree_models.config(format, rows.shape[1], scores.shape[1], predict_proba="true", is_classifier="true"),
                   files={tree_models.FILES[format]: (folder / "xgb_digits.model").read_bytes()})
    return Question("trees", "input__0", rows, "output__0", scores)


def add_photos(repository):
    """DALI decodes a JPEG."""
    repository.add("photos", dali_models.config({"ENCODED": ("TYPE_UINT8", [-1])}, {"image": ("TYPE_FP32", [3, 32, 32])}, 4),
                   files={"model.dali": dali_models.pipeline("classify")})
    answers = np.load(dali_models.made_by(dali_models.MODELS) / "answers.npz")
    return Question("photos", "ENCODED", dali_models.as_input(dali_models.photo("china")), "image", answers["china"][None], 0)


@pytest.fixture(scope="module")
def questions(module_repository, formats, trained):
    for name in FORMATS:
        add_network(module_repository, name, formats[name])
    module_repository.add("identity", """
        backend: "identity" max_batch_size: 8
        input { name: "INPUT0" data_type: TYPE_FP32 dims: [ -1 ] }
        output { name: "OUTPUT0" data_type: TYPE_FP32 dims: [ -1 ] }
        """)
    module_repository.add("sorts", """
        backend: "python" max_batch_size: 8
        input { name: "IN" data_type: TYPE_FP32 dims: [ -1 ] }
        output { name: "OUT" data_type: TYPE_FP32 dims: [ -1 ] }
        """, files={"model.py": PYTHON})
    images, scores = trained["images"][:MOST_ROWS // 3], trained["scores"][:MOST_ROWS // 3]
    return [
        *(Question(name, tensor_names(name)[0], images, tensor_names(name)[1], scores) for name in FORMATS),
        Question("identity", "INPUT0", NUMBERS, "OUTPUT0", NUMBERS, 0),
        Question("sorts", "IN", NUMBERS, "OUT", np.sort(NUMBERS), 0),
        add_trees(module_repository),
        add_photos(module_repository),
    ]


@pytest.fixture(scope="module")
def server(module_repository, start_module_server, questions):
    return start_module_server(module_repository.path, "--model-control-mode=explicit", "--load-model=*",
                               env=python_on_path())


def test_each_answers_over_http_and_grpc(server, questions):
    with httpclient.InferenceServerClient(server.http) as over_http, grpcclient.InferenceServerClient(server.grpc) as over_grpc:
        for question in questions:
            question.check(httpclient, over_http)
            question.check(grpcclient, over_grpc)


def test_all_at_once(server, questions):
    def ask(seed):
        order = random.Random(seed)
        with grpcclient.InferenceServerClient(server.grpc) as client:
            for _ in range(100):
                order.choice(questions).check(grpcclient, client)

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        list(pool.map(ask, range(8)))


@pytest.mark.parametrize("gone", range(len(FORMATS) + 4))
def test_each_comes_and_goes_while_the_others_answer(server, questions, gone):
    done = threading.Event()

    def ask_others():
        with grpcclient.InferenceServerClient(server.grpc) as client:
            while not done.is_set():
                for question in questions:
                    if question is not questions[gone]:
                        question.check(grpcclient, client)

    with concurrent.futures.ThreadPoolExecutor(1) as pool, grpcclient.InferenceServerClient(server.grpc) as client:
        asking = pool.submit(ask_others)
        try:
            for _ in range(2):
                assert unload(server, questions[gone].model).status_code == 200
                assert load(server, questions[gone].model).status_code == 200
            questions[gone].check(grpcclient, client)
        finally:
            done.set()
        asking.result()
