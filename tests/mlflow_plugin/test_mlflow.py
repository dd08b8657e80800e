"""MLflow itself deploys to a server, by its command line and by its client, through the plugin of clients/mlflow."""
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import textwrap

import numpy as np
import onnx
import pytest
from support.access import KeyFile
from support.fault_proxy import FaultProxy
from support.object_stores import BUCKET, S3, running
from support.onnx_models import model, node
from support.reader import Reader
from support.repository import ModelRepository
from support.server import PATIENCE, ROOT, free_port

MLFLOW, PANDAS = (ROOT / ".deps" / name / "python" for name in ("mlflow", "python-client"))
pytestmark = pytest.mark.skipif(not MLFLOW.exists() or not PANDAS.exists(), reason="MLflow is not set up: scripts/setup test")


@pytest.fixture(scope="module")
def modules(tmp_path_factory):
    """Where Python finds MLflow, and the plugin with the client that it stands on, as pip installs them."""
    installed = tmp_path_factory.mktemp("installed")
    subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "--no-build-isolation",
                    "--target", installed, ROOT / "clients/python", ROOT / "clients/mlflow"], check=True)
    return [installed, MLFLOW, PANDAS]


class Shell:
    """MLflow on a machine that has the server's repository."""

    def __init__(self, folder, modules, url):
        self.folder, self.repository = folder, folder / "models"
        self.repository.mkdir()
        self.temporary = folder / "tmp"
        self.temporary.mkdir()
        self.env = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, modules)), "TRITON_MODEL_REPO": str(self.repository),
                    "TRITON_URL": url, "TMPDIR": str(self.temporary), "MLFLOW_TRACKING_URI": f"sqlite:///{folder}/unused.db"}

    def mlflow(self, *commands):
        """What `mlflow deployments` prints for each command line; one process, because MLflow takes seconds to begin."""
        code = """
            from click.testing import CliRunner
            from mlflow.cli import cli

            for command in commands:
                words = command.split()
                done = CliRunner().invoke(cli, ["deployments", *words[words.index("mlflow") + 1:]],
                                          env=dict(word.split("=", 1) for word in words[:words.index("mlflow")]))
                result.append(done.output + (str(done.exception) if done.exception else ""))
        """
        return self.python(f"commands, result = {list(commands)}, []\n" + textwrap.dedent(code))

    def python(self, code):
        """What the code leaves in `result`; error(function, *arguments) is the text of the MlflowException that it raises."""
        preface = textwrap.dedent("""
            import json
            import numpy as np
            import pandas as pd
            from mlflow.deployments import get_deploy_client
            from mlflow.exceptions import MlflowException

            def error(function, *args, **kwargs):
                try:
                    return f"no error, but {function(*args, **kwargs)}"
                except MlflowException as e:
                    return str(e)

            client = get_deploy_client("neso")
        """)
        program = preface + textwrap.dedent(code) + "\nprint(json.dumps(result))"
        done = subprocess.run([sys.executable, "-c", program], cwd=self.folder, env=self.env, capture_output=True, text=True,
                              timeout=100 * PATIENCE)
        assert done.returncode == 0, done.stdout + done.stderr
        return json.loads(done.stdout.splitlines()[-1])

    def artifact(self, name, flavor, **described):
        folder = self.folder / name
        folder.mkdir()
        lines = "".join(f"    {key}: {value}\n" for key, value in described.items())
        (folder / "MLmodel").write_text(f"flavors:\n  {flavor}:\n{lines or '    version: 1'}\n")
        (folder / "requirements.txt").write_text("onnxruntime\n")
        return folder

    def onnx(self, name, factor):
        """As mlflow.onnx saves one, with labels beside it."""
        folder = self.artifact(name, "onnx", data="network.onnx")
        tensor = ("FLOAT", [None, 2])
        network = model([node("Mul", "x factor", "y")], {"x": tensor}, {"y": tensor}, {"factor": np.float32([factor])})
        onnx.save_model(network, folder / "network.onnx")
        (folder / "labels.txt").write_text("a\nb\n")
        return folder


@pytest.fixture
def shell(modules, tmp_path, start_server):
    made = Shell(tmp_path, modules, "unknown")
    server = start_server(made.repository, "--model-control-mode=explicit")
    made.server, made.env["TRITON_URL"] = server, server.http
    return made


