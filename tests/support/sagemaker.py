"""The SageMaker service of a running server, and the disk that SageMaker unpacks models to."""
import requests
from support.repository import ModelRepository
from support.server import PATIENCE

BINARY = "application/vnd.sagemaker-triton.binary+json;json-header-size="


class Sagemaker:
    """The service of a running server."""

    def __init__(self, server, port, root):
        self.server = server
        self.port = port
        self.root = root

    def request(self, method, path, **kwargs):
        return requests.request(method, f"http://127.0.0.1:{self.port}{path}", timeout=60 * PATIENCE, **kwargs)

    def get(self, path, **kwargs):
        return self.request("GET", path, **kwargs)

    def post(self, path, body=None, **kwargs):
        kwargs["data" if isinstance(body, (str, bytes, type(None))) else "json"] = body
        return self.request("POST", path, **kwargs)

    # --- multi-model endpoints ------------------------------------------------------------------------------------
    def disk(self, hash):
        """The repository that SageMaker would unpack a model into."""
        return ModelRepository(self.root / "models" / hash / "model")

    def url(self, hash):
        return f"{self.root}/models/{hash}/model"

    def load(self, hash, url=None, target=None):
        headers = {"X-Amzn-SageMaker-Target-Model": target} if target else {}
        return self.post("/models", {"model_name": hash, "url": url or self.url(hash)}, headers=headers)

    def unload(self, hash):
        return self.request("DELETE", f"/models/{hash}")

    def invoke(self, hash, body, **kwargs):
        return self.post(f"/models/{hash}/invoke", body, **kwargs)
