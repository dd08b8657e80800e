"""Commands that ask a real server which speaks TLS and wants keys, and one that wants certificates."""
import json
import types

import pytest
from support.access import KeyFile
from support.certificates import Authority, tls_flags
from support.server import run_neso


@pytest.fixture(scope="module")
def pki(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pki")
    ours = Authority(folder, "ours")
    return types.SimpleNamespace(root=ours.certificate, server=ours.issue("server"), client=ours.issue("client"),
                                 elsewhere=ours.issue("elsewhere", hosts="DNS:elsewhere.example"),
                                 theirs=Authority(folder, "theirs").certificate)


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    keys = KeyFile(tmp_path_factory.mktemp("keys") / "keys.json")
    keys.create("operator", operations="all")
    keys.create("reader", operations="metadata,model-config,inference")
    return keys


@pytest.fixture(scope="module")
def server(module_repository, start_module_server, pki, keys):
    module_repository.add_identity("digits", dims=(3,))
    module_repository.add_identity("talk", "TYPE_STRING", max_batch_size=0, extra="model_transaction_policy { decoupled: true }")
    return start_module_server(module_repository.path, "--model-control-mode=explicit", "--load-model=*",
                               *tls_flags("http", pki.server), *tls_flags("grpc", pki.server),
                               *tls_flags("metrics", pki.server), f"--access-keys={keys.path}", tls={"verify": str(pki.root)})


@pytest.fixture(scope="module")
def plain(module_repository, start_module_server, server):
    return start_module_server(module_repository.path)


@pytest.fixture(scope="module")
def mutual(module_repository, start_module_server, server, pki):
    return start_module_server(module_repository.path, *tls_flags("http", pki.server, pki.root),
                               *tls_flags("grpc", pki.server, pki.root),
                               tls={"verify": str(pki.root), "cert": (str(pki.client.certificate), str(pki.client.key))})


def told(result):
    assert (result.returncode, result.stderr) == (0, ""), result
    return result.stdout


def complaint(result, code=1):
    assert (result.returncode, result.stdout) == (code, ""), result
    return result.stderr


INFER = "OUTPUT0 FP32 [1,3]\n  1 2 3\n"


@pytest.mark.parametrize("words, shown", [
    (["models"], "| digits | 1       | READY |"),
    (["metadata", "digits"], "model digits"),
    (["config", "digits"], '"name": "digits"'),
    (["stats", "digits"], "| digits |"),
    (["status"], "| ready"),
    (["metrics", "nv_inference_count"], "model=digits"),
    (["top", "--once", "--interval", "0.1"], "| digits |"),
    (["infer", "digits", "1,2,3"], INFER),
    (["load", "digits"], "loaded digits"),
    (["unload", "talk", "--dependents"], "talk leaves"),
    (["load", "talk"], "loaded talk"),
    (["status", "digits"], "ready\n"),
])
def test_each_command_has_a_key_and_trusts_an_authority(server, pki, keys, words, shown):
    # The metrics are at a port of their own in tests; nobody else needs the option.
    metrics = ["--metrics-url", f"https://127.0.0.1:{server.metrics_port}"] if words[0] in ("metrics", "top") else []
    for url in (f"https://{server.http}", f"grpcs://{server.grpc}"):
        assert shown in told(run_neso(*words, *metrics, "-u", url, "--cacert", str(pki.root), "--api-key",
                                      keys.tokens["operator"]))


def test_the_environment_says_it_all(server, pki, keys, tmp_path):
    (tmp_path / "key").write_text(keys.tokens["operator"] + "\n")
    env = {"NESO_CACERT": str(pki.root), "NESO_API_KEY": f"@{tmp_path / 'key'}"}
    assert told(run_neso("infer", "digits", "1,2,3", env={**env, "NESO_URL": f"https://{server.http}"})) == INFER
    assert told(run_neso("infer", "digits", "1,2,3", env={**env, "NESO_URL": f"grpcs://{server.grpc}"})) == INFER
    assert json.loads(told(run_neso("infer", "talk", "a", env={**env, "NESO_URL": f"grpcs://{server.grpc}"})))["OUTPUT0"] == "a"


@pytest.mark.parametrize("scheme", ["https", "grpcs"])
class TestErrors:
    @pytest.fixture
    def infer(self, server, pki, scheme):
        def run(*words, of=server, scheme=scheme, root=("--cacert", str(pki.root))):
            port = of.grpc_port if scheme.startswith("grpc") else of.http_port
            return run_neso("infer", "digits", "1,2,3", "-u", f"{scheme}://localhost:{port}", *root, *words)
        return run

    def test_keys(self, infer, keys):
        for words in ([], ["--api-key", "neso_nobody"]):
            assert "--api-key KEY, --api-key @FILE or the variable NESO_API_KEY sends an access key" in complaint(infer(*words))
        assert told(infer("--api-key", keys.tokens["reader"])) == INFER
        assert told(infer("-H", f"Authorization: Bearer {keys.tokens['reader']}", "--api-key", "wrong")) == INFER
        assert "--api-key @/none: failed to open" in complaint(infer("--api-key", "@/none"))

    def test_whom_tls_trusts(self, infer, keys, pki):
        key = "--api-key", keys.tokens["reader"]
        for root in ([], ["--cacert", str(pki.theirs)]):
            assert "\n--cacert FILE says who has to have signed its certificate; --insecure" in complaint(infer(*key, root=root))
        assert told(infer(*key, "--insecure", root=[])) == INFER
        assert told(infer(*key, "-k", root=[])) == INFER
        assert "cannot use '/none' as root certificates" in complaint(infer(*key, root=["--cacert", "/none"]))

    @pytest.mark.filterwarnings("ignore::urllib3.exceptions.InsecureRequestWarning")
    def test_a_server_by_another_name(self, infer, module_repository, start_server, pki):
        other = start_server(module_repository.path, *tls_flags("http", pki.elsewhere), *tls_flags("grpc", pki.elsewhere),
                             tls={"verify": False})
        assert "mismatch" in complaint(infer(of=other))
        assert told(infer("--insecure", of=other)) == INFER

    def test_tls_where_there_is_none(self, infer, plain):
        assert "\n" in complaint(infer(of=plain)) and "http:// and grpc:// do without" in complaint(infer(of=plain))

    def test_no_tls_where_there_is(self, infer, scheme):
        assert "if it speaks TLS there: https:// and grpcs:// do" in complaint(infer(scheme=scheme[:-1], root=[]))

    def test_options_of_tls_without_it(self, infer, scheme, pki):
        for words in (["--cacert", str(pki.root)], ["--cert", "a"], ["--cert-key", "a"], ["--insecure"], ["-k"]):
            name = {"-k": "--insecure"}.get(words[0], words[0])
            text = complaint(infer(*words, scheme=scheme[:-1], root=[]), code=2)
            assert f"{name} is for TLS, and '{scheme[:-1]}://" in text and "write https://" in text

    def test_a_server_that_wants_a_certificate(self, infer, mutual, pki):
        assert "if it wants to know who asks: --cert FILE --cert-key FILE" in complaint(infer(of=mutual))
        certificate = "--cert", str(pki.client.certificate)
        assert "--cert and --cert-key go together" in complaint(infer(*certificate, of=mutual), code=2)
        assert told(infer(*certificate, "--cert-key", str(pki.client.key), of=mutual)) == INFER


@pytest.mark.parametrize("scheme", ["https", "grpcs"])
def test_what_a_key_is_not_for_is_refused(server, pki, keys, scheme):
    url = f"{scheme}://127.0.0.1:{server.grpc_port if scheme == 'grpcs' else server.http_port}"
    reads = "-u", url, "--cacert", str(pki.root), "--api-key", keys.tokens["reader"]
    assert '"name": "digits"' in told(run_neso("config", "digits", *reads))
    for words, operation in ((["load", "digits"], "model-repository"), (["models"], "index"), (["stats"], "statistics")):
        assert f"the key 'reader' lacks the operation '{operation}'" in complaint(run_neso(*words, *reads))


@pytest.mark.parametrize("scheme", ["https", "grpcs"])
def test_who_has_no_key_is_told_so_instead_of_whether_a_model_is_ready(server, pki, scheme):
    url = f"{scheme}://127.0.0.1:{server.grpc_port if scheme == 'grpcs' else server.http_port}"
    asked = run_neso("status", "digits", "-u", url, "--cacert", str(pki.root))
    assert (asked.returncode, asked.stdout.startswith("not ready: ")) == (1, True), asked
    assert "NESO_API_KEY sends an access key" in asked.stdout


def test_a_key_goes_to_metrics_over_tls_only(server, pki, keys, tmp_path):
    (tmp_path / "key").write_text(keys.tokens["operator"] + "\n")
    metrics = f"127.0.0.1:{server.metrics_port}"
    secured = "-u", f"https://{server.http}", "--cacert", str(pki.root), "--api-key", f"@{tmp_path / 'key'}"
    assert "model=digits" in told(run_neso("metrics", "nv_inference_count", *secured, "--metrics-url", metrics))
    assert "model=digits" in told(run_neso("metrics", "nv_inference_count", *secured, env={"NESO_METRICS_URL": metrics}))


def test_metrics_may_be_plain_and_variables_of_tls_unused(server, plain, pki):
    at = f"http://127.0.0.1:{plain.metrics_port}"
    assert "model=digits" in told(run_neso("metrics", "-u", f"https://{server.http}", "--cacert", str(pki.root), "--metrics-url", at))
    assert "digits" in told(run_neso("models", "-u", plain.http, env={"NESO_CACERT": str(pki.root)}))


def test_metrics_are_two_ports_above_and_with_tls_too(server, pki):
    told = complaint(run_neso("metrics", "-u", f"https://{server.http}", "--cacert", str(pki.root)))
    assert f"127.0.0.1:{server.http_port + 2}" in told and "--metrics-url HOST:PORT" in told
