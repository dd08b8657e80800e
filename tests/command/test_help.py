"""`neso help`, its man pages and what shells complete: all made of the one table of commands."""
import re
import subprocess

import pytest
from support.server import run_neso

COMMANDS = re.findall(r"^  ([a-z-]+)  ", run_neso("help").stdout, re.MULTILINE)


def test_the_list_names_what_there_is():
    assert {"check", "key", "keygen", "sign", "verify", "trace-summary", "help", "completion"} <= set(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_describes_itself_in_both_ways(name):
    told = run_neso("help", name)
    assert told.returncode == 0, told.stderr
    assert re.search(rf"[Uu]sage: neso {name}", told.stdout), told.stdout
    assert run_neso(name, "--help").stdout == told.stdout


@pytest.mark.parametrize("name, one", [("tune", "--max-ram"), ("profile", "--extra-inputs"), ("perf", "--ssl-grpc-use-ssl")])
def test_man_pages_have_the_options_that_programs_take_which_describe_themselves(name, one):
    page = run_neso("help", name, "--man").stdout.replace("\\-", "-")
    takes = re.findall(r"^  (?:-\w, *|    )?(--[a-z-]+)", run_neso(name, "--help").stdout, re.MULTILINE)
    assert one in takes and [option for option in takes if option not in page] == []


@pytest.mark.parametrize("name", ["profile", "tune"])
def test_man_pages_of_commands_that_hand_options_on(name):
    page = run_neso("help", name, "--man").stdout.replace("\\-", "-")
    assert "Words behind -- are options of neso perf" in page and ".B 130, 143" in page
    assert f".SH EXAMPLES\n.nf\n  neso {name} " in page
    assert re.search(r"\\fB--percentile\\fR \\fIN\\fR\n|\\fB--isl\\fR \\fIN\\fR\n", page), page


@pytest.mark.parametrize("args", [["serve"], ["init"], ["check"], ["key"], ["key", "list"],
                                  ["keygen"], ["sign", "m"], ["verify", "--keys=k"], ["trace-summary"], ["tune"], ["profile"]])
def test_a_command_line_that_cannot_be_meant_ends_with_2_in_programs_that_read_their_own_words(args):
    told = run_neso(*args)
    assert (told.returncode, told.stdout) == (2, "") and told.stderr.startswith("error: "), told


@pytest.mark.parametrize("args, complaint", [
    (["chek"], "error: there is no command 'chek'; did you mean check? neso help lists them all\n"),
    (["completion"], "error: SHELL is required\nneso completion --help says what it takes\n"),
    (["completion", "fsh"], "error: SHELL: fsh not in {bash,zsh,fish}\nneso completion --help says what it takes\n"),
    (["config"], "error: MODEL is required\nneso config --help says what it takes\n"),
    (["help", "nope"], "error: there is no command 'nope'; neso help lists them all\nneso help --help says what it takes\n"),
    (["help", "--mann"], "error: there is no option --mann; did you mean --man?\n"
                         "neso help --help says what it takes\n"),
    (["help", "key", "too"], "error: 'too' is one argument too many\nneso help --help says what it takes\n"),
])
def test_a_command_line_that_cannot_be_meant_is_told_what_was(args, complaint):
    told = run_neso(*args)
    assert (told.returncode, told.stdout, told.stderr) == (2, "", complaint)


def test_bash_completes_commands_options_and_choices(tmp_path):
    script = tmp_path / "neso"
    script.write_text(run_neso("completion", "bash").stdout)

    def completed(*words):
        lines = [f"source {script}", f"COMP_WORDS=({' '.join(map(repr, words))})", f"COMP_CWORD={len(words) - 1}",
                 "compopt() { :; }", "_neso", 'echo "${COMPREPLY[@]}"']
        return subprocess.run(["bash", "-ec", "\n".join(lines)], capture_output=True, text=True, check=True).stdout.split()

    assert completed("neso", "tra") == ["trace-summary"]
    assert completed("neso", "key", "rev") == ["revoke"]
    assert completed("neso", "key", "") == ["create", "list", "revoke", "--help", "-h"]
    assert completed("neso", "key", "create", "--concurr") == ["--concurrent="]
    assert completed("neso", "key", "list", "--") == ["--help", "--file="]
    assert completed("neso", "perf", "--conc") == ["--concurrency-range="]
    assert completed("neso", "tune", "--obj") == ["--objectives="]
    assert completed("neso", "completion", "f") == ["fish"]
    assert "--model-repository=" in completed("neso", "--model-rep")


@pytest.mark.parametrize("name, words", [("infer", "MODEL [INPUT]"), ("config", "MODEL"), ("remove", "MODEL"), ("status", "[MODEL]")])
def test_a_man_page_names_what_stands_without_an_option(name, words):
    page = re.sub(r"\\f[IRB]", "", run_neso("help", name, "--man").stdout)
    assert f".B neso {name}\n[option...] {words}\n" in page


def test_man_pages_of_all_commands(tmp_path):
    assert run_neso("help", "--man-pages", str(tmp_path)).returncode == 0
    assert {path.name for path in tmp_path.iterdir()} == {"neso.1", *(f"neso-{name}.1" for name in COMMANDS)}
    assert (tmp_path / "neso.1").stat().st_mode & 0o044 == 0o044, "everybody reads them"
    assert run_neso("help", "--man-pages", str(tmp_path / "none")).stderr == (
        f"error: cannot write {tmp_path / 'none'}/neso.1: No such file or directory\n")
    assert "\\fB\\-\\-model\\-repository\\fR" in (tmp_path / "neso.1").read_text()
    page = (tmp_path / "neso-key.1").read_text()
    assert page == run_neso("help", "key", "--man").stdout
    assert "\\fB\\-\\-expires\\fR \\fIDAY\\fR" in page
