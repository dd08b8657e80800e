"""`neso import`, `list`, `remove`, `service` and `dockerfile`: what is done with a repository, and that a server serves it."""
import json
import os
import re
import shutil
import subprocess
import threading

import pytest
from support.onnx_models import double
from support.server import PATIENCE, ROOT, TREE, run_neso

HADOLINT = ROOT / ".deps/manifests/bin/hadolint"


def neso(*words, code=0, env=None):
    told = run_neso(*map(str, words), env=env)
    assert told.returncode == code, told
    return told.stderr if code else told.stdout


def test_a_file_is_imported_listed_served_and_removed(tmp_path, start_server):
    (tmp_path / "twice.onnx").write_bytes(double())
    models = tmp_path / "models"
    assert neso("import", tmp_path / "twice.onnx", "--model-repository", models) == f"twice is in {models}/twice\n"
    assert (models / "twice/1/model.onnx").read_bytes() == double()
    server = start_server(models)
    assert neso("infer", "twice", "1,2,3", "-u", server.http) == "y FP32 [1,3]\n  2 4 6\n"
    [listed] = json.loads(neso("list", "--repo", models, "--json"))
    assert listed == {"name": "twice", "versions": [1], "backend": "onnxruntime", "bytes": len(double())}
    assert "| twice | 1        | onnxruntime |" in neso("list", "--model-store", models)
    told = neso("import", tmp_path / "twice.onnx", "--model-repository", models, code=1)
    assert told == f"error: '{models}/twice' is there already: --force replaces it\n"
    neso("import", "-m", "other", "-s", f"local:{models / 'twice'}", "--model-repository", models)
    assert neso("import", tmp_path / "twice.onnx", "-m", "third", "--model-repository", models) == f"third is in {models}/third\n"
    assert (models / "third/1/model.onnx").read_bytes() == double()
    assert sorted(path.name for path in models.iterdir()) == ["other", "third", "twice"]
    assert neso("remove", "twce", "--model-repository", models, code=1).startswith(
        f"error: '{models}' has no model 'twce'; did you mean twice?")
    assert neso("remove", "twice", "--model-repository", models) == f"removed {models}/twice\n"
    neso("remove", "all", "--model-repository", models)
    assert "has no models" in neso("list", "--model-repository", models)


def test_models_of_the_hub_are_left_to_the_backend_vllm(tmp_path):
    env = {"NESO_MODEL_REPOSITORY": str(tmp_path)}
    assert "the backend vllm" in neso("import", "-m", "opt125m", env=env)
    neso("import", "mine", "--source", "hf:someone/model-1b", env=env)
    neso("import", "hf:someone/other", env=env)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine", "opt125m", "other"]
    model = json.loads((tmp_path / "opt125m/1/model.json").read_text())
    assert (model["model"], model["gpu_memory_utilization"]) == ("facebook/opt-125m", 0.85)
    assert {row["backend"] for row in json.loads(neso("list", "--json", env=env))} == {"vllm"}


@pytest.mark.parametrize("words, told", [
    (["nothing"], "error: where is 'nothing' to come from? --source takes a file, a folder or hf:ID; without one there are llama"),
    (["x", "--source", "ngc:x"], "error: ngc:x: engines of TensorRT-LLM are not imported"),
    (["x", "--source", "hf:"], "error: 'hf:' names no model of the hub: expected such as hf:facebook/opt-125m"),
    (["hf:../../x"], "error: 'hf:../../x' names no model of the hub"),
    (["hf:a b/c"], "error: 'hf:a b/c' names no model of the hub"),
    (["hf:a/b/c"], "error: 'hf:a/b/c' names no model of the hub"),
    (["x", "--source", "/none"], "error: "),
    (["a/b", "--source", "hf:a"], "error: 'a/b' is no name of a model"),
])
def test_what_cannot_be_imported(words, told, tmp_path):
    assert neso("import", *words, "--repo", tmp_path, code=1).startswith(told)
    assert list(tmp_path.iterdir()) == [], "nothing half is left"


