"""`neso perf --service-kind openai`: JSON to a path, and JSON or events back; this server's `generate`, and endpoints as OpenAI has them."""
import csv
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from support.perf import QUICK, counted, experiment, exported
from support.server import run_neso

COUNT = ("--request-count", 6)
PIECES = ["a", "b", "c"]


@pytest.fixture(scope="module")
def server(module_repository, start_module_server):
    module_repository.add_identity("text", datatype="TYPE_STRING")
    module_repository.add_identity("thrice", datatype="TYPE_STRING", extra="model_transaction_policy { decoupled: true }",
                                   parameters={"repeat": "3"})
    module_repository.add_identity("failing", datatype="TYPE_STRING", parameters={"execute_error": "failed on purpose"})
    return start_module_server(module_repository.path)


class Chat(BaseHTTPRequestHandler):
    """What an endpoint for chats answers; `max_tokens` and `n` say how it goes wrong."""
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def say(self, content_type, body, status=200):
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def stream(self, text, ends):
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream; charset=utf-8")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for at in range(0, len(text), 13):  # events are cut anywhere
            piece = text[at:at + 13].encode()
            self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
            self.wfile.flush()
        if ends:
            self.wfile.write(b"0\r\n\r\n")

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        asked = json.loads(body)
        self.server.asked.append((self.path, self.headers.items(), body.decode()))
        with self.server.lock:
            self.server.at_once += 1
            self.server.most_at_once = max(self.server.most_at_once, self.server.at_once)
        time.sleep(asked.get("wait", 0))
        try:
            self.answer(asked)
        finally:
            with self.server.lock:
                self.server.at_once -= 1

    def answer(self, asked):
        if asked.get("model") != "m":
            return self.say("application/json", b'{"error":{"message":"no such model"}}', 404)
        if asked.get("n") == -1:
            return self.say("application/json", b"{}")
        if not asked.get("stream"):
            said = {"role": "assistant", "content": f"to {asked['messages'][-1]['content']}"} if "messages" in asked else {"content": "abc"}
            return self.say("application/json", json.dumps({"choices": [{"message": said}]}).encode())
        events = [json.dumps({"choices": [{"delta": {"content": piece}}]}) for piece in PIECES]
        if asked.get("max_tokens") == 0:
            events[1:] = [json.dumps({"error": {"message": "none is allowed"}})]
        self.stream(": awake\n\n" + "".join(f"data: {event}\n\n" for event in [*events, "[DONE]"]), ends=asked.get("n") != 0)


@pytest.fixture
def chat():
    listening = ThreadingHTTPServer(("127.0.0.1", 0), Chat)
    listening.asked, listening.lock, listening.at_once, listening.most_at_once = [], threading.Lock(), 0, 0
    threading.Thread(target=listening.serve_forever, daemon=True).start()
    yield listening
    listening.shutdown()
    listening.server_close()


def bodies(*payloads):
    return {"data": [{"payload": [payload]} for payload in payloads]}


@pytest.fixture
def perf(data):
    def run(address, endpoint, content, *more):
        words = ("perf", "-m", "m", "--service-kind", "openai", "--endpoint", endpoint, "-u", address, "--input-data", data(content), *more)
        return run_neso(*map(str, words))
    return run


def at(chat):
    return f"127.0.0.1:{chat.server_address[1]}"


def test_one_answer_for_each_request(perf, server, tmp_path):
    files = ("--profile-export-file", tmp_path / "a.json", "-f", tmp_path / "a.csv")
    texts = [{"INPUT0": f"text {i}"} for i in range(3)]
    ran = perf(server.http, "v2/models/text/generate", bodies(*texts), *COUNT, *files)
    assert ran.returncode == 0, ran.stderr
    assert "  Service Kind: OPENAI\n" in ran.stdout and counted(ran.stdout, "Request count") == 6
    assert "Server: " not in ran.stdout and "Response Throughput" not in ran.stdout
    told = json.loads((tmp_path / "a.json").read_text())
    assert (told["service_kind"], told["endpoint"]) == ("openai", "v2/models/text/generate")
    requests = exported(tmp_path / "a.json")
    assert [json.loads(request["request_inputs"]["payload"]) for request in requests] == texts * 2
    for request in requests:
        [answer] = request["response_outputs"]
        assert json.loads(answer["response"])["OUTPUT0"] == json.loads(request["request_inputs"]["payload"])["INPUT0"]
    [row] = csv.DictReader((tmp_path / "a.csv").open())
    assert list(row) == ["Concurrency", "Inferences/Second", "Client Send", "Client Recv", *(f"p{n} latency" for n in (50, 90, 95, 99))]


def test_windows_are_measured_without_the_servers_counts(perf, server):
    ran = perf(server.http, "/v2/models/text/generate", bodies({"INPUT0": "x"}), "--concurrency-range", "1:3:2", "--json", *QUICK)
    assert ran.returncode == 0, ran.stderr
    told = json.loads(ran.stdout)
    assert told["service_kind"] == "openai" and [result["concurrency"] for result in told["results"]] == [1, 3]
    assert all(result["throughput"] > 10 and "server" not in result for result in told["results"])


