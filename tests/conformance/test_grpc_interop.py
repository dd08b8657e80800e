"""gRPC's own interoperability cases, run by the client of gRPC-Go against grpc.testing.TestService on our engine."""
import subprocess

import pytest
from support.server import BUILD, PATIENCE, ROOT

CLIENT = ROOT / ".deps" / "gotools" / "bin" / "grpc_interop_client"
SERVER = BUILD / "tests/grpc_interop/neso_grpc_interop_server"

CASES = [
    "empty_unary", "large_unary", "client_streaming", "server_streaming", "ping_pong", "empty_stream",
    "timeout_on_sleeping_server", "cancel_after_begin", "cancel_after_first_response", "status_code_and_message",
    "special_status_message", "custom_metadata", "unimplemented_method", "unimplemented_service", "pick_first_unary",
    "rpc_soak", "channel_soak",
]

pytestmark = pytest.mark.skipif(not SERVER.is_file(), reason="the interoperability server is not built")


@pytest.fixture(scope="module")
def port():
    with subprocess.Popen([SERVER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        yield int(server.stdout.readline())
        server.stdin.close()
        assert server.wait(20 * PATIENCE) == 0


@pytest.mark.parametrize("case", CASES)
def test_interoperability(port, case):
    client = subprocess.run([CLIENT, "--server_host=127.0.0.1", f"--server_port={port}", f"--test_case={case}"],
                            capture_output=True, text=True, timeout=50 * PATIENCE)
    assert client.returncode == 0, client.stderr
