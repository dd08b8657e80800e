"""The image: its recipe, its entry point and its health check; `make test-image` builds it and serves from it."""
import json
import os
import re
import shutil
import subprocess

import pytest
from support.images import inside
from support.server import PATIENCE, ROOT, free_port, run_neso

DOCKER = ROOT / "deploy/docker"
HADOLINT = ROOT / ".deps/manifests/bin/hadolint"


@pytest.mark.skipif(not HADOLINT.exists(), reason="hadolint is not set up: scripts/setup charts")
def test_the_recipe_has_no_complaint_of_hadolint():
    result = subprocess.run([HADOLINT, DOCKER / "Dockerfile"], capture_output=True, text=True)
    assert result.returncode == 0, result.stdout


@pytest.fixture
def enter(tmp_path):
    """Runs the entry point as in a container; parts may be added to its folder."""
    shutil.copytree(DOCKER, tmp_path / "docker")

    def run(*arguments, parts=None, **variables):
        for name, text in (parts or {}).items():
            (tmp_path / "docker/entrypoint.d" / name).write_text(text)
        return subprocess.run([tmp_path / "docker/entrypoint", *arguments], capture_output=True, text=True, input="echo a shell\n",
                              env={"PATH": os.environ["PATH"], **variables}, timeout=30 * PATIENCE)
    return run


def test_the_entry_point_runs_a_command_and_keeps_its_status(enter):
    result = enter("bash", "-c", 'echo "$0 $1"; exit 7', "two words", "more")
    assert (result.returncode, result.stdout.splitlines()[-1]) == (7, "two words more")


def test_the_entry_point_without_arguments_is_a_shell(enter):
    assert enter().stdout.splitlines()[-1] == "a shell"


def test_parts_of_the_entry_point_come_in_the_order_of_their_names(enter):
    result = enter("printenv", "LAST", parts={"30-text.txt": "printed\n", "20-set.sh": "export LAST=20\n",
                                              "40-set.sh": 'export LAST="$LAST 40"\n', "notes.md": "not printed\n"})
    assert result.stdout.splitlines()[-2:] == ["printed", "20 40"]
    assert "not printed" not in result.stdout


SHOW = {"999-show.sh": 'printf "<%s>" "$@"; exit\n'}  # after all others: what would be started


def test_vertex_ai_s_arguments_get_the_server_in_front(enter):
    flags = ["--http-port=8080", "--log-verbose=1"]
    server = "</opt/tritonserver/bin/tritonserver>"
    assert enter(*flags, parts=SHOW, AIP_MODE="PREDICTION").stdout.endswith(f"\n{server}<{flags[0]}><{flags[1]}>")
    assert server not in enter(*flags, parts=SHOW).stdout


def test_the_server_is_told_when_there_is_no_gpu(enter):
    told = enter("bash", "-c", 'echo "cpu: ${TRITON_SERVER_CPU_ONLY:-}"').stdout.splitlines()[-1]
    assert told == ("cpu: " if os.path.exists("/dev/nvidiactl") else "cpu: 1")


def healthy(port):
    """The health check of the recipe, for a server on another port."""
    command = json.loads(re.search(r"^HEALTHCHECK .*CMD (\[.*\])$", (DOCKER / "Dockerfile").read_text(), re.MULTILINE)[1])
    assert command[0] == "neso"
    return run_neso(*command[1:], env={"NESO_URL": f"127.0.0.1:{port}"})


def test_the_health_check_follows_readiness(repository, start_server):
    repository.add_identity("identity")
    server = start_server(repository.path)
    assert healthy(server.http_port).returncode == 0
    repository.add("broken", 'backend: "nosuch"')
    unready = start_server(repository.path, "--exit-on-error=false", "--strict-readiness=true", ready=False)
    server.stop()
    assert healthy(server.http_port).returncode == 1
    assert healthy(unready.http_port).returncode == 1


def choose(folder, names):
    return subprocess.run([DOCKER / "choose_backends", folder, names], capture_output=True, text=True)


def test_backends_are_chosen_by_name(tmp_path):
    folder = tmp_path / "backends"
    for name in ("identity", "onnxruntime", "python"):
        (folder / name).mkdir(parents=True)
    result = choose(folder, "python tensorflow")
    assert result.returncode == 1
    assert "expected names of identity onnxruntime python, got 'tensorflow'" in result.stderr
    assert choose(folder, "python identity").returncode == 0
    assert sorted(path.name for path in folder.iterdir()) == ["identity", "python"]


def test_what_the_image_runs_may_be_read_and_run_whatever_the_rights_of_the_sources(tmp_path):
    """The container's user owns none of it."""
    clone = tmp_path / "clone"
    (clone / "scripts").mkdir(parents=True)
    shutil.copy(ROOT / "scripts/image", clone / "scripts")
    shutil.copytree(DOCKER, clone / "deploy/docker")
    subprocess.run(["chmod", "-R", "go-rwx", clone / "deploy"], check=True)
    (tmp_path / "neso-0.1.0-amd64.tar.gz").touch()
    builder = tmp_path / "builder"
    builder.write_text(f'#!/bin/bash\ncp -r --preserve=mode "${{@: -1}}" {tmp_path}/context\n')
    builder.chmod(0o755)
    subprocess.run([clone / "scripts/image", tmp_path, "neso"], check=True, umask=0o077,
                   env={**os.environ, "NESO_IMAGE_BUILDER": str(builder)})
    for path in (tmp_path / "context").rglob("*"):
        is_run = path.is_dir() or path.name in ("entrypoint", "choose_backends")
        assert path.stat().st_mode & 0o777 == (0o755 if is_run else 0o644), path


