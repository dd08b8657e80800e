"""The deployments of a model repository: folders with a file that says what MLflow put there."""
import contextlib
import json
import os
import pathlib
import shutil
import tempfile

from mlflow.exceptions import INVALID_PARAMETER_VALUE, MlflowException

META = "mlflow-meta.json"


class Repository:
    """A folder of this machine, which the server reads."""

    def __init__(self, path):
        self.path = pathlib.Path(path).resolve()
        if not self.path.is_dir():
            raise MlflowException(f"TRITON_MODEL_REPO: expected the folder of the server's model repository, got {path}",
                                  INVALID_PARAMETER_VALUE)

    @classmethod
    def from_environment(cls):
        path = os.environ.get("TRITON_MODEL_REPO")
        if not path:
            raise MlflowException("Check that environment variable TRITON_MODEL_REPO is set: it names the folder of the server's model "
                                  "repository", INVALID_PARAMETER_VALUE)
        if "://" in path:
            raise MlflowException(f"TRITON_MODEL_REPO: expected a folder of this machine, got {path}; buckets are not written to: mount it",
                                  INVALID_PARAMETER_VALUE)
        return cls(path)

    def folder(self, name):
        """Of a deployment that there is, or may come to be."""
        if not name:
            raise MlflowException("Model name cannot be empty. Please enter a valid name to deploy.", INVALID_PARAMETER_VALUE)
        if "/" in name or "\\" in name or name.startswith("."):
            raise MlflowException(f"Path traversal is not allowed in model's name: {name}", INVALID_PARAMETER_VALUE)
        return self.path / name

    def meta(self, name):
        """What is known of the deployment; None if there is none."""
        file = self.folder(name) / META
        return json.loads(file.read_text()) if file.is_file() else None

    def deployments(self):
        return [json.loads(file.read_text()) for file in sorted(self.path.glob(f"*/{META}"))]

    def put(self, name, write, load, **meta):
        """Exchanges the deployment's folder for what `write(folder)` makes, and has it loaded; all is as before where that fails."""
        folder = self.folder(name)
        with tempfile.TemporaryDirectory(prefix=".mlflow-", dir=self.path) as work:  # of the same disk: a move is a moment
            made, before = pathlib.Path(work) / "made", pathlib.Path(work) / "before"
            write(made)
            (made / META).write_text(json.dumps({"name": name, "triton_model_path": str(folder), **meta}))
            if folder.exists():
                folder.rename(before)
            made.rename(folder)
            try:
                load()
            except BaseException:
                shutil.rmtree(folder)
                if before.exists():
                    before.rename(folder)
                    with contextlib.suppress(Exception):  # the first error tells more
                        load()
                raise

    def remove(self, name):
        shutil.rmtree(self.folder(name))
