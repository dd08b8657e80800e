"""Makes the models of these tests with TensorFlow's Python module, in a process of its own: make_models.py <folder>.

A SavedModel is the folder <name>.savedmodel, a GraphDef the file <name>.graphdef. digits.npz has rows of the handwritten digits
and what the network says of them.
"""
import pathlib
import sys

import numpy as np
import tensorflow as tf
from sklearn.datasets import load_digits
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

V1 = tf.compat.v1
DATATYPES = [tf.bool, tf.uint8, tf.uint16, tf.uint32, tf.uint64, tf.int8, tf.int16, tf.int32, tf.int64, tf.float16, tf.float32,
             tf.float64, tf.string]


def takes(*specs, **named):
    """A tf.function of tensors: takes(x=(tf.float32, [None]))."""
    return tf.function(input_signature=[tf.TensorSpec(shape, dtype, name) for name, (dtype, shape) in named.items()])


class Digits(tf.Module):
    """Ten scores for images [-1, 8, 8, 1] of values from 0 to 16; a second signature names the digit."""

    def __init__(self):
        super().__init__()
        generator = np.random.default_rng(0)

        def weights(*shape):
            scale = np.sqrt(2 / np.prod(shape[:-1]))
            return tf.Variable(generator.normal(0, scale, shape).astype(np.float32))

        self.first, self.second = weights(3, 3, 1, 16), weights(3, 3, 16, 32)
        self.dense, self.bias = weights(32 * 16, 10), tf.Variable(np.zeros(10, np.float32))
        names = "zero one two three four five six seven eight nine".split()
        self.names = tf.lookup.StaticHashTable(
            tf.lookup.KeyValueTensorInitializer(tf.range(10, dtype=tf.int64), tf.constant(names)), "?")

    def scores(self, image):
        hidden = tf.nn.max_pool2d(tf.nn.relu(tf.nn.conv2d(image / 16, self.first, 1, "SAME")), 2, 2, "SAME")
        hidden = tf.nn.relu(tf.nn.conv2d(hidden, self.second, 1, "SAME"))
        return tf.reshape(hidden, [-1, 32 * 16]) @ self.dense + self.bias

    @takes(image=(tf.float32, [None, 8, 8, 1]))
    def classify(self, image):
        return {"scores": self.scores(image)}

    @takes(image=(tf.float32, [None, 8, 8, 1]))
    def name_of(self, image):
        return {"name": self.names.lookup(tf.argmax(self.scores(image), axis=1))}


class Functions(tf.Module):
    """One signature for each thing that a test looks at; none is the default."""

    @takes(left=(tf.float32, [None, 3]), right=(tf.float32, [None, 3]))
    def add_sub(self, left, right):
        return {"sum": left + right, "difference": left - right}

    @takes(x=(tf.int64, []))
    def scalar(self, x):
        return {"double": x * 2}

    @takes(x=(tf.string, [None, None, None]))
    def upper(self, x):
        return {"upper": tf.strings.upper(x), "length": tf.strings.length(x)}

    @takes(x=(tf.float32, None))
    def any_rank(self, x):
        return {"y": x + 1}

    @takes(x=(tf.float32, [None]), ends=(tf.int32, [None]))
    def ragged(self, x, ends):
        sums = tf.gather(tf.concat([[0.0], tf.cumsum(x)], 0), ends)
        return {"sums": tf.expand_dims(sums - tf.concat([[0.0], sums[:-1]], 0), 1)}

    @takes(x=(tf.float32, [None, 1]))
    def refuse_negative(self, x):
        with tf.control_dependencies([tf.debugging.assert_non_negative(x, "it is negative")]):
            return {"root": tf.sqrt(x)}

    @takes(x=(tf.complex64, [None]))
    def of_complex(self, x):
        return {"y": x}

    @takes(x=(tf.float32, [4]))
    def fixed(self, x):
        return {"y": x * 2}

    @takes(x=(tf.int32, [None, 1]))
    def count_down(self, x):
        total = tf.zeros_like(x)
        while tf.reduce_any(x > 0):
            total += tf.maximum(x, 0)
            x -= 1
        return {"total": total}

    @takes(x=(tf.float32, [None, 1]), start=(tf.float32, [None, 1]), ready=(tf.float32, [None, 1]))
    def with_controls(self, x, start, ready):
        return {"y": tf.concat([x, start, ready], 1)}


class Copy(tf.Module):
    def __init__(self, dtype):
        super().__init__()
        self.copy = takes(x=(dtype, [None, None]))(lambda x: {"y": tf.identity(x)})


class Last(tf.Module):
    """Keeps what it was called with: its answer is the input before."""

    def __init__(self):
        super().__init__()
        self.last = tf.Variable(np.zeros([1, 4], np.float32))

    @takes(x=(tf.float32, [1, 4]))
    def swap(self, x):
        before = tf.identity(self.last)
        with tf.control_dependencies([before]):
            self.last.assign(x)
        return {"before": before}


