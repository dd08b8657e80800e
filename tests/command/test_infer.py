"""`neso infer`: one question to a model of a real server, as people type it."""
import json
import os
import subprocess
import time

import numpy as np
import pytest
from PIL import Image
from support.onnx_models import model, node
from support.python_models import PythonModels, python_on_path
from support.repository import tensor
from support.server import PATIENCE, TREE, run_neso
from support.simple_models import add_simple_models


LANGUAGE = """
import numpy
import triton_python_backend_utils as pb_utils

class TritonPythonModel:
    def execute(self, requests):
        answers = []
        for request in requests:
            text, most, stream = (pb_utils.get_input_tensor_by_name(request, name).as_numpy()[0]
                                  for name in ("text_input", "max_tokens", "stream"))
            told = f"{text.decode()} {most} {stream}".encode()
            answers.append(pb_utils.InferenceResponse([pb_utils.Tensor("text_output", numpy.array([told], dtype=object))]))
        return answers
"""


@pytest.fixture(scope="module")
def server(module_repository, start_module_server):
    repository = module_repository
    add_simple_models(repository)
    for datatype in ("FP32", "FP16", "BF16", "INT64", "UINT8", "BOOL", "STRING"):
        repository.add_identity(datatype.lower(), f"TYPE_{datatype}")
    PythonModels(repository).add("failing", """
        def execute(self, requests):
            for request in requests:
                sender = request.get_response_sender()
                sender.send(answer(OUT=values(request)))
                sender.send(error("no more"), flags=pb_utils.TRITONSERVER_RESPONSE_COMPLETE_FINAL)
    """, extra="model_transaction_policy { decoupled: true }")
    PythonModels(repository).add("long", """
        def execute(self, requests):
            for request in requests:
                sender = request.get_response_sender()
                for _ in range(400):  # 40 seconds
                    if sender.is_cancelled():
                        break
                    sender.send(answer(OUT=values(request)))
                    time.sleep(0.1)
                sender.send(flags=pb_utils.TRITONSERVER_RESPONSE_COMPLETE_FINAL)
    """, extra="model_transaction_policy { decoupled: true }", before="import time\n")
    repository.add_identity("one_text", "TYPE_STRING", (1,))
    PythonModels(repository).add("told", """
        def execute(self, requests):
            return [pb_utils.InferenceResponse([pb_utils.Tensor("OUT", values(request))],
                                               parameters={"text": "a", "number": 7, "yes": True}) for request in requests]
    """)
    repository.add_identity("talk", "TYPE_STRING", max_batch_size=0, extra="model_transaction_policy { decoupled: true }",
                            parameters={"repeat": "2"})
    repository.add("language", """
        backend: "python"
        input { name: "text_input" data_type: TYPE_STRING dims: [1] }
        input { name: "max_tokens" data_type: TYPE_INT32 dims: [1] }
        input { name: "stream" data_type: TYPE_BOOL dims: [1] }
        input { name: "seed" data_type: TYPE_UINT64 dims: [1] optional: true }
        output { name: "text_output" data_type: TYPE_STRING dims: [1] }
        """, files={"model.py": LANGUAGE})
    repository.add_identity("fixed", dims=(2, 2), max_batch_size=0)
    repository.add_identity("picture", "TYPE_UINT8", (3, 4, 5))
    repository.add_identity("picture_last", "TYPE_FP32", (4, 5, 3), max_batch_size=0)
    repository.add_identity("file", "TYPE_UINT8", (-1,))
    labels = repository.add("labelled", f"""
        backend: "onnxruntime"
        max_batch_size: 4
        input {tensor("x", dims=(3,))}
        output {tensor("y", dims=(3,), extra='label_filename: "labels.txt"')}
        """, files={"model.onnx": model([node("Identity", "x", "y")], {"x": ("FLOAT", [None, 3])},
                                        {"y": ("FLOAT", [None, 3])})})
    (labels / "labels.txt").write_text("cat\ndog\nowl\n")
    return start_module_server(repository.path, env=python_on_path())


@pytest.fixture(params=["http", "grpc"])
def infer(server, request):
    url = server.http if request.param == "http" else f"grpc://{server.grpc}"

    def run(*words, stdin=None):
        return subprocess.run([TREE / "bin/neso", "infer", *map(str, words), "-u", url], capture_output=True,
                              input=stdin, timeout=30 * PATIENCE, text=not isinstance(stdin, bytes))
    return run


