import base64

from ._plugin import InferenceServerClientPlugin


class BasicAuth(InferenceServerClientPlugin):
    """Sends a name and a password with each request."""

    def __init__(self, username, password):
        self._value = "Basic " + base64.b64encode(f"{username}:{password}".encode()).decode("ascii")

    def __call__(self, request):
        request.headers["authorization"] = self._value
