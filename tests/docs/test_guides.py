"""The guides from a framework to a served model: all that a page shows is done, in its order, in an empty folder."""
import pytest
from support.optional_backends import needs_backends, python_of
from support.reader import Reader
from support.server import ROOT

GUIDES = ROOT / "docs" / "guides"


@pytest.fixture
def follow(tmp_path):
    """Follows the guide of that name; what it serves answers until the test ends, and ends well."""
    readers = []

    def start(name, *modules):
        readers.append(Reader(tmp_path, modules))
        readers[-1].follow(GUIDES / f"{name}.md")
        assert readers[-1].server and readers[-1].printed, "the page serves something and shows what it says"

    yield start
    for reader in readers:
        reader.stop()


def test_scikit_learn(follow):
    follow("scikit-learn")


def test_hugging_face(follow, tmp_path):
    for name in ("examples", ".deps"):  # the page is for a clone
        (tmp_path / name).symlink_to(ROOT / name)
    follow("hugging-face")


@needs_backends("fil")
def test_xgboost(follow):
    follow("xgboost", python_of("fil"))


@needs_backends("pytorch")
def test_pytorch(follow):
    follow("pytorch", python_of("pytorch"))


@needs_backends("tensorflow")
@pytest.mark.skipif(not python_of("keras").exists(), reason="Keras is not set up: scripts/setup keras")
def test_keras(follow):
    follow("keras", python_of("keras"), python_of("tensorflow"))