def test_two_servers_are_compared(perf, server, chat):
    ran = perf(server.http, "v2/models/text/generate", bodies({"INPUT0": "x", "model": "m"}), "--versus", server.http, *QUICK)
    assert ran.returncode == 0 and "windows of each server in turn" in ran.stdout, ran.stderr


def test_events_of_this_server(perf, server, tmp_path):
    path = tmp_path / "a.json"
    ran = perf(server.http, "v2/models/thrice/generate_stream", bodies({"INPUT0": "x"}), "--streaming", *COUNT, "--profile-export-file", path)
    assert ran.returncode == 0, ran.stderr
    assert "Detected answers that are events" in ran.stdout and "Response Throughput" in ran.stdout
    for request in exported(path):
        texts = [answer["response"] for answer in request["response_outputs"]]
        assert len(request["response_timestamps"]) == 3
        assert [json.loads(text.removeprefix("data:"))["OUTPUT0"] for text in texts] == ["x"] * 3


def test_events_as_openai_has_them(perf, chat, tmp_path):
    path = tmp_path / "a.json"
    asked = {"model": "m", "messages": [{"role": "user", "content": "né"}], "stream": True}
    ran = perf(at(chat), "v1/chat/completions", bodies(asked), *COUNT, "-H", "Authorization: Bearer x", "--profile-export-file", path)
    assert ran.returncode == 0, ran.stderr
    assert "Detected answers that are events" in ran.stdout, "the body asks for them"
    for request in exported(path):
        *pieces, last = [answer["response"] for answer in request["response_outputs"]]
        assert all(piece.startswith("data: ") and piece.endswith("\n\n") for piece in pieces)
        assert [json.loads(piece[6:])["choices"][0]["delta"]["content"] for piece in pieces] == PIECES
        assert last == "data: [DONE]\n\n"
        assert request["response_timestamps"] == sorted(request["response_timestamps"])
    where, headers, body = chat.asked[-1]
    assert where == "/v1/chat/completions" and json.loads(body) == asked
    assert ("Content-Type", "application/json") in headers and ("Authorization", "Bearer x") in headers


def test_the_body_and_the_type_are_sent_as_they_are_given(perf, chat, tmp_path):
    body = '{"model":  "m", "seed": 123456789012345678901, "top_p": 0.10, "text": "\\u00e9\\/"}'
    (tmp_path / "own.json").write_text('{"data": [{"payload": [' + body + ']}]}')
    words = ("perf", "-m", "m", "--service-kind", "openai", "--endpoint", "x", "-u", at(chat), "--input-data", tmp_path / "own.json")
    ran = run_neso(*map(str, words), *map(str, COUNT), "-H", "content-type: application/vnd.x+json")
    assert ran.returncode == 0, ran.stderr
    _, headers, sent = chat.asked[-1]
    assert sent == body
    assert [value for name, value in headers if name.lower() == "content-type"] == ["application/vnd.x+json"]


def test_an_answer_is_compared_with_the_one_expected(perf, chat):
    content = bodies({"model": "m"})
    for text, code in (("abc", 0), ("abd", 99)):
        content["validation_data"] = [{"response": [{"choices": [{"message": {"content": text}}]}]}]
        ran = perf(at(chat), "v1/chat/completions", content, *COUNT)
        assert ran.returncode == code and (code == 0) != ("output 'response' is not what validation_data says" in ran.stderr), ran


def sessions(turns, **more):
    """`turns`: the session of each request, in the order of the file."""
    def ask(i, session):
        return {"payload": [{"model": "m", "messages": [{"role": "user", "content": f"{session}{i}"}], "wait": 0.03, **more}],
                "session_id": [session], "delay": [100]}
    return {"data": [ask(i, session) for i, session in enumerate(turns)]}


def conversations(chat):
    """The texts of all messages of each request, by session, in the order in which they came."""
    told = {}
    for _, _, body in chat.asked:
        texts = [message["content"] for message in json.loads(body)["messages"]]
        told.setdefault(texts[0][0], []).append(texts)
    return told


@pytest.mark.parametrize("stream", [False, True])
def test_sessions(perf, chat, tmp_path, stream):
    """Each request brings what was said before, and comes behind the answer and its pause; so many sessions run at a time."""
    path = tmp_path / "a.json"
    ran = perf(at(chat), "v1/chat/completions", sessions("abacba", stream=stream), "--session-concurrency", 2, "--profile-export-file", path)
    assert ran.returncode == 0, ran.stderr
    assert "Session concurrency: 2\n" in ran.stdout and counted(ran.stdout, "Request count") == 6
    assert counted(ran.stdout, "Session count") == 3
    answer = (lambda text: "abc") if stream else (lambda text: f"to {text}")
    assert conversations(chat) == {
        "a": [["a0"], ["a0", answer("a0"), "a2"], ["a0", answer("a0"), "a2", answer("a2"), "a5"]],
        "b": [["b1"], ["b1", answer("b1"), "b4"]], "c": [["c3"]]}
    assert chat.most_at_once <= 2
    requests = exported(path)
    assert sorted(request["request_inputs"]["payload"] for request in requests) == sorted(body for _, _, body in chat.asked)
    of_a = sorted((r for r in requests if '"a0"' in r["request_inputs"]["payload"]), key=lambda r: r["timestamp"])
    for before, after in zip(of_a, of_a[1:]):
        assert after["timestamp"] - before["response_timestamps"][-1] > 95e6, "the pause"