def test_the_page(modules, tmp_path):
    program = tmp_path / "bin/mlflow"
    program.parent.mkdir()
    program.write_text('#!/bin/sh\nexec python3 -m mlflow "$@"\n')
    program.chmod(0o755)
    reader = Reader(tmp_path, modules)
    reader.env["PATH"] = f"{program.parent}:{reader.env['PATH']}"
    # An `export` is gone with the line's shell.
    reader.env.update(TRITON_MODEL_REPO="models", TRITON_URL=f"localhost:{reader.ports[8000]}", MLFLOW_TRACKING_URI="sqlite:///unused.db")
    try:
        reader.follow(ROOT / "docs/mlflow.md")
    finally:
        reader.stop()


def test_the_life_of_a_deployment_by_the_command_line(shell):
    shell.onnx("first", 3), shell.onnx("second", 5)
    folder = shell.repository / "scale"
    created, got, listed = shell.mlflow(
        "mlflow create -t triton --name scale -m first", "mlflow get -t triton --name scale", "mlflow list -t neso")
    assert "onnx deployment scale is created" in created
    assert {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()} == {
        "1/network.onnx", "config.pbtxt", "labels.txt", "mlflow-meta.json"}
    assert shell.server.get("/v2/models/scale/ready").ok
    assert f"triton_model_path: {folder}\n" in got and "mlflow_model_uri: first\n" in got and "flavor: onnx\n" in got
    assert "'name': 'scale'" in listed
    (shell.folder / "rows.json").write_text('{"0": {"x": [[1, 2]]}}')  # a column whose index are the inputs
    updated, predicted, deleted, helped = shell.mlflow(
        "mlflow update -t triton --name scale -m second", "mlflow predict -t triton --name scale -I rows.json",
        "mlflow delete -t triton --name scale", "mlflow help -t triton")
    assert "Deployment scale is updated (with flavor onnx)" in updated
    assert json.loads(predicted) == {"outputs": {"y": [[5, 10]]}}
    assert "Deployment scale is deleted" in deleted
    assert not folder.exists() and not shell.server.get("/v2/models/scale/ready").ok
    assert "TRITON_MODEL_REPO" in helped


def test_flavors_and_what_predict_takes(shell):
    artifact = shell.artifact("pair", "triton")
    ModelRepository(artifact).add_identity("pair", "TYPE_STRING", tensors=2)
    (artifact / "code").mkdir()
    (artifact / "code/README").write_text("no model")
    shell.onnx("first", 3)
    made, listed, outputs, texts, images = shell.python("""
        made = [client.create_deployment("scale", "first"), client.create_deployment("pair", "pair", flavor="triton")]
        listed = client.list_deployments()
        frames = [pd.DataFrame({"a": [1.0, 3.0], "b": [2.0, 4.0]}), pd.DataFrame({"x": [[1, 2], [3, 4]]})]
        outputs = [client.predict("scale", frame).loc["y", "outputs"] for frame in frames]
        texts = client.predict("pair", {"INPUT0": [["ä", "b"]], "INPUT1": [["c"]]})["outputs"].to_dict()
        images = client.predict("pair", {"INPUT0": [[b"\\xff\\xd8", b"b"]], "INPUT1": [["c"]]})["outputs"].to_dict()
        result = [made, sorted(listed, key=lambda one: one["name"]), outputs, texts, images]
    """)
    assert made == [{"name": "scale", "flavor": "onnx"}, {"name": "pair", "flavor": "triton"}]
    assert listed == [
        {"name": name, "triton_model_path": str(shell.repository / name), "mlflow_model_uri": uri, "flavor": flavor}
        for name, uri, flavor in [("pair", "pair", "triton"), ("scale", "first", "onnx")]]
    assert outputs == [[[3, 6], [9, 12]]] * 2
    assert texts == {"OUTPUT0": [["ä", "b"]], "OUTPUT1": [["c"]]}
    assert images == {"OUTPUT0": [["/9g=", "Yg=="]], "OUTPUT1": [["c"]]}


