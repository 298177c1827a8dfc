"""Containers, models and the applications of Keras."""

from __future__ import annotations

from typing import Final

from softmax_lint.knowledge.build import build_class, build_function, build_method
from softmax_lint.knowledge.schema import APPLY, CONTAINER, FUNCTIONAL, KEEP, MODEL, OTHER, TRAINER, Api, Flag
from softmax_lint.representation import SCORES

_CALL: Final = "inputs training mask"
# Keras 2 has metrics before loss_weights; both are passed by keyword in real code.
_COMPILE: Final = (
    "optimizer loss loss_weights metrics weighted_metrics run_eagerly steps_per_execution"
    " jit_compile auto_scale_loss"
)
MODELS: Final = (
    build_class("keras.Sequential", CONTAINER, "layers trainable name", _CALL, "keras", subject="inputs"),
    # Also the class to subclass: calling an instance of a subclass runs its method `call`.
    build_class(
        "keras.Model",
        FUNCTIONAL,
        "inputs outputs name",
        _CALL,
        "keras",
        subject="inputs",
        call="call",
        aliases=("keras.Functional",),
    ),
    # The receiver is the model, and what `predict` calls.
    build_method(
        "Model.compile",
        TRAINER,
        _COMPILE,
        "keras",
        loss="loss",
        aliases=("keras.Model.compile", "keras.Sequential.compile"),
    ),
    build_method(
        "Model.predict",
        APPLY,
        "x batch_size verbose steps callbacks",
        "keras",
        detached=True,
        aliases=("keras.Model.predict", "keras.Sequential.predict"),
    ),
    build_method(
        "Model.predict_on_batch",
        APPLY,
        "x",
        "keras",
        detached=True,
        aliases=("keras.Model.predict_on_batch", "keras.Sequential.predict_on_batch"),
    ),
    build_function(
        "keras.models.clone_model",
        KEEP,
        "model input_tensors clone_function call_function recursive",
        "keras",
        subject="model",
    ),
    build_function(
        "keras.models.load_model",
        OTHER,
        "filepath custom_objects compile safe_mode",
        "keras",
        aliases=("keras.saving.load_model",),
    ),
    build_function("keras.models.model_from_json", OTHER, "json_string custom_objects", "keras"),
    build_function(
        "keras.utils.multi_gpu_model",
        KEEP,
        "model gpus cpu_merge cpu_relocation",
        "keras",
        subject="model",
        measured=False,
    ),
    build_function(
        "keras.utils.to_categorical",
        OTHER,
        "x num_classes",
        "keras",
        aliases=("keras.utils.np_utils.to_categorical", "keras.np_utils.to_categorical"),
    ),
)

_INPUT: Final = "weights input_tensor"
_END: Final = "pooling classes classifier_activation"
_PLAIN: Final = f"include_top {_INPUT} input_shape {_END} name"
_V2: Final = f"include_top {_INPUT} input_shape {_END} include_preprocessing name"
_MOBILE3: Final = (
    f"input_shape alpha minimalistic include_top {_INPUT} classes pooling dropout_rate classifier_activation"
    " include_preprocessing name"
)
_SIGNATURES: Final = (
    ("DenseNet121 DenseNet169 DenseNet201 InceptionResNetV2 InceptionV3 VGG16 VGG19 Xception", _PLAIN),
    ("ResNet50 ResNet101 ResNet152 ResNet50V2 ResNet101V2 ResNet152V2", _PLAIN),
    (" ".join(f"EfficientNetB{n}" for n in range(8)), _PLAIN),
    (" ".join(f"EfficientNetV2{size}" for size in ("B0", "B1", "B2", "B3", "S", "M", "L")), _V2),
    (
        "ConvNeXtTiny ConvNeXtSmall ConvNeXtBase ConvNeXtLarge ConvNeXtXLarge",
        f"include_top include_preprocessing {_INPUT} input_shape {_END} name",
    ),
    ("MobileNet", f"input_shape alpha depth_multiplier dropout include_top {_INPUT} {_END} name"),
    ("MobileNetV2", f"input_shape alpha include_top {_INPUT} {_END} name"),
    ("MobileNetV3Small MobileNetV3Large", _MOBILE3),
    ("NASNetMobile NASNetLarge", f"input_shape include_top {_INPUT} {_END} name"),
)
_MODULES: Final = (
    "convnext densenet efficientnet efficientnet_v2 inception_resnet_v2 inception_v3 mobilenet mobilenet_v2"
    " mobilenet_v3 nasnet resnet resnet50 resnet_v2 vgg16 vgg19 xception"
)


def _application(name: str, params: str) -> Api:
    """A constructor function: its result is a model, so the row has the form of a class.

    With `include_top=False` the model ends in features of unknown sign ("features" is no representation, so
    the value is unknown). Keras before 2.3 has no `classifier_activation` and always ends in softmax, the
    default.
    """
    return build_class(
        f"keras.applications.{name}",
        MODEL,
        params,
        _CALL,
        "keras",
        subject="inputs",
        produces=SCORES,
        flags=(Flag("include_top", True, ((True, SCORES), (False, "features"))),),
        units="classes",
        activation="classifier_activation",
        activation_default="softmax",
    )


APPLICATIONS: Final = tuple(
    _application(name, params) for names, params in _SIGNATURES for name in names.split()
)
APPLICATION_PREFIXES: Final = tuple(
    (f"keras.applications.{module}.", "keras.applications.") for module in _MODULES.split()
)
