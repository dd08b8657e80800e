"""Artefacts of MLflow as models of a repository."""
import pathlib
import shutil

from mlflow.exceptions import INVALID_PARAMETER_VALUE, MlflowException
from mlflow.models import Model

FLAVORS = ("triton", "onnx")


def choose(flavor, artifact):
    """The flavor that was asked for, or else the one that the artefact in this folder has."""
    if flavor is not None:
        if flavor not in FLAVORS:
            raise MlflowException(f"{flavor} model flavor not supported by Triton: expected one of {', '.join(FLAVORS)}",
                                  INVALID_PARAMETER_VALUE)
        return flavor
    known = _described(artifact)
    for candidate in FLAVORS:
        if candidate in known:
            return candidate
    raise MlflowException(f"expected a model of flavor {' or '.join(FLAVORS)}, got one of {', '.join(known) or 'none'}; convert it, or "
                          f"name the flavor", INVALID_PARAMETER_VALUE)


def write(flavor, artifact, folder):
    """Makes `folder` the model's folder of a repository."""
    (_write_onnx if flavor == "onnx" else _write_triton)(pathlib.Path(artifact), folder)


def _described(artifact):
    """{flavor: what MLmodel says of it}; a folder without MLmodel says nothing."""
    file = pathlib.Path(artifact) / "MLmodel"
    return Model.load(str(file)).flavors if file.is_file() else {}


def _write_triton(artifact, folder):
    folders = sorted(path for path in artifact.iterdir() if path.is_dir())
    models = [path for path in folders if _is_model(path)]
    if len(models) != 1:
        raise MlflowException(f"flavor triton: expected one folder with versions or config.pbtxt in the artefact, got "
                              f"{', '.join(path.name for path in models or folders) or 'none'}", INVALID_PARAMETER_VALUE)
    shutil.copytree(models[0], folder)


def _is_model(folder):
    return (folder / "config.pbtxt").is_file() or any(path.name.isdecimal() and path.is_dir() for path in folder.iterdir())


def _write_onnx(artifact, folder):
    described = _described(artifact).get("onnx", {}).get("data")
    network = artifact / described if described else next(iter(sorted(artifact.glob("*.onnx"))), None)
    if network is None or not network.is_file():
        raise MlflowException(f"flavor onnx: expected {described or 'a file *.onnx'} in the artefact, got "
                              f"{', '.join(sorted(path.name for path in artifact.iterdir())) or 'nothing'}", INVALID_PARAMETER_VALUE)
    version = folder / "1"
    version.mkdir(parents=True)
    shutil.copy(network, version)
    for path in [*artifact.glob("*.txt"), *network.parent.iterdir()]:
        if path.is_file() and _belongs_to_network(path):  # its labels, and tensors that lie outside of it
            shutil.copy(path, folder if path.suffix == ".txt" else version)
    configuration = artifact / "config.pbtxt"
    if configuration.is_file():
        shutil.copy(configuration, folder)
    else:
        (folder / "config.pbtxt").write_text(f'backend: "onnxruntime"\ndefault_model_filename: "{network.name}"\n')


# What MLflow writes beside a model.
_MLFLOW_S = {"MLmodel", "conda.yaml", "python_env.yaml", "requirements.txt", "registered_model_meta", "input_example.json",
             "serving_input_example.json", "config.pbtxt"}


def _belongs_to_network(path):
    return path.name not in _MLFLOW_S and path.suffix != ".onnx"
