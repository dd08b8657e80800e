"""The deployments of a model repository: models with a file that says what MLflow put there.

A repository is a folder of this machine or, with boto3, a bucket of S3 (bucket.py); the server reads the same.
"""
import contextlib
import json
import os
import pathlib
import shutil
import tempfile
from abc import ABC, abstractmethod

from mlflow.exceptions import INVALID_PARAMETER_VALUE, MlflowException

META = "mlflow-meta.json"


def from_environment():
    place = os.environ.get("TRITON_MODEL_REPO")
    if not place:
        raise MlflowException("Check that environment variable TRITON_MODEL_REPO is set: it names the server's model repository",
                              INVALID_PARAMETER_VALUE)
    if place.startswith("s3://"):
        from .bucket import Bucket
        return Bucket(place)
    if "://" in place:
        raise MlflowException(f"TRITON_MODEL_REPO: expected a folder or s3://..., got {place}; mount it, and name the folder",
                              INVALID_PARAMETER_VALUE)
    return Folder(place)


class Repository(ABC):
    workplace = None  # where models are made before they go in; of the system where it is None

    @abstractmethod
    def place(self, name):
        """Of a deployment, as a text."""

    @abstractmethod
    def exists(self, name):
        """Whether there is a model of this name, MLflow's or not."""

    @abstractmethod
    def meta(self, name):
        """What is known of the deployment; None if there is none."""

    @abstractmethod
    def deployments(self):
        """meta() of each."""

    @abstractmethod
    def keep(self, name, folder):
        """Puts the model into this folder of the workplace; what is in the repository may be there still."""

    @abstractmethod
    def bring(self, folder, name):
        """Makes the model what is in this folder of the workplace, whatever of it is in the repository."""

    @abstractmethod
    def remove(self, name):
        """All that there is of it, if anything is."""

    def put(self, name, write, load, **meta):
        """Exchanges the deployment for what `write(folder)` makes, and has it loaded; all is as before where that fails."""
        work = pathlib.Path(tempfile.mkdtemp(prefix=".mlflow-", dir=self.workplace))
        made, before = work / "made", work / "before"
        with contextlib.ExitStack() as at_the_end:
            at_the_end.callback(shutil.rmtree, work)
            write(made)
            (made / META).write_text(json.dumps({"name": name, "triton_model_path": self.place(name), **meta}))
            is_update = self.exists(name)
            if is_update:
                self.keep(name, before)
            try:
                self.bring(made, name)
                load()
            except BaseException as error:
                try:
                    self.bring(before, name) if is_update else self.remove(name)
                except Exception as another:
                    if is_update:
                        at_the_end.pop_all()
                    raise MlflowException(f"{error}; nor could {self.place(name)} be made as it was: {another}"
                                          f"{f'. The model of before is in {before}' if is_update else ''}") from error
                if is_update:
                    with contextlib.suppress(Exception):  # the first error tells more
                        load()
                raise


def checked(name):
    if not name:
        raise MlflowException("Model name cannot be empty. Please enter a valid name to deploy.", INVALID_PARAMETER_VALUE)
    if "/" in name or "\\" in name or name.startswith("."):
        raise MlflowException(f"Path traversal is not allowed in model's name: {name}", INVALID_PARAMETER_VALUE)
    return name


class Folder(Repository):
    def __init__(self, path):
        self.path = self.workplace = pathlib.Path(path).resolve()  # one disk: a move is a moment
        if not self.path.is_dir():
            raise MlflowException(f"TRITON_MODEL_REPO: expected the folder of the server's model repository, got {path}",
                                  INVALID_PARAMETER_VALUE)

    def place(self, name):
        return str(self.path / checked(name))

    def exists(self, name):
        return os.path.exists(self.place(name))

    def meta(self, name):
        file = pathlib.Path(self.place(name), META)
        return json.loads(file.read_text()) if file.is_file() else None

    def deployments(self):
        return [json.loads(file.read_text()) for file in sorted(self.path.glob(f"[!.]*/{META}"))]

    def keep(self, name, folder):
        with self._told(name):
            os.rename(self.place(name), folder)

    def bring(self, folder, name):
        self.remove(name)
        with self._told(name):
            os.rename(folder, self.place(name))

    def remove(self, name):
        with self._told(name), contextlib.suppress(FileNotFoundError):
            shutil.rmtree(self.place(name))

    @contextlib.contextmanager
    def _told(self, name):
        """What the file system complains of becomes one of MLflow's errors."""
        try:
            yield
        except OSError as error:
            raise MlflowException(f"{self.place(name)}: {error}") from error
