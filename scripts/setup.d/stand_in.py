#!/usr/bin/env python3
"""Makes libraries without contents for those that the libraries of a folder ask for and nobody has.

    stand_in.py <folder of libraries> <folder of more, where those that are missing are put>

A program that never calls them can then be loaded: each function has an address, that of zeros.
"""
import pathlib
import shutil
import subprocess
import sys
import tempfile


def lines(*command):
    return subprocess.run([str(part) for part in command], check=True, text=True, stdout=subprocess.PIPE).stdout.splitlines()


def symbols(libraries):
    """Names that the libraries define, and those that they must find elsewhere, each with its version ("" if it has none)."""
    defined, wanted = set(), {}
    for line in lines("nm", "-D", *libraries):
        fields = line.split()
        if len(fields) < 2 or fields[-2] in "wv":
            continue
        name, _, version = fields[-1].replace("@@", "@").partition("@")
        if fields[-2] == "U":
            wanted[name] = version
        else:
            defined.add(name)
    return defined, wanted


def needed(library):
    names = [line.split("[")[1].rstrip("]") for line in lines("readelf", "-d", library) if "(NEEDED)" in line]
    return [name for name in names if not name.startswith("ld-linux")]  # the loader itself


def resolved(library):
    """The libraries that are found for it, by name."""
    found = [line.split() for line in lines("ldd", library)]
    return {fields[0]: fields[2] for fields in found if len(fields) > 2 and fields[1] == "=>" and fields[2] != "not"}


def main():
    folder, more = map(pathlib.Path, sys.argv[1:])
    libraries = sorted(folder.glob("*.so*")) + sorted(more.glob("*.so*"))
    present = {library.name for library in libraries}
    system = {}
    for library in libraries:
        system.update(resolved(library))
    missing = {name for library in libraries for name in needed(library)} - present - set(system)
    others = [path for name, path in system.items() if name not in present]
    defined, wanted = symbols(libraries + others)
    absent = {name: version for name, version in sorted(wanted.items())
              if name not in defined and not name.lstrip("_").startswith("Py")}
    with tempfile.TemporaryDirectory() as build:
        source, versions, library = (pathlib.Path(build, name) for name in ("stand_in.s", "versions", "stand_in.so"))
        source.write_text(".data\n" + "".join(f".globl {name}\n{name}:\n" for name in absent) + ".zero 4096\n")
        versions.write_text("".join(
            version + " { " + " ".join(f"{name};" for name in absent if absent[name] == version) + " };\n"
            for version in sorted(set(absent.values()) - {""})))
        lines("gcc", "-shared", "-nostdlib", "-fuse-ld=bfd", f"-Wl,--version-script={versions}", "-o", library, source)
        for name in missing:
            shutil.copy(library, more / name)
    print(f"{len(missing)} libraries without contents: {', '.join(sorted(missing))}")


if __name__ == "__main__":
    main()
