"""The client over gRPC."""
from tritonclient._client import InferenceServerClientBase  # noqa: F401
from tritonclient._plugin import InferenceServerClientPlugin  # noqa: F401
from tritonclient._request import Request  # noqa: F401
from tritonclient.utils import *  # noqa: F401,F403

from . import model_config_pb2, service_pb2, service_pb2_grpc  # noqa: F401
from ._calls import KeepAliveOptions  # noqa: F401
from ._client import MAX_GRPC_MESSAGE_SIZE, CallContext, InferenceServerClient  # noqa: F401
from ._messages import InferInput, InferRequestedOutput, InferResult  # noqa: F401
