"""The page about the C interface names the owner of everything that a declared function hands out."""
import re

from support.server import ROOT

HEADERS = sorted((ROOT / "include" / "triton" / "core").glob("*.h"))
PAGE = (ROOT / "docs" / "c-interface.md").read_text()
# Handed out to plug-ins by the server, not by a function: `TRITONBACKEND_ModelBatcherInitialize` and the like are the
# plug-in's own.
IMPLEMENTED_BY_PLUGINS = r"\w+_ISPEC"


def declarations():
    for header in HEADERS:
        text = re.sub(r"//.*", "", header.read_text())
        yield from re.findall(r"^(\w+_(?:DECLSPEC|ISPEC)\b[^;{]*?\b(TRITON\w+_\w+)\(([^;]*)\);)", text, re.M)


def hands_out(declaration, parameters):
    """A pointer that comes back in a place that the caller names, or as the result."""
    returns = declaration.split("(")[0]
    if re.search(r"\*\s*TRITON\w+$", returns) and "TRITONSERVER_Error*" not in returns and "const char*" not in returns:
        return True
    out = [p for p in parameters.split(",") if re.search(r"\*\s*\*", p) and not re.search(r"const TRITON\w+\s*\*\s*\*", p)]
    return bool(out)


def test_every_function_that_hands_something_out_is_named():
    found = list(declarations())
    assert len(found) > 250
    for declaration, name, parameters in found:
        if not re.match(IMPLEMENTED_BY_PLUGINS, declaration) and hands_out(declaration, " ".join(parameters.split())):
            assert f"`{name}`" in PAGE, f"docs/c-interface.md does not say who owns what {name} hands out"


def test_the_page_names_nothing_that_is_not_there():
    declared = {name for _, name, _ in declarations()}
    declared |= {"TRITONCACHE_CacheEntryNew", "TRITONCACHE_CacheEntryDelete"}  # exported, not declared
    constants = set(re.findall(r"\bTRITON\w+", "".join(header.read_text() for header in HEADERS)))
    assert set(re.findall(r"`(TRITON\w+?)`", PAGE)) <= declared | constants
