"""Faults between a server and its object store cost time, not models: a proxy injects them."""
import http.server
import os
import pathlib
import threading

import pytest
from support.control import index, load
from support.server import run_neso
from support.wait import wait_until

SIZE = 400_000


@pytest.fixture
def model(store, folder, repository):
    """A model with a file of its own, uploaded; the file's content."""
    repository.add_identity("m")
    content = os.urandom(SIZE)
    (repository.path / "m/1/weights.bin").write_bytes(content)
    store.upload(repository.path, folder)
    return content


@pytest.fixture
def serve(store, folder, temporary, start_server):
    def start(*args):
        return start_server(f"{store.url}/{folder}", *args, env={**store.environment, "TMPDIR": str(temporary)})
    return start


def copy_of(temporary):
    return [path.read_bytes() for path in pathlib.Path(temporary).glob("neso-objects-*/*/m/1/weights.bin")]


@pytest.mark.parametrize("fault", ["503", "cut", "short", "flip", "slow", "garbage"])
def test_a_download_with_a_fault_is_whole_in_the_end(store, folder, model, serve, temporary, fault):
    store.proxy.fail(fault, store.read_path(f"{folder}/m/1/weights.bin"))
    server = serve()
    assert index(server) == {"m:1": "READY"}
    assert copy_of(temporary) == [model]
    if fault in ("503", "cut", "garbage"):
        assert server.metric("neso_object_store_retries") >= 1
        assert "trying again in" in server.log


def test_a_cut_download_goes_on_where_it_was(store, folder, model, serve):
    store.proxy.fail("cut", store.read_path(f"{folder}/m/1/weights.bin"))
    server = serve()
    # The half that came did not come again.
    assert server.metric("neso_object_store_read_bytes") < SIZE + 10_000
    ranges = [headers.get("Range") or headers.get("x-ms-range") for _, path, headers in store.proxy.requests
              if store.read_path(f"{folder}/m/1/weights.bin") in path]
    assert ranges == [f"bytes=0-{SIZE - 1}", f"bytes={SIZE // 2}-{SIZE - 1}"]


def test_a_connection_that_hangs_is_given_up_and_the_rest_asked_for(store, folder, model, serve, temporary):
    store.proxy.fail("hang", store.read_path(f"{folder}/m/1/weights.bin"))
    serve("--object-store-timeout-secs=1")
    assert copy_of(temporary) == [model]


def test_a_listing_that_hangs_is_given_up_and_asked_for_again(store, folder, model, serve):
    server = serve("--model-control-mode=explicit", "--object-store-timeout-secs=1")
    store.proxy.fail("hang", store.list_path)
    assert load(server, "m").status_code == 200
    assert store.proxy.faults_left() == 0
    assert server.metric("neso_object_store_retries") >= 1


@pytest.mark.parametrize("fault", ["503", "cut", "short", "slow", "garbage"])
def test_a_listing_with_a_fault_is_asked_for_again(store, folder, model, serve, fault):
    server = serve("--model-control-mode=explicit")
    store.proxy.fail(fault, store.list_path, times=2)
    assert load(server, "m").status_code == 200
    assert store.proxy.faults_left() == 0
    if fault != "slow":
        assert server.metric("neso_object_store_retries") >= 1


def test_what_changes_while_it_is_read_is_read_again(store, folder, model, serve, temporary):
    other = os.urandom(SIZE)
    name = f"{folder}/m/1/weights.bin"
    store.proxy.fail(lambda: store.put(name, other), store.read_path(name))
    server = serve()
    assert copy_of(temporary) == [other]
    assert "changed while it was downloaded" in server.log


def test_what_comes_while_a_model_is_read_belongs_to_it(store, folder, model, serve, temporary):
    name = f"{folder}/m/1/weights.bin"
    store.proxy.fail(lambda: store.put(f"{folder}/m/1/late.bin", b"late"), store.read_path(name))
    serve()
    assert [path.read_bytes() for path in temporary.glob("neso-objects-*/*/m/1/late.bin")] == [b"late"]


def test_faults_that_do_not_end_are_an_error_and_leave_nothing(store, folder, model, serve, temporary):
    server = serve("--model-control-mode=explicit")
    store.proxy.fail("503", store.read_path(f"{folder}/m/1/weights.bin"), times=6)
    response = load(server, "m")
    assert response.status_code == 400
    assert f"{store.url}/{folder}/m/1/weights.bin: 503" in response.text
    assert server.metric("neso_object_store_failures") == 1
    wait_until(lambda: not copy_of(temporary))
    # And the next request may find a store that has recovered.
    assert load(server, "m").status_code == 200
    assert copy_of(temporary) == [model]


class Elsewhere(http.server.BaseHTTPRequestHandler):
    """A bucket that is in another region than the last answer said, each time."""

    asked = 0

    def do_GET(self):
        type(self).asked += 1
        self.send_response(301)
        self.send_header("x-amz-bucket-region", f"eu-west-{type(self).asked % 2}")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


def test_a_bucket_that_is_always_elsewhere_is_an_error():
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Elsewhere) as store:
        threading.Thread(target=store.serve_forever, daemon=True).start()
        result = run_neso(f"--model-repository=s3://127.0.0.1:{store.server_port}/bucket/models",
                          env={"AWS_ACCESS_KEY_ID": "A", "AWS_SECRET_ACCESS_KEY": "B", "AWS_DEFAULT_REGION": "us-east-1"})
        store.shutdown()
    assert result.returncode == 1
    assert "s3://127.0.0.1" in result.stdout + result.stderr and ": 301 " in result.stdout + result.stderr
    assert Elsewhere.asked < 10
