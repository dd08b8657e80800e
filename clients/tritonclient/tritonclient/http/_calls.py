"""The methods of both clients over HTTP: each says what it asks and what it makes of the answer; `_call` does the rest."""
import base64
import json
from urllib.parse import quote

from neso_client import Unavailable
from neso_client.call import is_header
from neso_client.network import split_url

from tritonclient._client import InferenceServerClientBase
from tritonclient._request import Request
from tritonclient.utils import raise_error

from ._messages import InferResult, check_answer, compress, infer_body, model_path, read_json, with_query


def _is_ok(answer):
    return answer.status == 200


def _nothing(answer):
    check_answer(answer)


def _json(answer):
    check_answer(answer)
    return read_json(answer.head)


def _result(verbose):
    def read(answer):
        check_answer(answer)
        if answer.encoding:
            return InferResult.from_response_body(answer.head, verbose, answer.head_size, answer.encoding)
        return InferResult(read_json(answer.head), memoryview(answer.tail), verbose)
    return read


class Calls(InferenceServerClientBase):
    def _start(self, transport, base_path, verbose):
        super().__init__()
        self._transport, self._base, self._verbose = transport, base_path, verbose

    def _headers(self, headers):
        headers = {} if headers is None else headers
        request = Request(headers)
        self._call_plugin(request)
        for name in request.headers:
            if name.lower() == "transfer-encoding":
                raise_error("Unsupported HTTP header: 'Transfer-Encoding' is not supported in the Python client library. "
                            "Use raw HTTP request libraries or the C++ client instead for this header.")
        return request.headers

    def _call(self, method, path, headers, query, finish, body=(), head_size=None):
        raise NotImplementedError

    async def _ask(self, method, path, headers, query, finish, body=(), head_size=None, timeout=None):
        lines = "".join([_line(name, value) for name, value in self._headers(headers).items()])
        path = f"{self._base}/{with_query(path, query)}"
        if self._verbose:
            print(f"{method} {path}, headers {headers}")
        try:
            answer = await self._transport.exchange(method, path, list(body), timeout, head_size, lines)
        except Unavailable as error:  # as the stock client: what the socket said
            raise (error.__context__ if isinstance(error.__context__, OSError) else error) from None
        if self._verbose:
            print(answer.status, answer.head)
        return finish(answer)

    def _post(self, path, headers, query, finish, document=None):
        body = () if document is None else (json.dumps(document).encode(),)
        return self._call("POST", path, headers, query, finish, body)

    def is_server_live(self, headers=None, query_params=None):
        return self._call("GET", "v2/health/live", headers, query_params, _is_ok)

    def is_server_ready(self, headers=None, query_params=None):
        return self._call("GET", "v2/health/ready", headers, query_params, _is_ok)

    def is_model_ready(self, model_name, model_version="", headers=None, query_params=None):
        return self._call("GET", model_path(model_name, model_version, "/ready"), headers, query_params, _is_ok)

    def get_server_metadata(self, headers=None, query_params=None):
        return self._call("GET", "v2", headers, query_params, _json)

    def get_model_metadata(self, model_name, model_version="", headers=None, query_params=None):
        return self._call("GET", model_path(model_name, model_version), headers, query_params, _json)

    def get_model_config(self, model_name, model_version="", headers=None, query_params=None):
        return self._call("GET", model_path(model_name, model_version, "/config"), headers, query_params, _json)

    def get_model_repository_index(self, headers=None, query_params=None):
        return self._post("v2/repository/index", headers, query_params, _json)

    def load_model(self, model_name, headers=None, query_params=None, config=None, files=None):
        parameters = {} if config is None else {"config": config}
        parameters.update((path, base64.b64encode(content).decode()) for path, content in (files or {}).items())
        return self._post(f"v2/repository/models/{quote(model_name)}/load", headers, query_params, _nothing,
                          {"parameters": parameters} if parameters else {})

    def unload_model(self, model_name, headers=None, query_params=None, unload_dependents=False):
        return self._post(f"v2/repository/models/{quote(model_name)}/unload", headers, query_params, _nothing,
                          {"parameters": {"unload_dependents": unload_dependents}})

    def get_inference_statistics(self, model_name="", model_version="", headers=None, query_params=None):
        path = model_path(model_name, model_version, "/stats") if model_name else "v2/models/stats"
        return self._call("GET", path, headers, query_params, _json)

    def update_trace_settings(self, model_name=None, settings={}, headers=None, query_params=None):
        return self._post(_trace_path(model_name), headers, query_params, _json, settings or {})

    def get_trace_settings(self, model_name=None, headers=None, query_params=None):
        return self._call("GET", _trace_path(model_name), headers, query_params, _json)

    def update_log_settings(self, settings, headers=None, query_params=None):
        return self._post("v2/logging", headers, query_params, _json, settings or {})

    def get_log_settings(self, headers=None, query_params=None):
        return self._call("GET", "v2/logging", headers, query_params, _json)

    def get_system_shared_memory_status(self, region_name="", headers=None, query_params=None):
        return self._call("GET", _region_path("system", region_name, "status"), headers, query_params, _json)

    def register_system_shared_memory(self, name, key, byte_size, offset=0, headers=None, query_params=None):
        return self._post(_region_path("system", name, "register"), headers, query_params, _nothing,
                          {"key": key, "offset": offset, "byte_size": byte_size})

    def unregister_system_shared_memory(self, name="", headers=None, query_params=None):
        return self._post(_region_path("system", name, "unregister"), headers, query_params, _nothing)

    def get_cuda_shared_memory_status(self, region_name="", headers=None, query_params=None):
        return self._call("GET", _region_path("cuda", region_name, "status"), headers, query_params, _json)

    def register_cuda_shared_memory(self, name, raw_handle, device_id, byte_size, headers=None, query_params=None):
        handle = raw_handle.decode() if isinstance(raw_handle, bytes) else raw_handle
        return self._post(_region_path("cuda", name, "register"), headers, query_params, _nothing,
                          {"raw_handle": {"b64": handle}, "device_id": device_id, "byte_size": byte_size})

    def unregister_cuda_shared_memory(self, name="", headers=None, query_params=None):
        return self._post(_region_path("cuda", name, "unregister"), headers, query_params, _nothing)

    @staticmethod
    def generate_request_body(inputs, outputs=None, request_id="", sequence_id=0, sequence_start=False, sequence_end=False, priority=0,
                              timeout=None, parameters=None):
        pieces, head_size = infer_body(inputs, outputs, request_id, sequence_id, sequence_start, sequence_end, priority, timeout, parameters)
        return b"".join(pieces), head_size

    @staticmethod
    def parse_response_body(response_body, verbose=False, header_length=None, content_encoding=None):
        return InferResult.from_response_body(response_body, verbose, header_length, content_encoding)

    def infer(self, model_name, inputs, model_version="", outputs=None, request_id="", sequence_id=0, sequence_start=False,
              sequence_end=False, priority=0, timeout=None, headers=None, query_params=None, request_compression_algorithm=None,
              response_compression_algorithm=None, parameters=None):
        return self._call(*self._infer_call(
            model_name, inputs, model_version, outputs, request_id, sequence_id, sequence_start, sequence_end, priority, timeout, headers,
            query_params, request_compression_algorithm, response_compression_algorithm, parameters))

    def _infer_call(self, model_name, inputs, model_version, outputs, request_id, sequence_id, sequence_start, sequence_end, priority,
                    timeout, headers, query_params, request_compression_algorithm, response_compression_algorithm, parameters):
        """The arguments of _call: nothing of them changes when the caller's inputs do."""
        path = model_path(model_name, model_version, "/infer")
        pieces, head_size = infer_body(inputs, outputs, request_id, sequence_id, sequence_start, sequence_end, priority, timeout, parameters)
        headers = {} if headers is None else headers
        pieces = compress(pieces, headers, request_compression_algorithm, response_compression_algorithm)
        return "POST", path, headers, query_params, _result(self._verbose), pieces, head_size


def _line(name, value):
    if not is_header(name, value):
        raise ValueError(f"invalid header field {name!r}: {value!r}")
    return f"{name}: {value}\r\n"


def _trace_path(model):
    return f"v2/models/{quote(model)}/trace/setting" if model else "v2/trace/setting"


def _region_path(kind, name, verb):
    return f"v2/{kind}sharedmemory/{f'region/{quote(name)}/' if name else ''}{verb}"


def split(url):
    """(host, port, base path)"""
    if "://" in url or url.startswith(("http:", "https:")):
        raise_error("url should not include the scheme")
    authority, slash, base = url.partition("/")
    _, host, port = split_url(authority)
    return host, port, f"/{base.rstrip('/')}" if slash and base.strip("/") else ""
