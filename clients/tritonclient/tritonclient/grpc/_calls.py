"""The methods of both clients over gRPC: each says what it asks and what it makes of the answer; `_call` does the rest."""
import base64
import re
import ssl as tls

from google.protobuf.message import DecodeError
from neso_client import errors
from neso_client.clock import LONGEST
from neso_client.grpc import GrpcTransport
from neso_client.http2 import literal
from neso_client.network import BLOCKING, Address, split_url

from tritonclient._client import InferenceServerClientBase
from tritonclient._request import Request
from tritonclient.utils import InferenceServerException, raise_error

from . import service_pb2
from ._messages import InferResult, compress, encoding_of, infer_message, to_json


class KeepAliveOptions:
    def __init__(self, keepalive_time_ms=2**31 - 1, keepalive_timeout_ms=20000, keepalive_permit_without_calls=False,
                 http2_max_pings_without_data=2):
        self.keepalive_time_ms = keepalive_time_ms
        self.keepalive_timeout_ms = keepalive_timeout_ms
        self.keepalive_permit_without_calls = keepalive_permit_without_calls
        self.http2_max_pings_without_data = http2_max_pings_without_data


_RESOLVERS = "dns:///", "dns:", "ipv4:", "ipv6:"  # of gRPC's targets, whose default is written out
_METADATA = re.compile(rb"[0-9a-z_.-]+")
_VALUE = re.compile(rb"[\x20-\x7e]*")


def connect(url, ssl, root_certificates, private_key, certificate_chain, creds, network):
    resolver = next((resolver for resolver in _RESOLVERS if url.startswith(resolver)), "")
    url = url[len(resolver):]
    if "://" in url and not url.startswith("unix:"):
        raise_error("url should not include the scheme")
    if creds is not None:
        raise_error("expected ssl=True with root_certificates, private_key and certificate_chain: the credentials of grpcio given as creds "
                    "cannot be read")
    context = None
    if ssl:
        context = tls.create_default_context(cafile=root_certificates)
        if certificate_chain:
            context.load_cert_chain(certificate_chain, private_key)
    _, host, port = split_url(url)
    return GrpcTransport(Address(host, port, context, {}), network)


def as_exception(error, cancellation=None):
    if cancellation is not None and cancellation.is_cancelled:
        return InferenceServerException("Locally cancelled by application!", "StatusCode.CANCELLED")
    if isinstance(error, errors.ServerError):
        return InferenceServerException(error.message, f"StatusCode.{error.status}", str(error))
    if isinstance(error, errors.DeadlineExceeded):
        return InferenceServerException("Deadline Exceeded", "StatusCode.DEADLINE_EXCEEDED", str(error))
    return InferenceServerException(str(error), "StatusCode.UNAVAILABLE", str(error))


