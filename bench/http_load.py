"""Loads over HTTP/1.1, driven by wrk."""
import contextlib
import json
import pathlib
import re
import subprocess
import tempfile
import urllib.error
import urllib.request

import load


def infer_body(name, datatype, shape, payload, **parameters):
    """A request with one binary input and binary outputs; returns (body, length of its JSON)."""
    head = json.dumps({
        "inputs": [{"name": name, "shape": shape, "datatype": datatype,
                    "parameters": {"binary_data_size": len(payload)}}],
        "parameters": {"binary_data_output": True, **parameters}}, separators=(",", ":")).encode()
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


# Like the above, for bodies that differ.
IN_TURN = """
local requests, at = {{}}, 0
init = function()
  for i = 1, {count} do
    local file = io.open("{folder}/body" .. i, "rb")
    requests[i] = wrk.format(nil, nil, nil, file:read("*a"))
    file:close()
  end
end
request = function()
  at = at % {count} + 1
  return requests[at]
end
"""


# A body of which the last 16 bytes are never the same.
ALL_DIFFERENT = """
local count = 0
local begin = os.time() % 1000000
local fixed = string.sub(wrk.body, 1, -17)
request = function()
  count = count + 1
  return wrk.format(nil, nil, nil, fixed .. string.format("%06d%010d", begin, count))
end
"""


def header_lines(head_length):
    headers = {"Content-Type": "application/json"} if head_length is None else {
        "Content-Type": "application/octet-stream", "Inference-Header-Content-Length": head_length}
    return "\n".join(f'wrk.headers["{name}"] = "{value}"' for name, value in headers.items())


MICROSECONDS = {"us": 1, "ms": 1e3, "s": 1e6, "m": 60e6}


def microseconds(text):
    number, unit = re.fullmatch(r"([\d.]+)(us|ms|s|m)", text).groups()
    return float(number) * MICROSECONDS[unit]


def run_sequences(pid, port, model, name, elements, count, seconds):
    """`count` sequences on as many connections, begun before and ended afterwards."""
    def request(sequence, **flags):
        # IDs of one length, so that all heads have one length, too.
        return infer_body(name, "FP32", [1, elements], bytes(4 * elements), sequence_id=1000 + sequence, **flags)

    def ask_all(**flags):
        for sequence in range(1, count + 1):
            body, head = request(sequence, **flags)
            headers = {"Content-Type": "application/octet-stream", "Inference-Header-Content-Length": str(head)}
            url = f"http://127.0.0.1:{port}/v2/models/{model}/infer"
            # What was under way when a load ended has been cancelled, and its sequence with it.
            with contextlib.suppress(urllib.error.HTTPError) if "sequence_end" in flags else contextlib.nullcontext():
                urllib.request.urlopen(urllib.request.Request(url, body, headers), timeout=30).read()

    with tempfile.TemporaryDirectory() as folder:
        for sequence in range(1, count + 1):
            body, head = request(sequence)
            pathlib.Path(folder, f"body{sequence}").write_bytes(body)
        ask_all(sequence_start=True)
        result = run(pid, port, model, body, head, count, seconds, IN_TURN.format(count=count, folder=folder))
        ask_all(sequence_end=True)
    return result


def run_all_different(pid, port, model, name, elements, connections, seconds):
    body, head = infer_body(name, "FP32", [1, elements], bytes(4 * elements))
    return run(pid, port, model, body, head, connections, seconds, ALL_DIFFERENT)


def run(pid, port, model, body, head_length, connections, seconds, more=""):
    """Runs wrk with one thread against /v2/models/<model>/infer; without a `head_length` the body is all JSON.
    Of a list of models each request draws one. `more`: a script's further lines."""
    with tempfile.TemporaryDirectory() as folder:
        pathlib.Path(folder, "body").write_bytes(body)
        script = SCRIPT.format(body=f"{folder}/body", headers=header_lines(head_length)) + more
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
