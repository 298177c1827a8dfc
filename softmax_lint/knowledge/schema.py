"""The form of a knowledge row: what linking has to know about one public name of a framework.

Rows are data. A row may cause findings only when a test measured it against the installed framework; a row with
``measured=False`` may carry values along and silence, but nothing it produces or expects is ever reported.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

# How a name is used.
FUNCTION: Final = "function"  # a call gives the result
CLASS: Final = "class"  # a call builds an object; calling the object gives the result
METHOD: Final = "method"  # a method of tensors ("Tensor.softmax") or of modules and models ("Module.to")

# What a name does.
AFFINE: Final = "affine"  # gives raw scores, or what its activation parameter says
ACTIVATION: Final = "activation"  # gives `produces`
NAMED_ACTIVATION: Final = (
    "named-activation"  # gives what the string or function in parameter `activation` says
)
KEEP: Final = (
    "keep"  # gives the value of its subject: shape-only steps, dropout, devices, wrappers of objects
)
MIX: Final = "mix"  # raw scores stay raw scores, anything else is unknown: normalisation, pooling, mean
JOIN: Final = "join"  # joins the tensors of a sequence: cat, stack, Concatenate
LOG: Final = "log"  # the logarithm of its subject
LOSS: Final = "loss"  # compares its subject with `target`; wants `expects`
SAMPLER: Final = "sampler"  # draws from its subject, which must be raw scores
CONTAINER: Final = "container"  # nn.Sequential, keras.Sequential, ModuleList, ModuleDict
FUNCTIONAL: Final = "functional"  # keras.Model(inputs, outputs)
BASE: Final = "base"  # made to be subclassed; calling an instance runs its method `call`
MODEL: Final = "model"  # a library model: gives `produces` unless its head was replaced
RECURRENT: Final = "recurrent"  # gives a hidden tensor, or (hidden tensor, state)
APPLY: Final = "apply"  # calls its subject with the rest: checkpoint, TimeDistributed, vmap
TRAINER: Final = "trainer"  # brings the objects in parameters `model` and `loss` together
METRIC: Final = "metric"  # compares like a loss, trains nothing
CONSUMER: Final = "consumer"  # reads its subject: argmax, round, a comparison
OTHER: Final = "other"  # known to be none of the above

ROLES: Final = (
    AFFINE, ACTIVATION, NAMED_ACTIVATION, KEEP, MIX, JOIN, LOG, LOSS, SAMPLER, CONTAINER, FUNCTIONAL, BASE, MODEL,
    RECURRENT, APPLY, TRAINER, METRIC, CONSUMER, OTHER,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Flag:
    """A parameter of a loss that changes what it expects (or of a layer that changes what it produces).

    `default` is the value when the argument is not given. `when` maps the literal values to what is then
    expected or produced; a value that is not a literal leaves the row undecided.
    """

    name: str
    default: object
    when: tuple[tuple[object, str], ...]


@dataclass(frozen=True, slots=True)
class Api:
    """One public name.

    `params` are the parameters in positional order without self, for a CLASS those of its constructor; those
    after "*" are keyword-only. `call_params` are the parameters of calling an object of a CLASS.
    `subject` names the parameter (of the call, for a CLASS) with the tensor, prediction or object; "" is the first.
    `units` names the constructor parameter with the number of output channels or classes.
    `axis` names the parameter of the class axis, `axis_default` its default (None: implicit).
    """

    name: str
    form: str
    role: str
    framework: str  # torch, keras, tensorflow, jax
    params: tuple[str, ...] = ()
    call_params: tuple[str, ...] = ()
    subject: str = ""
    produces: str | None = None
    expects: str | None = None
    target: str = ""
    flags: tuple[Flag, ...] = ()
    axis: str = ""
    axis_default: int | None = None
    units: str = ""
    activation: str = ""  # parameter that names an activation, applied last
    activation_default: str | None = None
    call: str = ""  # BASE: the method that calling an instance runs
    head: str = ""  # MODEL: dotted attribute that holds the last layer ("fc", "classifier.6")
    model: str = ""  # TRAINER: parameter with the model
    loss: str = ""  # TRAINER: parameter with the loss
    loss_default: str = ""  # TRAINER: qualified name of the default loss
    detached: bool = False  # KEEP: no gradient flows through (detach, numpy, argmax …)
    aliases: tuple[str, ...] = ()
    measured: bool = True
