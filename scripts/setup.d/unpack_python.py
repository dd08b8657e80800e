"""Unpacks a CPython that github.com/kluctl/go-embed-python carries: unpack_python.py <folder of files.json> <folder>."""
import gzip
import json
import os
import pathlib
import shutil
import sys

_FOLDER = 1 << 31  # as Go's file modes have it


def main():
    data, to = map(pathlib.Path, sys.argv[1:])
    for entry in json.loads((data / "files.json").read_text())["files"]:
        target = to / entry["name"]
        target.parent.mkdir(parents=True, exist_ok=True)
        if "symlink" in entry:
            target.symlink_to(entry["symlink"])
        elif entry["perm"] & _FOLDER:
            target.mkdir(exist_ok=True)
        else:
            is_packed = entry.get("compressed", False)
            source = data / (entry["name"] + (".gz" if is_packed else ""))
            with (gzip.open if is_packed else open)(source, "rb") as packed, open(target, "wb") as file:
                shutil.copyfileobj(packed, file)
            os.chmod(target, entry["perm"] & 0o777)


main()
