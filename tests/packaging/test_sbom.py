"""The bill of materials: valid, and complete beside what the build says that it used."""
import json
import pathlib
import re
import subprocess

import pytest
from support.server import BUILD, IS_SANITIZED, ROOT, TREE

PYTHON = ROOT / ".deps/packaging/bin/python"
pytestmark = [pytest.mark.skipif(IS_SANITIZED, reason="packages are made of builds without sanitizers"),
              pytest.mark.skipif(not PYTHON.exists(), reason="what makes the list is not set up: scripts/setup package")]
# Of the system and of the compiler, on every machine before us.
TOOLCHAIN = {"glibc", "linux", "libxcrypt", "cross-toolchain-base", "gcc-12", "gcc-13", "gcc-14"}
NOT_IN_THE_TREE = re.compile(r"_test|_benchmark|_fuzz|/tests/|^tests/|bench/|fake_|clients/")


@pytest.fixture(scope="module")
def components():
    made = subprocess.run([PYTHON, ROOT / "scripts/sbom", TREE, "0.1.0"], capture_output=True, text=True)
    assert made.returncode == 0, made.stderr  # it has asked the schema
    bom = json.loads(made.stdout)
    assert (bom["bomFormat"], bom["specVersion"], bom["metadata"]["component"]["name"]) == ("CycloneDX", "1.6", "neso")
    return {component["name"]: component for component in bom["components"]}


def sources(paths):
    """The source packages that files of the system belong to. dpkg may know a file by a name without /usr."""
    whole = {str(pathlib.Path(path).resolve()) for path in paths}
    paths = whole | {path.removeprefix("/usr") for path in whole}
    found = subprocess.run(["dpkg-query", "-S", *paths], capture_output=True, text=True).stdout
    packages = {name.strip() for line in found.splitlines() for name in line.rpartition(": ")[0].split(",")}
    listed = subprocess.run(["dpkg-query", "-W", "-f", "${source:Package}\\n", *packages], capture_output=True, text=True)
    return set(listed.stdout.split()) - TOOLCHAIN


def test_each_component_says_what_it_is_under_which_licence(components):
    assert len(components) >= 12
    for name, component in components.items():
        assert component["purl"].startswith("pkg:") and component["version"] in component["purl"].replace("%2B", "+"), component
        assert component["licenses"], name
    assert components["protobuf"]["licenses"] == [{"license": {"id": "BSD-3-Clause"}}]
    assert components["onnxruntime"]["purl"].startswith("pkg:pypi/onnxruntime@1.")


def test_what_the_binaries_ask_the_system_for_is_listed(components):
    known = dict(re.findall(r"^\s*(\S+) \(libc6,x86-64[^)]*\) => (\S+)$",
                            subprocess.run(["/sbin/ldconfig", "-p"], capture_output=True, text=True).stdout, re.MULTILINE))
    asked = set()
    for path in [*TREE.glob("lib/*.so"), *TREE.glob("*/*/libtriton*.so")]:
        dynamic = subprocess.run(["readelf", "-d", path], capture_output=True, text=True, check=True).stdout
        asked |= {name for name in re.findall(r"NEEDED\).*\[(.*)\]", dynamic) if not any(TREE.glob(f"**/{name}"))}
    found = sources([known[name] for name in asked])
    assert {"openssl", "curl", "nghttp2", "zlib", "expat"} <= found
    assert found <= set(components)


def test_what_is_compiled_in_is_listed(components):
    """By the headers that the objects of the tree were compiled with, and the static libraries on the link lines."""
    ninja = (BUILD / "build.ninja").read_text()
    archives = set(re.findall(r"(?<=\s)(/usr/\S+\.a)(?=\s)", ninja))
    ours = {found[1] for path in re.findall(r"\S+\.deps/\w+/lib/lib\w+\.a", ninja) if (found := re.search(r"\.deps/(\w+)/", path))}
    assert {"protobuf", "re2"} <= ours
    assert ours <= set(components)

    headers, target = set(), ""
    for line in subprocess.run(["ninja", "-C", BUILD, "-t", "deps"], capture_output=True, text=True, check=True).stdout.splitlines():
        if not line.startswith(" "):
            target = line.split(":")[0]
        elif "/usr/include/" in line and not NOT_IN_THE_TREE.search(target):
            headers.add(line.strip())
    found = sources(headers | {archive for archive in archives if not re.search("gtest|gmock|benchmark", archive)})
    assert {"fmtlib", "rapidjson", "xxhash", "cli11"} <= found
    assert found <= set(components), found - set(components)
