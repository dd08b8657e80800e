"""Builds the network from its weights with TensorFlow: make_tensorflow.py <folder> <network.npz>.

model.savedmodel is a folder, model.graphdef one file in which the weights are constants.
"""
import pathlib
import sys

import numpy as np
import tensorflow as tf
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2


class Digits(tf.Module):
    """As tests/pytorch/make_models.py has it: channels come before rows, and TensorFlow wants them last."""

    def __init__(self, weights):
        super().__init__()
        for index in (0, 3):
            setattr(self, f"kernel_{index}", tf.Variable(weights[f"{index}_weight"].transpose(2, 3, 1, 0)))
            setattr(self, f"bias_{index}", tf.Variable(weights[f"{index}_bias"]))
        self.dense, self.bias = tf.Variable(weights["6_weight"].T), tf.Variable(weights["6_bias"])

    @tf.function(input_signature=[tf.TensorSpec([None, 1, 8, 8], tf.float32, "image")])
    def scores(self, image):
        hidden = tf.transpose(image / 16, [0, 2, 3, 1])
        hidden = tf.nn.relu(tf.nn.conv2d(hidden, self.kernel_0, 1, "SAME") + self.bias_0)
        hidden = tf.nn.max_pool2d(hidden, 2, 2, "VALID")
        hidden = tf.nn.relu(tf.nn.conv2d(hidden, self.kernel_3, 1, "SAME") + self.bias_3)
        flat = tf.reshape(tf.transpose(hidden, [0, 3, 1, 2]), [-1, 32 * 16])
        return {"scores": tf.add(flat @ self.dense, self.bias, name="scores")}


def main():
    folder = pathlib.Path(sys.argv[1])
    network = Digits(np.load(sys.argv[2]))
    tf.saved_model.save(network, str(folder / "model.savedmodel"), signatures=network.scores)
    frozen = convert_variables_to_constants_v2(network.scores.get_concrete_function())
    (folder / "model.graphdef").write_bytes(frozen.graph.as_graph_def().SerializeToString())


if __name__ == "__main__":
    main()