def test_a_network_in_a_folder_of_the_artefact_comes_with_its_companions(shell):
    artifact = shell.onnx("whole", 3)
    (artifact / "sub").mkdir()
    network = onnx.load(artifact / "network.onnx")
    onnx.save_model(network, artifact / "sub/net.onnx", save_as_external_data=True, location="weights.bin", size_threshold=0)
    (artifact / "network.onnx").unlink()
    (artifact / "labels.txt").rename(artifact / "sub/labels.txt")
    (artifact / "MLmodel").write_text("flavors:\n  onnx:\n    data: sub/net.onnx\n")
    assert shell.python("""
        client.create_deployment("scale", "whole")
        result = client.predict("scale", {"x": [[1, 2]]}).loc["y", "outputs"]
    """) == [[3, 6]]
    folder = shell.repository / "scale"
    assert {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()} == {
        "1/net.onnx", "1/weights.bin", "config.pbtxt", "labels.txt", "mlflow-meta.json"}


def test_what_a_key_may_not_ask_is_no_answer(modules, tmp_path, start_server):
    keys = KeyFile(tmp_path / "keys.json")
    keys.create("operator", operations="all"), keys.create("other", models="other")
    shell = Shell(tmp_path, modules, "unknown")
    shell.server = start_server(shell.repository, "--model-control-mode=explicit", f"--access-keys={keys.path}", "--access-open=health")
    shell.env.update(TRITON_URL=shell.server.http, NESO_API_KEY=keys.tokens["operator"])
    shell.onnx("first", 3)
    names, *errors, listed, unloaded = shell.python(f"""
        import os
        from neso_client import Client
        client.create_deployment("scale", "first")
        result = [[deployment["name"] for deployment in client.list_deployments()]]
        for key in ["neso_wrong", {keys.tokens["other"]!r}]:
            os.environ["NESO_API_KEY"] = key
            result += [error(client.get_deployment, "scale"), error(client.list_deployments),
                       error(client.update_deployment, "scale", "first")]
        os.environ["NESO_API_KEY"] = {keys.tokens["operator"]!r}
        with Client("http://" + os.environ["TRITON_URL"], headers={{"authorization": "Bearer " + os.environ["NESO_API_KEY"]}}) as server:
            server.unload("scale")
        result += [client.list_deployments(), error(client.get_deployment, "scale")]
    """)
    assert names == ["scale"] and listed == []
    for error in errors[:3]:
        assert "UNAUTHENTICATED" in error
    for error in errors[3:]:
        assert "PERMISSION_DENIED" in error
    assert "the server has not loaded it" in unloaded


def test_what_cannot_be_deployed_leaves_all_as_it_was(shell):
    shell.onnx("good", 3)
    (shell.onnx("bad", 3) / "network.onnx").write_bytes(b"no network")
    shell.artifact("sklearn", "sklearn")
    shell.artifact("without", "onnx", data="network.onnx")
    shell.artifact("empty", "triton")
    for name, folders in {"none": ["code", "data"], "both": ["code", "one/1", "two/2"]}.items():
        artifact = shell.artifact(name, "triton")
        for folder in folders:
            (artifact / folder).mkdir(parents=True)
    (shell.repository / "own/1").mkdir(parents=True)
    (shell.repository / "own/config.pbtxt").write_text('backend: "identity"')
    elsewhere = shell.folder / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "mlflow-meta.json").write_text('{"name": "linked"}')
    (shell.repository / "linked").symlink_to(elsewhere)
    errors = shell.python("""
        client.create_deployment("good", "good")
        create, update = client.create_deployment, client.update_deployment
        result = [error(create, *arguments) for arguments in [
            ("a", "bad"), ("a", "sklearn"), ("a", "good", "tensorflow"), ("a", "without"), ("a", "empty"), ("a", "none"), ("a", "both"),
            ("good", "good"), ("own", "good"), ("", "good"), ("../a", "good")]]
        result += [error(update, "good", "bad"), error(update, "a", "good"), error(update, "good"), error(client.delete_deployment, "a"),
                   error(client.delete_deployment, "own"), error(client.get_deployment, "a"), error(client.predict, "a", {"x": [[1, 2]]}),
                   error(client.predict, "good", {"x": [[1, 2, 3]]}), error(client.predict, "good", np.zeros(2)),
                   error(client.delete_deployment, "linked")]
        result.append(client.predict("good", {"x": [[1, 2]]}).loc["y", "outputs"])
    """)
    *errors, answer = errors
    for text, expected in zip(errors, [
            "load failed for model 'a'", "expected a model of flavor triton or onnx, got one of sklearn",
            "tensorflow model flavor not supported by Triton", "expected network.onnx in the artefact, got MLmodel, requirements.txt",
            "expected one folder with versions or config.pbtxt in the artefact, got none", "in the artefact, got code, data",
            "in the artefact, got one, two",
            "Unable to create deployment for name good because it already exists.", "is a model that MLflow did not deploy",
            "Model name cannot be empty. Please enter a valid name to deploy.", "Path traversal is not allowed in model's name: ../a",
            "load failed for model 'good'", "Unable to update deployment for name a because it does not exist.", "expected --model-uri",
            "Unable to delete deployment for name a because it does not exist.",
            "Unable to delete deployment for name own because it does not exist.", "Unable to get deployment with name a",
            "'a'", "expected the shape [-1, 2]", "Unnamed input is not currently supported", f"{shell.repository}/linked: "], strict=True):
        assert expected in text
    assert answer == [[3, 6]]
    assert {path.name for path in shell.repository.iterdir()} == {"good", "linked", "own"}


