"""The programs that docs/cpp-client.md shows are compiled and run against a server."""
import shutil
import subprocess

import pytest
from support import onnx_models
from support.certificates import Authority, tls_flags
from support.pages import blocks
from support.server import BUILD, IS_SANITIZED, PATIENCE, ROOT, TREE

PAGE = ROOT / "docs" / "cpp-client.md"
INSTALLED = BUILD / "cpp_client" / "installed"
CLIENT = ["-std=c++17", f"-I{INSTALLED}/include", f"-L{INSTALLED}/lib", f"-Wl,-rpath,{INSTALLED}/lib"]
NESO = ["-std=c++20", f"-I{TREE}/include", f"-L{TREE}/lib", f"-Wl,-rpath,{TREE}/lib", "-lneso_client"]
HTTP = """
  const std::vector<uint8_t> content(256);
  const uint8_t* bytes = content.data();
  const size_t byte_size = content.size();
"""
SCORES = """
  std::vector<int64_t> shape;
  if (!error.IsOk() || !result->Shape("scores", &shape).IsOk()) return 1;
"""
COMPLAIN = """
int Complain(const neso::ClientError& error) {
  std::cerr << error.message << std::endl;
  return 1;
}
"""
PIXELS = "  const std::vector<float> pixels(64, 0.5f);\n"

# neso::Client comes from the tree that is tested; Triton's client library is built without them.
not_sanitized = pytest.mark.skipif(IS_SANITIZED, reason="a program of a page does not begin with a sanitizer's runtime")


@pytest.fixture(scope="module")
def server(module_repository, start_module_server):
    tensor = ("FLOAT", [None, 64])
    module_repository.add("digits", None, files={"model.onnx": onnx_models.model(
        [onnx_models.node("Identity", "pixels", "scores")], {"pixels": tensor}, {"scores": tensor})})
    return start_module_server(module_repository.path)


def shown(marker, server):
    """The lines that include, and the others; of the server that runs."""
    text = blocks(PAGE, "cpp", f"test:{marker}")[0]
    text = text.replace("localhost:8000", server.http).replace("localhost:8001", server.grpc)
    lines = text.splitlines(keepends=True)
    return "".join(line for line in lines if line[0] == "#"), "".join(line for line in lines if line[0] != "#")


def build_and_run(folder, program, options):
    (folder / "page.cc").write_text("#include <algorithm>\n#include <atomic>\n#include <iostream>\n#include <vector>\n" + program)
    # Only what is compiled, not what is linked, can come from the compiler's cache.
    cached = [shutil.which("ccache")] if shutil.which("ccache") else []
    for command in ([*cached, "g++", *options, "-c", "page.cc", "-o", "page.o"], ["g++", "page.o", "-o", "page", *options]):
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=200 * PATIENCE)
        assert done.returncode == 0, done.stderr[:6000]
    done = subprocess.run([folder / "page"], capture_output=True, text=True, timeout=60 * PATIENCE)
    assert done.returncode == 0, done.stderr


def test_http(server, tmp_path):
    includes, body = shown("http", server)
    build_and_run(tmp_path, f"{includes}int main() {{{HTTP}{body}{SCORES}}}", [*CLIENT, "-lhttpclient"])


def test_grpc(server, tmp_path):
    includes, body = shown("grpc", server)
    program = f"{includes}int main() {{{HTTP}  std::atomic<int> answered{{0}};\n{body}  return error.IsOk() && answered == 3 ? 0 : 1;\n}}"
    build_and_run(tmp_path, program, [*CLIENT, "-lgrpcclient", "-lgrpc++", "-lprotobuf"])


@not_sanitized
def test_neso_over_tls(start_server, module_repository, server, tmp_path):
    authority = Authority(tmp_path, "ours")
    pair, client = authority.issue("server"), authority.issue("client")
    secure = start_server(module_repository.path, *tls_flags("http", pair, authority.certificate),
                          *tls_flags("grpc", pair, authority.certificate), tls={"verify": authority.certificate, "cert": client})
    includes, _ = shown("neso", secure)
    _, body = shown("tls", secure)
    for name, file in {"roots.pem": authority.certificate, "client.pem": client.certificate, "client.key": client.key}.items():
        body = body.replace(f"/etc/neso/{name}", str(file))
    program = f"{includes}int main() {{\n{body}  return client && client.value().IsReady().Get().value() ? 0 : 1;\n}}\n"
    build_and_run(tmp_path, program, NESO)


@not_sanitized
def test_neso(server, tmp_path):
    includes, body = shown("neso", server)
    _, coroutine = shown("coroutine", server)
    program = (includes + COMPLAIN + coroutine + f"int main() {{\n{PIXELS}{body}"
               "  if (scores.value() != pixels) return 1;\n"
               "  return Best(client.value(), request).Get().value() == 0.5f ? 0 : 1;\n}\n")
    build_and_run(tmp_path, program, NESO)
