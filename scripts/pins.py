"""Where the versions of PyPI packages stand."""
import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parent.parent


def pinned(name):
    """The version of a PyPI package, by requirements/ or else by its recipe of scripts/setup.d/."""
    for file in sorted(ROOT.glob("requirements/*.txt")):
        if found := re.search(rf"^{re.escape(name)}==(\S+)$", file.read_text(), re.MULTILINE):
            return found[1]
    for file in sorted(ROOT.glob("scripts/setup.d/*.sh")):
        if found := re.search(rf"^{re.escape(name.replace('-', '_'))}_version=(\S+)$", file.read_text(), re.MULTILINE):
            return found[1]
    raise LookupError(f"expected {name}==<version> in requirements/, or {name}_version=<version> in scripts/setup.d/, found neither")
