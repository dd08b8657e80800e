"""Prints this machine's own package sources of the distribution as deb822 text, with another suite or type.

    private_sources.py <codename> <suite> deb|deb-src

Both forms of source files are read. Only entries of the distribution itself count, those whose suite is <codename> or
begins with "<codename>-"; a suite other than <codename> is taken plain, without its updates and security parts.
"""
import glob
import re
import sys


def deb822_entries(text):
    for stanza in re.split(r"\n\s*\n", re.sub(r"(?m)^#.*\n?", "", text)):
        fields, key = {}, None
        for line in stanza.splitlines():
            if line[:1].isspace() and key:
                fields[key] += "\n" + line
            elif ":" in line:
                key, value = line.split(":", 1)
                key = key.strip().lower()
                fields[key] = value.strip()
        if fields and fields.get("enabled", "yes").lower() not in ("no", "false", "0"):
            yield fields


def one_line_entries(text):
    for line in text.splitlines():
        match = re.match(r"\s*deb\s+(?:\[(.*?)\]\s+)?(\S+)\s+(\S+)\s+([^#]+)", line)
        if match:
            options = dict(o.split("=", 1) for o in (match[1] or "").split() if "=" in o)
            yield {"types": "deb", "uris": match[2], "suites": match[3], "components": match[4].strip(),
                   **({"signed-by": options["signed-by"]} if "signed-by" in options else {})}


def main():
    codename, suite, kind = sys.argv[1:]
    entries = []
    for path in ["/etc/apt/sources.list", *sorted(glob.glob("/etc/apt/sources.list.d/*"))]:
        reader = {"list": one_line_entries, "sources": deb822_entries}.get(path.rsplit(".", 1)[-1])
        try:
            entries += reader(open(path).read()) if reader else []
        except FileNotFoundError:
            pass
    seen = set()
    for entry in entries:
        own = [s for s in entry.get("suites", "").split() if s == codename or s.startswith(codename + "-")]
        wanted = own if suite == codename else [suite] * (codename in own)
        key = (entry.get("uris"), tuple(wanted), entry.get("components"))
        if "deb" not in entry.get("types", "").split() or not wanted or key in seen:
            continue
        seen.add(key)
        print(f"Types: {kind}\nURIs: {entry['uris']}\nSuites: {' '.join(wanted)}\nComponents: {entry['components']}")
        if "signed-by" in entry:
            print(f"Signed-By: {entry['signed-by']}")
        print()
    if not seen:
        sys.exit(f"no package source of {codename} found under /etc/apt")


main()
