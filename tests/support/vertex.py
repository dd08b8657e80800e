"""The Vertex AI service of a running server."""
import requests
from support.server import PATIENCE

BINARY = "application/vnd.vertex-ai-triton.binary+json;json-header-size="
ROUTES = {"AIP_PREDICT_ROUTE": "/v1/endpoints/1/deployedModels/2:predict", "AIP_HEALTH_ROUTE": "/health"}


class Vertex:
    def __init__(self, server, port):
        self.server = server
        self.port = port

    def request(self, method, path, **kwargs):
        return requests.request(method, f"http://127.0.0.1:{self.port}{path}", timeout=60 * PATIENCE, **kwargs)

    def health(self):
        return self.request("GET", ROUTES["AIP_HEALTH_ROUTE"])

    def predict(self, body=None, redirect=None, **kwargs):
        kwargs["data" if isinstance(body, (str, bytes, type(None))) else "json"] = body
        if redirect is not None:
            kwargs["headers"] = {"X-Vertex-Ai-Triton-Redirect": redirect, **kwargs.get("headers", {})}
        return self.request("POST", ROUTES["AIP_PREDICT_ROUTE"], **kwargs)
