"""The loads of the benchmark: what is sent, over which connections, to which servers."""
import dataclasses
from typing import Callable, Optional

import numpy as np

import grpc_load
import http_load
import shared_memory

HTTP_FLOOR, JSON_FLOOR, GRPC_FLOOR = "HTTP floor", "JSON floor", "gRPC floor"


@dataclasses.dataclass
class Case:
    name: str  # starts with its protocol
    where: str  # the connections, for the table
    run: Callable  # (server, seconds) -> load.Result
    floor: Optional[str] = None


def http_cases(model, name, sizes, label, floor=None, crowds=(1, 8, 64)):
    for elements in sizes:
        body, head = http_load.infer_body(name, "FP32", [1, elements], bytes(4 * elements))
        for connections in crowds:
            yield Case(
                f"http {label}{4 * elements} B", str(connections),
                lambda server, seconds, body=body, head=head, connections=connections: http_load.run(
                    server.pid, server.port, model, body, head, connections, seconds), floor)


def cache_cases():
    """Beside "http 64 B" and "http 602112 B", which are the same without a cache."""
    for elements in (16, 150528):
        body, head = http_load.infer_body("INPUT0", "FP32", [1, elements], bytes(4 * elements))
        for connections in (1, 8):
            yield Case(
                f"http cache hit, {4 * elements} B", str(connections),
                lambda server, seconds, body=body, head=head, connections=connections: http_load.run(
                    server.pid, server.port, "cached", body, head, connections, seconds))
    for connections in (1, 8):
        yield Case("http cache miss, 64 B", str(connections), lambda server, seconds, connections=connections:
                   http_load.run_all_different(server.pid, server.port, "cached", "INPUT0", 16, connections, seconds))


def sequence_cases():
    """As many sequences as connections, which go on all the time: their requests come in turn."""
    for model in ("direct", "oldest"):
        for connections in (1, 64):
            yield Case(
                f"http sequences, {model}, 64 B", str(connections),
                lambda server, seconds, model=model, connections=connections: http_load.run_sequences(
                    server.pid, server.port, model, "INPUT0", 16, connections, seconds))


def json_cases():
    """Floats with the digits that make them, as a program prints them that has them as such."""
    for count in (256, 15052):
        numbers = [float(str(number)) for number in np.random.default_rng(0).random(count, dtype=np.float32)]
        body = http_load.json_infer_body("INPUT0", [1, count], numbers)
        for connections in (1, 8):
            yield Case(
                f"http JSON {count:,} floats", str(connections),
                lambda server, seconds, body=body, connections=connections: http_load.run(
                    server.pid, server.port, "identity", body, None, connections, seconds), JSON_FLOOR)


def grpc_case(name, where, method, message, connections, streams=1, floor=GRPC_FLOOR):
    return Case(name, where, lambda server, seconds: grpc_load.run(
        server.pid, server.grpc_port, method, message, connections, streams, seconds), floor)


def grpc_cases():
    for elements in (16, 150528):
        message = grpc_load.infer_message("identity", "INPUT0", "FP32", [1, elements], bytes(4 * elements))
        for connections in (1, 8, 64):
            yield grpc_case(f"grpc {4 * elements} B", str(connections), grpc_load.INFER, message, connections)
        yield grpc_case(f"grpc {4 * elements} B", "1 of 64 streams", grpc_load.INFER, message, 1, 64)
    message = grpc_load.infer_message("burst", "INPUT0", "FP32", [1, 16], bytes(64))
    for connections in (1, 8):
        yield grpc_case("grpc 1,000 responses of 64 B", str(connections), grpc_load.STREAM, message, connections,
                        floor=None)


def shared_cases(memory):
    """Tensors in memory that the client shares: copied by the model, and not even looked at."""
    for size in (shared_memory.SMALL, shared_memory.LARGE):
        for what, model, inputs, outputs in shared_memory.requests_of(size, memory):
            body, head = shared_memory.http_request(inputs, outputs)
            yield Case(
                f"http shared {size} B, {what}", "1",
                lambda server, seconds, model=model, body=body, head=head: http_load.run(
                    server.pid, server.port, model, body, head, 1, seconds))
            message = shared_memory.grpc_request(model, inputs, outputs)
            yield grpc_case(f"grpc shared {size} B, {what}", "1", grpc_load.INFER, message, 1, floor=None)


def all_cases(memory):
    yield from http_cases("identity", "INPUT0", (16, 150528), "", HTTP_FLOOR)
    yield from http_cases("mlp", "x", (256,), "MLP ", crowds=(1, 8, 64, 256))
    yield from http_cases("dynamic", "INPUT0", (16,), "dynamic batching, ", crowds=(64, 256))
    yield from http_cases("ensemble", "INPUT0", (16,), "ensemble of 3, ")
    yield from http_cases("ensemble", "INPUT0", (150528,), "ensemble of 3, ", crowds=(1, 8))
    yield from cache_cases()
    yield from sequence_cases()
    yield from json_cases()
    yield from grpc_cases()
    yield from shared_cases(memory)
