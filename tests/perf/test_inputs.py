"""What `neso perf` sends: input data from files, sequences, intervals between requests; and that answers are as expected."""
import pytest
from support.perf import QUICK, exported
from support.sequences import add_accumulator, needs_accumulator
from support.server import TEST_BACKENDS, run_neso


@pytest.fixture(scope="module")
def server(module_repository, start_module_server):
    module_repository.add_identity("numbers", datatype="TYPE_INT32", dims=(2,))
    module_repository.add_identity("open", dims=(-1,))
    module_repository.add_identity("texts", datatype="TYPE_STRING", dims=(1,))
    return start_module_server(module_repository.path)


@pytest.fixture
def adder(repository, start_server):
    """`neso perf` against a model that adds up what its sequence has brought."""
    add_accumulator(repository)
    server = start_server(repository.path, f"--backend-directory={TEST_BACKENDS}")
    return lambda *words: run_neso("perf", "-m", "sum", "-u", f"127.0.0.1:{server.http_port}", *map(str, words))


@pytest.fixture
def perf(server):
    return lambda *words: run_neso("perf", "-u", f"127.0.0.1:{server.http_port}", *map(str, words))


def test_steps_take_turns_and_answers_are_checked(perf, data, tmp_path):
    file = data({"data": [{"INPUT0": [1, 2]}, {"INPUT0": {"b64": "AwAAAAQAAAA="}}, {"INPUT0": {"content": [[5, 6]], "shape": [2]}}],
                 "validation_data": [{"OUTPUT0": [1, 2]}, {"OUTPUT0": [3, 4]}, {"OUTPUT0": [5, 6]}]})
    ran = perf("-m", "numbers", "--input-data", file, "--request-count", 6, "--profile-export-file", tmp_path / "a.json")
    assert ran.returncode == 0, ran.stderr
    requests = exported(tmp_path / "a.json")
    assert [request["request_inputs"] for request in requests] == 2 * [{"INPUT0": [1, 2]}, {"INPUT0": [3, 4]}, {"INPUT0": [5, 6]}]
    assert [request["response_outputs"] for request in requests[:2]] == [[{"OUTPUT0": [1, 2]}], [{"OUTPUT0": [3, 4]}]]


def test_batches_take_consecutive_steps(perf, data, tmp_path):
    file = data({"data": [{"INPUT0": [i, i]} for i in range(3)]})
    ran = perf("-m", "numbers", "-b", 2, "--input-data", file, "--request-count", 3, "--profile-export-file", tmp_path / "a.json")
    assert ran.returncode == 0, ran.stderr
    assert [request["request_inputs"]["INPUT0"] for request in exported(tmp_path / "a.json")] == [
        [0, 0, 1, 1], [2, 2, 0, 0], [1, 1, 2, 2]]


def test_a_wrong_answer_ends_the_run(perf, data):
    file = data({"data": [{"INPUT0": [1, 2]}], "validation_data": [{"OUTPUT0": [1, 3]}]})
    ran = perf("-m", "numbers", "--input-data", file, "--request-count", 2)
    assert ran.returncode == 99
    assert "output 'OUTPUT0' is not what validation_data says: it differs from byte 4 of 8 on" in ran.stderr


@pytest.mark.parametrize("formats", [("--input-tensor-format", "json"), ("--output-tensor-format", "json"),
                                     ("--input-tensor-format", "json", "--output-tensor-format", "json")])
def test_tensors_as_json(perf, data, formats):
    file = data({"data": [{"INPUT0": ["grüß"]}], "validation_data": [{"OUTPUT0": ["grüß"]}]})
    ran = perf("-m", "texts", "--input-data", file, "--request-count", 3, *formats)
    assert ran.returncode == 0, ran.stderr


def test_steps_bring_their_shapes(perf, data, tmp_path):
    file = data({"data": [{"INPUT0": {"content": [1, 2, 3], "shape": [3]}}, {"INPUT0": {"content": [7], "shape": [1]}}]})
    ran = perf("-m", "open", "--input-data", file, "--request-count", 2, "--profile-export-file", tmp_path / "a.json")
    assert ran.returncode == 0, ran.stderr
    assert [request["response_outputs"][0]["OUTPUT0"] for request in exported(tmp_path / "a.json")] == [[1, 2, 3], 7]


