"""Trace files and settings beside those of the real Triton server: the same requests, the same files and answers."""
import json
import re

import numpy as np
import pytest
import tritonclient.grpc as grpcclient
import tritonclient.http as httpclient
from support.server import Server
from support.traces import numbered
from support.triton import Triton, needs_triton
from support.wait import wait_until

pytestmark = needs_triton


@pytest.fixture(scope="module")
def servers(tmp_path_factory, module_repository):
    """Both servers with one repository; each writes a file for each trace."""
    for datatype in ["FP32", "FP64", "FP16", "INT32", "INT64", "UINT16", "BOOL"]:
        module_repository.add_identity(datatype, f"TYPE_{datatype}")
    module_repository.add_identity("BYTES", "TYPE_STRING")
    module_repository.add_identity("batching", extra="dynamic_batching { }")
    started = []
    for kind in [Triton, Server]:
        file = tmp_path_factory.mktemp(kind.__name__) / "t.json"
        server = kind(module_repository.path, "--trace-config=level=TIMESTAMPS", "--trace-config=level=TENSORS",
                      "--trace-config=rate=1", "--trace-config=triton,log-frequency=1",
                      f"--trace-config=triton,file={file}")
        server.trace_file = file
        started.append(server)
        server.start()
    yield started
    for server in started:
        server.stop()


def elements(server, request):
    """The elements of the file that a request leaves, without what differs from run to run."""
    before = len(numbered(server.trace_file))
    request(server)
    wait_until(lambda: len(numbered(server.trace_file)) == before + 1 and numbered(server.trace_file)[-1].stat().st_size)
    text = numbered(server.trace_file)[-1].read_text()
    assert len(set(re.findall(r'"id":(\d+)', text))) == 1
    text = re.sub(r'"ns":\d+', '"ns":0', re.sub(r'"id":\d+', '"id":0', text))
    parsed = json.loads(text)
    assert text == json.dumps(parsed, separators=(",", ":"), ensure_ascii=False), "compact"
    return [json.dumps(element) for element in parsed]


def infer(module, address, model, array, **kwargs):
    def request(server):
        with module.InferenceServerClient(getattr(server, address)) as client:
            tensor = module.InferInput("INPUT0", array.shape, "BYTES" if model == "BYTES" else
                                       "FP32" if model == "batching" else model)
            tensor.set_data_from_numpy(array)
            client.infer(model, [tensor], **kwargs)
    return request


def without(elements, *words):
    return [element for element in elements if not any(word in element for word in words)]


ARRAYS = {
    "FP32": np.array([[1.5, -2.25, 1e-7, 1e20, 0.1]], np.float32), "FP64": np.array([[1.1, np.nan, np.inf, 123456789.1]]),
    "FP16": np.array([[1.5]], np.float16), "INT32": np.array([[-5], [7]], np.int32),
    "INT64": np.array([[-2**62]], np.int64), "UINT16": np.array([[65535, 1]], np.uint16),
    "BOOL": np.array([[True, False]]), "BYTES": np.array([["plain", "", "é"]], object),
    "batching": np.ones((1, 2), np.float32),
}


@pytest.mark.parametrize("model", ARRAYS)
def test_traces_of_http_requests(servers, model):
    triton, neso = (elements(server, infer(httpclient, "http", model, ARRAYS[model], request_id="r-1"))
                    for server in servers)
    # Triton 2.51 knows this activity, but does not report it here.
    neso_extra = [element for element in neso if "TENSOR_BACKEND_INPUT" in element]
    assert len(neso_extra) == 1
    neso.remove(neso_extra[0])
    assert sorted(neso) == sorted(triton)
    # When an answer leaves depends on threads; all else is in the same order.
    assert without(neso, "HTTP_SEND") == without(triton, "HTTP_SEND")


@pytest.mark.parametrize("endpoint", ["generate", "generate_stream"])
def test_traces_of_generate(servers, endpoint):
    def request(server):
        assert server.post(f"/v2/models/FP32/{endpoint}", {"id": "g", "INPUT0": [1.5]}).status_code == 200
    triton, neso = (elements(server, request) for server in servers)
    assert sorted(without(neso, "TENSOR_BACKEND_INPUT")) == sorted(triton)


def test_traces_of_grpc_requests(servers):
    triton, neso = (elements(server, infer(grpcclient, "grpc", "FP32", ARRAYS["FP32"])) for server in servers)
    assert sorted(without(neso, "TENSOR_BACKEND_INPUT")) == sorted(triton)
    # Triton 2.51 tells what its gRPC front end did at the end.
    assert without(neso, "GRPC", "RESPONSE_COMPLETE", "TENSOR_BACKEND_INPUT") == without(
        triton, "GRPC", "RESPONSE_COMPLETE")


SETTINGS = [{"trace_rate": "3"}, {"trace_count": "7", "log_frequency": "-1"}, {"trace_level": ["OTHER", "TENSORS"]},
            {"trace_level": ["OFF", "TENSORS"]}, {"trace_level": []}, {"trace_level": "OFF"}, {"trace_level": [1]},
            {"trace_rate": 5}, {"trace_rate": "x"}, {"trace_rate": "12abc"}, {"trace_rate": "0"},
            {"trace_rate": "99999999999999999999"}, {"trace_count": "-2"}, {"trace_count": "2147483648"},
            {"trace_count": ""}, {"log_frequency": "x"}, {"trace_file": None}, {"trace_mode": "x", "unknown": 1},
            {"trace_level": ["OFF"], "trace_rate": "0"}, {"trace_level": None}, {"trace_rate": None},
            {"trace_level": None, "trace_count": None, "log_frequency": None}, [], "", "{"]


@pytest.mark.parametrize("model", ["", "FP32"])
def test_settings(servers, model):
    path = f"/v2/models/{model}/trace/setting" if model else "/v2/trace/setting"
    for body in SETTINGS:
        answers = []
        for server in servers:
            answer = server.post(path, body if isinstance(body, str) else json.dumps(body))
            answers.append((answer.status_code, answer.headers["content-type"],
                            answer.text.replace(str(server.trace_file), "FILE")))
        assert answers[0] == answers[1], body


LOG_SETTINGS = [{"log_verbose_level": 1, "log_format": "ISO8601"}, {"log_info": None}, {"log_file": None},
                {"log_file": "x"}, {"log_info": 1}, {"log_verbose_level": -1}, {"log_verbose_level": "1"},
                {"log_format": "x"}, {"log_format": 5}, {"unknown": 1}, {"log_verbose_level": 0, "log_format": "default"},
                [], "", "{"]


def test_log_settings(servers):
    for body in LOG_SETTINGS:
        answers = []
        for server in servers:
            answer = server.post("/v2/logging", body if isinstance(body, str) else json.dumps(body))
            answers.append((answer.status_code, answer.headers["content-type"], answer.text))
        assert answers[0] == answers[1], body
