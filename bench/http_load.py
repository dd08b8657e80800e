"""Loads over HTTP/1.1, driven by wrk."""
import json
import pathlib
import re
import subprocess
import tempfile

import load


def infer_body(name, datatype, shape, payload):
    """A request with one binary input and binary outputs; returns (body, length of its JSON)."""
    head = json.dumps({
        "inputs": [{"name": name, "shape": shape, "datatype": datatype,
                    "parameters": {"binary_data_size": len(payload)}}],
        "parameters": {"binary_data_output": True}}, separators=(",", ":")).encode()
    return head + payload, len(head)


def json_infer_body(name, shape, numbers):
    """A request with one input of floats as JSON, as Python's json writes it."""
    return json.dumps({"inputs": [{"name": name, "shape": shape, "datatype": "FP32", "data": numbers}]}).encode()


SCRIPT = """
local file = io.open("{body}", "rb")
wrk.body = file:read("*a")
file:close()
wrk.method = "POST"
{headers}
"""

# Made beforehand: the client is to cost the same for one model and for many.
SPREAD = """
local requests = {{}}
init = function()
  math.randomseed(1)
  for name in io.lines("{names}") do
    requests[#requests + 1] = wrk.format(nil, "/v2/models/" .. name .. "/infer")
  end
end
request = function() return requests[math.random(#requests)] end
"""


def header_lines(head_length):
    headers = {"Content-Type": "application/json"} if head_length is None else {
        "Content-Type": "application/octet-stream", "Inference-Header-Content-Length": head_length}
    return "\n".join(f'wrk.headers["{name}"] = "{value}"' for name, value in headers.items())


MICROSECONDS = {"us": 1, "ms": 1e3, "s": 1e6, "m": 60e6}


def microseconds(text):
    number, unit = re.fullmatch(r"([\d.]+)(us|ms|s|m)", text).groups()
    return float(number) * MICROSECONDS[unit]


def run(pid, port, model, body, head_length, connections, seconds):
    """Runs wrk with one thread against /v2/models/<model>/infer; without a `head_length` the body is all JSON.
    Of a list of models each request draws one."""
    with tempfile.TemporaryDirectory() as folder:
        pathlib.Path(folder, "body").write_bytes(body)
        script = SCRIPT.format(body=f"{folder}/body", headers=header_lines(head_length))
        if isinstance(model, list):
            pathlib.Path(folder, "names").write_text("\n".join(model))
            script += SPREAD.format(names=f"{folder}/names")
            model = model[0]
        pathlib.Path(folder, "load.lua").write_text(script)
        before = load.cpu_seconds(pid)
        text = subprocess.run(
            ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", "-s", f"{folder}/load.lua",
             f"http://127.0.0.1:{port}/v2/models/{model}/infer"], capture_output=True, text=True, check=True).stdout
        cpu = load.cpu_seconds(pid) - before
    count = int(re.search(r"(\d+) requests in", text).group(1))
    if count == 0:
        raise SystemExit(f"bench: no request to '{model}' on port {port} was answered:\n{text}")
    bad = re.search(r"Non-2xx or 3xx responses: (\d+)", text)
    return load.Result(
        requests_per_s=float(re.search(r"Requests/sec:\s+([\d.]+)", text).group(1)),
        p50_us=microseconds(re.search(r"^\s+50%\s+(\S+)", text, re.M).group(1)),
        p99_us=microseconds(re.search(r"^\s+99%\s+(\S+)", text, re.M).group(1)),
        cpu_us=cpu / max(count, 1) * 1e6,
        errors=int(bad.group(1)) if bad else 0)
