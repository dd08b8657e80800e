"""A requirements.txt beside a model becomes an environment in the user's cache, where the command line allows it."""
import json
import shutil
import zipfile

import numpy as np
import pytest
import tritonclient.http as httpclient
from support.clients import arrays_of, inputs_of
from support.python_models import PythonModels, python_on_path
from support.repository import ModelRepository
from tritonclient.utils import InferenceServerException

TELLS = """
def execute(self, requests):
    import greeting
    told = {"greeting": greeting.TEXT, "prefix": sys.prefix, "numpy": np.__file__}
    return [answer(OUT=np.array([json.dumps(told)], dtype=object)) for _ in requests]
"""
ALLOWED = "--backend-config=python,install-requirements=true"


def make_wheel(folder, name="greeting", version="1.0", source="TEXT = 'hello'\n"):
    """One that needs no index and no build."""
    folder.mkdir(exist_ok=True)
    info = f"{name}-{version}.dist-info"
    files = {f"{name}.py": source,
             f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
             f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"}
    files[f"{info}/RECORD"] = "".join(f"{path},,\n" for path in [*files, f"{info}/RECORD"])
    with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as wheel:
        for path, text in files.items():
            wheel.writestr(path, text)


class Models:
    """Models with requirements, each in a repository of its own, and a cache that is theirs."""

    def __init__(self, folder):
        self.folder = folder
        self.cache = folder / "cache"
        self.repository = ModelRepository(folder / "models")
        self.env = {**python_on_path(), "XDG_CACHE_HOME": str(self.cache)}

    def add(self, name, requirements, wheels=True, beside="", **kwargs):
        model = PythonModels(self.repository).add(name, TELLS, outputs={"OUT": "TYPE_STRING"}, **kwargs)
        (model / beside / "requirements.txt").write_text(requirements)
        if wheels:
            make_wheel(model / beside / "wheels")
        return model

    def environments(self):
        return sorted(path.name for path in self.cache.glob("neso/python-environments/*") if path.is_dir())


@pytest.fixture
def models(tmp_path):
    return Models(tmp_path)


HERE = "--no-index\n--find-links wheels\ngreeting==1.0\n"


def tell(server, model):
    with httpclient.InferenceServerClient(server.http) as client:
        return json.loads(arrays_of(client.infer(model, inputs_of({"IN": np.float32([1])})))["OUT"][0])


def test_one_environment_for_all_who_ask_for_the_same(models, start_server):
    first = models.add("first", HERE, extra="instance_group [ { count: 2 } ]")
    models.add("second", HERE, beside="1")  # in the folder of its version
    server = start_server(models.repository.path, ALLOWED, env=models.env)
    told = [tell(server, name) for name in ("first", "second")]
    assert told[0] == told[1]
    assert told[0]["greeting"] == "hello"
    assert told[0]["prefix"].startswith(str(models.cache))
    assert not told[0]["numpy"].startswith(str(models.cache))  # what the interpreter has is there, too
    assert server.log.count("Successfully installed greeting-1.0") == 1
    assert len(models.environments()) == 1
    server.stop()

    shutil.rmtree(first / "wheels")  # it is not installed again
    server = start_server(models.repository.path, ALLOWED, env=models.env)
    assert tell(server, "first") == told[0]
    assert "Successfully installed" not in server.log


def test_what_was_interrupted_is_made_anew(models, start_server):
    models.add("model", HERE)
    start_server(models.repository.path, ALLOWED, env=models.env).stop()
    name, = models.environments()
    place = models.cache / "neso" / "python-environments" / name
    (place / "made-by-neso").unlink()
    shutil.rmtree(place / "bin")
    assert tell(start_server(models.repository.path, ALLOWED, env=models.env), "model")["greeting"] == "hello"


def test_pip_takes_its_settings_from_the_environment(models, start_server):
    folder = models.add("model", "greeting\n")
    settings = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(folder / "wheels")}
    server = start_server(models.repository.path, ALLOWED, env={**models.env, **settings})
    assert tell(server, "model")["greeting"] == "hello"


def test_what_pip_says_last_is_the_error_of_the_load(models, start_server):
    models.add("model", "--no-index\nno-such-thing-anywhere==3\n", wheels=False)
    server = start_server(models.repository.path, ALLOWED, "--model-control-mode=explicit", env=models.env)
    with httpclient.InferenceServerClient(server.http) as client:
        with pytest.raises(InferenceServerException) as caught:
            client.load_model("model")
    path = models.repository.path / "model" / "requirements.txt"
    assert f"cannot install '{path}' for model 'model':\n" in caught.value.message()
    assert "ERROR: No matching distribution found for no-such-thing-anywhere==3" in caught.value.message()
    assert not models.environments()


def test_nothing_is_installed_unless_it_is_allowed(models, start_server):
    models.add("model", HERE)
    server = start_server(models.repository.path, env=models.env)
    with pytest.raises(InferenceServerException, match="ModuleNotFoundError: No module named 'greeting'"):
        tell(server, "model")
    assert ("model 'model' has a requirements.txt, which is not installed; "
            "--backend-config=python,install-requirements=true allows it") in server.log
    assert not models.cache.exists()
