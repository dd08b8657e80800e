"""Requests made up from the server's own OpenAPI document, and what is wrong with the answers.

    requests = GeneratedRequests(server, document, seed=1)
    requests.run(1000)
    assert not requests.failures, requests.report()

A quarter of them knows nothing but the document; for the others it is narrowed to the models that are served, so that they get
further than to an unknown name. A third of both breaks the schemas on purpose.
"""
import collections
import copy
import gzip
import json
import math
import re
import struct
import time
import zlib

import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import (content_type_conformance, response_headers_conformance,
                                               response_schema_conformance, status_code_conformance)
from support.server import PATIENCE

CHECKS = [status_code_conformance, content_type_conformance, response_headers_conformance, response_schema_conformance]

# The answers above 499 that the protocol wants, by how their error begins. Mistakes in JSON are internal errors there.
WANTED = {
    500: ["failed to parse the request JSON buffer: ", "Unable to parse ", "attempt to access ",
          "attempt to get members for non-object", "Expected JSON object for keyword: 'parameters': ",
          "failed to get request params.: ", "Failed to parse 'data' field: ", "unexpected error on creating Triton parameter",
          "failed to load '", "failed to decode 'file:", "Unable to open shared memory region: ",
          "failed on purpose"],
    501: ["Unsupported compression type", "'repository_name' specification is not supported",
          "HTTP end point doesn't support models with decoupled transaction policy", "Client shared memory is disabled. ",
          "string correlation ID cannot be longer than 128 characters",
          "log file location can not be updated through network protocol",
          "trace file location can not be updated through network protocol"],
    503: ["Request for unknown model: 'control' ", "invalid argument for --log_format, got: "],
}


def is_wanted(status, text):
    """Whether the protocol asks for this answer above 499."""
    try:
        error = json.loads(text)["error"]
    except (ValueError, KeyError, TypeError):
        return False
    return any(error.startswith(beginning) for beginning in WANTED.get(status, []))


def framed_bodies():
    """Bodies as the binary tensor extension has them, and bytes that are none."""
    def frame(shape, size, values, tail):
        head = {"inputs": [{"name": "INPUT0", "datatype": "FP32", "shape": shape, "parameters": {"binary_data_size": size}}],
                "outputs": [{"name": "OUTPUT0", "parameters": {"binary_data": True}}]}
        return json.dumps(head).encode() + struct.pack(f"<{len(values)}f", *values) + tail
    tensor = st.lists(st.floats(width=32), min_size=2, max_size=2)
    right = st.builds(frame, st.just([1, 2]), st.just(8), tensor, st.just(b""))
    near = st.builds(frame, st.sampled_from([[1, 2], [2, 2], [0, 2], [2]]), st.integers(0, 12), tensor, st.binary(max_size=2))
    return st.one_of(right, right, near, st.binary(max_size=64))


schemathesis.openapi.media_type("application/octet-stream", framed_bodies())


def narrowed(document, models, control, shm_key):
    """The same document, in which names are mostly those of what is there; `control` is there to be loaded and unloaded."""
    document = copy.deepcopy(document)
    parameters, schemas = document["components"]["parameters"], document["components"]["schemas"]

    parameters["Model"]["schema"] = {"enum": models}
    parameters["Version"]["schema"] = {"enum": ["1", "1", "1", "2", "99999999999999999999"]}
    parameters["Region"]["schema"] = {"enum": ["one", "two"]}
    parameters["ControlledModel"] = {**parameters["Model"], "schema": {"enum": [control, "unknown"]}}
    for path, item in document["paths"].items():
        if "/repository/" in path and "parameters" in item:
            item["parameters"] = [{"$ref": reference["$ref"].replace("/Model", "/ControlledModel")}
                                  for reference in item["parameters"]]
    valid = [[{"name": "INPUT0", "datatype": datatype, "shape": shape, "data": data}] for datatype, shape, data in [
        ("FP32", [1, 2], [1.5, -2]), ("FP32", [2, 1], [[1], [2]]), ("FP32", [2], [3, 4]), ("BYTES", [1, 1], ["a\u00e9"])]]
    tensor = schemas["InferInput"]["properties"]
    tensor.update({"name": {"enum": ["INPUT0", "INPUT1"]}, "datatype": {"enum": ["FP32", "BYTES", "FP16"]},
                   "shape": {"enum": [[1, 2], [2, 1], [1, 1], [0, 2], [2]]},
                   "data": {"type": "array", "maxItems": 3, "items": {"anyOf": [{"type": "number"}, {"type": "string"}]}}})
    request = schemas["InferRequest"]["properties"]
    request["inputs"] = {"anyOf": [{"enum": valid}, {**request["inputs"], "minItems": 1, "maxItems": 2}]}
    schemas["RequestedOutput"]["properties"]["name"] = {"enum": ["OUTPUT0", "OUTPUT0", "OUTPUT1"]}
    schemas["GenerateRequest"].update({"required": ["INPUT0"], "additionalProperties": {"type": ["number", "string"]}})
    schemas["GenerateRequest"]["properties"].update(
        {"INPUT0": {"enum": [1, 2.5, "a", [1, 2], [], True]}, "parameters": {"type": "object", "maxProperties": 1}})
    config = {"backend": "identity", "max_batch_size": 4,
              "input": [{"name": "INPUT0", "data_type": "TYPE_FP32", "dims": [-1]}],
              "output": [{"name": "OUTPUT0", "data_type": "TYPE_FP32", "dims": [-1]}]}
    schemas["LoadRequest"]["properties"]["parameters"]["properties"]["config"] = {"enum": [json.dumps(config), "{}", ""]}
    schemas["SystemRegionRequest"]["properties"].update(
        {"key": {"enum": [shm_key, "/nothing"]}, "offset": {"enum": [0, 4096, 1]}, "byte_size": {"enum": [64, 4096, 1 << 40]}})
    return document