class Calls(InferenceServerClientBase):
    _NETWORK = BLOCKING

    def __init__(self, url, verbose=False, ssl=False, root_certificates=None, private_key=None, certificate_chain=None, creds=None,
                 keepalive_options=None, channel_args=None):
        super().__init__()
        self._transport = connect(url, ssl, root_certificates, private_key, certificate_chain, creds, self._NETWORK)
        self._verbose = verbose
        self._open()

    def _open(self):
        """Of a client that has more to keep."""

    def _fields(self, headers, encoding=""):
        """(the headers as they are sent, whether messages are compressed)"""
        request = Request(dict(headers or {}))
        self._call_plugin(request)
        if self._verbose:
            print(f"metadata {request.headers}")
        fields = [_field(name.lower(), value) for name, value in request.headers.items()]
        return b"".join(fields + [literal(b"grpc-encoding", encoding.encode())] if encoding else fields), bool(encoding)

    def _call(self, method, pieces, size, finish, fields, timeout):
        """fields: of _fields()."""
        raise NotImplementedError

    async def _ask(self, method, pieces, size, finish, fields, timeout, cancellation=None):
        if self._verbose:
            print(method)
        try:
            message = await self._transport.call(method, pieces, size, limit(timeout), *fields, cancellation)
        except errors.NesoError as error:
            raise as_exception(error, cancellation) from None
        answer = understood(finish, message)
        if self._verbose:
            print(answer)
        return answer

    def _ask_message(self, method, request, headers, timeout, as_json=False, part=None):
        answer_type = getattr(service_pb2, f"{method}Response")

        def finish(data):
            message = answer_type.FromString(bytes(data))
            if part is not None:
                return part(message)
            return to_json(message) if as_json else message

        data = request.SerializeToString()
        return self._call(method, [memoryview(data)], len(data), finish, self._fields(headers), timeout)

    def is_server_live(self, headers=None, client_timeout=None):
        return self._ask_message("ServerLive", service_pb2.ServerLiveRequest(), headers, client_timeout, part=lambda m: m.live)

    def is_server_ready(self, headers=None, client_timeout=None):
        return self._ask_message("ServerReady", service_pb2.ServerReadyRequest(), headers, client_timeout, part=lambda m: m.ready)

    def is_model_ready(self, model_name, model_version="", headers=None, client_timeout=None):
        return self._ask_message("ModelReady", service_pb2.ModelReadyRequest(name=model_name, version=_version(model_version)), headers,
                                 client_timeout, part=lambda m: m.ready)

    def get_server_metadata(self, headers=None, as_json=False, client_timeout=None):
        return self._ask_message("ServerMetadata", service_pb2.ServerMetadataRequest(), headers, client_timeout, as_json)

    def get_model_metadata(self, model_name, model_version="", headers=None, as_json=False, client_timeout=None):
        return self._ask_message("ModelMetadata", service_pb2.ModelMetadataRequest(name=model_name, version=_version(model_version)),
                                 headers, client_timeout, as_json)

    def get_model_config(self, model_name, model_version="", headers=None, as_json=False, client_timeout=None):
        return self._ask_message("ModelConfig", service_pb2.ModelConfigRequest(name=model_name, version=_version(model_version)), headers,
                                 client_timeout, as_json)

    def get_model_repository_index(self, headers=None, as_json=False, client_timeout=None):
        return self._ask_message("RepositoryIndex", service_pb2.RepositoryIndexRequest(), headers, client_timeout, as_json)

    def load_model(self, model_name, headers=None, config=None, files=None, client_timeout=None):
        request = service_pb2.RepositoryModelLoadRequest(model_name=model_name)
        if config is not None:
            request.parameters["config"].string_param = config
        for path, content in (files or {}).items():
            request.parameters[path].bytes_param = content
        return self._ask_message("RepositoryModelLoad", request, headers, client_timeout, part=_nothing)

    def unload_model(self, model_name, headers=None, unload_dependents=False, client_timeout=None):
        request = service_pb2.RepositoryModelUnloadRequest(model_name=model_name)
        request.parameters["unload_dependents"].bool_param = unload_dependents
        return self._ask_message("RepositoryModelUnload", request, headers, client_timeout, part=_nothing)

    def get_inference_statistics(self, model_name="", model_version="", headers=None, as_json=False, client_timeout=None):
        return self._ask_message("ModelStatistics", service_pb2.ModelStatisticsRequest(name=model_name, version=_version(model_version)),
                                 headers, client_timeout, as_json)

    def update_trace_settings(self, model_name=None, settings={}, headers=None, as_json=False, client_timeout=None):
        request = service_pb2.TraceSettingRequest(model_name=model_name or "")
        for key, value in settings.items():
            setting = request.settings[key]
            if value is not None:
                setting.value.extend(map(str, value) if isinstance(value, (list, tuple)) else [str(value)])
        return self._ask_message("TraceSetting", request, headers, client_timeout, as_json)

    def get_trace_settings(self, model_name=None, headers=None, as_json=False, client_timeout=None):
        return self.update_trace_settings(model_name, {}, headers, as_json, client_timeout)

    def update_log_settings(self, settings, headers=None, as_json=False, client_timeout=None):
        request = service_pb2.LogSettingsRequest()
        for key, value in (settings or {}).items():
            if key in ("log_file", "log_format"):
                request.settings[key].string_param = value
            elif key == "log_verbose_level":
                request.settings[key].uint32_param = value
            else:
                request.settings[key].bool_param = value
        return self._ask_message("LogSettings", request, headers, client_timeout, as_json)

    def get_log_settings(self, headers=None, as_json=False, client_timeout=None):
        return self.update_log_settings({}, headers, as_json, client_timeout)

    def get_system_shared_memory_status(self, region_name="", headers=None, as_json=False, client_timeout=None):
        return self._ask_message("SystemSharedMemoryStatus", service_pb2.SystemSharedMemoryStatusRequest(name=region_name), headers,
                                 client_timeout, as_json)

    def register_system_shared_memory(self, name, key, byte_size, offset=0, headers=None, client_timeout=None):
        request = service_pb2.SystemSharedMemoryRegisterRequest(name=name, key=key, offset=offset, byte_size=byte_size)
        return self._ask_message("SystemSharedMemoryRegister", request, headers, client_timeout, part=_nothing)

    def unregister_system_shared_memory(self, name="", headers=None, client_timeout=None):
        return self._ask_message("SystemSharedMemoryUnregister", service_pb2.SystemSharedMemoryUnregisterRequest(name=name), headers,
                                 client_timeout, part=_nothing)

    def get_cuda_shared_memory_status(self, region_name="", headers=None, as_json=False, client_timeout=None):
        return self._ask_message("CudaSharedMemoryStatus", service_pb2.CudaSharedMemoryStatusRequest(name=region_name), headers,
                                 client_timeout, as_json)

    def register_cuda_shared_memory(self, name, raw_handle, device_id, byte_size, headers=None, client_timeout=None):
        request = service_pb2.CudaSharedMemoryRegisterRequest(name=name, raw_handle=base64.b64decode(raw_handle), device_id=device_id,
                                                              byte_size=byte_size)
        return self._ask_message("CudaSharedMemoryRegister", request, headers, client_timeout, part=_nothing)

    def unregister_cuda_shared_memory(self, name="", headers=None, client_timeout=None):
        return self._ask_message("CudaSharedMemoryUnregister", service_pb2.CudaSharedMemoryUnregisterRequest(name=name), headers,
                                 client_timeout, part=_nothing)

    def infer(self, model_name, inputs, model_version="", outputs=None, request_id="", sequence_id=0, sequence_start=False,
              sequence_end=False, priority=0, timeout=None, client_timeout=None, headers=None, compression_algorithm=None, parameters=None):
        pieces, size = infer_message(model_name, inputs, model_version, outputs, request_id, sequence_id, sequence_start, sequence_end,
                                     priority, timeout, parameters)
        encoding = encoding_of(compression_algorithm)
        pieces, size = compress(pieces, size, encoding)
        return self._call("ModelInfer", pieces, size, InferResult, self._fields(headers, encoding), client_timeout)


def understood(finish, message):
    """What `finish` makes of an answer's message."""
    try:
        return finish(message)
    except (ValueError, TypeError, AttributeError, DecodeError) as error:
        raise InferenceServerException("Exception deserializing response!", "StatusCode.INTERNAL", str(error)) from None


def limit(timeout):
    """As sockets know it. Raises DeadlineExceeded for one that is over."""
    if timeout is None:
        return None
    if not timeout > 0:
        raise errors.DeadlineExceeded("the time is over")
    return min(timeout, LONGEST)


def _field(name, value):
    """One with bytes has a name that says so, and is sent as text."""
    name, value = name.encode(), value if isinstance(value, bytes) else str(value).encode()
    if name.endswith(b"-bin"):
        value = base64.b64encode(value)
    if not (_METADATA.fullmatch(name) and _VALUE.fullmatch(value)):
        raise InferenceServerException("Invalid metadata", "StatusCode.INTERNAL")
    return literal(name, value)


def _nothing(_):
    return None


def _version(version):
    if not isinstance(version, str):
        raise_error("model version must be a string")
    return version
