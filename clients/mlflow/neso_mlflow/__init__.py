"""MLflow's plugin for deployments to Neso: `mlflow deployments -t neso`, and `-t triton` for what was written for Triton.

MLflow looks for run_local, target_help and one client class in this module.
"""
from mlflow.exceptions import MlflowException

from .deployments import NesoDeployments

__all__ = ["NesoDeployments", "run_local", "target_help"]
__version__ = "0.1.0"


def target_help():
    return """\
Target `neso` (or `triton`): a server in explicit mode, and its model repository:

    neso --model-repository=models --model-control-mode=explicit

Variables:
  TRITON_MODEL_REPO  the repository: a folder as it is seen from here, or s3://[[https://]host:port/]bucket[/prefix], which needs
                     boto3; needed by all but predict
  TRITON_URL         where the server is: localhost:8000 if it is not set; https:// and grpc:// may stand in front
  NESO_API_KEY       an access key, sent as `Authorization: Bearer ...`

Flavors: `onnx`, for what mlflow.onnx has saved, and `triton`, for an artefact with a folder of the repository (versions and
config.pbtxt), which is copied. Without --flavor it is the one that the artefact has. There is no other config (-C).

predict takes a JSON file of a frame: a column for each input, or one column whose index are the names of the inputs.
"""


def run_local(target, name, model_uri, flavor=None, config=None):
    raise MlflowException(f"target '{target}' starts no server; `neso serve` serves a file of ONNX on this machine, and a server in "
                          f"explicit mode takes deployments")
