"""The page of the command `neso` shows commands that work."""
import os
import subprocess

import pytest
from support.pages import blocks
from support.server import PATIENCE, ROOT, TREE


@pytest.mark.parametrize("marker", ["test:commands", "test:completion"])
def test_the_page_s_commands_work(marker):
    shown = blocks(ROOT / "docs" / "command-line.md", "sh", marker)[0]
    path = f"{TREE / 'bin'}:{os.environ['PATH']}"
    result = subprocess.run(["bash", "-ec", shown], capture_output=True, text=True, env={**os.environ, "PATH": path},
                            timeout=60 * PATIENCE)
    assert (result.returncode, result.stderr) == (0, "")