@pytest.mark.parametrize("words, told", [
    (["import"], "error: MODEL is required\n"),
    (["import", "a.onnx", "-m", "b", "-s", "c.onnx"], "error: 'a.onnx' and --source c.onnx: expected one of them"),
    (["import", "gpt2", "--backend", "tensorrtllm"], "error: --backend tensorrtllm: expected vllm"),
    *((["service", "/", "--name", name], f"error: --name '{name}': expected a name of at most 200 letters, digits, '-', '_' and '.'\n")
      for name in ("a/b", "a b", "50%n", "a@b", "", "..", "ä", "a" * 201)),
    (["service", "/", "--name", "a\nUser=root"], "error: --name 'a\nUser=root': expected a name"),
    (["service", "/", "--user", "a;b"], "error: --user 'a;b': expected the name of a user"),
    (["service", "/", "--", "--log-file=a\nUser=root"], "error: '--log-file=a\nUser=root' cannot be written there: expected UTF-8 without line ends"),
    (["dockerfile", "--backend", "python", "--", "--http-port=1\nRUN x"], "error: '--http-port=1\nRUN x' cannot be written there"),
    (["service", "/", "--user", "no such"], "error: --user 'no such': expected the name of a user"),
    (["service", "/", "x"], "error: 'x': expected options of the server behind --"),
])
def test_a_command_line_that_cannot_be_meant(words, told):
    assert neso(*words, code=2).startswith(told)


def test_a_unit_for_a_user_who_is_not_there_yet_is_written_with_a_warning(repository):
    told = run_neso("service", str(repository.path), "--user", "nobody-there")
    assert told.returncode == 0 and "\nUser=nobody-there\n" in told.stdout
    assert told.stderr.startswith("warning: this machine has no user 'nobody-there', and without one the service does not start")
    for user in ("root", "4711"):
        assert run_neso("service", str(repository.path), "--user", user).stderr == ""


def test_a_folder_whose_name_cannot_stand_in_a_line_is_refused(repository, tmp_path):
    repository.add_identity("digits")
    for name in ("a\nRUN x", os.fsdecode(b"a\xff")):
        folder = tmp_path / name
        shutil.copytree(repository.path, folder)
        for command in ("service", "dockerfile"):
            told = subprocess.run([TREE / "bin/neso", command, folder], capture_output=True)
            assert told.returncode == 1 and b"cannot be written there: expected UTF-8 without line ends" in told.stderr, told


def test_json_is_utf8_whatever_names_are(tmp_path):
    models = os.fsencode(tmp_path) + b"/m\xff"
    (tmp_path / "twice.onnx").write_bytes(double())

    def told(*words):
        return json.loads(subprocess.run([TREE / "bin/neso", *words, "--repo", models, "--json"], capture_output=True, check=True).stdout)

    assert told("import", tmp_path / "twice.onnx") == {"name": "twice", "folder": f"{tmp_path}/m\u00ff/twice"}
    os.rename(models + b"/twice", models + b"/\xfe")
    assert [model["name"] for model in told("list")] == ["\u00fe"]
    assert [model["name"] for model in told("remove", "all")] == ["\u00fe"]


@pytest.fixture
def many(tmp_path):
    """A model of so many files that one sees it go."""
    (tmp_path / "many/1").mkdir(parents=True)
    (tmp_path / "many/config.pbtxt").write_text('backend: "identity"')
    for i in range(3000):
        (tmp_path / f"many/1/{i}").touch()
    return tmp_path / "many"


def test_a_model_is_there_while_it_is_replaced(many, tmp_path):
    models = tmp_path / "models"
    neso("import", many, "--repo", models)
    (many / "1/new").touch()
    seen, ends = set(), threading.Event()

    def look():
        while not ends.is_set():
            seen.add((models / "many/config.pbtxt").exists())

    looking = threading.Thread(target=look)
    looking.start()
    neso("import", many, "--repo", models, "--force")
    ends.set()
    looking.join()
    assert seen == {True} and (models / "many/1/new").exists()
    assert [path.name for path in models.iterdir()] == ["many"], "nothing else is left"