@pytest.mark.skipif(os.getuid() != 0, reason="only root can try how users are made")
def test_a_base_that_has_a_user_1000_gets_ours(tmp_path):
    """Ubuntu 24.04 has one, `ubuntu`. Tried on a copy of /etc."""
    lines = (DOCKER / "Dockerfile").read_text().splitlines()
    first = next(i for i, line in enumerate(lines) if "getent passwd 1000" in line)
    last = next(i for i, line in enumerate(lines) if "useradd" in line)
    step = " ".join(line.rstrip("\\") for line in lines[first:last + 1]).strip().removeprefix("&& ")
    shutil.copytree("/etc", tmp_path / "etc", symlinks=True, ignore=shutil.ignore_patterns("ssl", "*.lock"))
    script = f"""mount --bind {tmp_path}/etc /etc
                 getent passwd 1000 >/dev/null || useradd --no-create-home --uid 1000 ubuntu
                 {step}
                 getent passwd 1000; getent group 1000"""
    ran = subprocess.run(["unshare", "--mount", "bash", "-ec", script], capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout == "triton-server:x:1000:1000::/nonexistent:/bin/bash\ntriton-server:x:1000:\n"


def test_an_image_without_an_archive_is_refused(tmp_path):
    result = subprocess.run([ROOT / "scripts/image", tmp_path, "neso"], capture_output=True, text=True)
    assert result.returncode == 1
    assert "make package" in result.stderr


# --- The image itself -------------------------------------------------------------------------------------------------

@pytest.fixture(scope="module")
def image(buildah):
    """Its root folder, and what it says of itself."""
    return buildah.build("neso")


PATH = "/opt/tritonserver/bin:/usr/local/bin:/usr/bin:/bin"


@pytest.mark.timeout(1800)
class TestImage:
    def test_what_clouds_and_tools_read(self, image):
        root, described = image
        described = re.sub(r"[\\\s]", "", described)  # versions of buildah wrap and quote it in ways of their own
        for text in ("TRITON_SERVER_VERSION=2.73.0", "TRITON_SERVER_GPU_ENABLED=0", "NVIDIA_TRITON_SERVER_VERSION=26.09",
                     "com.nvidia.build.ref", "accept-bind-to-port", '"neso","status","--ready"', '"1000:1000"'):
            assert text in described
        for path in ("bin/tritonserver", "lib/libtritonserver.so", "TRITON_VERSION", "LICENSE", "backends/python",
                     "repoagents/checksum/libtritonrepoagent_checksum.so", "caches/local/libtritoncache_local.so"):
            assert os.path.exists(f"{root}/opt/tritonserver/{path}"), path
        for name in ("libtcmalloc.so.4", "libjemalloc.so.2"):
            assert list(root.glob(f"usr/lib/*/{name}")), name
        assert os.readlink(f"{root}/usr/bin/serve") == "/opt/tritonserver/bin/serve"

    def test_its_python_may_be_given_packages(self, image):
        """In an image that is made from it, or by a model's requirements.txt: pip, and a folder for what it makes."""
        ask = 'python3 -m pip --version && mkdir -p "$XDG_CACHE_HOME/try"'
        variables = ["env", *re.findall(r"XDG_CACHE_HOME=[^\s\"]+", image[1])[:1]]
        ran = subprocess.run(inside(image[0], *variables, "sh", "-ec", ask, path=PATH), capture_output=True, text=True)
        assert ran.returncode == 0 and ran.stdout.startswith("pip "), ran

    def test_all_libraries_are_there(self, image):
        script = ("find /opt/tritonserver/bin /opt/tritonserver/lib /opt/tritonserver/backends /opt/tritonserver/caches -type f "
                  "-name '*.so*' -not -path '*/stubs/*' -exec ldd {} + 2>/dev/null")
        listed = subprocess.run(inside(image[0], "bash", "-c", script, path=PATH), capture_output=True, text=True).stdout
        assert "libc.so" in listed
        # The plug-ins' own is in the process before them.
        assert set(re.findall(r"(\S+) => not found", listed)) <= {"libtritonserver.so"}

    def test_it_serves_as_its_user_on_a_read_only_root(self, image, repository):
        repository.add_identity("identity")
        port = free_port()
        shared = repository.path.parent
        for folder in (shared, *shared.rglob("*")):
            folder.chmod(0o755 if folder.is_dir() else 0o644)
        mounts = f"mkdir tmp/models; mount --bind {repository.path} tmp/models;"
        ports = [f"--http-port={port}", f"--grpc-port={free_port()}", f"--metrics-port={free_port()}"]
        local = [f"--{part}-address=127.0.0.1" for part in ("http", "grpc", "metrics")]
        process = subprocess.Popen(inside(image[0], "/opt/nvidia/nvidia_entrypoint.sh", "tritonserver", *local, *ports,
                                          "--model-repository=/tmp/models", path=PATH, mounts=mounts),
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        try:
            check = ["bash", "-c", f"for i in $(seq 200); do NESO_URL=127.0.0.1:{port} neso status --ready 2>/dev/null && exit; sleep 0.1; done; exit 1"]
            assert subprocess.run(inside(image[0], *check, path=PATH)).returncode == 0
            assert "\nUid:\t1000\t" in open(f"/proc/{process.pid}/status").read()
        finally:
            process.terminate()
            output, _ = process.communicate(timeout=60)
        assert process.returncode == 0, output
        assert output.startswith("Neso "), output
