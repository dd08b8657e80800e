"""neso::Client and Triton's client library as a stranger's CMake project finds them installed, asking real servers over HTTP and
gRPC, with TLS and without."""
import pathlib
import shutil
import subprocess

import pytest
from support.certificates import Authority, tls_flags
from support.server import BUILD, IS_SANITIZED, PATIENCE, TREE
from support.wait import wait_until

PROJECT = pathlib.Path(__file__).parent / "stranger"
SCHEMES = ["http", "grpc", "https", "grpcs"]
SAME = "1 -2 3"

pytestmark = pytest.mark.skipif(IS_SANITIZED, reason="a stranger's program does not begin with a sanitizer's runtime")


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """The project's build folder. The packages stand where no path of their own build leads."""
    folder = tmp_path_factory.mktemp("stranger")
    for part in ("include", "lib/cmake"):
        shutil.copytree(TREE / part, folder / "opt/neso" / part)
    for library in ("libneso_client.so", "libneso_tls.so"):
        shutil.copy2(TREE / "lib" / library, folder / "opt/neso/lib")
    shutil.copytree(BUILD / "cpp_client/installed", folder / "opt/triton")
    shutil.copytree(PROJECT, folder / "project")
    packages = f"-DCMAKE_PREFIX_PATH={folder / 'opt/neso'};{folder / 'opt/triton'}"
    cached = ["-DCMAKE_CXX_COMPILER_LAUNCHER=ccache"] if shutil.which("ccache") else []
    for command in (["cmake", "-S", folder / "project", "-B", folder / "build", packages, *cached],
                    ["cmake", "--build", folder / "build", "-j2"]):
        done = subprocess.run(command, capture_output=True, text=True, timeout=200 * PATIENCE)
        assert done.returncode == 0, done.stdout + done.stderr
    return folder / "build"


