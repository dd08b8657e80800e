"""Which Python runs a model: environments in folders and archives, stubs of Triton's; backends that are written in Python."""
import json
import os
import shutil
import subprocess
import sys
import tarfile

import numpy as np
import pytest
import tritonclient.http as httpclient
from support.clients import arrays_of, inputs_of
from support.python_models import PREAMBLE, make_environment, python_on_path
from support.server import TREE
from tritonclient.utils import InferenceServerException


def python_version():
    """Of the Python that runs models where nothing else is said."""
    tell = "import sys; print('%d.%d' % sys.version_info[:2])"
    return subprocess.run(["python3", "-c", tell], env={**os.environ, **python_on_path()}, capture_output=True, text=True,
                          check=True).stdout.strip()


TELLS = """
def execute(self, requests):
    told = {"prefix": sys.prefix, "executable": sys.executable, "module": __name__, "folder": pb_utils.get_model_dir(),
            **{name: os.environ.get(name) for name in (
                "VIRTUAL_ENV", "VIRTUAL_ENV_PROMPT", "PATH", "PYTHONHOME", "LD_LIBRARY_PATH")}}
    return [answer(OUT=np.array([json.dumps(told)], dtype=object)) for _ in requests]
"""


def environment(path):
    return f'parameters {{ key: "EXECUTION_ENV_PATH" value {{ string_value: "{path}" }} }}'


@pytest.fixture(scope="module")
def environments(tmp_path_factory):
    return tmp_path_factory.mktemp("environments")


@pytest.fixture(scope="module")
def server(models, module_repository, serve, environments):
    folder = make_environment(environments / "env")
    with tarfile.open(environments / "packed.tar.gz", "w:gz") as archive:
        for entry in folder.iterdir():
            archive.add(entry, entry.name)
    (environments / "empty").mkdir()
    outputs = {"OUT": "TYPE_STRING"}
    models.add("in_folder", TELLS, outputs=outputs, extra=environment(folder))
    models.add("in_archive", TELLS, outputs=outputs, extra=environment(environments / "packed.tar.gz"))
    beside = models.add("beside", TELLS, outputs=outputs, extra=environment("$$TRITON_MODEL_DIRECTORY/env"))
    make_environment(beside / "env")
    models.add("without_activate", TELLS, outputs=outputs, extra=environment(environments / "empty"))
    models.add("missing_archive", TELLS, outputs=outputs, extra=environment(environments / "none.tar.gz"))
    for name, content in (("with_stub", f"\x7fELF...libpython{python_version()}.so.1.0"), ("odd_stub", "no stub")):
        stub = models.add(name, TELLS, outputs=outputs) / "triton_python_backend_stub"
        stub.write_text(content)

    backends = environments / "backends"
    (backends / "teller").mkdir(parents=True)
    (backends / "python").symlink_to(TREE / "backends" / "python")
    (backends / "teller" / "model.py").write_text(
        PREAMBLE + "class TritonPythonModel:" + TELLS.replace("\n", "\n    "))
    module_repository.add("told_by_backend", """
        backend: "teller"
        input [ { name: "IN" data_type: TYPE_FP32 dims: [ -1 ] } ]
        output [ { name: "OUT" data_type: TYPE_STRING dims: [ -1 ] } ]
        """)
    return serve(f"--backend-directory={backends}", "--model-control-mode=explicit", "--load-model=in_folder")


def tell(server, model):
    with httpclient.InferenceServerClient(server.http) as client:
        client.load_model(model)
        return json.loads(arrays_of(client.infer(model, inputs_of({"IN": np.float32([1])})))["OUT"][0])


@pytest.mark.parametrize("model", ["in_folder", "beside"])
def test_an_environment_in_a_folder(server, module_repository, environments, model):
    folder = str(environments / "env" if model == "in_folder" else module_repository.path / "beside" / "env")
    told = tell(server, model)
    assert told["prefix"] == told["VIRTUAL_ENV"] == folder and told["VIRTUAL_ENV_PROMPT"] == f"({folder})"
    assert told["PATH"].startswith(f"{folder}/bin:") and told["PYTHONHOME"] is None
    assert told["executable"] == f"{folder}/bin/python3"


def test_an_environment_in_an_archive_is_unpacked_once_and_again_when_it_changes(server, environments):
    first = tell(server, "in_archive")["prefix"]
    assert "python_env_" in first
    with httpclient.InferenceServerClient(server.http) as client:
        client.unload_model("in_archive")
    assert tell(server, "in_archive")["prefix"] == first
    with httpclient.InferenceServerClient(server.http) as client:
        client.unload_model("in_archive")
    os.utime(environments / "packed.tar.gz", (1, 1))
    assert tell(server, "in_archive")["prefix"] not in (first, "")


def test_a_python_without_numpy_is_the_reason(models, module_repository, client, environments):
    bare = environments / "bare"
    subprocess.run(["python3", "-m", "venv", "--without-pip", bare], env={**os.environ, **python_on_path()}, check=True)
    models.add("without_numpy", TELLS, outputs={"OUT": "TYPE_STRING"}, extra=environment(bare))
    with pytest.raises(InferenceServerException) as caught:
        client.load_model("without_numpy")
    assert "is not healthy. Python models need NumPy, which its Python has not" in caught.value.message()


