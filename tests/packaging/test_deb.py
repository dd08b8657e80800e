"""What scripts/deb and scripts/apt_repository make, looked into; test_package.py installs it."""
import hashlib
import os
import shutil
import subprocess

import pytest
from support.server import IS_SANITIZED, ROOT, TREE

pytestmark = [pytest.mark.skipif(IS_SANITIZED, reason="packages are made of builds without sanitizers"),
              pytest.mark.skipif(not (ROOT / ".deps/packaging").exists(), reason="what is needed is not there: scripts/setup package"),
              pytest.mark.skipif(shutil.which("dpkg-shlibdeps") is None, reason="there is no dpkg-shlibdeps here")]
TIME = 1_700_000_000


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    """What of the built tree packages have to do with, and another backend; nobody else may read it."""
    tree = tmp_path_factory.mktemp("deb") / "tree"
    for part in ("bin", "share", "lib", "backends/identity"):
        shutil.copytree(TREE / part, tree / part, symlinks=True, ignore=shutil.ignore_patterns("libneso_*", "*.a", "cmake"))
    shutil.copytree(TREE / "backends/identity", tree / "backends/new")
    shutil.copy(TREE / "caches/redis/libtritoncache_redis.so", tree / "backends/new/reader")  # not by a library's name
    (tree / "backends/new/model.py").write_text("")
    subprocess.run(["strip", *tree.glob("lib/*.so"), *tree.glob("backends/*/*.so")], check=True)
    subprocess.run(["chmod", "-R", "go-rwx", tree], check=True)
    return tree


def make(tree, dist):
    made = subprocess.run([ROOT / "scripts/deb", tree, "1.2.3", dist], capture_output=True, text=True, umask=0o077,
                          env={**os.environ, "SOURCE_DATE_EPOCH": str(TIME), "DPKG_DEB_COMPRESSOR_TYPE": "none"})
    assert made.returncode == 0, made.stderr
    return [dist / name for name in made.stdout.split()]


@pytest.fixture(scope="module")
def packages(tree, tmp_path_factory):
    return make(tree, tmp_path_factory.mktemp("dist"))


def field(package, name):
    return subprocess.run(["dpkg-deb", "--field", package, name], capture_output=True, text=True, check=True).stdout.strip()


def contents(package):
    """{path: (rights, owner, time)}"""
    listed = subprocess.run(["dpkg-deb", "--contents", package], capture_output=True, text=True, check=True,
                            env={**os.environ, "TZ": "UTC"}).stdout
    lines = [line.split(maxsplit=5) for line in listed.splitlines()]
    return {words[5].split(" -> ")[0]: (words[0], words[1], f"{words[3]} {words[4]}") for words in lines}


def test_a_framework_is_a_package_of_its_own(packages):
    assert [field(package, "Package") for package in packages] == ["neso", "neso-backend-new"]
    neso, new = (contents(package) for package in packages)
    assert "./opt/neso/backends/identity/libtriton_identity.so" in neso and "./opt/neso/backends/new/" not in neso
    assert {path for path in new if not path.endswith("/")} == {
        *(f"./opt/neso/backends/new/{name}" for name in ("libtriton_identity.so", "model.py", "reader")),
        *(f"./usr/share/doc/neso-backend-new/{name}" for name in ("copyright", "neso.cdx.json"))}


def test_packages_ask_for_what_their_programs_need(packages):
    neso, new = packages
    assert "passwd" in field(neso, "Depends") and "libc6" in field(neso, "Depends")
    assert field(neso, "Recommends") == "python3, python3-numpy"
    assert field(new, "Depends").startswith("neso (= 1.2.3), libc6")
    assert "libssl3" in field(new, "Depends")  # which only the program in it asks for


def test_all_may_read_what_is_installed_and_root_owns_it(packages):
    for package in packages:
        for path, (rights, owner, _) in contents(package).items():
            assert rights[7] == "r" and rights[8] in "-w" and (rights[9] == "x" or rights[0] == "-"), (path, rights)
            assert owner == "root/root", path
    assert contents(packages[0])["./opt/neso/bin/neso"][0] == "-rwxr-xr-x"
    assert contents(packages[0])["./usr/share/doc/neso/copyright"][0] == "-rw-r--r--"


def test_the_same_tree_makes_the_same_files(packages, tree, tmp_path):
    shutil.copytree(tree, tmp_path / "elsewhere", symlinks=True, copy_function=shutil.copy)  # with times of its own
    again = make(tmp_path / "elsewhere", tmp_path)
    assert [hashlib.sha256(package.read_bytes()).digest() for package in again] == \
        [hashlib.sha256(package.read_bytes()).digest() for package in packages]
    assert {time for _, _, time in contents(packages[1]).values()} == {"2023-11-14 22:13"}


def test_a_library_that_nobody_has_is_told(tree, tmp_path):
    shutil.copytree(tree, tmp_path / "tree", symlinks=True)
    for words in (["-o", "libmissing.so", "-Wl,-soname,libmissing.so.1", "missing.c"],
                  ["-o", tmp_path / "tree/backends/new/libuser.so", "user.c", "-L.", "-lmissing"]):
        (tmp_path / "missing.c").write_text("int missing(void) { return 0; }")
        (tmp_path / "user.c").write_text("int missing(void); int user(void) { return missing(); }")
        subprocess.run(["gcc", "-shared", "-fPIC", *words], check=True, cwd=tmp_path)
    made = subprocess.run([ROOT / "scripts/deb", tmp_path / "tree", "1.2.3", tmp_path], capture_output=True, text=True)
    assert made.returncode != 0 and "libmissing.so" in made.stderr


@pytest.mark.skipif(shutil.which("apt-ftparchive") is None, reason="there is no apt-ftparchive here")
def test_the_repository_has_all_packages_and_all_may_read_it(packages, tmp_path):
    subprocess.run([ROOT / "scripts/apt_repository", tmp_path / "apt", *packages], check=True, umask=0o077,
                   capture_output=True)
    architecture = field(packages[0], "Architecture")
    listed = (tmp_path / f"apt/dists/stable/main/binary-{architecture}/Packages").read_text()
    names = {line.split()[1] for line in listed.splitlines() if line.startswith("Package: ")}
    assert names == {"neso", "neso-backend-new"}
    for path in (tmp_path / "apt").rglob("*"):
        assert path.stat().st_mode & 0o444 == 0o444, path