def shown(result):
    assert (result.returncode, result.stderr) == (0, ""), result
    return result.stdout


def test_several_inputs_and_outputs(infer):
    ones = ",".join(["1"] * 16)
    told = shown(infer("simple", "INPUT0=" + ",".join(map(str, range(16))), f"INPUT1={ones}"))
    assert told == ("OUTPUT0 INT32 [1,16]\n  1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\n"
                    "OUTPUT1 INT32 [1,16]\n  -1 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14\n")
    assert shown(infer("simple", f"INPUT0={ones}", f"INPUT1={ones}", "--only", "OUTPUT1")).startswith("OUTPUT1 INT32 [1,16]\n")


@pytest.mark.parametrize("name, given, told", [
    ("fp32", "1,2.5,-3e2", "OUTPUT0 FP32 [1,3]\n  1 2.5 -300\n"),
    ("fp32", "[1,2]", "OUTPUT0 FP32 [1,2]\n  1 2\n"),
    ("fp32", "[[1,2],[3,4]]", "OUTPUT0 FP32 [2,2]\n  1 2\n  3 4\n"),
    ("fp16", "0.1,65504,inf", "OUTPUT0 FP16 [1,3]\n  0.1 65504 inf\n"),
    ("bf16", "1.5,-2", "OUTPUT0 BF16 [1,2]\n  1.5 -2\n"),
    ("int64", "9223372036854775807", "OUTPUT0 INT64 [1,1]\n  9223372036854775807\n"),
    ("bool", "true,false,1", "OUTPUT0 BOOL [1,3]\n  true false true\n"),
    ("string", "a text,two", 'OUTPUT0 BYTES [1,2]\n  "a text" "two"\n'),
    ("string", "[INST] hi, you", 'OUTPUT0 BYTES [1,2]\n  "[INST] hi" " you"\n'),
    ("one_text", "[INST] hi, you", 'OUTPUT0 BYTES [1,1]\n  "[INST] hi, you"\n'),
    ("one_text", " [INST] hi [END]", 'OUTPUT0 BYTES [1,1]\n  " [INST] hi [END]"\n'),
    ("one_text", "[INST] hi [END]", 'OUTPUT0 BYTES [1,1]\n  "[INST] hi [END]"\n'),
    ("one_text", '[["a"],["b"]]', 'OUTPUT0 BYTES [2,1]\n  "a"\n  "b"\n'),
    ("fixed", "1,2,3,4", "OUTPUT0 FP32 [2,2]\n  1 2\n  3 4\n"),
])
def test_values_take_the_model_s_datatype_and_shape(infer, name, given, told):
    assert shown(infer(name, f"INPUT0={given}")) == told
    assert shown(infer(name, given)) == told, "one input needs no name"


def test_words_that_come_again_make_a_batch(infer):
    assert shown(infer("fp32", "INPUT0=1,2", "INPUT0=3,4")) == "OUTPUT0 FP32 [2,2]\n  1 2\n  3 4\n"


def test_arrays_of_numpy_there_and_back(infer, tmp_path):
    array = np.arange(6, dtype=">f8").reshape(2, 3, order="F")
    np.save(tmp_path / "in.npy", array)
    assert shown(infer("fp32", f"@{tmp_path / 'in.npy'}", "--output", "npy", "--folder", tmp_path)) == (
        f"{tmp_path}/OUTPUT0.npy FP32 [2,3]\n")
    back = np.load(tmp_path / "OUTPUT0.npy")
    assert back.dtype == np.float32 and (back == array).all()
    np.save(tmp_path / "row.npy", array[0])
    assert shown(infer("fp32", f"INPUT0=@{tmp_path / 'row.npy'}")).startswith("OUTPUT0 FP32 [1,3]\n"), "the batch is added"
    np.save(tmp_path / "texts.npy", np.array([["é", "two"]]))
    assert shown(infer("string", f"@{tmp_path / 'texts.npy'}", "--output", "npy", "--folder", tmp_path))
    assert np.load(tmp_path / "OUTPUT0.npy").tolist() == [["é".encode(), b"two"]]


