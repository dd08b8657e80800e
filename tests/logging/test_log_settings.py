"""Log settings at run time over both protocols: stock clients, errors, and what the log then does."""
import asyncio
import json
import re

import pytest
import requests
import tritonclient.grpc as grpcclient
import tritonclient.grpc.aio as grpcaio
import tritonclient.http as httpclient
import tritonclient.http.aio as httpaio
from support.control import load
from support.wait import wait_until
from tritonclient.utils import InferenceServerException

DEFAULTS = {"log_file": "", "log_info": True, "log_warning": True, "log_error": True, "log_verbose_level": 0,
            "log_format": "default"}


@pytest.fixture(scope="module")
def server(module_repository, start_module_server):
    module_repository.add_identity("identity")
    return start_module_server(module_repository.path, "--model-control-mode=explicit")


@pytest.fixture(autouse=True)
def as_before(server):
    yield
    assert server.post("/v2/logging", DEFAULTS | {"log_file": None}).json() == DEFAULTS


def values(grpc_settings):
    """A gRPC answer in the form of the HTTP one."""
    def value(setting):
        return getattr(setting, setting.WhichOneof("parameter_choice"))
    return {name: value(setting) for name, setting in grpc_settings.settings.items()}


def test_stock_clients_read_and_change(server):
    with httpclient.InferenceServerClient(server.http) as http, grpcclient.InferenceServerClient(server.grpc) as grpc:
        assert http.get_log_settings() == values(grpc.get_log_settings()) == DEFAULTS
        changed = {"log_warning": False, "log_verbose_level": 2, "log_format": "ISO8601"}
        assert http.update_log_settings(changed) == DEFAULTS | changed
        assert values(grpc.get_log_settings()) == DEFAULTS | changed
        assert values(grpc.update_log_settings({"log_warning": True})) == DEFAULTS | changed | {"log_warning": True}
        for client in [http, grpc]:
            with pytest.raises(InferenceServerException, match="log file location can not be updated"):
                client.update_log_settings({"log_file": "/tmp/x"})


def test_asyncio_clients_read_and_change(server):
    async def run():
        async with httpaio.InferenceServerClient(server.http) as http, \
                grpcaio.InferenceServerClient(server.grpc) as grpc:
            assert (await http.update_log_settings({"log_verbose_level": 1}))["log_verbose_level"] == 1
            assert values(await grpc.get_log_settings()) == DEFAULTS | {"log_verbose_level": 1}
            assert values(await grpc.update_log_settings({"log_info": False}))["log_info"] is False
            assert (await http.get_log_settings())["log_info"] is False
            for client in [http, grpc]:
                with pytest.raises(InferenceServerException, match="invalid argument for"):
                    await client.update_log_settings({"log_format": "iso8601"})
    asyncio.run(run())


@pytest.mark.parametrize("body, changes", [
    ({}, {}),
    ([], {}),
    ({"log_info": None, "log_verbose_level": None, "log_format": None, "log_file": None}, {}),
    ({"unknown": 1}, {}),
    ({"log_error": False}, {"log_error": False}),
    ({"log_verbose_level": 2**64 - 1}, {"log_verbose_level": 2**31 - 1}),
])
def test_http_bodies(server, body, changes):
    answer = server.post("/v2/logging", json.dumps(body))
    assert answer.headers["content-type"] == "application/json"
    assert (answer.status_code, answer.json()) == (200, DEFAULTS | changes)


@pytest.mark.parametrize("body, status, error", [
    ('{"log_file":"x"}', 501, "log file location can not be updated through network protocol"),
    ('{"log_file":5}', 501, "log file location can not be updated through network protocol"),
    ('{"log_info":1}', 500, "attempt to access JSON non-boolean as boolean"),
    ('{"log_warning":"x"}', 500, "attempt to access JSON non-boolean as boolean"),
    ('{"log_verbose_level":-1}', 500, "attempt to access JSON non-unsigned-integer as unsigned-integer"),
    ('{"log_verbose_level":"1"}', 500, "attempt to access JSON non-unsigned-integer as unsigned-integer"),
    ('{"log_format":"x"}', 503, "invalid argument for --log_format, got: x"),
    ('{"log_format":5}', 500, "attempt to access JSON non-string as string"),
    ('', 500, "failed to parse the request JSON buffer: The document is empty. at 0"),
    ('{', 500, "failed to parse the request JSON buffer: Missing a name for object member. at 1"),
])
def test_http_errors(server, body, status, error):
    answer = server.post("/v2/logging", body)
    assert (answer.status_code, answer.json()) == (status, {"error": error})
    assert answer.headers["content-type"] == "application/json"


def test_a_request_with_one_mistake_changes_nothing(server):
    assert server.post("/v2/logging", {"log_info": False, "log_verbose_level": 3, "log_format": "x"}).status_code == 503
    assert server.get("/v2/logging").json() == DEFAULTS


def test_other_methods_are_refused(server):
    assert requests.put(f"{server.url}/v2/logging", data="{}").status_code == 405


def lines(server, text):
    return [line for line in server.log.splitlines() if text in line]


def test_the_log_follows(server):
    before = len(lines(server, "loading: identity:1"))
    server.post("/v2/logging", {"log_info": False})
    load(server, "identity", {"backend": "identity", "max_batch_size": 4})
    server.post("/v2/logging", {"log_info": True, "log_format": "ISO8601"})
    load(server, "identity", {"backend": "identity", "max_batch_size": 5})
    loads = wait_until(lambda: lines(server, "loading: identity:1")[before:])
    assert len(loads) == 1
    assert re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ I ", loads[0])
