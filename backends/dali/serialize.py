"""Serializes the pipeline of a Python file: python3 serialize.py <dali.py> <output>.

The pipeline is the one function marked with @nvidia.dali.plugin.triton.autoserialize. Run by the DALI backend in a process
of its own, with the python3 of its PATH.
"""
import importlib.util
import pathlib
import sys


def main(source, target):
    try:
        from nvidia.dali._utils.autoserialize import invoke_autoserialize
    except ImportError as error:
        raise SystemExit(f"{sys.executable} has no DALI ({error}): install nvidia-dali-cuda130 for it, or name its folder in "
                         "PYTHONPATH") from None
    sys.path.insert(0, str(pathlib.Path(source).parent))
    spec = importlib.util.spec_from_file_location("dali_model", source)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    invoke_autoserialize(module, target)


if __name__ == "__main__":
    main(*sys.argv[1:])
