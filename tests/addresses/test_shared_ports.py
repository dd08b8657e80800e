"""--reuse-http-port and --reuse-grpc-port: two servers on one port."""
import pytest
import requests
import tritonclient.grpc as grpcclient
from support.server import PATIENCE, free_port, run_neso
from support.wait import wait_until


@pytest.fixture
def start_pair(repository, start_server):
    """Two servers that know their names, on the same ports."""
    repository.add_identity("identity")

    def start(*flags):
        ports = [f"--http-port={free_port()}", f"--grpc-port={free_port()}"]
        pair = []
        for name in ("first", "second"):
            pair.append(start_server(repository.path, *ports, f"--id={name}", *flags, ready=False))
            wait_until(lambda: "Started Metrics Service" in pair[-1].log)
        return [port.split("=")[1] for port in ports], pair
    return start


def name_over_http(port):
    return requests.get(f"http://127.0.0.1:{port}/v2", timeout=20 * PATIENCE).json()["name"]


def name_over_grpc(port):
    # A connection of its own for each client: gRPC would share one.
    options = [("grpc.use_local_subchannel_pool", 1)]
    with grpcclient.InferenceServerClient(f"127.0.0.1:{port}", channel_args=options) as client:
        return client.get_server_metadata().name


def test_both_servers_answer_until_one_is_left(start_pair):
    (http, grpc), (first, second) = start_pair("--reuse-http-port=true", "--reuse-grpc-port=true")
    # Which of them the kernel picks depends on the connection.
    for name_of, port in ((name_over_http, http), (name_over_grpc, grpc)):
        seen = set()
        wait_until(lambda: seen.add(name_of(port)) or seen == {"first", "second"})
    first.stop()
    assert {name_over_http(http) for _ in range(20)} == {"second"}
    assert {name_over_grpc(grpc) for _ in range(20)} == {"second"}


@pytest.mark.parametrize("flags", [[], ["--reuse-http-port=true", "--reuse-grpc-port=true"]])
@pytest.mark.parametrize("service", ["http", "grpc"])
def test_a_port_that_is_not_shared_by_both_is_in_use(repository, start_server, service, flags):
    first = start_server(repository.path)
    taken = {"http": first.http_port, "grpc": first.grpc_port}[service]
    others = [f"--{other}-port=0" for other in ("http", "grpc", "metrics") if other != service]
    result = run_neso(f"--model-repository={repository.path}", "--http-address=127.0.0.1", "--grpc-address=127.0.0.1",
                      f"--{service}-port={taken}", *others, *flags)
    assert result.returncode == 1
    assert (f"failed to start {service.upper()} service: Unavailable - Socket '127.0.0.1:{taken}' already in use "
            in result.stderr)
    assert first.get("/v2/health/ready").status_code == 200
