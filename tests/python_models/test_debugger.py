"""A debugger attaches to a Python model that has the switch."""
import concurrent.futures
import re

import numpy as np
import psutil
import pytest
import tritonclient.http as httpclient
from support.clients import arrays_of, inputs_of
from support.dap import Debugger
from support.python_models import python_on_path
from support.server import Server, free_port
from support.wait import wait_until
from tritonclient.utils import InferenceServerException

DOUBLE = """
def execute(self, requests):
    array = values(requests[0])
    doubled = 2 * array  # a breakpoint
    return [answer(OUT=doubled)]
"""


def switch(value):
    return f'parameters {{ key: "DEBUGPY" value {{ string_value: "{value}" }} }}'


@pytest.fixture(scope="module")
def server(models, serve):
    models.add("debugged", DOUBLE, extra=switch(0))
    models.add("not_debugged", DOUBLE, extra=switch("no"))
    models.add("plain", DOUBLE)
    for name, value in (("odd", "yes"), ("odd_port", "70000"), ("odd_host", ":5")):
        models.add(name, DOUBLE, extra=switch(value))
    models.add("elsewhere", DOUBLE, extra=switch("192.0.2.1:1"))
    return serve("--model-control-mode=explicit", "--load-model=debugged")


def addresses(server, name):
    return re.findall(rf"'{name}_[\d_]+': process \d+ waits for a debugger at (\S+:\d+);", server.log)


def double(server, model):
    with httpclient.InferenceServerClient(server.http) as client:
        return arrays_of(client.infer(model, inputs_of({"IN": np.float32([3])})))["OUT"].tolist()


def test_a_breakpoint_stops_a_request(server, module_repository):
    file = module_repository.path / "debugged" / "1" / "model.py"
    line = next(number for number, text in enumerate(file.read_text().splitlines(), 1) if "a breakpoint" in text)
    assert double(server, "debugged") == [6]
    address, = wait_until(lambda: addresses(server, "debugged"))
    with concurrent.futures.ThreadPoolExecutor() as pool, Debugger(address) as debugger:
        assert debugger.attach({file: [line]})["supportsConfigurationDoneRequest"]
        answer = pool.submit(double, server, "debugged")
        stopped = debugger.event("stopped")
        assert stopped["reason"] == "breakpoint" and not answer.done()
        assert debugger.evaluate("array.tolist()", stopped["threadId"]) == "[3.0]"
        debugger.assign("array", "array + 1", stopped["threadId"])
        debugger.request("continue", threadId=stopped["threadId"])
        assert answer.result(timeout=20) == [8]
        debugger.request("disconnect")
    assert double(server, "debugged") == [6]


def adapters(mark):
    """The processes of debugpy beside the workers of a server whose environment has that mark."""
    return [process.pid for process in psutil.process_iter(["cmdline", "environ"])
            if any("debugpy/adapter" in argument for argument in process.info["cmdline"] or ()) and
            (process.info["environ"] or {}).get("MARK") == mark]


def test_one_switch_for_all_gives_each_process_a_port(module_repository, models, start_server):
    models.add("two", DOUBLE, extra="instance_group { count: 2 kind: KIND_CPU }")
    models.add("not_debugged", DOUBLE, extra=switch("no"))
    port = free_port()
    server = start_server(module_repository.path, f"--backend-config=python,debugpy={port}", "--model-control-mode=explicit",
                          "--load-model=two", "--load-model=not_debugged", env={**python_on_path(), "MARK": str(port)})
    found = wait_until(lambda: len(places := addresses(server, "two")) == 2 and places)
    assert f"127.0.0.1:{port}" in found and len(set(found)) == 2
    for address in found:
        with Debugger(address) as debugger:
            assert debugger.request("initialize", adapterID="debugpy")["supportsConfigurationDoneRequest"]
    assert not addresses(server, "not_debugged") and double(server, "not_debugged") == [6]
    assert len(adapters(str(port))) == 2
    server.stop()
    wait_until(lambda: not adapters(str(port)))


@pytest.mark.parametrize("model, text", [
    ("odd", "parameter 'DEBUGPY': expected PORT, HOST:PORT or no (PORT 0: any that is free), got 'yes'"),
    ("odd_port", "got '70000'"), ("odd_host", "got ':5'"),
    ("elsewhere", "cannot listen for a debugger at 192.0.2.1:1 (debugpy, DEBUGPY): ")])
def test_a_switch_that_makes_no_sense(client, model, text):
    with pytest.raises(InferenceServerException) as caught:
        client.load_model(model)
    assert text in caught.value.message()


def test_a_switch_for_all_that_makes_no_sense(module_repository, models):
    models.add("plain", DOUBLE)
    server = Server(module_repository.path, "--backend-config=python,debugpy=x", "--model-control-mode=explicit",
                    "--load-model=plain", ready=False, env=python_on_path()).start()
    assert server.wait() == 1
    assert "parameter 'debugpy': expected PORT, HOST:PORT or no" in server.log


def test_a_python_without_debugpy_says_what_to_install(module_repository, models, tmp_path):
    models.add("plain", DOUBLE)
    (tmp_path / "debugpy.py").write_text("raise ImportError('not here')")
    server = Server(module_repository.path, "--backend-config=python,debugpy=0", "--model-control-mode=explicit",
                    "--load-model=plain", ready=False, env={**python_on_path(), "PYTHONPATH": str(tmp_path)}).start()
    assert server.wait() == 1
    assert re.search(r"a debugger is to attach .*, but (\S+) cannot import debugpy \(not here\): \1 -m pip install debugpy\b",
                     server.log)