class GeneratedRequests:
    def __init__(self, server, document, models, control, shm_key, first_seed):
        document = copy.deepcopy(document)
        for path, item in list(document["paths"].items()):
            if "servers" in item:  # on a port of its own
                del document["paths"][path]
        self.server = server
        self.seed = first_seed
        self.documents = [(1, document), (3, narrowed(document, models, control, shm_key))]
        self.session = requests.Session()
        self.count = 0
        self.seconds = 0
        self.statuses = collections.Counter()
        self.operations = collections.Counter()
        self.failures = {}  # what is wrong -> the first request that showed it

    def run(self, count):
        """`count` requests or a few more: as many for each operation, but for inference ten times as many."""
        begin = time.monotonic()
        rounds = []
        for share, document in self.documents:
            for result in schemathesis.openapi.from_dict(document).get_all_operations():
                operation = result.ok()
                weight = share * (10 if re.search(r"/(infer|generate|generate_stream)$", operation.path) else 1)
                rounds += [(operation, GenerationMode.POSITIVE, 2 * weight), (operation, GenerationMode.NEGATIVE, weight)]
        self._run_round(rounds, count - self.count)
        # Some operations have only a few different requests; inference makes up for it.
        rounds = [part for part in rounds if part[2] >= 10]
        while self.count < count:
            self._run_round(rounds, count - self.count)
        self.seconds += time.monotonic() - begin

    def _run_round(self, rounds, count):
        whole = sum(weight for _, _, weight in rounds)
        for operation, mode, weight in rounds:
            part = math.ceil(count * weight / whole)
            try:
                self._run_operation(operation, mode, part)
            except Unsatisfiable:  # there is nothing to break
                self._run_operation(operation, GenerationMode.POSITIVE, part)

    def _run_operation(self, operation, mode, count):
        done = 0
        self.seed += 1

        @seed(self.seed)
        @settings(max_examples=count, deadline=None, database=None, phases=[Phase.generate],
                  suppress_health_check=list(HealthCheck))
        @given(case=operation.as_strategy(generation_mode=mode), fits=st.sampled_from([True, True, False]))
        def ask(case, fits):
            nonlocal done
            done += 1
            self._ask(fitting(case) if fits else case)

        ask()
        self.operations[operation.label] += done

    def _ask(self, case):
        self.count += 1
        try:
            response = case.call(base_url=self.server.url, session=self.session, timeout=60 * PATIENCE)
        except requests.RequestException as error:
            return self._note(case, f"no answer: {type(error).__name__}")
        self.statuses[response.status_code] += 1
        if response.status_code >= 500 and not is_wanted(response.status_code, response.text):
            self._note(case, f"{response.status_code} {response.text[:200]!r}")
        try:
            case.validate_response(response, checks=CHECKS)
        except FailureGroup as group:
            for failure in group.exceptions:
                self._note(case, f"{response.status_code} {failure.title}: {failure.message[:300]}", response)

    def _note(self, case, what, response=None):
        shown = f"{case.as_curl_command()}\n{response.text[:300]!r}" if response is not None else case.as_curl_command()
        self.failures.setdefault(f"{case.operation.label}: {what}", shown)

    def report(self):
        lines = [f"{self.count} requests in {self.seconds:.0f} s to {len(self.operations)} operations: "
                 + ", ".join(f"{count} x {status}" for status, count in sorted(self.statuses.items()))]
        lines += [f"{what}\n    {shown[:1500]}" for what, shown in self.failures.items()]
        return "\n".join(lines)


def fitting(case):
    """The same request, with headers that are what its body is."""
    if not isinstance(case.body, bytes):
        for header in ("Inference-Header-Content-Length", "Content-Encoding"):
            case.headers.pop(header, None)
        return case
    if case.body.startswith(b"{"):
        case.headers["Inference-Header-Content-Length"] = str(case.body.rfind(b"}") + 1)
    compress = {"gzip": gzip.compress, "deflate": zlib.compress}.get(case.headers.get("Content-Encoding"))
    if compress is not None:
        case.body = compress(case.body)
    return case
