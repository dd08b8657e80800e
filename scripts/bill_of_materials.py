"""The bill of materials of a tree, CycloneDX 1.6 in JSON, checked against the schema.

Its components are rows of docs/dependencies.md: all of "In the server", and those of "In plug-ins" whose place (`in`) is in the
tree. The cell `from` says what a component is, and so where its version stands:

  the PyPI wheel `onnxruntime`     its pin in requirements/ or scripts/setup.d/
  the crate `trtx-sys` 0.9.1       beside it
  the source package `re2`         .deps/re2/version, which its recipe has written
  `libfmt-dev`                     the installed package's

tests/packaging/test_sbom.py holds the tables against what the tree is linked with. Runs in .deps/packaging.
"""
import datetime
import os
import pathlib
import re
import subprocess
import sys
import uuid

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.model.license import LicenseExpression
from cyclonedx.output.json import JsonV1Dot6
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packageurl import PackageURL
from pins import pinned

ROOT = pathlib.Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs/dependencies.md"


def rows(title):
    """The rows of the table below a title, each a dictionary by the head of its columns."""
    section = PAGE.read_text().split(f"\n## {title}", 1)[1].split("\n## ", 1)[0]
    head, _, *body = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in section.splitlines()
                      if line.startswith("|")]
    return [dict(zip(head, cells, strict=True)) for cells in body]


def debian(name, version):
    system = dict(line.split("=", 1) for line in pathlib.Path("/etc/os-release").read_text().splitlines() if "=" in line)
    kind, release = (system[key].strip('"') for key in ("ID", "VERSION_ID"))
    return PackageURL("deb", kind, name, version, {"arch": "source", "distro": f"{kind}-{release}"})


def identities(origin):
    """The packages that a cell `from` names."""
    if found := re.search(r"PyPI wheels? ((?:`[\w-]+`(?:, )?)+)", origin):
        return [PackageURL("pypi", None, name, pinned(name)) for name in re.findall(r"`([\w-]+)`", found[1])]
    if found := re.search(r"crate `([\w-]+)` ([\d.]+)", origin):
        return [PackageURL("cargo", None, found[1], found[2])]
    if found := re.search(r"source package `([\w-]+)`", origin):
        return [debian(found[1], (ROOT / ".deps" / found[1] / "version").read_text().strip())]
    if found := re.search(r"`([\w+.-]+-dev)`", origin):
        asked = subprocess.run(["dpkg-query", "-W", "-f", "${source:Package} ${source:Version}", found[1]], check=True,
                               capture_output=True, text=True)
        return [debian(*asked.stdout.split())]
    sys.exit(f"bill of materials: {PAGE}: expected a PyPI wheel, a crate, a source package or a -dev package in backquotes, got: {origin}")


def licences(cell):
    """An expression of SPDX's where all its parts are known there, else names."""
    parts = list(dict.fromkeys(cell.split(", ")))
    make = LicenseFactory()
    together = make.make_from_string(" AND ".join(parts))  # what it does not know becomes a name
    return [together] if len(parts) == 1 or isinstance(together, LicenseExpression) else [make.make_with_name(part) for part in parts]


def components(tree):
    found = {}
    for row in rows("In the server") + [row for row in rows("In plug-ins") if any(tree.glob(row["in"].strip("`")))]:
        for purl in identities(row["from"]):
            found.setdefault(purl.to_string(), Component(
                type=ComponentType.LIBRARY, name=purl.name, version=purl.version, purl=purl, bom_ref=purl.to_string(),
                licenses=licences(row["licence"]), description=f"{row['part']}: {row['why']}"))
    return list(found.values())


def bill_of_materials(tree, version):
    own = Component(type=ComponentType.APPLICATION, name="neso", version=version, bom_ref=f"neso@{version}",
                    licenses=licences("Apache-2.0"))
    bom = Bom(components=components(pathlib.Path(tree)))
    bom.metadata.component = own
    bom.register_dependency(own, bom.components)
    # The same sources make the same list.
    bom.metadata.timestamp = datetime.datetime.fromtimestamp(int(os.environ.get("SOURCE_DATE_EPOCH", "0")), datetime.timezone.utc)
    bom.serial_number = uuid.uuid5(uuid.NAMESPACE_OID, " ".join(sorted(part.bom_ref.value for part in [own, *bom.components])))
    text = JsonV1Dot6(bom).output_as_string(indent=2)
    if complaint := JsonStrictValidator(SchemaVersion.V1_6).validate_str(text):
        sys.exit(f"bill of materials: not as the schema wants it: {complaint}")
    return text
