"""The conformance page: one row for each feature, an honest state, and tests that exist."""
import re

from support.server import ROOT

PAGE = ROOT / "docs" / "conformance.md"


def rows():
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in PAGE.read_text().splitlines()
            if line.startswith("| F-")]


def test_ids_are_unique_and_well_formed():
    ids = [row[0] for row in rows()]
    assert len(ids) > 300
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch(r"F-[A-Z]+-\d\d", id) for id in ids)


def test_states_are_three_and_what_works_has_a_test():
    for id, feature, state, tests in rows():
        assert feature, id
        assert re.fullmatch(r"works|partial: .+|not yet", state), id
        assert bool(tests) == (state != "not yet"), id


def test_tests_exist():
    for id, _, state, tests in rows():
        paths = re.findall(r"`([^`]+)`", tests)
        for path in paths:
            assert (ROOT / path).is_file(), f"{id}: {path}"
        is_shown = any(re.search(r"(^|/)tests?/|_test\.|(^|/)test_", path) for path in paths)
        assert is_shown or state == "not yet", f"{id}: none of {paths} is a test"


def test_the_counts_are_those_of_the_rows():
    counted = {state: sum(row[2].startswith(state) for row in rows()) for state in ("works", "partial", "not yet")}
    assert f"| {counted['works']} | {counted['partial']} | {counted['not yet']} |" in PAGE.read_text()
