from tritonclient._deprecated import warn
from tritonclient.grpc import *  # noqa: F401,F403

warn("tritongrpcclient", "tritonclient.grpc")
