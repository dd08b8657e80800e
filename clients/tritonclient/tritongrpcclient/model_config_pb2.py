from tritonclient._deprecated import warn
from tritonclient.grpc.model_config_pb2 import *  # noqa: F401,F403

warn("tritongrpcclient", "tritonclient.grpc.model_config_pb2")
