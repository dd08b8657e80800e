from tritonclient._deprecated import warn
from tritonclient.grpc.service_pb2 import *  # noqa: F401,F403

warn("tritongrpcclient", "tritonclient.grpc.service_pb2")
