"""Collectors of OpenTelemetry spans: the collector's own receiver, and one that fails on demand.

    with Collector(tmp_path) as collector:
        server = start_server(path, *opentelemetry(collector.url))
        ...
        spans = collector.await_spans(3)
"""
import collections
import dataclasses
import gzip
import http.server
import json
import subprocess
import threading

import pytest

from .server import ROOT
from .wait import wait_until

PROGRAM = ROOT / ".deps" / "collector" / "bin" / "otlp_collector"
needs_collector = pytest.mark.skipif(not PROGRAM.is_file(), reason="no .deps/collector: run scripts/setup test")


# What a caller says of itself in the standard's own example.
TRACE = "0af7651916cd43dd8448eb211c80319c"
CALLER = "b7ad6b7169203331"
CONTEXT = {"traceparent": f"00-{TRACE}-{CALLER}-01", "tracestate": "a=1,b=2"}


def opentelemetry(url, *settings, rate=1, level="TIMESTAMPS", delay=50):
    """Options of a server that sends its spans to `url`."""
    return ["--trace-config=mode=opentelemetry", f"--trace-config=level={level}", f"--trace-config=rate={rate}",
            f"--trace-config=opentelemetry,url={url}", f"--trace-config=opentelemetry,bsp_schedule_delay={delay}",
            *(f"--trace-config=opentelemetry,{setting}" for setting in settings)]


@dataclasses.dataclass
class Span:
    name: str
    trace: str
    id: str
    parent: str
    state: str
    kind: int
    start: int
    end: int
    attributes: dict
    events: list  # names, in order
    times: dict   # of events
    status: dict
    resource: dict
    scope: str

    def holds(self, other):
        return self.start <= other.start <= other.end <= self.end


def by_name(spans):
    named = {span.name: span for span in spans}
    assert len(named) == len(spans)
    return named


def value_of(value):
    (kind, content), = value.items()
    return int(content) if kind == "intValue" else content


def attributes_of(holder):
    attributes = holder.get("attributes", [])
    assert len({attribute["key"] for attribute in attributes}) == len(attributes)
    return {attribute["key"]: value_of(attribute["value"]) for attribute in attributes}


def spans_of(batch):
    """The spans of one batch in OTLP's JSON form."""
    for of_resource in batch["resourceSpans"]:
        for of_scope in of_resource["scopeSpans"]:
            for span in of_scope["spans"]:
                events = span.get("events", [])
                yield Span(name=span["name"], trace=span["traceId"], id=span["spanId"], parent=span.get("parentSpanId", ""),
                           state=span.get("traceState", ""), kind=span["kind"], start=int(span["startTimeUnixNano"]),
                           end=int(span["endTimeUnixNano"]), attributes=attributes_of(span),
                           events=[event["name"] for event in events],
                           times={event["name"]: int(event["timeUnixNano"]) for event in events},
                           status=span.get("status", {}), resource=attributes_of(of_resource["resource"]),
                           scope=of_scope["scope"]["name"])


class Collector:
    """The OTLP receiver of the OpenTelemetry collector."""

    def __init__(self, folder):
        self.file = folder / "spans.jsonl"

    def __enter__(self):
        self.process = subprocess.Popen([PROGRAM, self.file], stdout=subprocess.PIPE, text=True)
        words = self.process.stdout.readline().split()
        assert words[:2] == ["listening", "at"]
        self.url = f"http://{words[2]}/v1/traces"
        return self

    def __exit__(self, *_):
        self.process.terminate()
        assert self.process.wait(20) == 0
        self.process.stdout.close()

    def spans(self):
        lines = self.file.read_text().splitlines(keepends=True)
        return [span for line in lines if line.endswith("\n") for span in spans_of(json.loads(line))]

    def await_spans(self, count):
        """As soon as there are so many, and no more than those."""
        wait_until(lambda: len(self.spans()) >= count)
        spans = self.spans()
        assert len(spans) == count, [span.name for span in spans]
        return spans


class FaultyCollector:
    """Answers posts with `statuses` first, then with 200. `posts` are (headers, body without compression, JSON)."""

    def __init__(self, statuses=(), headers=()):
        self.statuses = collections.deque(statuses)
        self.posts = []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                if self.headers.get("content-encoding") == "gzip":
                    body = gzip.decompress(body)
                outer.posts.append((self.path, dict(self.headers), body))
                self.send_response(outer.statuses.popleft() if outer.statuses else 200)
                for name, value in headers:
                    self.send_header(name, value)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/v1/traces"

    def __enter__(self):
        self.thread = threading.Thread(target=self.server.serve_forever)
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    def await_posts(self, count):
        wait_until(lambda: len(self.posts) >= count)
        return self.posts
