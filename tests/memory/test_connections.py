"""What connections cost: idle ones, and ones whose clients do not read. bench/connections.py does the same with thousands."""
import pytest
from support.innocent import innocent
from support.many_connections import allow_descriptors, close, idle, latencies, slow_readers
from support.server import IS_SANITIZED
from support.wait import wait_until

real_build = pytest.mark.skipif(IS_SANITIZED, reason="a sanitizer's memory is not the server's")
needs_descriptors = pytest.mark.skipif(not allow_descriptors(2500), reason="fewer than 2500 open files are allowed")


@pytest.fixture
def server(repository, start_server):
    repository.add_identity("identity")
    return start_server(repository.path)


@real_build
@needs_descriptors
def test_idle_connections_are_small_and_leave_nothing_behind(server):
    close(idle(server.grpc_port, 50))
    before = server.rss_kib()
    clients = idle(server.grpc_port, 2000)
    with innocent(server):
        each = (server.rss_kib() - before) / len(clients)
    print(f"an idle connection takes {each:.1f} KiB")
    assert each < 24
    close(clients)
    wait_until(lambda: server.rss_kib() < before + 4 * 1024)


@needs_descriptors
def test_slow_readers_take_what_they_have_asked_for_and_disturb_nobody(server):
    before = server.rss_kib()
    clients = slow_readers(server.grpc_port, 100, "identity", 1 << 18)
    with innocent(server):
        if not IS_SANITIZED:
            each = (server.rss_kib() - before) / len(clients)
            print(f"a slow reader of 1024 KiB takes {each:.0f} KiB")
            assert each < 1300
        latencies(server.grpc_port, "identity", 0.3)
    for client in clients[:10]:  # they still can have it all
        client.widen(3)
        assert client.answer(3).status == "0"
        assert len(client.answers[3].data) > 1 << 20
    close(clients)
    if not IS_SANITIZED:
        wait_until(lambda: server.rss_kib() < before + 16 * 1024)
