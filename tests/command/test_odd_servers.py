"""Servers that answer what no server should: each is told of in a line, and nothing is taken for an answer that is none."""
import socket
import threading

import pytest
from support.server import run_neso


@pytest.fixture
def answering():
    """Starts a server that answers everything with `body`: its address."""
    listeners = []

    def start(body, status="200 OK", endless=False):
        listener = socket.create_server(("127.0.0.1", 0))
        listeners.append(listener)

        def answer(client):
            with client:
                while b"\r\n\r\n" in client.recv(65536):
                    length = "" if endless else f"Content-Length: {len(body)}\r\n"
                    client.sendall(f"HTTP/1.1 {status}\r\n{length}\r\n".encode() + body)
                    while endless:
                        client.sendall(body)

        def serve():
            while True:
                try:
                    client = listener.accept()[0]
                except OSError:
                    return
                threading.Thread(target=quietly, args=(answer, client), daemon=True).start()

        threading.Thread(target=serve, daemon=True).start()
        return f"127.0.0.1:{listener.getsockname()[1]}"

    yield start
    for listener in listeners:
        listener.close()


def quietly(answer, client):
    try:
        answer(client)
    except OSError:
        pass  # it has had enough


OBJECTS = ["metadata", "metadata m", "config m", "stats", "stats --json", "top --once", "infer m 1"]


@pytest.mark.parametrize("words", OBJECTS)
def test_what_is_no_object_is_no_answer(answering, words):
    for body in ("null", "5", '"x"'):
        told = run_neso(*words.split(), "-u", answering(body.encode()))
        assert (told.returncode, told.stdout) == (1, "")
        assert told.stderr == f"error: expected an object of JSON from the server, got '{body}'\n"


def test_what_has_no_name_is_no_model(answering):
    url = answering(b'[1,{"name":5},null]')
    assert run_neso("models", "-u", url).stdout == "the server has no models\n"
    assert run_neso("unload", "m", "-u", url).stderr == "error: the server has no model 'm'; neso models lists them\n"


@pytest.mark.parametrize("words", ["models", "models --json"])
def test_what_is_no_list_is_no_list_of_models(answering, words):
    told = run_neso(*words.split(), "-u", answering(b"{}"))
    assert (told.returncode, told.stderr) == (1, "error: expected an array of JSON from the server, got '{}'\n")


def test_what_is_beyond_the_bounds_is_named(answering):
    told = run_neso("models", "-u", answering(b"[" * 1000))
    assert told.stderr == "error: the server's answer: JSON nesting depth exceeds maximum allowed limit (100)\n"


def test_a_terminal_does_not_obey_a_server(answering):
    told = run_neso("stats", "-u", answering(b'{"error":"a\\u001b[2J\\u0000b"}', status="500 X"))
    assert told.stderr == "error: a?[2J?b (HTTP 500)\n"
    told = run_neso("models", "-u", answering(b'[{"name":"\\u001b]0;a\\u0007","version":"\\u009b2J","state":"READY"}]'))
    assert "| ?]0;a? | ??2J " in told.stdout and told.returncode == 0
    told = run_neso("status", "m", "-u", answering(b'{"error":"\\u001b[2J"}', status="400 X"))
    assert "\x1b" not in told.stdout + told.stderr and "?[2J" in told.stdout + told.stderr


def test_numbers_that_json_has_not_do_not_cut_a_configuration_off(answering):
    told = run_neso("config", "m", "-u", answering(b'{"a":NaN,"b":1}'))
    assert told.stdout == '{"a":NaN,"b":1}\n'


@pytest.mark.parametrize("words", ["models", "metrics", "infer m 1"])
def test_an_answer_without_an_end_is_not_taken_into_memory(answering, words):
    url = answering(b"[" + b"1," * 50_000, endless=True)
    told = run_neso(*words.split(), "-u", url, "--max-answer-mib", "2", env={"NESO_METRICS_URL": url}, timeout=30)
    assert told.returncode == 1
    assert "its body is longer than is allowed here: --max-answer-mib N takes more than 2\n" in told.stderr


@pytest.mark.parametrize("protocol", ["http", "grpc"])
def test_an_inference_may_be_allowed_more(repository, start_server, protocol):
    repository.add_identity("large", dims=(-1,))
    server = start_server(repository.path)
    url = server.http if protocol == "http" else f"grpc://{server.grpc}"
    words = ["infer", "large", "--fill", "zero", "--shape", "INPUT0:1,400000", "-u", url]
    assert run_neso(*words).stdout.startswith("OUTPUT0 FP32 [1,400000]\n")
    told = run_neso(*words, "--max-answer-mib", "1")
    assert told.returncode == 1 and told.stderr.endswith("longer than is allowed here: --max-answer-mib N takes more than 1\n"), told
    assert run_neso(*words, "--max-answer-mib", "0").returncode == 2