def test_pictures_become_tensors(infer, tmp_path):
    colours = np.random.default_rng(0).integers(0, 256, (4, 5, 3), dtype=np.uint8)
    Image.fromarray(colours).save(tmp_path / "exact.png")
    shown(infer("picture", f"@{tmp_path / 'exact.png'}", "--output", "npy", "--folder", tmp_path))
    assert (np.load(tmp_path / "OUTPUT0.npy") == colours.transpose(2, 0, 1)[None]).all()
    shown(infer("picture_last", f"@{tmp_path / 'exact.png'}", "--scaling", "unit", "--output", "npy", "--folder", tmp_path))
    assert np.allclose(np.load(tmp_path / "OUTPUT0.npy"), colours / 255)
    Image.new("RGB", (40, 60), (200, 100, 50)).save(tmp_path / "large.jpg", quality=95)
    shown(infer("picture", f"@{tmp_path / 'large.jpg'}", "--output", "npy", "--folder", tmp_path))
    scaled = np.load(tmp_path / "OUTPUT0.npy")
    assert scaled.shape == (1, 3, 4, 5)
    assert np.abs(scaled[0].astype(int) - np.array([200, 100, 50])[:, None, None]).max() <= 3
    shown(infer("file", f"@{tmp_path / 'large.jpg'}", "--output", "npy", "--folder", tmp_path))
    assert np.load(tmp_path / "OUTPUT0.npy").tobytes() == (tmp_path / "large.jpg").read_bytes(), "who decodes gets the file"


def test_standard_input(infer, tmp_path):
    assert shown(infer("fp32", "INPUT0=-", stdin="1 2\n3\n")) == "OUTPUT0 FP32 [1,3]\n  1 2 3\n"
    assert shown(infer("string", "-", stdin="a text, of\ntwo lines\n")) == (
        'OUTPUT0 BYTES [1,1]\n  "a text, of\\ntwo lines"\n')
    (tmp_path / "letter.txt").write_text('["a"]\n')
    assert shown(infer("string", f"@{tmp_path / 'letter.txt'}")) == 'OUTPUT0 BYTES [1,1]\n  "[\\"a\\"]"\n', "all of a file is the text"
    np.save(tmp_path / "in.npy", np.float32([7]))
    assert infer("fp32", "-", stdin=(tmp_path / "in.npy").read_bytes()).stdout == b"OUTPUT0 FP32 [1,1]\n  7\n"


def test_classes_with_their_labels(infer):
    told = shown(infer("labelled", "0.1,0.7,0.2", "--classes", "2"))
    assert told == 'y BYTES [1,2]\n  "0.700000:1:dog" "0.200000:2:owl"\n'


def test_json_is_what_the_server_answers(infer):
    answer = json.loads(shown(infer("fp32", "INPUT0=1,2", "--id", "seven", "--json")))
    assert answer == {"id": "seven", "model_name": "fp32", "model_version": "1",
                      "outputs": [{"name": "OUTPUT0", "datatype": "FP32", "shape": [1, 2], "data": [1, 2]}]}
    assert '"data":[Infinity,-Infinity,NaN]' in shown(infer("fp32", "INPUT0=inf,-inf,nan", "--json"))
    for name in ("fp16", "bf16"):
        assert json.loads(shown(infer(name, "INPUT0=1.5,9984", "--json")))["outputs"][0]["data"] == [1.5, 9984]
    answer = json.loads(shown(infer("told", "IN=5", "--json")))
    assert (answer["parameters"], answer["outputs"][0]["data"]) == ({"text": "a", "number": 7, "yes": True}, [5])


def test_parameters_reach_the_server(infer):
    assert shown(infer("fp32", "INPUT0=1", "--parameter", "priority=1", "--parameter", "mine=true", "--parameter", "other=x"))
    assert "priority" in complaint(infer("fp32", "INPUT0=1", "--parameter", "priority=high"))


def test_long_rows_are_cut_unless_all_are_asked_for(infer):
    given = ",".join(map(str, range(40)))
    assert shown(infer("fp32", given)).endswith(" 15 ...\n")
    assert shown(infer("fp32", given, "--all")).endswith(" 38 39\n")
    assert shown(infer("fp32", "INPUT0=[[1,2],[3,4],[5,6]]", "--all")) == "OUTPUT0 FP32 [3,2]\n  1 2\n  3 4\n  5 6\n"


def test_a_prompt_for_a_language_model(infer):
    told = shown(infer("language", "--prompt", "What is it, then?"))
    assert told == 'text_output BYTES [1]\n  "What is it, then? 128 False"\n'
    assert '"x 3 False"' in shown(infer("language", "max_tokens=3", "--prompt", "x"))
    assert complaint(infer("fp32", "--prompt", "x")) == (
        "error: --prompt: 'fp32' has no input called prompt, text or text_input\n")


