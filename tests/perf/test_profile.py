"""`neso profile` of a real model that streams: its times are those of the model, its counts those of the tokens."""
import json
import re

import pytest
from support.python_models import PythonModels, python_on_path
from support.server import run_neso

STEP = 0.02

# As many tokens as it is told, one each STEP; the first after twice that.
STREAM = f"""
def execute(self, requests):
    for request in requests:
        threading.Thread(target=self.talk, args=[request.get_response_sender(), request]).start()

def talk(self, sender, request):
    prompt = values(request, "text_input")[0].decode()
    time.sleep({STEP})
    for i in range(min(int(values(request, "max_tokens")[0]), len(prompt.split()))):
        time.sleep({STEP})
        sender.send(answer(text_output=np.array([prompt.split()[i]], dtype=object)))
    sender.send(flags=pb_utils.TRITONSERVER_RESPONSE_COMPLETE_FINAL)
"""


@pytest.fixture(scope="module")
def server(module_repository, start_module_server):
    inputs = {"text_input": ("TYPE_STRING", (1,)), "max_tokens": ("TYPE_INT32", (1,)), "stream": ("TYPE_BOOL", (1,))}
    PythonModels(module_repository).add("talk", STREAM, inputs, {"text_output": "TYPE_STRING"},
                                        extra="model_transaction_policy { decoupled: true }")
    PythonModels(module_repository).add("warm", STREAM, inputs | {"temperature": ("TYPE_FP32", (1,))}, {"text_output": "TYPE_STRING"},
                                        extra="model_transaction_policy { decoupled: true }")
    module_repository.add_identity("once", "TYPE_STRING")
    return start_module_server(module_repository.path, env=python_on_path())


@pytest.fixture
def profile(server):
    def run(*words, code=0):
        ran = run_neso("profile", "-u", server.grpc, *map(str, words), timeout=40)
        assert ran.returncode == code, ran
        assert (ran.stderr == "") == (code == 0), ran
        return ran.stderr or ran.stdout
    return run


def told(text):
    return {name: metric["avg"] for name, metric in json.loads(text).items()}


def test_times_and_counts_are_those_of_the_model(profile):
    times = told(profile("-m", "talk", "--request-count", 6, "--osl", 5, "--isl", 9, "--json"))
    assert times["request_count"] == 6
    assert (times["output_sequence_length"], times["input_words"]) == (5, 9)
    # A machine that is busy is later, never earlier.
    assert 2 * STEP * 1000 <= times["time_to_first_token"] < times["request_latency"]
    assert times["request_latency"] >= 6 * STEP * 1000
    assert times["inter_token_latency"] >= STEP * 500
    assert times["request_latency"] == pytest.approx(times["time_to_first_token"] + 4 * times["inter_token_latency"], rel=0.01)
    assert times["output_token_throughput"] == pytest.approx(5 * times["request_throughput"], rel=0.01)
    assert times["output_token_throughput_per_user"] <= 2 / STEP


def test_many_at_a_time_bring_more_tokens(profile):
    alone, crowd = (told(profile("-m", "talk", "--concurrency", n, "--request-count", 3 * n, "--osl", 4, "--isl", 4, "--json"))
                    for n in (1, 8))
    assert crowd["output_token_throughput"] > 2 * alone["output_token_throughput"]


def test_a_table_for_people_after_windows_of_time(profile):
    shown = profile("-m", "talk", "-p", 400, "--isl", 3, "--request-rate", 20)
    assert re.search(r"\| time to the first token, ms +\| +\d+\.\d\d ", shown), shown
    assert re.search(r"\| tokens of the answer +\| 3\.00 +\| 3\.00", shown), shown
    assert re.search(r"^Output tokens a second: \d+\.\d\d\nRequests a second: \d+\.\d\d\nRequests: \d+$", shown, re.MULTILINE), shown


def test_prompts_of_a_file_and_the_times_of_each_token(profile, tmp_path):
    (tmp_path / "prompts").write_text('one two three\n\n{"text": "four five"}\n{"text_input": "six"}\n')
    times = json.loads(profile("-m", "talk", "--input-file", tmp_path / "prompts", "--request-count", 3, "--json",
                               "--profile-export-file", tmp_path / "times.json"))
    assert (times["output_sequence_length"]["min"], times["output_sequence_length"]["max"]) == (1, 3)
    [experiment] = json.loads((tmp_path / "times.json").read_text())["experiments"]
    brought = {request["request_inputs"]["text_input"].encode()[4:].decode(): request for request in experiment["requests"]}
    assert sorted(brought) == ["four five", "one two three", "six"]
    assert [output["text_output"][4:] for output in brought["four five"]["response_outputs"]] == ["four", "five"]


def test_another_input_is_named(profile):
    complaint = profile("-m", "warm", "--request-count", 1, code=1)
    assert complaint == ("error: model 'warm': nobody says what its input 'temperature' is to be: "
                         "--extra-inputs temperature:VALUE does\n")
    assert told(profile("-m", "warm", "--request-count", 1, "--extra-inputs", "temperature:0.5", "--json"))["request_count"] == 1


@pytest.mark.parametrize("words, code, complaint", [
    (["-m", "once"], 1, "model 'once' answers a request once"),
    (["-m", "none"], 1, "'none'"),
    (["-m", "talk", "--input-file", "/none"], 1, "/none"),
    (["-m", "talk", "--osl", "0"], 2, "neso profile --help says what it takes"),
    (["-m", "talk", "--concurrency", "2", "--request-rate", "2"], 2, "excludes"),
    (["-m", "talk", "--", "--concurrency-range", "1:4"], 2, "one load"),
    (["-m", "talk", "--", "--nothing"], 2, "--nothing"),
    ([], 2, "--model"),
])
def test_what_cannot_be_done_is_said(profile, words, code, complaint):
    assert complaint in profile(*words, code=code)
