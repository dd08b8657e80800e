"""The image of what asks servers: its recipe and its context; `make test-image` builds it and asks a server from it."""
import re
import subprocess

import pytest
from support.images import inside
from support.server import PATIENCE, ROOT, TREE

RECIPE = ROOT / "deploy/docker-client/Dockerfile"
HADOLINT = ROOT / ".deps/manifests/bin/hadolint"
PATH = "/workspace/install/bin:/workspace/python/bin:/usr/bin:/bin"


@pytest.mark.skipif(not HADOLINT.exists(), reason="hadolint is not set up: scripts/setup charts")
def test_the_recipe_has_no_complaint_of_hadolint():
    result = subprocess.run([HADOLINT, RECIPE], capture_output=True, text=True)
    assert result.returncode == 0, result.stdout


def image(dist, builder):
    return subprocess.run([ROOT / "scripts/image", "--client", dist, "clients", "--quiet"], capture_output=True, text=True,
                          env={"PATH": "/usr/bin:/bin", "NESO_IMAGE_BUILDER": str(builder)})


@pytest.fixture
def dist(tmp_path):
    """What `make package` makes, as far as names go."""
    (tmp_path / "dist").mkdir()
    for name in ("neso-0.1.0-amd64.tar.gz", "neso_client-0.1.0-py3-none-any.whl", "tritonclient-2.73.0+neso.0.1.0-py3-none-any.whl"):
        (tmp_path / "dist" / name).touch()
    return tmp_path / "dist"


@pytest.fixture
def context(dist, tmp_path):
    """What the recipe is built from, and the words of the command that does it."""
    builder = tmp_path / "builder"
    builder.write_text(f'#!/bin/bash\nprintf "%s\\n" "$@" >{tmp_path}/words\ncp -r "${{@: -1}}" {tmp_path}/context\n')
    builder.chmod(0o755)
    result = image(dist, builder)
    assert result.returncode == 0, result.stderr
    return tmp_path / "context", (tmp_path / "words").read_text().splitlines()


def test_the_context_has_all_that_the_recipe_copies(context):
    folder, words = context
    copied = re.findall(r"^COPY (?!--from)(\S+) ", RECIPE.read_text(), re.MULTILINE)
    assert sorted(copied) == ["neso.tar.gz", "perf_analyzer", "python", "sources"]
    assert all((folder / name).exists() for name in copied)
    assert len(list((folder / "python").glob("*.whl"))) == 2
    assert words[0] == "build" and "VERSION=0.1.0" in words and words[words.index("-t") + 1] == "clients" and "--quiet" in words


def test_an_image_without_wheels_is_refused(dist):
    next(dist.glob("tritonclient-*")).unlink()
    result = image(dist, "/bin/false")
    assert result.returncode == 1 and "expected tritonclient-*.whl in" in result.stderr and "make package" in result.stderr


def test_the_sources_of_the_context_are_all_that_the_library_for_cpp_needs(context, tmp_path):
    (step,) = re.findall(r"^RUN (cmake -S (?:.*\\\n)*.*)$", RECIPE.read_text(), re.MULTILINE)
    step = step.replace("\\\n", "").replace("/sources", str(context[0] / "sources")).replace("-B /build", f"-B {tmp_path}/build")
    ran = subprocess.run(["sh", "-ec", step], capture_output=True, text=True, timeout=120 * PATIENCE)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    listed = subprocess.run(["cmake", "--build", tmp_path / "build", "--target", "help"], capture_output=True, text=True).stdout
    for target in ("httpclient", "grpcclient", "simple_grpc_infer_client"):
        assert target in listed


def test_scripts_that_call_perf_analyzer_get_neso_perf(context, repository, start_server):
    repository.add_identity("digits", dims=(3,))
    server = start_server(repository.path)
    ran = subprocess.run([context[0] / "perf_analyzer", "-m", "digits", "-u", server.http, "--request-count", "5"],
                         capture_output=True, text=True, env={"PATH": f"{TREE / 'bin'}:/usr/bin:/bin"})
    assert ran.returncode == 0 and "Request count: 5" in ran.stdout, ran


@pytest.mark.timeout(1800)
class TestImage:
    @pytest.fixture(scope="class")
    def built(self, buildah):
        return buildah.build("neso-clients", "--client")

    def test_what_tools_read(self, built):
        root, described = built
        for text in ("NVIDIA_TRITON_SERVER_SDK_VERSION=26.09", "com.nvidia.build.ref", '"1000:1000"', "LD_LIBRARY_PATH=/workspace/install/lib"):
            assert text in described
        for path in ("install/bin/neso", "install/bin/perf_analyzer", "install/bin/simple_http_infer_client", "install/lib/libhttpclient.so",
                     "install/lib/libgrpcclient.so", "install/lib/libneso_client.so", "install/include/grpc_client.h", "LICENSE",
                     "TRITON_VERSION"):
            assert (root / "workspace" / path).exists(), path

    def test_all_of_it_asks_a_server(self, built, repository, start_server):
        libraries = re.search(r"LD_LIBRARY_PATH=[^\s\"\\]+", built[1]).group(0)  # as a container gets it
        repository.add_identity("simple", "TYPE_INT32", dims=(16,))
        server = start_server(repository.path)
        ask = ("import sys, numpy, tritonclient.grpc, tritonclient.http, neso_client\n"
               "print(neso_client.Client(sys.argv[1]).infer('simple', INPUT0=numpy.ones((1, 16), numpy.int32))['OUTPUT0'].sum())\n"
               "print(tritonclient.grpc.InferenceServerClient(sys.argv[2]).is_model_ready('simple'))")
        for words, shown in ((["neso", "status", "-u", f"grpc://{server.grpc}"], "| ready "),
                             (["perf_analyzer", "-m", "simple", "-u", server.http, "--request-count", "5"], "Request count: 5"),
                             (["simple_grpc_health_metadata", "-u", server.grpc], "PASS : Health Metadata"),
                             (["python3", "-c", ask, server.http, server.grpc], "16\nTrue")):
            ran = subprocess.run(inside(built[0], "env", libraries, *words, path=PATH), capture_output=True, text=True,
                                 timeout=60 * PATIENCE)
            assert ran.returncode == 0 and shown in ran.stdout, (words, ran)
