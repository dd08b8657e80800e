"""Models of Triton's examples that are more than simple_models.py has: one that answers several times, and such for pictures."""
from . import onnx_models
from .python_models import PythonModels

LABELS = "red\ngreen\nblue\n"


def add_repeat(repository):
    """"repeat_int32" answers each value of IN by itself, DELAY[i] ms after the one before it."""
    PythonModels(repository).add("repeat_int32", """
        def execute(self, requests):
            for request in requests:
                sender = request.get_response_sender()
                for value, delay in zip(values(request, "IN"), values(request, "DELAY")):
                    time.sleep(int(delay) / 1000)
                    sender.send(answer(OUT=np.array([value], np.int32)))
                sender.send(flags=pb_utils.TRITONSERVER_RESPONSE_COMPLETE_FINAL)
                time.sleep(int(values(request, "WAIT")[0]) / 1000)
            return None
        """, {"IN": "TYPE_INT32", "DELAY": "TYPE_UINT32", "WAIT": ("TYPE_UINT32", [1])}, {"OUT": ("TYPE_INT32", [1])},
        extra="model_transaction_policy { decoupled: true }")


def add_picture_models(repository):
    """"colours" tells the colour of a picture by the mean of each; the ensemble decodes it first."""
    mean = onnx_models.model([onnx_models.node("ReduceMean", "image", "scores", axes=[2, 3], keepdims=0)],
                             {"image": ("FLOAT", [None, 3, 4, 4])}, {"scores": ("FLOAT", [None, 3])})
    colours = repository.add("colours", """
        backend: "onnxruntime"
        max_batch_size: 8
        input { name: "image" data_type: TYPE_FP32 dims: [3, 4, 4] }
        output { name: "scores" data_type: TYPE_FP32 dims: [3] label_filename: "labels.txt" }
        """, files={"model.onnx": mean})
    PythonModels(repository).add("decode", """
        def execute(self, requests):
            def picture(file):
                return np.frombuffer(file[-48:], np.uint8).reshape(4, 4, 3).transpose(2, 0, 1)
            return [answer(OUT=np.stack([picture(file) for file in values(request).reshape(-1)]).astype(np.float32))
                    for request in requests]
        """, {"IN": ("TYPE_STRING", [1])}, {"OUT": ("TYPE_FP32", [3, 4, 4])}, max_batch_size=8)
    ensemble = repository.add("preprocess_inception_ensemble", """
        platform: "ensemble"
        max_batch_size: 8
        input { name: "INPUT" data_type: TYPE_STRING dims: [1] }
        output { name: "OUTPUT" data_type: TYPE_FP32 dims: [3] label_filename: "labels.txt" }
        ensemble_scheduling {
          step { model_name: "decode" model_version: -1
                 input_map { key: "IN" value: "INPUT" } output_map { key: "OUT" value: "picture" } }
          step { model_name: "colours" model_version: -1
                 input_map { key: "image" value: "picture" } output_map { key: "scores" value: "OUTPUT" } }
        }
        """)
    for folder in (colours, ensemble):
        (folder / "labels.txt").write_text(LABELS)


def write_pictures(folder):
    """A blue one and a red one."""
    for name, pixel in {"blue": b"\x10\x20\xff", "red": b"\xff\x10\x20"}.items():
        (folder / f"{name}.ppm").write_bytes(b"P6\n4 4\n255\n" + 16 * pixel)
    return [folder / "blue.ppm", folder / "red.ppm"]
