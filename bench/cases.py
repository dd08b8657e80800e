"""The loads of the benchmark: what is sent, over which connections, to which servers."""
import dataclasses
from typing import Callable

import grpc_load
import http_load

FLOOR_OF = {"http": "HTTP floor", "grpc": "gRPC floor"}


@dataclasses.dataclass
class Case:
    name: str  # starts with its protocol
    where: str  # the connections, for the table
    run: Callable  # (server, seconds) -> load.Result
    has_floor: bool = True

    @property
    def floor(self):
        return FLOOR_OF[self.name.split(" ")[0]] if self.has_floor else None


def http_cases(model, name, sizes, label, has_floor):
    for elements in sizes:
        body, head = http_load.infer_body(name, "FP32", [1, elements], bytes(4 * elements))
        for connections in (1, 8, 64):
            yield Case(
                f"http {label}{4 * elements} B", str(connections),
                lambda server, seconds, body=body, head=head, connections=connections: http_load.run(
                    server.pid, server.port, model, body, head, connections, seconds), has_floor)


def grpc_case(name, where, method, message, connections, streams=1, has_floor=True):
    return Case(name, where, lambda server, seconds: grpc_load.run(
        server.pid, server.grpc_port, method, message, connections, streams, seconds), has_floor)


def grpc_cases():
    for elements in (16, 150528):
        message = grpc_load.infer_message("identity", "INPUT0", "FP32", [1, elements], bytes(4 * elements))
        for connections in (1, 8, 64):
            yield grpc_case(f"grpc {4 * elements} B", str(connections), grpc_load.INFER, message, connections)
        yield grpc_case(f"grpc {4 * elements} B", "1 of 64 streams", grpc_load.INFER, message, 1, 64)
    message = grpc_load.infer_message("burst", "INPUT0", "FP32", [1, 16], bytes(64))
    for connections in (1, 8):
        yield grpc_case("grpc 1,000 responses of 64 B", str(connections), grpc_load.STREAM, message, connections,
                        has_floor=False)


def all_cases():
    yield from http_cases("identity", "INPUT0", (16, 150528), "", True)
    yield from http_cases("mlp", "x", (256,), "MLP ", False)
    yield from grpc_cases()
