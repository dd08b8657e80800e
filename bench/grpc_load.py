"""Loads over gRPC, driven by h2load: one message, sent again and again as the body of a call."""
import pathlib
import re
import struct
import subprocess
import tempfile

from tritonclient.grpc import service_pb2

import load

INFER = "ModelInfer"
STREAM = "ModelStreamInfer"


def infer_message(model, name, datatype, shape, payload):
    """A length-prefixed ModelInferRequest with one raw input."""
    request = service_pb2.ModelInferRequest(model_name=model)
    request.inputs.add(name=name, datatype=datatype, shape=shape)
    request.raw_input_contents.append(payload)
    return framed(request)


def framed(request):
    text = request.SerializeToString()
    return b"\0" + struct.pack(">I", len(text)) + text


def _h2load(port, method, body, connections, streams, requests, log):
    text = subprocess.run(
        ["h2load", "-t1", f"-c{connections}", f"-m{streams}", f"-n{requests}", "-w24", "-W24", f"--log-file={log}",
         "-d", body, "-H", "content-type: application/grpc", "-H", "te: trailers",
         f"http://127.0.0.1:{port}/inference.GRPCInferenceService/{method}"], capture_output=True, text=True,
        timeout=300, check=True).stdout
    rate = re.search(r"finished in .*?, ([\d.]+) req/s", text)
    if rate is None:
        raise SystemExit(f"bench: no call of {method} on port {port} was answered:\n{text}")
    return float(rate.group(1)), int(re.search(r"(\d+) failed", text).group(1))


def run(pid, port, method, message, connections, streams, seconds):
    """A counted load, its size found by a short one: calls that are cut off are not what is measured here, and the server
    compared with does not always survive them."""
    with tempfile.TemporaryDirectory() as folder:
        body, log = pathlib.Path(folder, "body"), pathlib.Path(folder, "log")
        body.write_bytes(message)
        least = connections * streams
        rate, _ = _h2load(port, method, body, connections, streams, least * 20, log)
        log.unlink()
        requests = max(least, int(rate * seconds) // least * least)
        before = load.cpu_seconds(pid)
        rate, failed = _h2load(port, method, body, connections, streams, requests, log)
        cpu = load.cpu_seconds(pid) - before
        # One line a call: start, HTTP status, microseconds.
        took = sorted(int(line.split("\t")[2]) for line in log.read_text().splitlines())
    return load.Result(
        requests_per_s=rate,
        p50_us=took[len(took) // 2],
        p99_us=took[min(len(took) - 1, len(took) * 99 // 100)],
        cpu_us=cpu / requests * 1e6,
        errors=failed)
