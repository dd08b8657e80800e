"""What the page about `neso perf` shows works as shown."""
import json
import re
import shlex

import pytest
from support.certificates import Authority, tls_flags
from support.server import ROOT, run_neso

PAGE = (ROOT / "docs" / "perf.md").read_text()


def block(marker, language="sh", page=PAGE):
    text = page.split(f"<!-- test:{marker} -->", 1)[1]
    return re.search(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL).group(1)


@pytest.fixture(scope="module")
def server(module_repository, start_module_server):
    module_repository.add_identity("digits", dims=(64,), parameters={"execute_delay_ms": "20"})
    module_repository.add_identity("pairs", dims=(2,))
    module_repository.add_identity("tokens", dims=(2,), extra="model_transaction_policy { decoupled: true }",
                                   parameters={"repeat": "4"})
    module_repository.add("talk", """
        backend: "identity"
        input { name: "text_input" data_type: TYPE_STRING dims: [1] }
        output { name: "text_output" data_type: TYPE_STRING dims: [1] }
        model_transaction_policy { decoupled: true }
        parameters { key: "repeat" value: { string_value: "5" } }
        """)
    module_repository.add_identity("detector", parameters={"execute_delay_ms": "20"})
    module_repository.add_chain("pipeline", ["detector", "detector"], dims=(2,))
    return start_module_server(module_repository.path, "--allow-client-shm=true")


def words_of(marker, page=PAGE):
    [command] = block(marker, page=page).strip().splitlines()
    neso, *words = shlex.split(command)
    assert neso == "neso"
    return words


@pytest.mark.parametrize("marker, shown", [("concurrency", "Concurrency: 4, throughput: "),
                                           ("rate", "Request Rate: 200, throughput: "),
                                           ("limit", "Limit: "),
                                           ("data", "Request count: 100\n"),
                                           ("html", "Concurrency: 4, throughput: "),
                                           ("grpc", "Concurrency: 4, throughput: "),
                                           ("shared-memory", "Concurrency: 4, throughput: "),
                                           ("schedule", "Request count: 3\n"),
                                           ("periodic", "Request count: 9\n"),
                                           ("composing", "  Composing models: \n  detector, version: 1\n"),
                                           ("payloads", "Response Throughput: "),
                                           ("versus", "B divided by A, in each round:")])
def test_commands(server, marker, shown, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data.json").write_text(block("data-file", "json"))
    (tmp_path / "schedule.json").write_text(block("schedule-file", "json"))
    (tmp_path / "payloads.json").write_text(block("payloads-file", "json"))
    address = f"127.0.0.1:{server.http_port}"
    # Both servers of the comparison are the one that there is.
    words = [address if word == "localhost:9000" else word for word in words_of(marker)]
    # The same, but shorter and whatever the machine does meanwhile. What is given last counts.
    if marker in ("grpc", "periodic"):
        address = server.grpc
    ran = run_neso(*words, "-u", address, "-p", "60", "-s", "10000", timeout=40)
    assert ran.returncode == 0, ran.stderr
    assert shown in ran.stdout
    assert (tmp_path / "report.html").exists() == (marker == "html")


def test_json_has_what_the_page_says(server):
    measured, query = block("json").strip().splitlines()
    words = shlex.split(measured)[1:]
    ran = run_neso(*words[:words.index(">")], "-u", server.http, "-p", "60", "-s", "10000", timeout=40)
    assert ran.returncode == 0, ran.stderr
    told = json.loads(ran.stdout)
    for asked in re.search(r"\{(.*)\}", query).group(1).split(", "):
        name, _, path = asked.partition(": ")
        assert told["results"][3].get(name) or told["results"][3]["latency_us"][path.rpartition(".")[2]]
    rows = PAGE.split("## For programs")[1].split("\n\n")[3].splitlines()[2:]
    told_of = {name for row in rows for name in re.findall(r"`([a-z_]+)`", row)}
    result = told["results"][0]
    given = {*told, *result, *result["latency_us"], *result["server"]} - {"p50", "p90", "p95", "p99"}
    assert given <= told_of, given - told_of


def test_an_address_in_the_environment(server):
    export, command = block("address").strip().splitlines()
    name, value = export.removeprefix("export ").split("=")
    ran = run_neso(*shlex.split(command)[1:], env={name: value.replace("localhost:8001", server.grpc)})
    assert ran.returncode == 0, ran.stderr
    assert "Request count: 100\n" in ran.stdout


def test_a_server_in_the_process(repository):
    repository.add_identity("digits", dims=(64,))
    words = [str(repository.path) if word == "models" else word for word in words_of("in-process")]
    ran = run_neso(*words, "-p", "60", "-s", "10000")
    assert ran.returncode == 0, ran.stderr
    assert "Concurrency: 4, throughput: " in ran.stdout


def test_profile(server):
    ran = run_neso(*words_of("profile"), "-u", server.grpc)
    assert ran.returncode == 0, ran.stderr
    assert "| time to the first token, ms " in ran.stdout and ran.stdout.endswith("Requests: 40\n")


def test_tls(module_repository, start_module_server, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    ours = Authority(tmp_path, "ca")
    secure = start_module_server(module_repository.path, *tls_flags("http", ours.issue("server")),
                                 tls={"verify": str(ours.certificate)})
    words = [word.replace("localhost:8000", f"localhost:{secure.http_port}") for word in words_of("tls")]
    ran = run_neso(*words)
    assert ran.returncode == 0, ran.stderr
    assert "Request count: 100\n" in ran.stdout


@pytest.mark.parametrize("picture", ["latency", "histogram", "timeline"])
def test_pictures_are_there(picture):
    assert f"images/perf-{picture}.svg" in PAGE
    assert (ROOT / f"docs/images/perf-{picture}.svg").read_text().startswith("<svg xmlns=")


def test_tuning(module_repository, server, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    words = words_of("tune", (ROOT / "docs" / "tuning.md").read_text())
    words = [f"--model-repository={module_repository.path}" if word.startswith("--model-repository=") else word for word in words]
    # Shorter, and with a budget that a busy machine keeps.
    words = [word for word in words if not word.startswith("--latency-budget=")]
    ran = run_neso(*words, "--latency-budget=1000", "-p", "40", "--instances=1", "--batch-sizes=0", "--max-concurrency=1", timeout=60)
    assert ran.returncode == 0, ran.stderr
    assert {path.name for path in (tmp_path / "tuned/digits").iterdir()} == {"config.pbtxt", "report.html", "results.csv"}
