"""Converts the network of an ONNX file to OpenVINO's IR: make_openvino.py <folder> <model.onnx>."""
import pathlib
import sys

import openvino

if __name__ == "__main__":
    openvino.save_model(openvino.convert_model(sys.argv[2]), pathlib.Path(sys.argv[1]) / "model.xml", compress_to_fp16=False)
