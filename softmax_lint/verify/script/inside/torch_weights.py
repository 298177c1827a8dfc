"""torch: the weights of every model, recorded or compared just before it runs."""

from __future__ import annotations

import threading
from typing import Any

from softmax_lint.verify.script.inside.recorder import Recorder


def install(torch: Any, recorder: Recorder) -> None:
    """Watch the outermost modules. They are told apart by the order in which they are first called."""
    hooks = torch.nn.modules.module
    state = threading.local()
    known: dict[int, tuple[int, Any]] = {}  # keeps modules alive, so that no other one gets their identity

    def enter(module: Any, args: Any) -> None:
        depth = getattr(state, "depth", 0)
        state.depth = depth + 1
        if depth == 0 and threading.current_thread() is threading.main_thread():
            with recorder.measuring():
                meet(module)

    def leave(module: Any, args: Any, output: Any) -> None:
        state.depth = getattr(state, "depth", 1) - 1

    def meet(module: Any) -> None:
        tensors = [each for each in (*module.parameters(), *module.buffers()) if each.is_floating_point()]
        lazy = torch.nn.parameter.UninitializedTensorMixin
        # Lazy ones have no values yet, and those on the meta device never will.
        if any(each.__module__.startswith("keras.") for each in type(module).__mro__):
            return  # Keras announces its models itself
        if isinstance(module, torch.nn.modules.loss._Loss):
            return
        if not tensors or any(isinstance(each, lazy) or each.is_meta for each in tensors):
            return
        number = known.setdefault(id(module), (len(known), module))[0]
        wide = [each.detach().cpu() for each in tensors]
        values = [(each if each.dtype.itemsize >= 4 else each.float()).numpy() for each in wide]
        others = recorder.weights(str(number), values)
        if others is not None:
            for tensor, value in zip(tensors, others, strict=True):
                # `data` leaves the version alone: what is saved for the backward pass stays usable.
                tensor.data.copy_(torch.from_numpy(value).to(tensor.dtype))

    hooks.register_module_forward_pre_hook(enter)
    hooks.register_module_forward_hook(leave, always_call=True)