def test_a_model_that_cannot_be_replaced_is_kept(tmp_path):
    models = tmp_path / "models"
    (models / "twice/1").mkdir(parents=True)
    (models / "twice/1/old").touch()
    loop = tmp_path / "twice"
    (loop / "1").mkdir(parents=True)
    (loop / "config.pbtxt").write_text('backend: "identity"')
    (loop / "1/a").symlink_to("..")
    (loop / "1/b").symlink_to(".")
    told = neso("import", loop, "--repo", models, "--force", code=1)
    assert re.fullmatch(f"error: '{loop}/1/[ab]' leads back to '{loop}(/1)?', in which it lies: such a link has no end\n", told), told
    assert [str(path.relative_to(models)) for path in models.rglob("*")] == ["twice", "twice/1", "twice/1/old"]


def test_what_a_link_leads_to_is_imported(tmp_path):
    (tmp_path / "linked/1").mkdir(parents=True)
    (tmp_path / "linked/config.pbtxt").write_text('backend: "identity"')
    (tmp_path / "linked/1/weights").write_text("w")
    (tmp_path / "linked/2").symlink_to("1")
    neso("import", tmp_path / "linked", "--repo", tmp_path / "models")
    assert (tmp_path / "models/linked/2/weights").read_text() == "w" and not (tmp_path / "models/linked/2").is_symlink()


def test_a_file_that_is_no_model_leaves_nothing(tmp_path):
    (tmp_path / "page.onnx").write_text("<html>not found</html>")
    assert "page.onnx" in neso("import", tmp_path / "page.onnx", "--repo", tmp_path / "models", code=1)
    assert not (tmp_path / "models").exists() or not list((tmp_path / "models").iterdir())


def test_a_copy_that_takes_a_while_shows_a_bar_on_a_terminal(tmp_path):
    import pty
    folder = tmp_path / "large"
    (folder / "1").mkdir(parents=True)
    (folder / "config.pbtxt").write_text('backend: "identity"')
    with open(folder / "1/weights", "wb") as file:
        file.truncate(3 << 30)
    main, other = pty.openpty()
    process = subprocess.Popen([TREE / "bin/neso", "import", folder, "--repo", tmp_path / "models"],
                               stdout=subprocess.DEVNULL, stderr=other)
    shown = ""
    while "%" not in shown and process.poll() is None:
        shown += os.read(main, 4096).decode()
    process.kill()
    process.wait(10 * PATIENCE)
    os.close(main)
    os.close(other)
    shutil.rmtree(tmp_path / "models")
    assert re.search(r"copying large  \[#*\.*\]  \d+ %", shown), shown


def test_a_unit_for_systemd(repository, tmp_path):
    repository.add_identity("digits")
    folder = tmp_path / "with blank"
    shutil.copytree(repository.path, folder)
    told = neso("service", folder, "--name", "digits", "--user", "nobody", "--", "--http-port=9000", "--log-file=/tmp/100%.log")
    lines = told.splitlines()
    assert "User=nobody" in lines and "PrivateTmp=no" in lines and "WatchdogSec=60" in lines and "[Install]" in lines
    [command] = [line for line in lines if line.startswith("ExecStart=")]
    assert command == (f'ExecStart={TREE.resolve() / "bin/neso"} "--model-repository={folder}" --crash-directory=/var/lib/neso-digits '
                       "--http-port=9000 --log-file=/tmp/100%%.log")
    assert neso("service", folder, "-o", tmp_path / "digits.service") == f"wrote {tmp_path}/digits.service\n"
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("systemd-analyze is not there: apt-get install systemd")
    checked = subprocess.run([analyze, "verify", tmp_path / "digits.service"], capture_output=True, text=True)
    assert "digits.service" not in checked.stderr, checked.stderr


