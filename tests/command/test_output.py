"""Output that cannot be written: a disk that is full, an output that is closed, a reader that goes away."""
import subprocess

import pytest
from support.server import PATIENCE, TREE

NESO = str(TREE / "bin/neso")


@pytest.fixture(scope="module")
def server(module_repository, start_module_server):
    module_repository.add_identity("digits", dims=(3,))
    return start_module_server(module_repository.path)


@pytest.fixture
def ran(server):
    def run(words, redirection):
        command = f'"{NESO}" {words} {redirection}'
        return subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=20 * PATIENCE,
                              env={"NESO_URL": server.http, "PATH": "/usr/bin:/bin"})
    return run


COMMANDS = ["config digits --json", "infer digits INPUT0=1,2,3", "help", "infer --help", "completion bash", "perf -m digits --request-count 3 -u $NESO_URL"]


@pytest.mark.parametrize("redirection, reason", [("> /dev/full", "No space left on device"), (">&-", "Bad file descriptor")])
@pytest.mark.parametrize("words", COMMANDS)
def test_it_is_said(ran, words, redirection, reason):
    told = ran(words, redirection)
    code = 99 if words.startswith("perf ") else 1  # perf_analyzer's, of what went wrong
    assert told.returncode == code and told.stderr == f"error: cannot write the output: {reason}\n"


@pytest.mark.parametrize("words", ["perf -m digits --request-count 3 -u $NESO_URL -f", "infer digits INPUT0=1,2,3 --output npy --folder",
                                   "dockerfile --backend python -o", "help --man-pages"])
def test_why_a_file_cannot_be_written_is_said(ran, words, tmp_path):
    folder = tmp_path / "out"
    folder.mkdir()
    for name in ("OUTPUT0.npy", "neso.1"):
        (folder / name).symlink_to("/dev/full")
    names_folder = words.endswith(("--folder", "--man-pages"))
    told = ran(words, folder if names_folder else "/dev/full")
    assert told.returncode == (99 if words.startswith("perf ") else 1)
    assert told.stderr.startswith("error: cannot write /") and told.stderr.endswith(": No space left on device\n"), told.stderr


def test_what_went_wrong_before_comes_first(ran):
    told = ran("models -u localhost:1", "> /dev/full")
    assert told.returncode == 1 and "Connection refused" in told.stderr and "cannot write" not in told.stderr


@pytest.mark.parametrize("words", ["help", "top --interval 0.1",
                                   "perf -m digits --concurrency-range 1:100000 -p 200 -r 3 -s 1000 -u $NESO_URL"])
def test_a_reader_that_goes_away_ends_it_quietly(ran, words):
    told = ran(words, "| head -n 1; echo ${PIPESTATUS[0]}")  # if it went on, this would not end
    assert told.stdout.splitlines()[-1] == "0"
    assert not [line for line in told.stderr.splitlines() if not line.startswith("Failed to obtain stable measurement")]
