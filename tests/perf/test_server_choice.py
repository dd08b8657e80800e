"""Which server `neso perf`, `neso profile` and `neso tune` ask, and how: addresses, variables and access keys, as all commands have them."""
import types

import pytest
from support.access import KeyFile
from support.certificates import Authority, tls_flags
from support.python_models import PythonModels, python_on_path
from support.server import run_neso

STREAM = """
def execute(self, requests):
    for request in requests:
        sender = request.get_response_sender()
        for word in values(request, "text_input")[0].decode().split():
            sender.send(answer(text_output=np.array([word], dtype=object)))
        sender.send(flags=pb_utils.TRITONSERVER_RESPONSE_COMPLETE_FINAL)
"""
EACH = {"perf": ("perf", "-m", "wide", "--request-count", "5"),
        "profile": ("profile", "-m", "talk", "--isl", "3", "--num-dataset-entries", "2", "--request-count", "4"),
        "tune": ("tune", "wide", "--instances=1,2", "--batch-sizes=0", "--delays=0", "-p", "40", "--max-concurrency", "2")}
SAYS = {"perf": "Request count: 5\n", "profile": "Requests: 4\n", "tune": "\nBest: "}


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    keys = KeyFile(tmp_path_factory.mktemp("keys") / "keys.json")
    keys.create("operator", operations="all")
    return keys


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("pki"), "ours")


@pytest.fixture(scope="module")
def servers(module_repository, start_module_server, keys, root):
    """Two that want keys, one of them over TLS."""
    module_repository.add_identity("wide", dims=(16,))
    PythonModels(module_repository).add("talk", STREAM, {"text_input": ("TYPE_STRING", (1,))}, {"text_output": "TYPE_STRING"},
                                        extra="model_transaction_policy { decoupled: true }")
    options = (module_repository.path, "--model-control-mode=explicit", "--load-model=*", f"--access-keys={keys.path}")
    pair = root.issue("server")
    return types.SimpleNamespace(
        plain=start_module_server(*options, env=python_on_path()),
        secured=start_module_server(*options, *tls_flags("http", pair), *tls_flags("grpc", pair), env=python_on_path(),
                                    tls={"verify": str(root.certificate)}))


def run(name, folder, *words, env=None):
    where = ("--output", str(folder)) if name == "tune" else ()
    return run_neso(*EACH[name], *where, *words, env=env, timeout=60)


@pytest.mark.parametrize("name", EACH)
@pytest.mark.parametrize("scheme", ["http", "grpc"])
def test_addresses_and_keys(servers, keys, tmp_path, name, scheme):
    if (name, scheme) == ("profile", "http"):
        scheme = "grpc"
    url = f"{scheme}://{getattr(servers.plain, scheme)}"
    ran = run(name, tmp_path / "a", "-u", url, "--api-key", keys.tokens["operator"])
    assert ran.returncode == 0 and SAYS[name] in ran.stdout, ran.stdout + ran.stderr
    (tmp_path / "key").write_text(keys.tokens["operator"] + "\n")
    ran = run(name, tmp_path / "b", env={"NESO_URL": url, "NESO_API_KEY": f"@{tmp_path / 'key'}"})
    assert ran.returncode == 0 and SAYS[name] in ran.stdout, ran.stdout + ran.stderr
    ran = run(name, tmp_path / "c", "-u", url)
    assert ran.returncode == {"perf": 99}.get(name, 1) and "the variable NESO_API_KEY sends an access key" in ran.stderr


@pytest.mark.parametrize("name, scheme", [("perf", "https"), ("perf", "grpcs"), ("profile", "grpcs"), ("tune", "https"), ("tune", "grpcs")])
def test_tls(servers, keys, root, tmp_path, name, scheme):
    url = f"{scheme}://{getattr(servers.secured, scheme[:-1])}"
    key = "--api-key", keys.tokens["operator"]
    ran = run(name, tmp_path / "a", "-u", url, *key, "--cacert", str(root.certificate))
    assert ran.returncode == 0 and SAYS[name] in ran.stdout, ran.stdout + ran.stderr
    ran = run(name, tmp_path / "b", "-u", url, *key, env={"NESO_CACERT": str(root.certificate)})
    assert ran.returncode == 0 and SAYS[name] in ran.stdout, ran.stdout + ran.stderr
    assert ": TLS: " in run(name, tmp_path / "c", "-u", url, *key).stderr


@pytest.mark.parametrize("name, code", [("perf", 3), ("profile", 2), ("tune", 2)])
def test_what_cannot_be_meant(tmp_path, name, code):
    ran = run(name, tmp_path, "-u", "ftp://a")
    assert ran.returncode == code and "'ftp://a' is no address of a server" in ran.stderr
    ran = run(name, tmp_path, "-u", "localhost:1", "--insecure")
    assert ran.returncode == code and "--insecure is for TLS, and 'localhost:1' does without" in ran.stderr
