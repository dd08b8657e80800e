"""`neso check`: one model is loaded and judged without a server."""
import re
import shlex
import subprocess

from support.onnx_models import double
from support.server import run_neso


def last_error(result, code=1):
    assert (result.returncode, result.stdout) == (code, "")
    return result.stderr.splitlines()[-1]


def test_a_good_model_is_described_and_its_request_works(repository, start_server):
    folder = repository.add("double", None, files={"model.onnx": double()})
    result = run_neso("check", str(folder))
    assert (result.returncode, result.stderr) == (0, "")
    lines = result.stdout.splitlines()
    assert lines[0] == "model 'double' version 1 loads and is ready"
    rows = {line.split()[0]: line.split(maxsplit=1)[1] for line in lines[1:5]}
    assert rows["backend"] == "onnxruntime"
    assert rows["inputs"].startswith("x FP32 [") and rows["outputs"].startswith("y FP32 [")
    assert re.fullmatch(r"  loaded   in \d+\.\d{3} s", next(line for line in lines if line.startswith("  loaded")))

    server = start_server(repository.path)
    command = shlex.split(lines[-1].replace("localhost:8000", server.http))
    answer = subprocess.run(command, capture_output=True, text=True, timeout=20, check=True).stdout
    assert '"outputs":[{"name":"y"' in answer


def test_the_warm_up_runs_and_may_fail(repository):
    def warm_up(dims):
        return f'model_warmup {{ name: "w" batch_size: 1 inputs {{ key: "INPUT0" value {{ data_type: TYPE_FP32 dims: {dims} zero_data: true }} }} }}'

    repository.add_identity("good", extra=warm_up(4))
    result = run_neso("check", str(repository.path / "good"))
    assert result.returncode == 0, result.stderr
    assert "  warm-up  1 samples ran\n" in result.stdout

    repository.add_identity("bad", extra=warm_up("[2, 2]"))
    assert "'bad'" in last_error(run_neso("check", str(repository.path / "bad")))


def test_what_is_wrong_stands_last(repository):
    folder = repository.add("broken", None, files={"model.onnx": b"this is no model"})
    error = last_error(run_neso("check", str(folder)))
    assert error.startswith("error: 1 model could not be loaded: 'broken' (version 1: ")
    assert run_neso("check", str(repository.path / "broken"), "--log-error=false").stderr.splitlines() == [error]


def test_a_folder_that_is_no_models_says_what_to_name(repository):
    repository.add_identity("one")
    repository.add_identity("two")
    there = repository.path
    for given, expected in [
        (there, f"it is a model repository: name one of its models, '{there / 'one'}', '{there / 'two'}'"),
        (there / "one" / "1", f"its model's folder is '{there / 'one'}'"),
        (there / "one" / "config.pbtxt", f"its model's folder is '{there / 'one'}'"),
    ]:
        assert last_error(run_neso("check", str(given))) == (
            f"error: '{given}' is not the folder of a model: expected config.pbtxt or a folder named 1 in it; {expected}")
    assert last_error(run_neso("check", str(there / "three"))) == f"error: there is no '{there / 'three'}'"
    assert last_error(run_neso("check"), code=2) == "error: expected the folder of a model: neso check MODEL-FOLDER [option...]"


def test_options_of_the_server_apply(repository):
    folder = repository.add_identity("m")
    refused = run_neso("check", str(folder), "--no-such-option")
    assert refused.returncode == 2 and "error: unknown option --no-such-option" in refused.stderr
    result = run_neso("check", str(folder), "--backend-directory=/nowhere")
    assert result.returncode == 1 and "/nowhere" in result.stderr


def test_the_line_to_paste_has_the_name_as_a_url_has_it(repository):
    repository.add_identity("my model?#1")
    told = run_neso("check", str(repository.path / "my model?#1")).stdout
    assert "curl http://localhost:8000/v2/models/my%20model%3F%231/infer -d " in told
