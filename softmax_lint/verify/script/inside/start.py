"""The process of the user's program: seeds first, then wrappers as frameworks are imported, then the program.

Called as ``python -c "…; main(path)"`` with the path of a plan: JSON with what `launch.Plan` says.
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import importlib.util
import json
import os
import random
import runpy
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from types import ModuleType
from typing import Any

import numpy as np

from softmax_lint.verify.script.inside.recorder import Recorder
from softmax_lint.verify.script.inside.sites import Sites, Spot
from softmax_lint.verify.script.inside.tracing import install


def main(path: str) -> None:
    """Run the program of a plan. Never returns normally where the program is ended by the recorder."""
    with open(path, encoding="utf-8") as file:
        plan = json.load(file)
    _limit(plan["memory"], plan["timeout"])
    if sys.path[:1] == [""]:
        del sys.path[0]
    recorder = Recorder(plan["record"], plan["reference"], plan["follow"], plan["steps"])
    sites = Sites(os.path.realpath(plan["root"]), _spots(plan["losses"]), _spots(plan["logarithms"]))
    seed = plan["seed"]
    random.seed(seed)
    np.random.seed(seed)
    sys.meta_path.insert(0, _Watcher(_installers(recorder, sites, seed)))
    install(plan["sources"], recorder, sites)
    script = plan["script"]
    sys.argv = [script, *plan["args"]]
    sys.path[0:0] = [os.path.dirname(script)] if plan["module"] is None else [plan["module_folder"]]
    if plan["notebook"]:
        import builtins

        builtins.display = lambda *args, **keywords: None  # type: ignore[attr-defined]
    if plan["module"] is None:
        runpy.run_path(script, run_name="__main__")
    else:
        runpy.run_module(plan["module"], run_name="__main__", alter_sys=True)
    recorder.write(event="end")


def _spots(entries: list[list[Any]]) -> tuple[Spot, ...]:
    return tuple(
        Spot(number, file, row, end, tuple(names), family)
        for number, file, row, end, names, family in entries
    )


def _limit(memory: int, timeout: float) -> None:
    """Data in megabytes, processor time in seconds; nothing where the system has no such limits."""
    try:
        import resource
    except ImportError:
        return
    cores = os.cpu_count() or 1
    for kind, most in (
        (resource.RLIMIT_DATA, memory * 2**20),
        (resource.RLIMIT_CPU, int(timeout * cores) + 1),
        (resource.RLIMIT_CORE, 0),
    ):
        hard = resource.getrlimit(kind)[1]
        resource.setrlimit(kind, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))
    if sys.platform == "linux":
        import ctypes

        # Whoever ends the verifier ends the program, too.
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)


def _installers(recorder: Recorder, sites: Sites, seed: int) -> dict[str, Callable[[Any], None]]:
    def on_torch(torch: Any) -> None:
        from softmax_lint.verify.script.inside import torch_losses, torch_weights

        torch.manual_seed(seed)
        torch.set_num_threads(1)
        torch_losses.install(torch, recorder, sites)
        torch_weights.install(torch, recorder)

    def on_tensorflow(tensorflow: Any) -> None:
        from softmax_lint.verify.script.inside import tensorflow_losses

        tensorflow.random.set_seed(seed)
        tensorflow_losses.install(tensorflow, recorder, sites)

    def on_keras(keras: Any) -> None:
        from softmax_lint.verify.script.inside import keras_losses, keras_training

        keras.utils.set_random_seed(seed)
        keras_losses.install(keras, recorder, sites)
        keras_training.install(keras, recorder)

    def guarded(install: Callable[[Any], None]) -> Callable[[Any], None]:
        """A framework that nothing can be measured under is no failure of the program."""

        def installing(module: Any) -> None:
            try:
                install(module)
            except Exception as error:
                recorder.write(event="trouble", message=f"{type(error).__name__}: {error}")
                recorder.end()

        return installing

    return {
        "torch": guarded(on_torch),
        "tensorflow": guarded(on_tensorflow),
        "keras": guarded(on_keras),
    }


class _Watcher(importlib.abc.MetaPathFinder):
    """Calls an installer right after a framework was imported, whoever imports it."""

    def __init__(self, installers: Mapping[str, Callable[[Any], None]]) -> None:
        self._left = dict(installers)
        self._looking = False

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if name not in self._left or self._looking:
            return None
        self._looking = True
        try:
            spec = importlib.util.find_spec(name)
        finally:
            self._looking = False
        if spec is None or spec.loader is None:
            return spec

        def then(module: ModuleType) -> None:
            # Somebody may look for a module without importing it.
            installer = self._left.pop(name, None)
            if installer is not None:
                installer(module)

        spec.loader = _After(spec.loader, then)
        return spec


class _After(importlib.abc.Loader):
    """A loader that does one thing more when the module is there."""

    def __init__(self, loader: Any, then: Callable[[Any], None]) -> None:
        self._loader = loader
        self._then = then

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType | None:
        created: ModuleType | None = self._loader.create_module(spec)
        return created

    def exec_module(self, module: ModuleType) -> None:
        self._loader.exec_module(module)
        self._then(module)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loader, name)
