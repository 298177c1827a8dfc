"""Programs for Keras: every way an activation sits in a model, every form of a loss, every metric that is carried."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

# How Keras is imported: the head, and how its layers, losses, metrics and models are spelled behind it.
HEADS = {
    "keras": "import keras\nfrom keras import layers\n",
    "tf.keras": "import tensorflow as tf\nfrom tensorflow import keras\nfrom tensorflow.keras import layers\n",
    "tf alone": "import tensorflow as tf\n",
    "names": "import keras.layers as layers\nfrom keras.models import Sequential\nfrom keras.layers import Dense\n",
}
# How an activation sits: lines that make `model`. {a} is its name, {n} the number of units, {l} the name of its
# layer, {k} how `keras` is spelled.
SITES = {
    "option": ("model = keras.Sequential([layers.Dense({n}, activation='{a}')])",),
    "option in the middle": (
        "model = keras.Sequential([layers.Dense({n}, activation='{a}', use_bias=False)])",
    ),
    "positional option": ("model = keras.Sequential([layers.Dense({n}, '{a}')])",),
    "positional option before others": ("model = keras.Sequential([layers.Dense({n}, '{a}', False)])",),
    "function": ("model = keras.Sequential([layers.Dense({n}, activation=keras.activations.{a})])",),
    "layer of a function": (
        "model = keras.Sequential([layers.Dense({n}), layers.Activation(keras.activations.{a})])",
    ),
    "layer as an option": (
        "model = keras.Sequential([layers.Dense({n}, activation=layers.Activation('{a}'))])",
    ),
    "constant": ("ACT = '{a}'", "model = keras.Sequential([layers.Dense({n}, activation=ACT)])"),
    "dict of constants": (
        "config = {{'units': {n}, 'act': '{a}'}}",
        "model = keras.Sequential([layers.Dense(config['units'], activation=config['act'])])",
    ),
    "default": (
        "def build(act='{a}'):",
        "    return keras.Sequential([layers.Dense({n}, activation=act)])",
        "",
        "",
        "model = build()",
    ),
    "argument": (
        "def build(act):",
        "    return keras.Sequential([layers.Dense({n}, activation=act)])",
        "",
        "",
        "model = build('{a}')",
    ),
    "element": ("model = keras.Sequential([layers.Dense({n}), layers.Activation('{a}')])",),
    "first added": (
        "model = keras.Sequential()",
        "model.add(layers.Dense({n}))",
        "model.add(layers.Activation('{a}'))",
    ),
    "added option": ("model = keras.Sequential()", "model.add(layers.Dense({n}, activation='{a}'))"),
    "appended to a list": (
        "parts = [layers.Dense({n})]",
        "parts.append(layers.Activation('{a}'))",
        "model = keras.Sequential(parts)",
    ),
    "named layer": ("model = keras.Sequential([layers.Dense({n}), layers.Activation('{a}', name='p')])",),
    "typed layer": (
        "model = keras.Sequential([layers.Dense({n}), layers.Activation('{a}', dtype='float32')])",
    ),
    "layer before others": (
        "model = keras.Sequential([layers.Dense({n}), layers.Activation('{a}'), layers.Flatten()])",
    ),
    "step": (
        "i = keras.Input((4,))",
        "o = layers.Dense({n})(i)",
        "o = layers.Activation('{a}')(o)",
        "model = keras.Model(i, o)",
    ),
    "step with a new name": (
        "i = keras.Input((4,))",
        "z = layers.Dense({n})(i)",
        "o = layers.Activation('{a}')(z)",
        "model = keras.Model(i, o)",
    ),
    "nested calls": (
        "i = keras.Input((4,))",
        "model = keras.Model(i, layers.Activation('{a}')(layers.Dense({n})(i)))",
    ),
    "named step": (
        "i = keras.Input((4,))",
        "o = layers.Dense({n})(i)",
        "o = layers.Activation('{a}', name='p')(o)",
        "model = keras.Model(i, o)",
    ),
    "function as a step": (
        "i = keras.Input((4,))",
        "o = layers.Dense({n})(i)",
        "o = keras.activations.{a}(o)",
        "model = keras.Model(i, o)",
    ),
    "subclass": (
        "class Net(keras.Model):",
        "    def __init__(self):",
        "        super().__init__()",
        "        self.fc = layers.Dense({n}, activation='{a}')",
        "",
        "    def call(self, x):",
        "        return self.fc(x)",
        "",
        "",
        "model = Net()",
    ),
    "subclass with a layer": (
        "class Net(keras.Model):",
        "    def __init__(self):",
        "        super().__init__()",
        "        self.fc = layers.Dense({n})",
        "        self.act = layers.Activation('{a}')",
        "",
        "    def call(self, x):",
        "        return self.act(self.fc(x))",
        "",
        "",
        "model = Net()",
    ),
    "subclass with a shared layer": (
        "class Net(keras.Model):",
        "    def __init__(self):",
        "        super().__init__()",
        "        self.fc = layers.Dense({n})",
        "        self.act = layers.Activation('{a}')",
        "",
        "    def call(self, x, training=False):",
        "        if x is None:",
        "            return self.act(x)",
        "        return self.act(self.fc(x))",
        "",
        "",
        "model = Net()",
    ),
    "subclass with a function": (
        "class Net(keras.Model):",
        "    def __init__(self):",
        "        super().__init__()",
        "        self.fc = layers.Dense({n})",
        "",
        "    def call(self, x):",
        "        return keras.ops.{a}(self.fc(x))",
        "",
        "",
        "model = Net()",
    ),
    "function given to a layer of one's own": (
        "class Own(keras.layers.Layer):",
        "    def __init__(self, units, act=None):",
        "        super().__init__()",
        "        self.fc = layers.Dense(units)",
        "        self.act = act",
        "",
        "    def call(self, x):",
        "        x = self.fc(x)",
        "        if self.act is not None:",
        "            x = self.act(x)",
        "        return x",
        "",
        "",
        "model = keras.Sequential(",
        "    [Own(4, keras.activations.relu), Own({n}, act=keras.activations.{a})]",
        ")",
    ),
    "softmax layer": ("model = keras.Sequential([layers.Dense({n}), layers.{l}()])",),
    "added softmax layer": (
        "model = keras.Sequential()",
        "model.add(layers.Dense({n}))",
        "model.add(layers.{l}())",
    ),
}
# Activations that are layers of their own.
LAYERS = {"softmax": "Softmax"}
FORMS = {
    "string": "'{f}'",
    "function": "keras.losses.{f}",
    "looked up": "keras.losses.get('{f}')",
    "object": "keras.losses.{c}()",
    "object with the flag": "keras.losses.{c}(from_logits=False)",
    "object with options": "keras.losses.{c}(reduction='sum')",
    "list": "['{f}']",
    "dict": "{{'p': '{f}'}}",
}
# The class and the function of each loss, and the activation it is used with.
LOSSES = {
    "SparseCategoricalCrossentropy": ("sparse_categorical_crossentropy", "softmax"),
    "CategoricalCrossentropy": ("categorical_crossentropy", "softmax"),
    "BinaryCrossentropy": ("binary_crossentropy", "sigmoid"),
    # With probabilities these are no finding; raw scores are.
    "CategoricalFocalCrossentropy": ("categorical_focal_crossentropy", "linear"),
    "BinaryFocalCrossentropy": ("binary_focal_crossentropy", "linear"),
}
# Losses that are called in a loop of one's own: the call, with data x and y.
CALLED = {
    "function": "keras.losses.{f}(y, model(x))",
    "function with the flag": "keras.losses.{f}(y, model(x), from_logits=False)",
    "positional flag": "keras.losses.{f}(y, model(x), False)",
    "object": "keras.losses.{c}()(y, model(x))",
    "tensor function": "keras.ops.{f}(y, model(x))",
}
METRICS = {
    "softmax": (
        "'accuracy'", "'acc'", "keras.metrics.{s}Accuracy()", "keras.metrics.{s}Crossentropy()",
        "keras.metrics.{s}Crossentropy(name='ce')", "keras.metrics.{f}", "'{f}'", "keras.metrics.{s}TopKAccuracy",
    ),
    "sigmoid": (
        "'accuracy'", "'binary_accuracy'", "keras.metrics.BinaryAccuracy()",
        "keras.metrics.BinaryAccuracy(threshold=0.3)", "'binary_crossentropy'",
        "keras.metrics.BinaryCrossentropy()", "keras.metrics.AUC()", "'AUC'", "keras.metrics.AUC(curve='PR')",
        "keras.metrics.Precision()", "keras.metrics.Recall(thresholds=0.5)", "'Precision'", "'recall'",
        "keras.metrics.Precision(thresholds=0.6)", "keras.metrics.Recall(0.55, class_id=0)",
        "keras.metrics.FalsePositives(0.7)", "keras.metrics.TrueNegatives", "'auc'",
        "keras.metrics.TruePositives()", "keras.metrics.FalseNegatives(name='fn')",
        "keras.metrics.F1Score(threshold=0.5)", "keras.metrics.FBetaScore(beta=2.0, threshold=0.5)",
        "keras.metrics.BinaryIoU(target_class_ids=[0, 1])",
        "keras.metrics.BinaryIoU(target_class_ids=[1], threshold=0.2)",
    ),
}  # fmt: skip
# A whole model of the library, which names the activation of its head.
HEAD = """import keras

