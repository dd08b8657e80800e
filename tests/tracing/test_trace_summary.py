"""`neso trace-summary`: what trace files of a server say on the whole."""
import re

from support.inference import ask
from support.server import run_neso


def means(text):
    return {name.strip(): float(value) for name, value in re.findall(r"^(.*) \(avg\): ([\d.]+)us$", text, re.MULTILINE)}


def test_files_of_a_server(repository, start_tracing):
    for name in ("one", "two"):
        repository.add_identity(name)
    server = start_tracing(repository, "--trace-config=triton,log-frequency=2", level=["TIMESTAMPS", "TENSORS"])
    for name in ("one", "two", "one"):
        ask(server, name)
    server.stop()
    files = [f"{server.trace_file}.{number}" for number in range(2)]
    summary = run_neso("trace-summary", *files)
    assert (summary.returncode, summary.stderr) == (0, "")
    assert "Summary for one (1): trace count = 2\n" in summary.stdout
    assert "Summary for two (1): trace count = 1\n" in summary.stdout
    of_two = means(summary.stdout.split("Summary for two")[1])
    assert list(of_two) == ["HTTP request", "Receive", "Send", "Handler", "Queue", "Compute", "Input", "Infer", "Output"]
    assert of_two["HTTP request"] >= of_two["Handler"] >= of_two["Compute"] >= of_two["Infer"] > 0
    assert "TENSOR" not in summary.stdout
    assert run_neso("trace-summary", "--tensors", *files).stdout.count("TENSOR_QUEUE_INPUT INPUT0 FP32") == 3


def test_mistakes(tmp_path):
    assert run_neso("trace-summary").stderr == "error: expected neso trace-summary [--tensors] FILE...\n"
    missing = run_neso("trace-summary", str(tmp_path / "none.json"))
    assert missing.returncode == 1 and "No such file or directory" in missing.stderr
    (tmp_path / "other.json").write_text('{"a": 1}')
    other = run_neso("trace-summary", str(tmp_path / "other.json"))
    assert other.returncode == 1 and "is no trace file at byte 0" in other.stderr
