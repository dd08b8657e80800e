"""The client over HTTP."""
from tritonclient._client import InferenceServerClientBase  # noqa: F401
from tritonclient._plugin import InferenceServerClientPlugin  # noqa: F401
from tritonclient._request import Request  # noqa: F401
from tritonclient.utils import *  # noqa: F401,F403

from ._client import InferAsyncRequest, InferenceServerClient  # noqa: F401
from ._messages import InferInput, InferRequestedOutput, InferResult  # noqa: F401
