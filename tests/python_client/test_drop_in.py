"""The modules of tritonclient over neso-client: the stock client's face, and the tests written for it, unchanged."""
import json

import pytest
from support.drop_in import OURS, STOCK, output
from support.server import ROOT

FACE = """
import importlib, inspect, json
face = {}
for name in ("tritonclient.http", "tritonclient.grpc", "tritonclient.http.aio", "tritonclient.grpc.aio", "tritonclient.utils",
             "tritonclient.utils.shared_memory", "tritonclient.http.auth", "tritonclient.grpc.auth", "tritonclient.http.aio.auth",
             "tritonclient.grpc.aio.auth", "tritonhttpclient", "tritongrpcclient", "tritonclientutils", "tritonshmutils",
             "tritonshmutils.shared_memory"):
    module = importlib.import_module(name)
    for key, value in vars(module).items():
        if key.startswith("_") or not getattr(value, "__module__", "").startswith("tritonclient") or inspect.ismodule(value):
            continue
        if not inspect.isclass(value):
            face[f"{name}.{key}"] = [str(p) for p in inspect.signature(value).parameters.values()] if callable(value) else None
            continue
        for member, function in inspect.getmembers(value, lambda m: inspect.isfunction(m) or inspect.ismethod(m)):
            if not member.startswith("_") or member == "__init__" and key != "InferResult":
                face[f"{name}.{key}.{member}"] = [str(p) for p in inspect.signature(function).parameters.values()]
print(json.dumps(face))
"""


# Helpers of the stock client's own modules, which it shows by accident.
ACCIDENTS = {"tritonclient.grpc.raise_error_grpc", "tritonclient.grpc.aio.raise_error_grpc"}


def test_every_name_and_argument_is_there():
    stock, ours = (json.loads(output(["-c", FACE], env)) for env in (STOCK, OURS))
    missing = {name: arguments for name, arguments in stock.items() if name not in ACCIDENTS and (name not in ours or
               arguments is not None and [text.split(":")[0] for text in ours[name]] != [text.split(":")[0] for text in arguments])}
    assert missing == {}


@pytest.mark.parametrize("tests", ["clients/test_every_method.py", "http/test_infer.py", "grpc/test_stream.py"])
def test_what_is_tested_with_the_stock_client_passes_with_ours(tests):
    told = output(["-m", "pytest", "-q", "-p", "no:cacheprovider", ROOT / "tests" / tests], OURS)
    assert " passed" in told and "failed" not in told


UNIX = """
import sys
import tritonclient.grpc as grpc
for target in sys.argv[1:]:
    with grpc.InferenceServerClient(target) as client:
        print(client.is_server_live())
"""


def test_sockets_in_the_file_system(repository, start_server, tmp_path):
    server = start_server(repository.path, f"--grpc-address=unix:{tmp_path}/grpc")
    assert server.get("/v2/health/live").ok
    assert output(["-c", UNIX, f"unix:{tmp_path}/grpc", f"unix://{tmp_path}/grpc"], OURS) == "True\nTrue\n"
