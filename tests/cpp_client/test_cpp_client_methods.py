"""Every public method of the headers that Triton's programs include is called by the test programs of its library."""
import re

import pytest
from support.server import ROOT

HEADERS = ROOT / "clients/cpp/include"
PROGRAMS = ROOT / "tests/cpp_client"
COMMON = ["either_client.cc", "tensors.cc"]


def declared(header):
    """(class or None, method) of what programs may call: public members, and functions of the namespace."""
    text = re.sub(r"//[^\n]*", "", (HEADERS / header).read_text())
    found, current, is_public = set(), None, True
    for line in text.splitlines():
        if opened := re.match(r"(class|struct) (\w+)\b[^;]*\{", line):
            current, is_public = opened[2], opened[1] == "struct"
        elif re.match(r"\};", line):
            current, is_public = None, True
        elif section := re.match(r" (public|protected|private):", line):
            is_public = section[1] == "public"
        elif is_public and (method := re.match(r"(?:  )?(?:(?:virtual|static|explicit|inline) )*[\w:<>&*, ]*?[ &*](\w+)\(", line)):
            if "operator" not in line and not line.startswith("    "):
                found.add((current, method[1]))
    return found


@pytest.mark.parametrize("header, programs, least", [
    ("common.h", ["every_http_method.cc", "every_grpc_method.cc"], 40),
    ("http_client.h", ["every_http_method.cc"], 24),
    ("grpc_client.h", ["every_grpc_method.cc"], 26),
    ("shm_utils.h", ["every_http_method.cc", "every_grpc_method.cc"], 5),
    ("json_utils.h", ["every_http_method.cc"], 1)])
def test_every_public_method_is_called(header, programs, least):
    methods = {(owner, method) for owner, method in declared(header) if owner != method}  # no constructors
    assert len(methods) >= least, sorted(methods, key=str)
    called = "".join((PROGRAMS / name).read_text() for name in {*programs, *COMMON})
    assert sorted(method for _, method in methods if not re.search(rf"(->|\.|::|tc::){method}\(", called)) == []