class Heavy(tf.Module):
    """16 MiB of weights."""

    def __init__(self):
        super().__init__()
        generator = np.random.default_rng(0)
        self.up = tf.Variable(generator.normal(0, 0.03, (1024, 2048)).astype(np.float32))
        self.down = tf.Variable(generator.normal(0, 0.03, (2048, 1024)).astype(np.float32))

    @takes(x=(tf.float32, [None, 1024]))
    def forward(self, x):
        return {"y": tf.nn.relu(x @ self.up) @ self.down}

    @takes(x=(tf.float32, [None, 1024]))
    def half(self, x):
        return {"h": tf.nn.relu(x @ self.up)}


class Convolutions(tf.Module):
    """Some milliseconds of one core for an image [-1, 64, 64, 3]."""

    def __init__(self):
        super().__init__()
        generator = np.random.default_rng(0)
        self.kernels = [tf.Variable(generator.normal(0, 0.1, (3, 3, a, b)).astype(np.float32))
                        for a, b in [(3, 32), (32, 64), (64, 32)]]

    @takes(x=(tf.float32, [None, 64, 64, 3]))
    def forward(self, x):
        for kernel in self.kernels:
            x = tf.nn.relu(tf.nn.conv2d(x, kernel, 1, "SAME"))
        return {"y": tf.reduce_mean(x, [1, 2])}


def train_digits():
    images, labels = load_digits(return_X_y=True)
    images = images.astype(np.float32).reshape(-1, 8, 8, 1)
    network, rate, order = Digits(), 0.05, np.random.default_rng(1)
    variables = [network.first, network.second, network.dense, network.bias]
    moments = [tf.Variable(tf.zeros_like(variable)) for variable in variables]

    @tf.function
    def step(rows, wanted):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(wanted, network.scores(rows)))
        for variable, moment, gradient in zip(variables, moments, tape.gradient(loss, variables)):
            moment.assign(0.9 * moment + gradient)
            variable.assign_sub(rate * moment)

    for _ in range(12):
        for rows in np.array_split(order.permutation(1500), 24):
            step(images[rows], labels[rows].astype(np.int32))
    return network, images[1500:], labels[1500:]


def save(folder, called, module, **signatures):
    tf.saved_model.save(module, str(folder / f"{called}.savedmodel"), signatures=signatures)


def save_graph(folder, name, graph):
    (folder / f"{name}.graphdef").write_bytes(graph.as_graph_def().SerializeToString())


def save_frozen(folder, network):
    frozen = convert_variables_to_constants_v2(network.classify.get_concrete_function())
    save_graph(folder, "digits", frozen.graph)
    return frozen.outputs[0].op.name


def save_graphs_of_version_1(folder):
    with tf.Graph().as_default() as graph:
        x = V1.placeholder(tf.float32, [None, 2], "x")
        scale = V1.placeholder_with_default(tf.constant([[2.0]]), [None, 1], "scale")
        V1.placeholder(tf.float32, [None, 2], "for_training")
        tf.multiply(x, scale, "y")
        tf.strings.as_string(x, name="text")
        save_graph(folder, "scale", graph)
    with tf.Graph().as_default() as graph:
        tf.identity(V1.placeholder(tf.float32, [None, 2], "x"), "y")
        changed = graph.as_graph_def()
        changed.node[1].op = "NesoTriple"  # of operators/triple.cc
        changed.node[1].attr.clear()
        (folder / "triple.graphdef").write_bytes(changed.SerializeToString())
    with tf.Graph().as_default() as graph:
        x = V1.placeholder(tf.float32, [None, 1], "x")
        offset = V1.get_variable("offset", initializer=tf.constant([[40.0]]), use_resource=True)
        tf.add(x, offset, "y")
        tf.group(V1.global_variables_initializer(), name="fill")
        save_graph(folder, "with_variable", graph)


def main():
    folder = pathlib.Path(sys.argv[1])
    network, images, labels = train_digits()
    save(folder, "digits", network, serving_default=network.classify, name=network.name_of)
    output = save_frozen(folder, network)
    np.savez(folder / "digits.npz", images=images, labels=labels, scores=network.scores(images).numpy(), output=output)
    functions = Functions()
    save(folder, "functions", functions, **{name: getattr(functions, name) for name in (
        "add_sub", "scalar", "upper", "any_rank", "ragged", "refuse_negative", "of_complex", "fixed", "count_down", "with_controls")})
    for dtype in DATATYPES:
        copy = Copy(dtype)
        save(folder, f"copy_{dtype.name}", copy, serving_default=copy.copy)
    last, heavy, convolutions = Last(), Heavy(), Convolutions()
    save(folder, "last", last, serving_default=last.swap)
    save(folder, "heavy", heavy, serving_default=heavy.forward, half=heavy.half)
    save(folder, "convolutions", convolutions, serving_default=convolutions.forward)
    save_graphs_of_version_1(folder)


if __name__ == "__main__":
    main()
