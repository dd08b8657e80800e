"""Small inference requests to models that ModelRepository.add_identity made."""
import concurrent.futures
import http.client
import re
import time

from support.server import PATIENCE


def body(*rows, inputs=("INPUT0",), outputs=None, id=None, **parameters):
    """FP32 inputs with these rows each as their batch; `outputs`: names, or None for all."""
    request = {"inputs": [{"name": name, "datatype": "FP32", "shape": [len(rows), len(rows[0])],
                           "data": [value for row in rows for value in row]} for name in inputs]}
    if outputs is not None:
        request["outputs"] = [{"name": name} for name in outputs]
    if id is not None:
        request["id"] = id
    if parameters:
        request["parameters"] = parameters
    return request


def ask(server, model, *rows, **parameters):
    return server.infer(model, body(*(rows or ([1.0],)), **parameters))


def values(response):
    assert response.status_code == 200, response.text
    return response.json()["outputs"][0]["data"]


def statistics(server, model, version=None):
    path = f"/v2/models/{model}" + (f"/versions/{version}" if version else "")
    return server.get(f"{path}/stats").json()["model_stats"][0]


def _gauge(server, line):
    """Cheap, because tests ask for it while executions take their time."""
    connection = http.client.HTTPConnection("127.0.0.1", server.metrics_port, timeout=10 * PATIENCE)
    connection.request("GET", "/metrics")
    text = connection.getresponse().read().decode()
    connection.close()
    return int(re.search(rf"^{line} (\d+)$", text, re.M).group(1))


def pending(server, model):
    """How many requests wait for an instance."""
    return _gauge(server, rf'nv_inference_pending_request_count{{model="{model}",[^}}]*}}')


def open_requests(server, service="HTTP"):
    """How many requests, or calls of service "GRPC", are under way."""
    return _gauge(server, rf'neso_open_requests{{service="{service}"}}')


def delay_ms(milliseconds):
    """How long an execution of a test's model takes: long enough to send a few requests meanwhile. In slow builds it is
    longer, but not as much as the patience of a test, because all this time is spent."""
    return int(milliseconds * min(PATIENCE, 3))


def until_executing():
    """After the first request to a model was sent; nothing tells from outside that an instance has taken it."""
    time.sleep(0.05 * min(PATIENCE, 4))


class Crowd:
    """Requests under way at the same time: `with Crowd() as crowd: reply = crowd.ask(server, "m"); reply.result()`."""

    def __init__(self, size=32):
        self.pool = concurrent.futures.ThreadPoolExecutor(size)

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.pool.shutdown()

    def ask(self, server, model, *rows, **parameters):
        return self.pool.submit(ask, server, model, *rows, **parameters)
