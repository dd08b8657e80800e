"""A server in explicit mode for the tests of one framework: a test adds its models and loads them.

A model is the bytes of its file, or a dict of files by their paths in the version folder.
"""
import contextlib
import json

import tritonclient.http as httpclient
from support.clients import arrays_of, infer_at_once, inputs_of, outputs_of


class ModelServer:
    """`one.add(...)`, `one.load(...)`, `one.infer(...)`, `one.config(...)`; `one.server` is the server. `file`: what a model's
    file is called."""

    def __init__(self, file, repository, start, *args):
        self.file = file
        self.repository = repository
        self.server = start(repository.path, "--model-control-mode=explicit", *args)
        self.client = httpclient.InferenceServerClient(self.server.http)

    def add(self, name, model, config=None, file=None):
        return self.repository.add(name, config, files=model if isinstance(model, dict) else {file or self.file: model})

    def load(self, name, model=None, config=None, file=None):
        """Adds the model (when one is given) and loads it, expecting success. Returns its configuration."""
        if model is not None:
            self.add(name, model, config, file)
        response = self.server.post(f"/v2/repository/models/{name}/load", {})
        assert response.status_code == 200, response.text
        return self.config(name)

    def load_error(self, name, model=None, config=None, file=None):
        """Adds the model and loads it, expecting an error that is the client's to mend. Returns its text."""
        if model is not None:
            self.add(name, model, config, file)
        response = self.server.post(f"/v2/repository/models/{name}/load", {})
        assert response.status_code == 400, (response.status_code, response.text)
        assert self.server.get("/v2/health/live").status_code == 200
        return json.loads(response.text)["error"]

    def config(self, name):
        return self.server.get(f"/v2/models/{name}/config").json()

    def infer(self, name, outputs=None, **arrays):
        """Answers the arrays of all outputs by name, or those of the named ones."""
        result = self.client.infer(name, inputs_of(arrays), outputs=outputs_of(outputs))
        return arrays_of(result)

    def infer_many(self, name, requests, outputs=None):
        """All at once, from 16 threads; answers in the order of the requests, which are dicts of arrays."""
        return infer_at_once(self.server.http, name, requests, outputs)

    def stats(self, name):
        return self.server.get(f"/v2/models/{name}/stats").json()["model_stats"][0]


@contextlib.contextmanager
def model_servers(file, repository, start):
    """Gives a function that starts one with the options it gets; at the end their clients are closed."""
    with contextlib.ExitStack() as stack:
        def start_one(*args):
            one = ModelServer(file, repository, start, *args)
            stack.callback(one.client.close)
            return one
        yield start_one
