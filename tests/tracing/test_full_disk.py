"""Trace files that cannot grow, as on a full disk: what is there stays a JSON document, and serving goes on."""
import json

import pytest
from support.inference import ask
from support.wait import wait_until

LIMIT = 40_000  # bytes that a file may have, the log included; a trace of one request has about 900
ENOUGH = LIMIT // 500  # traces that are more than that


@pytest.fixture
def start(repository, start_tracing):
    repository.add_identity("m")

    def start(*args):
        return start_tracing(repository, *args, prefix=["prlimit", f"--fsize={LIMIT}:{LIMIT}"])
    return start


def trace(server, requests):
    for _ in range(requests):
        assert ask(server, "m").status_code == 200
    # Settings that change bring what has come together to the file.
    assert server.post("/v2/trace/setting", {"trace_level": ["TIMESTAMPS"]}).status_code == 200


def failures(server):
    return server.log.count("failed to write traces to")


def kept(file):
    """What the file has; None as long as there is none, or it is being written or cut back."""
    try:
        return json.loads(file.read_text())
    except (FileNotFoundError, json.JSONDecodeError):
        return None


def test_one_file_keeps_what_it_has(start):
    server = start()
    trace(server, 3)
    first = wait_until(lambda: kept(server.trace_file))
    for _ in range(3):
        trace(server, ENOUGH)
        wait_until(lambda: failures(server) == 1)
        wait_until(lambda: kept(server.trace_file) == first)
    trace(server, 1)
    wait_until(lambda: len(kept(server.trace_file) or []) > len(first))  # what fits is written again
    server.stop()
    assert failures(server) == 1, "a trouble that lasts is told once"


def test_a_first_write_that_fails_leaves_an_empty_array(start):
    server = start()
    trace(server, ENOUGH)
    wait_until(lambda: failures(server) == 1)
    wait_until(lambda: kept(server.trace_file) == [])
    server.stop()


def test_each_of_many_files_is_whole_or_empty(start):
    server = start(f"--trace-config=triton,log-frequency={ENOUGH}")
    trace(server, 2 * ENOUGH)
    wait_until(lambda: failures(server) == 1)
    trace(server, 2)
    last = server.trace_file.with_name(server.trace_file.name + ".2")
    assert wait_until(lambda: kept(last))
    for number in range(2):
        assert json.loads(last.with_suffix(f".{number}").read_text()) == []
    server.stop()