def test_a_recipe_of_an_image(repository, tmp_path):
    repository.add_identity("one")
    repository.add("two", None, files={"model.onnx": double()})
    repository.add_chain("both", ["one", "one"])
    told = neso("dockerfile", repository.path, "--", "--http-port=9000")
    assert "for name in identity onnxruntime; do" in told and "python3" not in told
    # Not readable for others where they come from, they are where they are served.
    assert '\nCOPY ["models/", "/models/"]\nRUN chmod -R u+rwX,go+rX,go-w /opt/tritonserver /models\n' in told
    assert "\nCOPY --from=tree /models /models\n" in told and "\nEXPOSE 9000 8001 8002\n" in told
    assert told.endswith('ENTRYPOINT ["neso", "--model-repository=/models", "--http-port=9000"]\n')
    repository.add("three", None, files={"model.py": "class TritonPythonModel: pass"})
    assert " python3 " in neso("dockerfile", repository.path)
    repository.add("four", 'backend "x')
    assert "model 'four': " in neso("dockerfile", repository.path, code=1)
    assert "expected options of the server behind --" in neso("dockerfile", repository.path, "x", code=2)


@pytest.mark.parametrize("folder, image", [("My Models_2", "my-models-2"), ("-ü x-", "x"), ("ü", "neso")])
def test_the_image_has_a_name_that_images_may_have(repository, tmp_path, folder, image):
    repository.add_identity("one")
    shutil.copytree(repository.path, tmp_path / folder)
    assert f"-t {image} .\n" in neso("dockerfile", tmp_path / folder)


@pytest.mark.skipif(not HADOLINT.exists(), reason="hadolint is not set up: scripts/setup charts")
def test_the_recipe_has_no_complaint_of_hadolint(repository, tmp_path):
    repository.add_identity("one")
    neso("dockerfile", repository.path, "-o", tmp_path / "Dockerfile")
    result = subprocess.run([HADOLINT, tmp_path / "Dockerfile"], capture_output=True, text=True)
    assert result.returncode == 0, result.stdout


@pytest.mark.skipif(not HADOLINT.exists(), reason="hadolint is not set up: scripts/setup charts")
def test_an_image_of_parts_has_no_complaint_of_hadolint(tmp_path):
    for images in ([], ["--image", "full,neso:0.1.0"]):
        neso("dockerfile", "--backend", "python", "--cache", "local", *images, "-o", tmp_path / "Dockerfile", "--", "--log-verbose=1")
        result = subprocess.run([HADOLINT, tmp_path / "Dockerfile"], capture_output=True, text=True)
        assert result.returncode == 0, result.stdout


@pytest.mark.parametrize("options, asked", [
    ([], None),
    (["--http-port=9000"], "http://localhost:9000"),
    (["--allow-http=false"], "grpc://localhost:8001"),
    (["--allow-http=false", "--grpc-port=9001"], "grpc://localhost:9001"),
    (["--http-use-ssl=true"], "https://localhost:8000"),
])
def test_the_health_check_of_a_recipe_asks_where_the_server_is(repository, options, asked):
    repository.add_identity("one")
    check = json.loads(re.search(r"^HEALTHCHECK .*CMD (.*)$", neso("dockerfile", repository.path, "--", *options), re.MULTILINE)[1])
    assert check[:4] == ["neso", "status", "--ready", "--timeout=4"]
    expected = [] if asked is None else [f"--url={asked}"]
    assert check[4:] == expected + (["--insecure"] if asked and asked.startswith("https") else [])


