"""Trace files, read strictly: what is not in Triton's form fails the test.

    trace, = read_traces(path)
    assert trace.model == "identity" and trace.names[:2] == ["HTTP_RECV_START", "HTTP_RECV_END"]
"""
import dataclasses
import json
import pathlib

HEADER = ["id", "model_name", "model_version", "request_id", "parent_id"]

HTTP = ["HTTP_RECV_START", "HTTP_RECV_END", "INFER_RESPONSE_COMPLETE", "HTTP_SEND_START", "HTTP_SEND_END"]
GRPC = ["GRPC_WAITREAD_START", "GRPC_WAITREAD_END", "INFER_RESPONSE_COMPLETE", "GRPC_SEND_START", "GRPC_SEND_END"]
COMPUTE = ["COMPUTE_START", "COMPUTE_INPUT_END", "COMPUTE_OUTPUT_START", "COMPUTE_END"]
CORE = ["REQUEST_START", "QUEUE_START", *COMPUTE, "REQUEST_END"]


@dataclasses.dataclass
class Trace:
    id: int
    model: str = None
    version: int = None
    request_id: str = None
    parent: int = None
    names: list = dataclasses.field(default_factory=list)    # activities in the order of the file
    ns: dict = dataclasses.field(default_factory=dict)       # activity to time, the first one
    tensors: list = dataclasses.field(default_factory=list)  # (activity, name, data, shape, datatype)

    def follow(self, *names):
        """Whether these activities happened one after the other."""
        times = [self.ns[name] for name in names]
        return times == sorted(times)


def keys(value, expected):
    assert list(value) == expected, value
    return value


def take(element, trace):
    if "timestamps" in element:
        keys(element, ["id", "timestamps"])
        (stamp,) = element["timestamps"]
        keys(stamp, ["name", "ns"])
        assert type(stamp["ns"]) is int and stamp["ns"] > 0
        trace.names.append(stamp["name"])
        trace.ns.setdefault(stamp["name"], stamp["ns"])
    elif "tensor" in element:
        keys(element, ["id", "activity", "tensor"])
        tensor = keys(element["tensor"], ["name", "data", "shape", "dtype"])
        trace.names.append(element["activity"])
        trace.tensors.append((element["activity"], tensor["name"], tensor["data"], tensor["shape"], tensor["dtype"]))
    else:
        assert list(element) == [key for key in HEADER if key in element], element
        assert trace.model is None, "one header for a trace"
        trace.model, trace.version = element["model_name"], element["model_version"]
        trace.request_id, trace.parent = element.get("request_id"), element.get("parent_id")


def read_traces(*paths):
    """The traces in the files, in the order of their blocks."""
    traces, ended = [], set()
    for path in paths:
        for element in json.loads(pathlib.Path(path).read_text()):
            if not traces or traces[-1].id != element["id"]:
                assert element["id"] not in ended, "a trace is one block"
                ended.add(element["id"])
                traces.append(Trace(element["id"]))
            take(element, traces[-1])
    assert all(trace.model is not None for trace in traces)
    return traces


def numbered(path):
    """path.0, path.1, ... as far as they exist."""
    files = []
    while (file := pathlib.Path(f"{path}.{len(files)}")).exists():
        files.append(file)
    return files
