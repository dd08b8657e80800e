"""The command lines with which Triton's command-line tool starts a server, found on the path; the ports are the tests' own."""
import pytest
from support.server import TREE, Server


@pytest.mark.parametrize("words", [
    ["--model-repository", "{models}"],
    ["--model-repository", "{models}", "--log-verbose", "1"],
    # A rank of several.
    ["--model-repository={models}", "--disable-auto-complete-config", "--backend-config=python,shm-region-prefix-name=prefix0_"],
])
def test_what_the_tool_starts(words, repository):
    repository.add_identity("digits")
    server = Server(None, env={"PATH": f"{TREE / 'bin'}:/usr/bin:/bin"})
    ports = [word for word in server.command if "-port=" in word]
    server.command = ["tritonserver", *(word.format(models=repository.path) for word in words), *ports]
    server.start()
    try:
        assert server.get("/v2/models/digits/ready").status_code == 200
        assert server.get("/v2/logging").json()["log_verbose_level"] == (1 if "--log-verbose" in words else 0)
    finally:
        server.stop()
