"""The page for who comes from build.py: it leaves out no option, what it says to type is there, and CMake does as it says."""
import re
import subprocess

import pytest
from support.server import ROOT, run_neso

PAGE = (ROOT / "docs/building.md").read_text()
# Those of build.py in Triton 2.73.
OPTIONS = """
    quiet verbose dryrun no-container-build use-user-docker-config no-container-interactive no-container-pull no-container-source
    container-prebuild-command image build-secret target-platform target-machine build-id build-sha version container-version
    triton-container-version upstream-container-version release-version build-dir install-dir cmake-dir tmp-dir library-paths build-type
    build-parallel github-organization repo-tag no-force-clone no-core-build enable-all enable-logging enable-stats enable-metrics
    enable-gpu-metrics enable-cpu-metrics enable-tracing enable-nvtx enable-gpu enable-mali-gpu min-compute-capability endpoint filesystem
    backend repoagent cache extra-core-cmake-arg override-core-cmake-arg extra-backend-cmake-arg override-backend-cmake-arg
    build-presets-file ort-version ort-openvino-version standalone-openvino-version dcgm-version rhel-py-version
    triton-wheels-dependencies-group""".split()
TRITON_ENABLE = """
    LOGGING STATS TRACING NVTX GPU MALI_GPU ENSEMBLE HTTP GRPC SAGEMAKER VERTEX_AI METRICS METRICS_GPU METRICS_CPU GCS S3 AZURE_STORAGE
    TENSORRT ASAN""".split()


def rows(columns):
    lines = [[cell.strip() for cell in line.strip("|").split("|")] for line in PAGE.splitlines() if line.startswith(("| `", "| none"))]
    return [line for line in lines if len(line) == columns]


def test_each_option_of_build_py_has_a_row():
    named = [name for option, _ in rows(2) for name in re.findall(r"`--([a-z-]+)`", option)]
    assert sorted(named) == sorted(OPTIONS)


def test_what_it_says_to_type_is_there():
    makefile, setup = ((ROOT / name).read_text() for name in ("Makefile", "scripts/setup"))
    targets = set(re.findall(r"\bmake (?:-n )?([a-z-]+)", PAGE)) - {"up"}
    assert targets >= {"build", "image", "package", "sanitize"}
    assert [name for name in targets if f"\n{name}:" not in makefile] == []
    backends = {name for names in re.findall(r'BACKENDS="?([a-z][a-z -]*)', PAGE) for name in names.split()} | {"tensorrt"}
    assert [name for name in backends | set(re.findall(r"scripts/setup ([a-z-]+)", PAGE)) if f"[{name}]=" not in setup] == []
    presets = (ROOT / "CMakePresets.json").read_text()
    assert [name for name in re.findall(r"--preset (\w+)", PAGE) if f'"name": "{name}"' not in presets] == []
    flags = set(re.findall(r"server's `(--[a-z-]+)", PAGE)) | {"--allow-sagemaker", "--allow-vertex-ai"}
    help_text = run_neso("--help").stdout
    assert len(flags) > 8 and [flag for flag in flags if f"{flag} " not in help_text and f"{flag}\n" not in help_text] == []


@pytest.mark.parametrize("value", ["ON", "OFF"])
def test_cmake_takes_warns_and_ends_as_the_page_says(value):
    said = {name: cells[value == "OFF"] for names, *cells in rows(3) for name in re.findall(r"`([A-Z0-9_]+[A-Z0-9])`", names)}
    assert sorted(said) == sorted(TRITON_ENABLE)
    for name, what in said.items():
        done = subprocess.run(["cmake", f"-DTRITON_ENABLE_{name}={value}", "-P", ROOT / "cmake/NesoTritonOptions.cmake"],
                              capture_output=True, text=True)
        is_set_up = name == "TENSORRT" and (ROOT / ".deps/tensorrt").exists()
        assert (done.returncode != 0) == (what.startswith("ends") and not is_set_up), (name, done.stderr)
        assert ("CMake Warning" in done.stderr) == what.startswith("warns"), (name, done.stderr)
        for flag in re.findall(r"--[a-z-]+", what) if what.startswith("warns") else []:
            assert flag in done.stderr
    assert "include(NesoTritonOptions)" in (ROOT / "CMakeLists.txt").read_text().split("include(NesoToolchain)")[0]


@pytest.mark.parametrize("other, ends, said", [
    ("", False, "NESO_SANITIZE=address"), ("address", False, ""), ("thread", True, "NESO_SANITIZE=thread asks for another")])
def test_cmake_takes_one_sanitizer(other, ends, said):
    done = subprocess.run(["cmake", "-DTRITON_ENABLE_ASAN=ON", f"-DNESO_SANITIZE={other}", "-P", ROOT / "cmake/NesoTritonOptions.cmake"],
                          capture_output=True, text=True)
    assert (done.returncode != 0) == ends and said in " ".join((done.stdout + done.stderr).split())
