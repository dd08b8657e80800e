"""Clients that stock generators make of our protocol files, in four languages, against the real server; the programs are
those that docs/other-languages.md shows. C# is not here: its packages are in none of the registries that the project uses."""
import re
import subprocess

import pytest
from support.pages import blocks
from support.server import PATIENCE, ROOT, TREE

PAGE = ROOT / "docs" / "other-languages.md"
EXAMPLES = ROOT / "examples" / "languages"
# Each one's program, and how its libraries name the status.
LANGUAGES = {
    "go": ("go/main.go", "NotFound"),
    "rust": ("rust/src/main.rs", "NotFound"),
    "java": ("java/src/main/java/example/Ask.java", "NOT_FOUND"),
    "javascript": ("javascript/ask.js", "NOT_FOUND"),
}


@pytest.fixture(scope="module")
def server(tmp_path_factory, start_module_server):
    folder = tmp_path_factory.mktemp("languages")
    subprocess.run(["bash", "-ec", blocks(PAGE, "sh", "test:models")[0]], cwd=folder, check=True)
    return start_module_server(folder / "models")


def compiled(language):
    program = ROOT / ".deps" / f"language-{language}" / "bin" / "ask"
    if not program.exists():
        pytest.skip(f"the client in {language} is not compiled: scripts/setup languages")
    return program


def ask(language, address):
    return subprocess.run([compiled(language), address], capture_output=True, text=True, timeout=60 * PATIENCE,
                          env={"PATH": "/usr/bin:/bin", "NESO_PROTO": str(TREE / "share/neso/proto")})


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_shows_the_program(language):
    assert blocks(PAGE, language, f"test:{language}")[0] == (EXAMPLES / LANGUAGES[language][0]).read_text()


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_generated_client_asks_streams_and_is_refused(language, server):
    result = ask(language, server.grpc)
    assert result.returncode == 0, result.stderr
    printed = re.sub(r",(?= )", "", result.stdout)  # lists look differently
    assert printed == blocks(PAGE, "text", "test:output")[0].replace("NOT_FOUND", LANGUAGES[language][1])


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_generated_client_without_a_server_says_so(language):
    result = ask(language, "127.0.0.1:1")
    assert result.returncode != 0
    assert re.search("refused|unavailable|transport error", result.stderr, re.IGNORECASE), result.stderr


def test_the_protocol_files_are_installed_as_the_server_was_built():
    sources = {"grpc_service.proto": "src/frontend/grpc", "health.proto": "src/frontend/grpc", "model_config.proto": "src/config"}
    for name, folder in sources.items():
        assert (TREE / "share/neso/proto" / name).read_bytes() == (ROOT / folder / name).read_bytes()
