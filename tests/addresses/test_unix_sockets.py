"""HTTP and gRPC on Unix-domain sockets: the stock client, what is logged, and which files stay."""
import http.client
import os
import signal
import socket
import stat
import subprocess

import numpy as np
import pytest
import tritonclient.grpc as grpcclient
from support.certificates import Authority, tls_flags
from support.server import PATIENCE, TREE, Server, run_neso
from support.wait import wait_until


@pytest.fixture
def start(repository, tmp_path, start_server):
    """Starts a server on tmp_path/http and tmp_path/grpc."""
    repository.add_identity("identity")

    def start(*flags):
        server = start_server(repository.path, *addresses(tmp_path), *flags, ready=False)
        wait_until(lambda: "Started Metrics Service" in server.log)
        return server
    return start


def addresses(folder):
    return f"--http-address=unix:{folder}/http", f"--grpc-address=unix:{folder}/grpc"


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=20 * PATIENCE)
        self.path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


def ready_over_http(path):
    connection = UnixConnection(path)
    connection.request("GET", "/v2/health/ready")
    response = connection.getresponse()
    response.read()
    connection.close()
    return response.status == 200


def echo(address, **arguments):
    array = np.random.default_rng(1).random((1, 500_000), dtype=np.float32)
    tensor = grpcclient.InferInput("INPUT0", list(array.shape), "FP32")
    tensor.set_data_from_numpy(array)
    with grpcclient.InferenceServerClient(address, **arguments) as client:
        np.testing.assert_array_equal(client.infer("identity", [tensor]).as_numpy("OUTPUT0"), array)


def is_socket(path):
    return stat.S_ISSOCK(os.lstat(path).st_mode)


def test_requests(start, tmp_path):
    server = start()
    assert ready_over_http(tmp_path / "http")
    answer = subprocess.run(["curl", "-sS", "--unix-socket", tmp_path / "http", "http://localhost/v2/models/identity"],
                            capture_output=True, text=True, timeout=20 * PATIENCE)
    assert '"name":"identity"' in answer.stdout, answer.stderr
    echo(f"unix:{tmp_path}/grpc")
    echo(f"unix:{tmp_path}/grpc:{server.grpc_port}")  # the name that Triton gives it
    assert f'"Started GRPCInferenceService at unix:{tmp_path}/grpc:{server.grpc_port}"' in server.log
    assert f'"Started HTTPService at unix:{tmp_path}/http:{server.http_port}"' in server.log
    assert server.metric("nv_inference_request_success", model="identity") == 2


def test_commands(start, tmp_path):
    server = start()
    metrics = ["--metrics-url", f"127.0.0.1:{server.metrics_port}"]
    for url in (f"unix:{tmp_path}/http", f"http://unix://{tmp_path}/http", f"grpc://unix:{tmp_path}/grpc"):
        for words, told in ((["status"], "| ready   | yes"), (["models"], "| identity |"), (["metrics", *metrics], "| nv_"),
                            (["infer", "identity", "1,2"], "OUTPUT0 FP32 [1,2]\n  1 2\n"),
                            (["top", "--once", "--interval", "0.1", *metrics], f"{url}: CPU")):
            ran = run_neso(*words, "-u", url)
            assert ran.returncode == 0 and told in ran.stdout, ran
    beside = subprocess.run([TREE / "bin/neso", "status", "--ready", "-u", "unix:http"], cwd=tmp_path, capture_output=True, text=True)
    assert beside.stdout == "ready\n", "paths may be relative"


def test_commands_with_tls(start, tmp_path):
    authority = Authority(tmp_path, "ours")
    pair = authority.issue("server")
    start(*tls_flags("http", pair), *tls_flags("grpc", pair))
    for url in (f"https://unix:{tmp_path}/http", f"grpcs://unix:{tmp_path}/grpc"):
        assert run_neso("status", "--ready", "-u", url, "--cacert", str(authority.certificate)).stdout == "ready\n"
        assert "TLS: " in run_neso("status", "-u", url).stderr, "nobody has signed it whom the system trusts"


def test_commands_at_a_socket_of_another_kind(start, tmp_path):
    start()
    (tmp_path / "file").write_text("")
    for path, scheme, told in (("none", "", "No such file or directory"), ("file", "grpc://", "Connection refused"),
                               ("x" * 200, "", "File name too long"), ("http", "grpc://", "gRPC has a socket of its own"),
                               ("grpc", "", "if it speaks gRPC: grpc:// before the address does")):
        ran = run_neso("status", "-u", f"{scheme}unix:{tmp_path}/{path}")
        assert ran.returncode == 1 and told in ran.stderr, ran
    assert f"cannot connect to unix:{tmp_path}/none: " in run_neso("status", "-u", f"unix:{tmp_path}/none").stderr


def test_files_go_with_the_server(start, tmp_path):
    server = start()
    before = set(os.listdir(tmp_path))
    assert {"http", "grpc", f"grpc:{server.grpc_port}"} <= before
    server.stop()
    assert before - set(os.listdir(tmp_path)) == {"http", "grpc", f"grpc:{server.grpc_port}"}


def test_files_of_a_killed_server_are_replaced(start, tmp_path, repository):
    killed = Server(repository.path, *addresses(tmp_path), ready=False).start()
    wait_until(lambda: "Started Metrics Service" in killed.log)
    killed.process.send_signal(signal.SIGKILL)
    assert killed.wait() == -signal.SIGKILL
    assert is_socket(tmp_path / "http") and is_socket(tmp_path / "grpc")
    start(f"--grpc-port={killed.grpc_port}")
    assert ready_over_http(tmp_path / "http")
    echo(f"unix:{tmp_path}/grpc")
    echo(f"unix:{tmp_path}/grpc:{killed.grpc_port}")


@pytest.mark.parametrize("service, port", [("http", 8000), ("grpc", 8001)])
def test_what_is_in_use_is_left_alone(start, tmp_path, repository, service, port):
    start()
    (tmp_path / "file").write_text("precious")
    for path in (tmp_path / service, tmp_path / "file"):
        other = {"http": "--grpc-address=127.0.0.1", "grpc": "--http-address=127.0.0.1"}[service]
        result = run_neso(f"--model-repository={repository.path}", f"--{service}-address=unix:{path}", other, "--metrics-port=0",
                          *(["--grpc-port=0"] if service == "http" else ["--http-port=0"]))
        assert result.returncode == 1
        assert (f"failed to start {service.upper()} service: Unavailable - Socket 'unix:{path}:{port}' already in use "
                in result.stderr)
    assert (tmp_path / "file").read_text() == "precious"
    assert ready_over_http(tmp_path / "http")
    echo(f"unix:{tmp_path}/grpc")


def test_one_file_for_two_services_is_refused(repository, tmp_path):
    result = run_neso(f"--model-repository={repository.path}", f"--http-address=unix:{tmp_path}/s",
                      f"--grpc-address=unix:{tmp_path}/s")
    assert result.returncode == 1
    assert result.stderr.endswith("The server cannot listen to HTTP requests and GRPC requests at the same address and port "
                                  f"unix:{tmp_path}/s:8000\n")


def test_tls_on_a_socket_file(start, tmp_path):
    authority = Authority(tmp_path, "ours")
    start(*tls_flags("grpc", authority.issue("server")))
    # There is no host in the address that the certificate could be for.
    echo(f"unix:{tmp_path}/grpc", ssl=True, root_certificates=str(authority.certificate),
         channel_args=[("grpc.ssl_target_name_override", "localhost")])