def test_sessions_that_cannot_be(perf, server, chat):
    lost = sessions("ab")
    del lost["data"][1]["session_id"]
    for address, content, words, told in [
            (at(chat), sessions("ab"), (3,), "--session-concurrency 3: the input data has 2 sessions"),
            (at(chat), lost, (1,), 'expected "session_id" with a text, which --session-concurrency needs ( Location stream id: 0, step id: 1)'),
            (at(chat), bodies({"model": "m"}), (1, "-x", 1), "-x is of no use"),
            (at(chat), sessions("a"), (1, "--warmup-request-count", 2), "leave --warmup-request-count out"),
            (at(chat), sessions("a"), (1, "--concurrency-range", 2), "Cannot use both --session-concurrency and --concurrency-range"),
            (at(chat), sessions("aa", n=-1), (1,), "the session cannot go on: expected choices[0].message in the answer, got {}"),
            (server.http, sessions("a"), (1,), "the server answers 404")]:
        ran = perf(address, "v1/chat/completions", content, "--session-concurrency", *words)
        assert ran.returncode in (3, 99) and told in ran.stderr, (told, ran)
    ran = run_neso("perf", "-m", "m", "--session-concurrency", "2")
    assert ran.returncode == 3 and "--session-concurrency is of chats: add --service-kind openai" in ran.stderr


def test_a_schedule(perf, server, tmp_path):
    path = tmp_path / "a.json"
    content = {"data": [{"payload": [{"INPUT0": "x"}], "timestamp": [50 * i]} for i in range(4)]}
    ran = perf(server.http, "v2/models/text/generate", content, "--fixed-schedule", "--profile-export-file", path)
    assert ran.returncode == 0, ran.stderr
    began = [request["timestamp"] for request in experiment(path)["requests"]]
    assert [round((time - began[0]) / 50e6) for time in began] == [0, 1, 2, 3]


def test_what_the_server_refuses_is_told(perf, server, chat):
    for address, endpoint, body, told in [
            (server.http, "v2/models/none/generate", {}, "the server answers 404: "),
            (server.http, "v2/models/failing/generate", {"INPUT0": "x"}, "failed on purpose"),
            (server.http, "v2/models/failing/generate_stream", {"INPUT0": "x"}, "failed on purpose"),
            (at(chat), "v1/chat/completions", {"model": "n"}, '404: {"error":{"message":"no such model"}}'),
            (at(chat), "v1/chat/completions", {"model": "m", "stream": True, "max_tokens": 0}, "the server answers: none is allowed")]:
        ran = perf(address, endpoint, bodies(body), *COUNT)
        assert ran.returncode == 99 and told in ran.stderr, (told, ran)


def test_an_error_is_told_when_it_comes(perf, chat):
    body = {"model": "m", "stream": True, "max_tokens": 0, "n": 0}  # and the stream does not end
    ran = perf(at(chat), "v1/chat/completions", bodies(body), *COUNT)
    assert ran.returncode == 99 and "the server answers: none is allowed" in ran.stderr, ran


@pytest.mark.parametrize("words, told", [
    (("--service-kind", "openai"), "--service-kind openai needs --endpoint PATH"),
    (("--service-kind", "openai", "--endpoint", "a"), "--service-kind openai needs --input-data FILE"),
    (("--endpoint", "a"), "--endpoint is for another kind of service: add --service-kind openai"),
    (("--service-kind", "openai", "--endpoint", "a b"), "Failed to parse --endpoint. expected the path of a URL"),
    (("--service-kind", "openai", "--endpoint", "/"), "Failed to parse --endpoint. expected the path of a URL"),
    (("--service-kind", "openai", "--endpoint", "a", "--input-data", "/", "-b", 2), "-b is of no use with --service-kind openai"),
    (("--service-kind", "openai", "--endpoint", "a", "--input-data", "/", "-i", "grpc"), "gRPC is of no use with --service-kind openai"),
    (("--service-kind", "openai", "--endpoint", "a", "--input-data", "/", "--collect-metrics"), "--collect-metrics is of no use"),
    (("--service-kind", "torchserve"), "expected triton, triton_c_api or openai, got 'torchserve'")])
def test_options_that_do_not_go_together(words, told):
    ran = run_neso("perf", "-m", "m", *map(str, words))
    assert ran.returncode == 3 and told in ran.stderr, ran.stderr[-300:]