def test_a_folder_has_a_file_for_each_input(perf, tmp_path):
    folder = tmp_path / "inputs"
    folder.mkdir()
    (folder / "INPUT0").write_text("hello\n")
    ran = perf("-m", "texts", "--input-data", folder, "--request-count", 2, "--profile-export-file", tmp_path / "a.json")
    assert ran.returncode == 0, ran.stderr
    assert exported(tmp_path / "a.json")[0]["request_inputs"]["INPUT0"] == "\x05\0\0\0hello"


@pytest.mark.parametrize("content, text", [
    ({"data": [{}]}, "missing tensor INPUT0 ( Location stream id: 0, step id: 0)"),
    ({"data": [{"x": [1]}]}, "The input or output 'x' is not found in the model configuration"),
    ({"data": [{"INPUT0": [1]}]}, "mismatch in the data provided for INPUT0. Expected: 8 bytes, Got: 4 bytes"),
    ({"other": 1}, "The json file doesn't contain data field"),
])
def test_what_is_wrong_in_a_file_is_said(perf, data, content, text):
    ran = perf("-m", "numbers", "--input-data", data(content))
    assert ran.returncode == 99 and text in ran.stderr, ran.stderr


def test_intervals_are_kept(perf, tmp_path):
    (tmp_path / "intervals").write_text("1000\n9000\n")
    ran = perf("-m", "numbers", "--request-intervals", tmp_path / "intervals", "--request-count", 40, "--profile-export-file",
               tmp_path / "a.json")
    assert ran.returncode == 0, ran.stderr
    assert "Request Rate: 200 inference requests per second" in ran.stdout
    times = sorted(request["timestamp"] for request in exported(tmp_path / "a.json"))
    assert [b - a for a, b in zip(times, times[1:])] == ([1_000_000, 9_000_000] * 20)[:39]


def test_a_request_count_is_exact(perf, server):
    def count():
        return server.get("/v2/models/numbers/stats").json()["model_stats"][0]["inference_stats"]["success"]["count"]
    before = count()
    ran = perf("-m", "numbers", "--request-count", 25, "--concurrency-range", 4, "--warmup-request-count", 5)
    assert ran.returncode == 0, ran.stderr
    assert "Request count: 25\n" in ran.stdout and count() - before == 30


@needs_accumulator
def test_sequences_reach_the_model_whole(adder, data, tmp_path):
    """Sums would differ if steps were lost, or sequences mixed."""
    file = data({"data": [[{"INPUT": [1]}, {"INPUT": [2]}, {"INPUT": [3]}], [{"INPUT": [10]}, {"INPUT": [20]}]],
                 "validation_data": [[{"OUTPUT": [1]}, {"OUTPUT": [3]}, {"OUTPUT": [6]}], [{"OUTPUT": [10]}, {"OUTPUT": [30]}]]})
    ran = adder("--input-data", file, "--concurrency-range", 3, "--request-count", 50, "--sequence-id-range", "7:20",
               "--profile-export-file", tmp_path / "a.json")
    assert ran.returncode == 0, ran.stderr
    assert "Sequence count: " in ran.stdout
    ids = {request["sequence_id"] for request in exported(tmp_path / "a.json")}
    assert min(ids) == 7 and max(ids) < 20 and len(ids) > 5


@needs_accumulator
def test_sequences_at_a_rate(adder, data):
    file = data({"data": [{"INPUT": [1]}, {"INPUT": [2]}], "validation_data": [{"OUTPUT": [1]}, {"OUTPUT": [3]}]})
    ran = adder("--input-data", file, "--request-rate-range", 400, "--num-of-sequences", 3, *QUICK)
    assert ran.returncode == 0, ran.stderr
    assert "Sequences at a time: 3\n" in ran.stdout
    ran = adder("-b", 2)
    assert ran.returncode == 99 and "can not specify batch size > 1 when using a sequence model" in ran.stderr


def test_a_range_is_halved(perf):
    ran = perf("-m", "numbers", "--concurrency-range", "1:4", "--binary-search", "-l", 10_000, *QUICK)
    assert ran.returncode == 0, ran.stderr
    assert "Using Binary Search algorithm\n" in ran.stdout
    assert [line.split(",")[0] for line in ran.stdout.splitlines() if line.startswith("Concurrency: ")] == [
        "Concurrency: 1", "Concurrency: 4"]
