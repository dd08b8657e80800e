"""Which of the backends that are built when they are named, are: their tests are skipped, with a reason, where they are not.

    def pytest_collection_modifyitems(items):
        skip_unless_built(items, HERE, "pytorch")
"""
import pytest

from .server import ROOT, TREE


def python_of(backend):
    """Where the framework's Python module is, in what scripts/setup installed."""
    return ROOT / ".deps" / backend / "python"


def is_built(backend):
    """The plug-in, and what scripts/setup installed for it, which makes its models."""
    return (TREE / f"backends/{backend}/libtriton_{backend}.so").exists() and (ROOT / ".deps" / backend).exists()


def needs_backends(*backends):
    missing = [name for name in backends if not is_built(name)]
    return pytest.mark.skipif(bool(missing), reason=f"optional backends are not built: make build BACKENDS=\"{' '.join(missing)}\"")


def skip_unless_built(items, folder, *backends):
    """For what the folder has of the items."""
    mark = needs_backends(*backends)
    for item in items:
        if folder in item.path.parents:
            item.add_marker(mark)