@pytest.fixture(scope="module")
def s3():
    with running(S3) as store:
        yield store


@pytest.fixture
def bucket_shell(modules, s3, tmp_path, start_server):
    """MLflow on a machine that knows the store's keys."""
    place = f"{s3.url}/some/models"
    s3.put("some/models/own/config.pbtxt", b'backend: "identity"')
    s3.open_to_all()  # its keys may read only
    (boto,) = (ROOT / ".deps/moto/lib").glob("python*/site-packages")
    made = Shell(tmp_path, [*modules, boto], "unknown")
    made.server = start_server(place, "--model-control-mode=explicit", env=s3.environment)
    made.env.update({name: value for name, value in s3.environment.items() if value}, TRITON_MODEL_REPO=place,
                    TRITON_URL=made.server.http, AWS_MAX_ATTEMPTS="1")
    yield made
    s3.open_to_all()
    for key in keys_of(s3):
        s3.delete(key)


def keys_of(store):
    store.open_to_all()
    return [key.decode() for key in re.findall(b"<Key>(.*?)</Key>", store.request("GET", f"/{BUCKET}"))]


def test_a_repository_in_a_bucket(bucket_shell, s3):
    shell, place = bucket_shell, bucket_shell.env["TRITON_MODEL_REPO"]
    shell.onnx("first", 3), shell.onnx("second", 5)
    (shell.onnx("bad", 3) / "network.onnx").write_bytes(b"no network")
    s3.upload(shell.folder / "second", "artifacts/second")
    shell.env["MLFLOW_S3_ENDPOINT_URL"] = s3.address
    for name, key in [("rising", "rising/../up"), ("rooted", "rooted//up")]:
        s3.put(f"some/models/{name}/mlflow-meta.json", json.dumps({"name": name}).encode())
        s3.put(f"some/models/{key}", b"")
    s3.open_to_all()
    away = f"s3://127.0.0.1:{free_port()}/bucket"
    *errors, unreachable, got, listed, answers, left = shell.python(f"""
        import os
        client.create_deployment("scale", "first")
        answers = [client.predict("scale", {{"x": [[1, 2]]}}).loc["y", "outputs"]]
        client.update_deployment("scale", "s3://{BUCKET}/artifacts/second")
        result = [error(client.update_deployment, "scale", "bad"), error(client.create_deployment, "other", "bad"),
                  error(client.create_deployment, "scale", "first"), error(client.create_deployment, "own", "first"),
                  error(client.delete_deployment, "own"), error(client.get_deployment, "none"),
                  error(client.update_deployment, "rising", "first"), error(client.update_deployment, "rooted", "first")]
        answers.append(client.predict("scale", {{"x": [[1, 2]]}}).loc["y", "outputs"])
        os.environ["TRITON_MODEL_REPO"] = "{away}"
        result.append(error(client.get_deployment, "scale"))
        os.environ["TRITON_MODEL_REPO"] = "{place}"
        result += [client.get_deployment("scale"), client.list_deployments(), answers]
        client.delete_deployment("scale")
        result.append(client.list_deployments())
    """)
    for text, expected in zip(errors, ["load failed for model 'scale'", "load failed for model 'other'", "because it already exists",
                                       "is a model that MLflow did not deploy", "because it does not exist", "with name none",
                                       "'some/models/rising/../up' has no place", "'some/models/rooted//up' has no place"], strict=True):
        assert expected in text
    assert answers == [[[3, 6]], [[5, 10]]]
    assert listed == [got] == [{"name": "scale", "triton_model_path": f"{place}/scale", "flavor": "onnx",
                                "mlflow_model_uri": f"s3://{BUCKET}/artifacts/second"}]
    assert f"{away}: Could not connect" in unreachable
    assert left == []
    assert not shell.server.get("/v2/models/scale/ready").ok
    assert [key for key in keys_of(s3) if key.startswith("some/models/") and "/r" not in key] == ["some/models/own/config.pbtxt"]
    assert not list(shell.temporary.iterdir())