def test_inputs_that_are_made_up(infer):
    assert shown(infer("simple", "--fill", "zero")).splitlines()[1] == "  " + " ".join(["0"] * 16)
    assert shown(infer("simple", "--fill", "random")).splitlines()[1] != "  " + " ".join(["0"] * 16)


def test_json_is_json_whatever_bytes_an_answer_has(infer):
    told = json.loads(shown(infer("string", b"INPUT0=\xc3\xa9\xff".decode(errors="surrogateescape"), "--output", "json")))
    assert told["outputs"][0]["data"] == ["\u00e9\u00ff"]


def test_what_is_made_up_has_the_shape_that_is_said(infer):
    assert shown(infer("fp32", "--fill", "zero")) == "OUTPUT0 FP32 [1,1]\n  0\n"
    assert shown(infer("fp32", "--fill", "zero", "--shape", "INPUT0:3")) == "OUTPUT0 FP32 [1,3]\n  0 0 0\n"
    assert shown(infer("fp32", "--fill", "zero", "--shape", "INPUT0:2,3")) == "OUTPUT0 FP32 [2,3]\n  0 0 0\n  0 0 0\n"
    said = complaint(infer("fp32", "--fill", "zero", "--shape", "INPUT0:2,3,4"))
    assert said.startswith("error: input 'INPUT0': expected shape [-1,-1], got [2,3,4]")


def test_each_answer_of_a_decoupled_model_is_a_line(infer):
    lines = shown(infer("talk", "a, b")).splitlines()
    assert len(lines) == 2
    assert [json.loads(line) for line in lines] == [{"model_name": "talk", "model_version": "1", "OUTPUT0": ["a", " b"]}] * 2


@pytest.mark.parametrize("redirection, reason", [("| head -n 1; exit ${PIPESTATUS[0]}", ""), (
    "> /dev/full", "error: cannot write the output: No space left on device\n")])
def test_many_answers_end_when_nobody_takes_them(server, redirection, reason):
    for url in (server.http, f"grpc://{server.grpc}"):
        began = time.monotonic()
        told = subprocess.run(["bash", "-c", f"{TREE}/bin/neso infer long 1 -u {url} {redirection}"], capture_output=True,
                              text=True, timeout=60 * PATIENCE)
        assert (told.returncode, told.stderr) == (1 if reason else 0, reason)
        assert time.monotonic() - began < 20, "it waited for the rest"


def test_what_a_decoupled_model_cannot_be_asked_for(infer, tmp_path):
    told = "error: --output npy: 'talk' may answer more than once, and its answers are lines of JSON\n"
    assert complaint(infer("talk", "a", "--output", "npy", "--folder", tmp_path)) == told


def test_outputs_of_a_decoupled_model_are_chosen_over_grpc_only(server):
    for option in (["--only", "OUTPUT0"], ["--classes", "2"]):
        told = complaint(run_neso("infer", "talk", "a", *option, "-u", server.http))
        assert f"error: {option[0]}: HTTP's way to ask 'talk', which may answer more than once, has no such choice; ask over gRPC" in told
    told = shown(run_neso("infer", "talk", "a", "--only", "OUTPUT0", "-u", f"grpc://{server.grpc}"))
    assert json.loads(told.splitlines()[0])["OUTPUT0"] == "a"


def test_answers_are_shown_as_they_come(infer):
    """The second one fails."""
    result = infer("failing", "IN=1")
    assert (result.returncode, [json.loads(line)["OUT"] for line in result.stdout.splitlines()]) == (1, [1]), result
    assert "no more" in result.stderr


def complaint(result, code=1):
    assert (result.returncode, result.stdout) == (code, ""), result
    return result.stderr


