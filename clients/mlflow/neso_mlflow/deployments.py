"""The client that MLflow calls: the repository is written to, and the server told to load and unload."""
import base64
import contextlib
import os
import tempfile

import numpy as np
import pandas
from mlflow.artifacts import download_artifacts
from mlflow.deployments import BaseDeploymentClient
from mlflow.exceptions import INVALID_PARAMETER_VALUE, RESOURCE_ALREADY_EXISTS, RESOURCE_DOES_NOT_EXIST, MlflowException
from neso_client import Client, NesoError, ServerError, Unavailable

from . import flavors, repository


class NesoDeployments(BaseDeploymentClient):
    """`mlflow.deployments.get_deploy_client("neso")`. Deployments have no endpoints and no configuration beside the model's own."""

    def create_deployment(self, name, model_uri, flavor=None, config=None, endpoint=None):
        models = repository.from_environment()
        if models.meta(name) is not None:
            raise MlflowException(f"Unable to create deployment for name {name} because it already exists.", RESOURCE_ALREADY_EXISTS)
        if models.exists(name):
            raise MlflowException(f"Unable to create deployment for name {name}: {models.place(name)} is a model that MLflow did not "
                                  f"deploy", RESOURCE_ALREADY_EXISTS)
        return {"name": name, "flavor": self._put(models, name, model_uri, flavor)}

    def update_deployment(self, name, model_uri=None, flavor=None, config=None, endpoint=None):
        models = repository.from_environment()
        _known(models, name, "update deployment for name {} because it does not exist.")
        if model_uri is None:
            raise MlflowException(f"Unable to update deployment for name {name}: expected --model-uri", INVALID_PARAMETER_VALUE)
        return {"name": name, "flavor": self._put(models, name, model_uri, flavor)}

    def delete_deployment(self, name, config=None, endpoint=None):
        models = repository.from_environment()
        _known(models, name, "delete deployment for name {} because it does not exist.")
        with _server() as server:
            server.unload(name)
        models.remove(name)

    def list_deployments(self, endpoint=None):
        with _server() as server:
            return [meta for meta in repository.from_environment().deployments() if _is_loaded(server, meta["name"])]

    def get_deployment(self, name, endpoint=None):
        meta = _known(repository.from_environment(), name, "get deployment with name {}")
        with _server() as server:
            if not _is_loaded(server, name):
                raise MlflowException(f"Unable to get deployment with name {name}: the server has not loaded it", RESOURCE_DOES_NOT_EXIST)
        return meta

    def predict(self, deployment_name=None, inputs=None, endpoint=None):
        """inputs: {name: array}; a frame with a column for each input; or a frame of one column, whose index are their names.
        A frame with the column `outputs`, whose index are the names of the outputs."""
        with _server() as server:
            outputs = server.infer(deployment_name, _tensors(server, deployment_name, inputs))
            return pandas.DataFrame({"outputs": {name: _readable(array) for name, array in outputs.items()}})

    @staticmethod
    def _put(models, name, model_uri, flavor):
        with tempfile.TemporaryDirectory(prefix="mlflow-") as downloads:
            # A folder of this machine is read where it is.
            artifact = download_artifacts(artifact_uri=model_uri, dst_path=None if os.path.isdir(model_uri) else downloads)
            flavor = flavors.choose(flavor, artifact)
            with _server() as server:
                models.put(name, lambda folder: flavors.write(flavor, artifact, folder), lambda: server.load(name),
                           mlflow_model_uri=model_uri, flavor=flavor)
        return flavor


def _known(models, name, what):
    meta = models.meta(name)
    if meta is None:
        raise MlflowException(f"Unable to {what.format(name)}", RESOURCE_DOES_NOT_EXIST)
    return meta


@contextlib.contextmanager
def _server():
    """A client; what goes wrong with it is one of MLflow's errors."""
    url = os.environ.get("TRITON_URL", "localhost:8000")
    key = os.environ.get("NESO_API_KEY")
    try:
        with Client(url if "://" in url else f"http://{url}", headers={"authorization": f"Bearer {key}"} if key else None) as client:
            yield client
    except Unavailable as error:
        raise MlflowException(f"no server at {url}, where TRITON_URL says it is: {error}") from error
    except NesoError as error:
        raise MlflowException(str(error)) from error


# Of a model that the server does not know; INVALID_ARGUMENT is Triton's.
_NOT_LOADED = ("NOT_FOUND", "UNAVAILABLE", "INVALID_ARGUMENT")


def _is_loaded(server, name):
    try:
        return bool(server.model(name))
    except ServerError as error:
        if error.status in _NOT_LOADED:
            return False
        raise


def _tensors(server, model, inputs):
    """What Client.infer() takes: a frame as it is, unless its cells are the tensors or their rows."""
    if isinstance(inputs, dict):
        return inputs
    if not isinstance(inputs, pandas.DataFrame):
        raise MlflowException(f"Unnamed input is not currently supported: expected a dictionary of arrays or a DataFrame, got "
                              f"{type(inputs).__name__}", INVALID_PARAMETER_VALUE)
    names = {spec.name for spec in server.model(model).inputs}
    if len(inputs.columns) == 1 and set(inputs.index) <= names:
        return dict(inputs.iloc[:, 0])
    if inputs.map(lambda cell: isinstance(cell, (list, np.ndarray))).all(axis=None):
        return {name: column.tolist() for name, column in inputs.items()}
    return inputs


def _readable(array):
    """Nested lists for JSON, with texts as str; bytes that are none as base64, all of the output's."""
    if array.dtype != object:
        return array.tolist()
    try:
        texts = [element.decode() for element in array.flat]
    except UnicodeDecodeError:
        texts = [base64.b64encode(element).decode() for element in array.flat]
    return np.array(texts, dtype=object).reshape(array.shape).tolist()
