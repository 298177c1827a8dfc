"""Programs for PyTorch: every way an activation sits in a network, times every loss it can meet."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

HEAD = """from collections import OrderedDict

import torch
import torch.nn as nn
import torch.nn.functional as F
"""
# How an activation sits: lines of the constructor, lines of `forward`. {m} is the module, {f} the function up
# to its tensor, {d} what follows the tensor. A line with @ is a parameter of the constructor, one with @@ what is
# given for it.
SITES = {
    "container argument": ("self.net = nn.Sequential(self.fc, {m})", "return self.net(x)"),
    "list element": ("self.net = nn.Sequential(*[self.fc, {m}])", "return self.net(x)"),
    "list by name": ("layers = [self.fc, {m}]", "self.net = nn.Sequential(*layers)", "return self.net(x)"),
    "appended to a list": (
        "layers = [self.fc]",
        "layers.append({m})",
        "self.net = nn.Sequential(*layers)",
        "return self.net(x)",
    ),
    "added to a list": (
        "layers = [self.fc]",
        "layers += [{m}]",
        "self.net = nn.Sequential(*layers)",
        "return self.net(x)",
    ),
    "ordered dict": (
        "self.net = nn.Sequential(OrderedDict([('fc', self.fc), ('act', {m})]))",
        "return self.net(x)",
    ),
    "module dict": ("self.net = nn.ModuleDict({{'act': {m}}})", "return self.net['act'](self.fc(x))"),
    "add_module": (
        "self.net = nn.Sequential()",
        "self.net.add_module('fc', self.fc)",
        "self.net.add_module('act', {m})",
        "return self.net(x)",
    ),
    "appended to a container": (
        "self.net = nn.Sequential(self.fc)",
        "self.net.append({m})",
        "return self.net(x)",
    ),
    "inside a container": ("self.net = nn.Sequential(self.fc, {m}, nn.Dropout(0.0))", "return self.net(x)"),
    "indexed": ("self.net = nn.Sequential(self.fc, {m})", "return self.net[1](self.net[0](x))"),
    "attribute": ("self.act = {m}", "return self.act(self.fc(x))"),
    "attribute in a container": (
        "self.act = {m}",
        "self.net = nn.Sequential(self.fc, self.act)",
        "return self.net(x)",
    ),
    "attribute as a step": ("self.act = {m}", "x = self.fc(x)", "x = self.act(x)", "return x"),
    "shared attribute": (
        "self.act = {m}",
        "x = self.fc(x)",
        "if x.shape[0] > 99:",
        "    return self.act(x)",
        "return self.act(x)",
    ),
    "local object": ("", "act = {m}", "return act(self.fc(x))"),
    "object called at once": ("", "return {m}(self.fc(x))"),
    "function": ("", "return {f}self.fc(x){d}"),
    "function as a step": ("", "x = self.fc(x)", "x = {f}x{d}", "return x"),
    "function with a new name": ("", "z = self.fc(x)", "p = {f}z{d}", "return p"),
    "function in an expression": ("", "return ({f}self.fc(x) + 0{d}).view(-1, 3)"),
    "default": ("@act={m}", "self.act = act", "return self.act(self.fc(x))"),
    "argument": ("@act", "@@{m}", "self.act = act", "return self.act(self.fc(x))"),
    "argument in a container": (
        "@act",
        "@@{m}",
        "self.net = nn.Sequential(self.fc, act)",
        "return self.net(x)",
    ),
}
MODULES = {
    "softmax": "nn.Softmax(dim=1)",
    "log_softmax": "nn.LogSoftmax(dim=1)",
    "sigmoid": "nn.Sigmoid()",
}
FUNCTIONS = {
    "softmax": (("F.softmax(", ", dim=1)"), ("torch.softmax(", ", 1)"), ("F.softmax(input=", ", dim=-1)")),
    "log_softmax": (("F.log_softmax(", ", dim=1)"), ("torch.log_softmax(", ", -1)")),
    "sigmoid": (("torch.sigmoid(", ")"), ("F.sigmoid(", ")")),
}
METHODS = {"softmax": ".softmax(1)", "log_softmax": ".log_softmax(dim=1)", "sigmoid": ".sigmoid()"}
# How a loss sits: lines before the model is called, and the call.
LOSSES = {
    "object": ("criterion = nn.{c}()", "criterion(out, y)"),
    "function": ("", "F.{f}(out, y)"),
    "object with options": ("criterion = nn.{c}(weight=w, reduction='sum')", "criterion(out, y)"),
    "positional options": ("criterion = nn.{c}(w)", "criterion(out, y)"),
    "object called at once": ("", "nn.{c}()(out, y)"),
    "function with options": ("", "F.{f}(out, y, weight=w, reduction='sum')"),
}
# What is produced and the class and function of the loss: which relation holds between the outputs before and
# after, and whether loss and gradients stay the same. The first is what the default fix makes of it.
MEETINGS = {
    ("softmax", "CrossEntropyLoss"): ("cross_entropy", "softmax", False),
    ("log_softmax", "CrossEntropyLoss"): ("cross_entropy", "log_softmax", True),
    ("softmax", "NLLLoss"): ("nll_loss", "exp", False),
    ("scores", "NLLLoss"): ("nll_loss", "same", False),
    ("sigmoid", "BCELoss"): ("binary_cross_entropy", "sigmoid", True),
    ("sigmoid", "BCEWithLogitsLoss"): ("binary_cross_entropy_with_logits", "sigmoid", False),
    ("scores", "BCELoss"): ("binary_cross_entropy", "same", False),
}


@dataclass(frozen=True, slots=True)
class Case:
    """A program with one finding, and what its fix has to keep."""

    name: str
    site: str
    text: str
    loss: str  # class of the loss
    relation: str  # what turns the new output into the old one
    is_exact: bool  # loss and gradients stay


def cases() -> Iterator[Case]:
    """Every site with the class and the function of every loss, and every other form of a loss with one site."""
    for (produced, loss), (function, relation, is_exact) in MEETINGS.items():
        for number, (form, (before, call)) in enumerate(LOSSES.items()):
            for site, lines in _sites(produced) if number < 2 else list(_sites(produced))[:1]:
                text = _program(lines, before.format(c=loss), call.format(c=loss, f=function))
                yield Case(f"{produced}, {site}, {loss} {form}", site, text, loss, relation, is_exact)


def _sites(produced: str) -> Iterator[tuple[str, list[str]]]:
    if produced == "scores":
        yield "output", ["", "return self.fc(x)"]
        return
    for site, lines in SITES.items():
        spelled = FUNCTIONS[produced] if "{f}" in lines[-1] + lines[-2] else (("", ""),)
        for number, (f, d) in enumerate(spelled):
            name = f"{site} {number}" if number else site
            yield name, [line.format(m=MODULES[produced], f=f, d=d) for line in lines]
    yield "method", ["", f"return self.fc(x){METHODS[produced]}"]
    yield "method as a step", ["", "x = self.fc(x)", f"x = x{METHODS[produced]}", "return x"]


def _program(lines: list[str], before: str, call: str) -> str:
    given = "".join(line[2:] for line in lines if line.startswith("@@"))
    parameter = "".join(f", {line[1:]}" for line in lines if line.startswith("@") and line[1] != "@")
    lines = [line for line in lines if not line.startswith("@")]
    split = next(
        n for n, line in enumerate(lines) if "(x)" in line or "x =" in line or line.startswith("act")
    )
    built = ["self.fc = nn.Linear(4, 3)", *filter(None, lines[:split])]
    own = [
        f"net = Net({given})",
        *filter(None, [before]),
        "out = net(x)",
        f"loss = {call}",
        "loss.backward()",
    ]
    own.append("print(out.argmax(dim=1).tolist())")
    parts = [
        f"\n\nclass Net(nn.Module):\n    def __init__(self{parameter}):\n        super().__init__()",
        *(f"        {line}" for line in built),
        "",
        "    def forward(self, x):",
        *(f"        {line}" for line in lines[split:]),
        "\n\ndef train(x, y, w):",
        *(f"    {line}" for line in own),
    ]
    return HEAD + "\n".join(parts) + "\n"