@pytest.mark.parametrize("words, told", [
    (["simpel"], "error: the server has no model 'simpel'; did you mean simple"),
    (["simple", "INPUT=1"], "error: 'simple' has no input 'INPUT'; did you mean INPUT0 or INPUT1?; its inputs are "
                            "INPUT0 (INT32 [-1,16]), INPUT1 (INT32 [-1,16])\n"),
    (["simple"], "error: 'simple' needs INPUT0 (INT32 [-1,16]), INPUT1 (INT32 [-1,16]): add INPUT0=@file.npy "
                 "INPUT1=@file.npy, values such as 1,2,3, or - for standard input\n"),
    (["simple", "INPUT0=1,2"], "error: input 'INPUT0': expected a multiple of 16 values for shape [-1,16], got 2\n"),
    (["fp32", "one"], "error: input 'INPUT0': expected a number, got 'one'\n"),
    (["fp32", "INPUT0=[1,2"], "error: input 'INPUT0': expected brackets such as [[1,2],[3,4]], got '[1,2'\n"),
    (["fp32", "1e39"], "error: input 'INPUT0': 1e+39 is no FP32: it is too large\n"),
    (["fp16", "70000"], "error: input 'INPUT0': 70000 is no FP16: it is too large\n"),
    (["fp32", "1", "--output", "npy", "--folder", "/dev/null/x"], "error: --folder: cannot make '/dev/null/x': Not a directory\n"),
    (["uint8", "256"], "error: input 'INPUT0': 256 is no UINT8 (0 to 255)\n"),
    (["fixed", "INPUT0=[[1,2,3],[4,5,6]]"], "error: input 'INPUT0': expected shape [2,2], got [2,3]\n"),
    (["fp32", "1", "--only", "OUTPUT1"], "error: 'fp32' has no output 'OUTPUT1'; did you mean OUTPUT0?; its outputs are OUTPUT0\n"),
    (["fp32", "@/none"], "error: input 'INPUT0': failed to open text file for read /none"),
    (["fp32", "1", "--shape", "x:1"], "error: --shape x: 'fp32' has the inputs INPUT0 (FP32 [-1,-1])\n"),
    (["fp32", "1", "--version", "7"], "error: "),
])
def test_what_cannot_be_meant_says_what_to_type_instead(infer, words, told):
    assert complaint(infer(*words)).startswith(told)


@pytest.mark.parametrize("words, told", [
    ([], "error: MODEL is required\n"),
    (["m", "--parameter", "binary_data_output=true"], "error: --parameter binary_data_output: it is the command's own"),
    (["m", "--parameter", "priority"], "error: --parameter priority: expected NAME=VALUE, such as priority=1\n"),
    (["m", "--shape", "x:y"], "error: --shape x:y: expected NAME:SIZES, such as image:3,224,224\n"),
    (["m", "--header", "x"], "error: --header 'x': expected 'NAME: VALUE'"),
    (["m", "-u", "ftp://x"], "error: 'ftp://x' is no address of a server: expected HOST:PORT, "),
    (["m", "-u", "grpc://x/y"], "error: 'grpc://x/y' is no address of a server: gRPC takes no path behind HOST:PORT"),
    (["m", "-u", "unix:"], "error: 'unix:' is no address of a server: expected HOST:PORT, "),
    (["m", "-u", "x:1", "--cacert", "f"], "error: --cacert is for TLS, and 'x:1' does without"),
    (["m", "-u", "https://x:1", "--cert", "f"], "error: --cert and --cert-key go together"),
])
def test_a_command_line_that_means_nothing_is_not_asked_of_a_server(words, told):
    told_it = complaint(run_neso("infer", *words), code=2)
    assert told_it.startswith(told) and told_it.endswith("\nneso infer --help says what it takes\n")


def test_a_server_that_is_not_there():
    told = run_neso("infer", "digits", "-u", "127.0.0.1:1")
    assert told.returncode == 1
    assert told.stderr == ("error: cannot connect to 127.0.0.1:1: Connection refused\n'neso serve FILE' or "
                           "'neso --model-repository=FOLDER' starts a server; --url HOST:PORT names another one\n")


def test_a_grpc_server_that_is_not_there_or_not_grpc(server):
    told = run_neso("infer", "digits", "-u", "grpc://127.0.0.1:1").stderr
    assert told.startswith("error: cannot connect to 127.0.0.1:1: Connection refused\n'neso serve FILE' or ")
    assert "gRPC has a port of its own, 8001" in run_neso("infer", "fp32", "5", "-u", f"grpc://{server.http}").stderr


def test_the_address_may_stand_in_the_environment(server):
    told = run_neso("infer", "fp32", "5", env={"NESO_URL": server.http})
    assert told.stdout == "OUTPUT0 FP32 [1,1]\n  5\n", told.stderr
    assert os.environ.get("NESO_URL") is None