def test_an_update_during_which_the_store_stops_loses_no_model(bucket_shell, s3):
    shell, outage = bucket_shell, bucket_shell.folder / "outage"

    def answer_or_not():
        method, path, _ = proxy.requests[-1]
        state = outage.read_text() if outage.exists() else ""
        if state == "from now on" or state and method == "PUT" and "/config.pbtxt" in path:  # after the network
            outage.unlink() if state == "once" else outage.write_text("from now on")
            raise ConnectionError

    proxy = FaultProxy(s3.port).start()
    proxy.fail(answer_or_not, "", times=1_000_000)
    place = shell.env["TRITON_MODEL_REPO"] = f"{s3.behind(proxy).url}/some/models"
    versions = shell.artifact("versions", "triton") / "any"
    shutil.copytree(shell.onnx("first", 3), versions / "2")
    (versions / "config.pbtxt").write_text('backend: "onnxruntime"\ndefault_model_filename: "network.onnx"\n')
    shell.onnx("second", 5)
    *answers, once, lasting = shell.python("""
        import os
        def answer():
            return client.predict("scale", {"x": [[1, 2]]}).loc["y", "outputs"]

        client.create_deployment("scale", "versions")
        result = [answer()]
        client.update_deployment("scale", "second")  # its version is older
        result.append(answer())
        open("outage", "w").write("once")
        error_of_once = error(client.update_deployment, "scale", "versions")
        result += [answer(), os.listdir("tmp")]
        open("outage", "w").write("lasting")
        result += [error_of_once, error(client.update_deployment, "scale", "versions")]
    """)
    proxy.stop()
    assert answers == [[[3, 6]], [[5, 10]], [[5, 10]], []]
    assert f"{place}: " in once and "nor could" not in once
    kept = re.search(r"nor could (\S+) be made as it was: .* The model of before is in (\S+)$", lasting)
    assert kept[1] == f"{place}/scale"
    files = ["1/network.onnx", "config.pbtxt", "labels.txt", "mlflow-meta.json"]
    assert sorted(str(path.relative_to(kept[2])) for path in pathlib.Path(kept[2]).rglob("*") if path.is_file()) == files
    assert pathlib.Path(kept[2], "1/network.onnx").read_bytes() == (shell.folder / "second/network.onnx").read_bytes()
    assert {f"some/models/scale/{file}" for file in files} <= set(keys_of(s3))


def test_where_the_server_or_its_repository_is_not(shell):
    shell.onnx("good", 3)
    away = f"127.0.0.1:{free_port()}"
    created, *errors, unset, other, bucket, missing, local = shell.mlflow(
        "mlflow create -t neso --name good -m good",
        *(f"TRITON_URL={away} mlflow {words}" for words in [
            "list -t neso", "create -t neso --name other -m good", "update -t neso --name good -m good", "delete -t neso --name good"]),
        *(f"TRITON_MODEL_REPO={place} mlflow get -t neso --name good" for place in ["", "gs://bucket/models", "s3://host:1/", "none"]),
        "mlflow run-local -t neso --name a -m good")
    assert "is created" in created
    for error in errors:
        assert f"no server at {away}, where TRITON_URL says it is" in error
    assert [path.name for path in shell.repository.iterdir()] == ["good"]
    assert shell.server.get("/v2/models/good/ready").ok
    assert "Check that environment variable TRITON_MODEL_REPO is set" in unset
    assert "expected a folder or s3://..., got gs://bucket/models" in other
    assert "s3://host:1/" in bucket
    assert "expected the folder of the server's model repository, got none" in missing
    assert "starts no server" in local