@pytest.mark.parametrize("allow_http", [True, False])
def test_the_health_check_of_a_recipe_is_answered(repository, start_server, allow_http):
    repository.add_identity("one")
    server = start_server(repository.path, *([] if allow_http else ["--allow-http=false"]), ready=allow_http)
    options = [f"--http-port={server.http_port}"] if allow_http else ["--allow-http=false", f"--grpc-port={server.grpc_port}"]
    check = json.loads(re.search(r"^HEALTHCHECK .*CMD (.*)$", neso("dockerfile", repository.path, "--", *options), re.MULTILINE)[1])
    assert neso(*check[1:], "--wait=20") == "ready\n"


def do_the_steps(recipe, tree):
    """The steps of the recipe that choose parts, run on a folder: what is left, and what was said."""
    for folder, step in re.findall(r"^WORKDIR /opt/tritonserver/(\w+)\n(?:#.*\n)?RUN ((?:.*\\\n)*.*)$", recipe, re.MULTILINE):
        ran = subprocess.run(["sh", "-ec", step.replace("\\\n", "")], cwd=tree / folder, capture_output=True, text=True)
        if ran.returncode != 0:
            return None, ran.stderr
    return sorted(str(path.relative_to(tree)) for path in tree.glob("*/*")), ""


@pytest.fixture
def tree(tmp_path):
    """That of an archive, as far as its folders go."""
    for part in ("backends/identity", "backends/python", "repoagents/checksum", "caches/local", "caches/redis"):
        (tmp_path / "tree" / part).mkdir(parents=True)
    return tmp_path / "tree"


def test_the_recipe_has_the_backends_that_models_need_and_those_that_are_named(repository, tree):
    repository.add_identity("one")
    recipe = neso("dockerfile", repository.path)
    assert 'COPY ["models/", "/models/"]' in recipe
    assert do_the_steps(recipe, tree)[0] == ["backends/identity", "caches/local", "caches/redis", "repoagents/checksum"]
    (tree / "backends/python").mkdir()
    assert "backends/python" in do_the_steps(neso("dockerfile", repository.path, "--backend", "python"), tree)[0]
    (tree / "backends/identity").rmdir()
    assert "the archive has no backends/identity" in do_the_steps(recipe, tree)[1]


def test_the_recipe_of_an_image_without_models_has_the_parts_that_are_named(tree):
    recipe = neso("dockerfile", "--backend", "python", "--repoagent", "checksum", "--cache", "local", "--", "--log-verbose=1")
    assert do_the_steps(recipe, tree)[0] == ["backends/python", "caches/local", "repoagents/checksum"]
    assert 'ENTRYPOINT ["neso", "--model-repository=/models", "--log-verbose=1"]' in recipe
    assert " python3 " in recipe and "COPY [" not in recipe and "/models /models" not in recipe
    assert "such as --backend onnxruntime" in neso("dockerfile", code=2)
    assert "'a b' is no name" in neso("dockerfile", "--backend", "a b", code=2)


def test_the_recipe_takes_parts_out_of_another_image(tree):
    recipe = neso("dockerfile", "--image", "full,team/neso:0.1.0", "--image", "min,debian:12", "--backend", "python",
                  "--output-name", "neso-python")
    assert do_the_steps(recipe, tree)[0] == ["backends/python", "caches/local", "caches/redis", "repoagents/checksum"]
    assert "\nFROM team/neso:0.1.0 AS full\n" in recipe and "\nARG BASE=debian:12\n" in recipe
    assert "\nCOPY --from=full /opt/tritonserver /opt/tritonserver\n" in recipe and "neso.tar.gz" not in recipe
    assert "# Built from any folder:\n#   docker build -f Dockerfile -t neso-python .\n" in recipe
    (tree / "backends/python").rename(tree / "backends/other")
    assert "team/neso:0.1.0 has no backends/python" in do_the_steps(recipe, tree)[1]


@pytest.mark.parametrize("image", ["neso:0.1.0", "gpu-min,neso", "full,", "full", "min,a b", 'full,x"\nRUN y'])
def test_what_is_no_image_is_refused(image):
    assert "expected min,IMAGE or full,IMAGE" in neso("dockerfile", "--backend", "python", "--image", image, code=2)