model = keras.applications.MobileNet(
    input_shape=(32, 32, 3), alpha=0.25, weights=None, classes={classes}, dropout=0.0
)
model.compile(optimizer='sgd', loss='sparse_categorical_crossentropy', metrics=['accuracy'])
"""


@dataclass(frozen=True, slots=True)
class Case:
    """A program with one finding. `activation` is what the fix takes away; the loss decides on the labels."""

    name: str
    text: str
    activation: str
    loss: str
    is_called: bool = False  # the program has a function `loss(model, x, y)`


def units(loss: str) -> int:
    return 1 if loss.startswith("Binary") else 3


def cases() -> Iterator[Case]:
    """Every site with every kind of switch, every loss in every form, every metric, every head."""
    for site in SITES:
        for loss, form in (
            ("SparseCategoricalCrossentropy", "string"),
            ("CategoricalCrossentropy", "function"),
            ("CategoricalCrossentropy", "object"),
            ("BinaryCrossentropy", "string"),
        ):
            if "{l}" not in "".join(SITES[site]) or LOSSES[loss][1] in LAYERS:
                yield _compiled(site, loss, form)
    for loss in LOSSES:
        for form in FORMS:
            # Outputs have names only in models that know their inputs.
            yield _compiled("named step" if form == "dict" else "named layer", loss, form)
        for form, call in CALLED.items():
            # Focal losses have other parameters first, and no tensor functions.
            if not ("Focal" in loss and form in ("positional flag", "tensor function")):
                yield _called("option", loss, form, call)
    for loss in ("SparseCategoricalCrossentropy", "CategoricalCrossentropy", "BinaryCrossentropy"):
        activation = LOSSES[loss][1]
        for metric in METRICS[activation]:
            yield _compiled("option", loss, "string", metric=_metric(metric, loss))
    for head in HEADS:
        for form in ("string", "function", "object") if head != "names" else ("string",):
            yield _compiled("option", "BinaryCrossentropy", form, head=head, metric="'accuracy'")


def _metric(text: str, loss: str) -> str:
    kind = loss.removesuffix("Crossentropy")
    text = text.replace("{s}TopKAccuracy", f"{kind.replace('Categorical', 'TopKCategorical')}Accuracy(k=2)")
    return text.format(s=kind, f=LOSSES[loss][0])


def _model(site: str, loss: str) -> str:
    activation = LOSSES[loss][1]
    return "\n".join(SITES[site]).format(a=activation, n=units(loss), l=LAYERS.get(activation, "")) + "\n"


def _compiled(site: str, loss: str, form: str, metric: str = "", head: str = "keras") -> Case:
    function, activation = LOSSES[loss]
    spelled = FORMS[form].format(f=function, c=loss)
    body = _model(site, loss)
    body += f"model.compile(optimizer='sgd', loss={spelled}, metrics=[{metric}], run_eagerly=True)\n"
    name = f"{activation}, {site}, {loss} {form}{', ' if metric else ''}{metric}, {head}"
    return Case(name, HEADS[head] + "\n" + _spelled(body, head), activation, loss)


def _called(site: str, loss: str, form: str, call: str) -> Case:
    function, activation = LOSSES[loss]
    body = _model(site, loss)
    body += "\n\ndef loss(x, y):\n    value = " + call.format(f=function, c=loss)
    body += "\n    return value\n\n\ndef train(x, y):\n    with tf.GradientTape() as tape:\n"
    body += "        value = loss(x, y)\n"
    body += "    return tape.gradient(value, model.trainable_variables)\n"
    head = "import tensorflow as tf\n" + HEADS["keras"]
    return Case(f"{activation}, {site}, {loss} called: {form}", f"{head}\n{body}", activation, loss, True)


def _spelled(body: str, head: str) -> str:
    if head == "tf alone":
        return body.replace("keras.", "tf.keras.").replace("layers.", "tf.keras.layers.")
    if head == "names":
        return body.replace("keras.Sequential", "Sequential").replace("layers.Dense", "Dense")
    return body
