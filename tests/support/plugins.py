"""The plug-ins of tests/backends/, which a build of all targets makes.

    pytestmark = needs_plugins("nested", "slow")
"""
import pytest

from .server import TEST_BACKENDS


def plugin(name):
    """Its library. The folder alone is there before the library is."""
    return TEST_BACKENDS / name / f"libtriton_{name}.so"


def needs_plugins(*names):
    missing = [name for name in names if not plugin(name).exists()]
    return pytest.mark.skipif(bool(missing), reason=f"not built: the test plug-ins {', '.join(missing)}")
