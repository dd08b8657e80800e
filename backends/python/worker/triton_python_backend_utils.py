"""What a Python model uses of the server: tensors, requests and responses, calls of other models, metrics, the log.

    import triton_python_backend_utils as pb_utils

triton_python_backend_utils.pyi beside this file has the types, for editors and type checkers.
"""
from neso_python_worker import runner as _runner
from neso_python_worker.datatypes import (TRITON_STRING_TO_NUMPY, deserialize_bytes_tensor, numpy_to_triton_type,
                                          serialize_byte_tensor, triton_string_to_numpy, triton_to_numpy_type)
from neso_python_worker.errors import TritonError, TritonModelException
from neso_python_worker.logger import Logger
from neso_python_worker.metrics import Metric, MetricFamily
from neso_python_worker.model_config import ModelConfig
from neso_python_worker.models import is_model_ready, load_model, unload_model
from neso_python_worker.request import (InferenceRequest, InferenceResponseSender, InferenceTrace, MemoryType,
                                        PreferredMemory)
from neso_python_worker.bls import ResponseIterator
from neso_python_worker.response import InferenceResponse
from neso_python_worker.tensor import Tensor

# Messages and tracebacks call them what models do.
for _kind in (TritonError, TritonModelException, Logger, Metric, MetricFamily, ModelConfig, InferenceRequest,
              InferenceResponseSender, InferenceTrace, MemoryType, PreferredMemory, ResponseIterator, InferenceResponse, Tensor):
    _kind.__module__ = __name__

TRITONSERVER_REQUEST_FLAG_SEQUENCE_START = 1
TRITONSERVER_REQUEST_FLAG_SEQUENCE_END = 2
TRITONSERVER_RESPONSE_COMPLETE_FINAL = 1
TRITONSERVER_REQUEST_RELEASE_ALL = 1
TRITONSERVER_REQUEST_RELEASE_RESCHEDULE = 2
TRITONSERVER_MEMORY_GPU = MemoryType.TRITONSERVER_MEMORY_GPU
TRITONSERVER_MEMORY_CPU = MemoryType.TRITONSERVER_MEMORY_CPU


def get_input_tensor_by_name(inference_request, name):
    """None if the request has no such input."""
    for tensor in inference_request.inputs():
        if tensor._name == name:
            return tensor
    return None


def get_output_tensor_by_name(inference_response, name):
    """None if the response has no such output."""
    for tensor in inference_response.output_tensors():
        if tensor._name == name:
            return tensor
    return None


def get_input_config_by_name(model_config, name):
    """The part of a configuration (json.loads(args["model_config"])) that describes an input, None if there is none."""
    return _find(model_config.get("input", ()), name)


def get_output_config_by_name(model_config, name):
    return _find(model_config.get("output", ()), name)


def _find(tensors, name):
    return next((tensor for tensor in tensors if tensor["name"] == name), None)


def using_decoupled_model_transaction_policy(model_config):
    return model_config.get("model_transaction_policy", {}).get("decoupled", False)


def get_model_dir():
    """The folder of the model's version, also for a backend that is written in Python."""
    return _runner.model_dir