@pytest.mark.parametrize("model, text", [
    ("without_activate", "/empty/bin/activate does not exist. The Python environment should contain an 'activate' script."),
    ("missing_archive", "none.tar.gz', found nothing"),
    ("odd_stub", "stubs are not needed: remove it")])
def test_environments_that_are_none(client, model, text):
    with pytest.raises(InferenceServerException) as caught:
        client.load_model(model)
    assert text in caught.value.message()


def test_a_stub_names_the_python_that_runs_the_model(server):
    told = tell(server, "with_stub")
    assert told["executable"].endswith(f"/python{python_version()}")
    assert "model 'with_stub' brings a stub of its own, which is not run" in server.log


def test_a_backend_written_in_python(server, module_repository):
    told = tell(server, "told_by_backend")
    assert told["module"] == "teller.model"
    assert told["folder"] == str(module_repository.path / "told_by_backend" / "1")


def test_an_environment_that_a_backend_brings_along(module_repository, environments, start_server, tmp_path):
    """And archives may be named .tgz; libraries of an environment are found, but not by what the model starts."""
    folder = tmp_path / "backends" / "packed"
    folder.mkdir(parents=True)
    (tmp_path / "backends" / "python").symlink_to(TREE / "backends" / "python")
    (folder / "model.py").write_text(PREAMBLE + "class TritonPythonModel:" + TELLS.replace("\n", "\n    "))
    shutil.copy(environments / "packed.tar.gz", folder / "pb_exec_env_packed.tar.gz")
    shutil.copy(environments / "packed.tar.gz", tmp_path / "other.tgz")
    for name, extra in (("of_backend", ""), ("of_its_own", environment(tmp_path / "other.tgz"))):
        module_repository.add(name, f"""
            backend: "packed"
            input [ {{ name: "IN" data_type: TYPE_FP32 dims: [ -1 ] }} ]
            output [ {{ name: "OUT" data_type: TYPE_STRING dims: [ -1 ] }} ]
            {extra}
            """)
    server = start_server(module_repository.path, f"--backend-directory={tmp_path / 'backends'}",
                          "--model-control-mode=explicit", "--load-model=of_backend",
                          env={**python_on_path(), "LD_LIBRARY_PATH": "/somewhere", "PYTHONHOME": "/nowhere"})
    prefixes = set()
    for model in ("of_backend", "of_its_own"):
        told = tell(server, model)
        assert "python_env_" in told["prefix"]
        assert (told["LD_LIBRARY_PATH"], told["PYTHONHOME"]) == ("/somewhere", None)
        prefixes.add(told["prefix"])
    assert len(prefixes) == 2


def test_unpacked_environments_go_with_the_server(models, module_repository, start_server, environments, tmp_path):
    started = start_server(module_repository.path, "--model-control-mode=explicit", "--load-model=in_archive",
                           env={**python_on_path(), "TMPDIR": str(tmp_path)})
    assert len(list(tmp_path.iterdir())) == 1
    started.stop()
    assert not list(tmp_path.iterdir())


def test_what_could_not_be_unpacked_leaves_nothing(models, module_repository, start_server, tmp_path):
    """An archive that is copied while it is looked for, or a disk that is full: each try would leave what fitted."""
    (content := tmp_path / "content").write_bytes(os.urandom(1 << 20))
    with tarfile.open(tmp_path / "whole.tar", "w") as archive:
        archive.add(content, "first")
        archive.add(content, "second")
    (tmp_path / "torn.tar").write_bytes((tmp_path / "whole.tar").read_bytes()[:1_500_000])
    models.add("in_torn_archive", TELLS, outputs={"OUT": "TYPE_STRING"}, extra=environment(tmp_path / "torn.tar"))
    (scratch := tmp_path / "scratch").mkdir()
    server = start_server(module_repository.path, "--model-control-mode=explicit",
                          env={**python_on_path(), "TMPDIR": str(scratch)})
    with httpclient.InferenceServerClient(server.http) as client:
        for _ in range(3):
            with pytest.raises(InferenceServerException, match="cannot unpack the Python environment"):
                client.load_model("in_torn_archive")
    assert [path for path in scratch.rglob("*") if path.is_file()] == []


@pytest.mark.parametrize("given, spins", [({}, "10000"), ({"GOMP_SPINCOUNT": "5"}, "5"), ({"OMP_WAIT_POLICY": "active"}, None)])
def test_how_long_threads_of_frameworks_spin_unless_the_environment_says_so(models, module_repository, start_server, given, spins):
    """What OpenMP reads in the server's environment, models in Python have in theirs."""
    models.add("spins", """
def execute(self, requests):
    return [answer(OUT=np.array([os.environ.get("GOMP_SPINCOUNT", "")], dtype=object)) for _ in requests]
""", outputs={"OUT": "TYPE_STRING"})
    server = start_server(module_repository.path, "--model-control-mode=explicit", env={**python_on_path(), **given})
    with httpclient.InferenceServerClient(server.http) as client:
        client.load_model("spins")
        assert arrays_of(client.infer("spins", inputs_of({"IN": np.float32([1])})))["OUT"][0].decode() == (spins or "")