@pytest.fixture
def ask(built):
    """ask(*arguments): a client, which is asked by `client("infer identity")`."""
    running = []

    def start(*arguments):
        process = subprocess.Popen([built / "ask", *map(str, arguments)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                   text=True, bufsize=1)
        running.append(process)

        def question(line):
            process.stdin.write(line + "\n")
            process.stdin.flush()
            return process.stdout.readline().strip()
        return question

    yield start
    for process in running:
        process.stdin.close()
        process.stdout.close()
        assert process.wait(20 * PATIENCE) == 0


def opened(built, *arguments):
    """What a client says that cannot be opened."""
    done = subprocess.run([built / "ask", *map(str, arguments)], capture_output=True, text=True, timeout=20 * PATIENCE)
    assert done.returncode == 1
    return done.stdout.strip()


@pytest.fixture(scope="module")
def models(module_repository):
    module_repository.add_identity("identity", "TYPE_INT32")
    module_repository.add_identity("slow", "TYPE_INT32", parameters={"execute_delay_ms": "2000"})
    return module_repository.path


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"), "ours")


@pytest.fixture(scope="module")
def client(authority):
    return authority.issue("client")


@pytest.fixture(scope="module")
def plain(models, start_module_server):
    return start_module_server(models)


@pytest.fixture(scope="module")
def secure(models, start_module_server, authority, client):
    """A server that asks for certificates, over both protocols."""
    pair = authority.issue("server")
    return start_module_server(models, *tls_flags("http", pair, authority.certificate),
                               *tls_flags("grpc", pair, authority.certificate),
                               tls={"verify": authority.certificate, "cert": client})


def address(server, scheme):
    return f"{scheme}://{server.http if scheme.startswith('http') else server.grpc}"


@pytest.fixture(params=SCHEMES)
def arguments(request, plain, secure, authority, client):
    """To a server that speaks it, what a client needs."""
    scheme = request.param
    if not scheme.endswith("s"):
        return [address(plain, scheme)]
    return ["--roots", authority.certificate, "--certificate", client.certificate, "--key", client.key, address(secure, scheme)]


def test_what_a_client_asks(ask, arguments, plain):
    client = ask(*arguments)
    assert client("ready") == "yes"
    assert client("ready identity") == "yes"
    assert client("ready nobody") == "no"
    assert client("infer identity") == SAME
    assert client("metadata identity") == plain.get("/v2/models/identity").text
    for question in ("infer nobody", "metadata nobody"):
        assert "unknown model: 'nobody'" in client(question)


def test_a_deadline_ends_the_call_on_the_server_too(ask, arguments):
    client = ask(*arguments)
    assert client("infer slow 100").startswith("late: ")
    assert client("infer identity 5000") == SAME


def test_programs_for_tritons_library(built, plain):
    done = subprocess.run([built / "ready", plain.http], capture_output=True, text=True, timeout=20 * PATIENCE)
    assert done.returncode == 0, done.stderr


def test_sockets_in_the_file_system(ask, models, start_server, authority, tmp_path):
    http, grpc = f"unix:{tmp_path}/http", f"unix:{tmp_path}/grpc"
    start_server(models, f"--http-address={http}", f"--grpc-address={grpc}", *tls_flags("grpc", authority.issue("server")), ready=False)
    client = ask("--roots", authority.certificate, http, f"grpcs://{grpc}")
    wait_until(lambda: client("ready") == "yes", timeout=20)
    assert [client("infer identity") for _ in range(4)] == [SAME] * 4
    assert f"{http}=" in client("figures") and f"{grpc}=" in client("figures")
    assert ask(f"unix:{tmp_path}/none")("infer identity") == f"unavailable: cannot connect to unix:{tmp_path}/none: No such file or directory"
    assert "File name too long" in ask(f"grpc://unix:{tmp_path}/{'x' * 200}")("infer identity")


@pytest.mark.parametrize("scheme", ["https", "grpcs"])
def test_who_is_not_trusted(ask, built, secure, authority, client, tmp_path, scheme):
    where = address(secure, scheme)
    cannot = f"unavailable: cannot connect to {where.split('/')[-1]}: TLS: "
    strangers = Authority(tmp_path, "strangers")
    ours = ["--certificate", client.certificate, "--key", client.key]
    assert ask("--roots", strangers.certificate, *ours, where)("infer identity").startswith(cannot)
    assert ask(*ours, where)("infer identity").startswith(cannot)  # nobody but whom the system trusts
    trusting = ["--roots", authority.certificate, *ours]
    assert ask(*trusting, "--name", "elsewhere", where)("infer identity").startswith(cannot)
    assert ask(*trusting, "--name", "localhost", where)("infer identity") == SAME
    assert ask("--roots", authority.certificate, where)("infer identity").startswith("unavailable: ")  # no certificate
    assert opened(built, "--roots", tmp_path / "none", where).startswith(f"invalid: cannot use '{tmp_path / 'none'}' as root certificates")
    assert opened(built, "--certificate", client.certificate, where) == (
        "invalid: a client that shows a certificate needs its key, too: expected both, got only the certificate")


@pytest.mark.parametrize("scheme", ["http", "grpc"])
def test_tls_on_one_side_only(ask, plain, secure, scheme):
    assert ask(address(plain, scheme + "s"))("infer identity").startswith(
        f"unavailable: cannot connect to {address(plain, scheme).split('/')[-1]}: TLS: ")
    assert ask(address(secure, scheme))("infer identity").startswith(
        f"unavailable: {address(secure, scheme).split('/')[-1]}: ")


@pytest.mark.parametrize("scheme, other", [("http", "grpc"), ("grpc", "http")])
def test_the_other_protocol_at_the_port(ask, plain, scheme, other):
    where = address(plain, other).replace(other, scheme)
    assert ask(where)("infer identity").split(":")[0] in ("unavailable", "other")


@pytest.mark.parametrize("schemes", [("http", "http"), ("grpc", "grpc"), ("grpc", "http")], ids="-".join)
def test_an_endpoint_that_dies(ask, models, start_server, plain, schemes):
    dying = start_server(models)
    endpoints = [address(dying, schemes[0]), address(plain, schemes[1])]
    client = ask(*endpoints)

    def attempts():
        return [tuple(map(int, each.split("=")[1].split("/"))) for each in client("figures").split()[2:]]

    def both_were_asked():
        assert client("infer identity") == SAME
        return all(count for count, _ in attempts())
    wait_until(both_were_asked)
    dying.process.kill()
    dying.wait()
    assert [client("infer identity") for _ in range(20)] == [SAME] * 20
    (_, failures), (_, others) = attempts()
    assert 1 <= failures < 10 and others == 0
    dying.start()  # it is found again
    before = attempts()[0][0]
    wait_until(lambda: client("infer identity") == SAME and attempts()[0] > (before + 1, failures))


def test_what_is_no_endpoint(built):
    assert opened(built, "ftp://localhost:8000") == (
        "invalid: 'ftp://localhost:8000' is no address of a server: expected HOST:PORT, or that after http://, https://, "
        "grpc:// or grpcs://; unix:PATH stands in place of HOST:PORT")
    assert opened(built) == "invalid: expected one endpoint or more, got none"
