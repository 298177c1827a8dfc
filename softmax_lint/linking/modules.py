"""Files of the project as modules: what they define, what their imports mean, when their bodies run."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from softmax_lint import code, lowering
from softmax_lint.folders import Folders
from softmax_lint.knowledge import REGISTRY, find, find_own, has_own
from softmax_lint.linking.values import Module, Name, Origin, Pending, Unknown, Value, just, unknown
from softmax_lint.source import Source, Unreadable
from softmax_lint.splitting import Statement, split
from softmax_lint.standard import is_standard

if TYPE_CHECKING:
    from softmax_lint.linking.machine import Machine

LIBRARIES = frozenset(root for root, _ in REGISTRY)


# A top-level statement: its cell, first row, text, kind and name, as `splitting` has them, and its code if that is
# known already.
Piece = tuple[int | None, int, str, str, str, code.Ops | None]


def pieces_of(source: Source, cut: Callable[[str], tuple[Statement, ...]] = split) -> list[Piece]:
    """The top-level statements of all cells."""
    return [
        (cell.index, each.row, each.text, each.kind, each.name, None)
        for cell in source.cells
        for each in cut(cell.text)
    ]


@dataclass(slots=True)
class Unit:
    """One top-level statement of a file; `row` is its first row in its cell."""

    file: int
    cell: int | None
    row: int
    text: str
    kind: str
    name: str
    ops: code.Ops | None = None
    ran: bool = False


@dataclass(slots=True)
class File:
    path: str  # absolute
    root: str
    units: tuple[int, ...] | None = None  # None: nobody has asked for them
    env: int | None = None
    state: str = "new"  # new, running, done
    main: list[int] = field(default_factory=list)  # statements behind `if __name__ == "__main__"`
    stars: list[Any] = field(default_factory=list)  # star imports in order: file index or dotted name
    package: str | None = None  # folder, for packages
    answered: bool = False  # whether its code came from somebody else


@dataclass(frozen=True, slots=True)
class Problem:
    """A piece of a statement that does not parse."""

    unit: int
    row: int
    column: int
    message: str


class Modules:
    """All files read so far. `read(path)` gives the source of a path, raising `Unreadable`."""

    def __init__(self, read: Callable[[str], Source], base: str, folders: Folders | None = None) -> None:
        self.read = read
        self.base = base
        self.folders = folders or Folders()
        # What goes from text to code; a caller that runs often may remember its answers.
        self.split: Callable[[str], tuple[Statement, ...]] = split
        self.lower: Callable[[str], tuple[code.Ops, tuple[lowering.SyntaxProblem, ...]]] = lowering.lower
        self.span: Callable[[str, int], lowering.Span] = lowering.span
        # Files that somebody else has read, cut and lowered, as far as he has come; and who wants to know that a
        # file's text is not needed any more.
        self.ahead: Callable[[str], list[Piece] | None] = lambda path: None
        self.release: Callable[[str], None] = lambda path: None
        self.taken: list[str] = []  # files that were read by somebody else
        self.files: list[File] = []
        self.units: list[Unit] = []
        self.classes: list[tuple[int, int, int]] = []
        self.problems: list[Problem] = []
        self.eager: set[str] = set()  # paths whose bodies run when they are imported
        self._by_path: dict[str, int | None] = {}
        self.asked: dict[str, frozenset[str]] = {}  # folders, with the names in them
        self._resolved: dict[tuple[str, str], int | None] = {}

    # Files.

    def add(self, path: str, later: bool = False) -> int | None:
        """The index of the file at an absolute path, read when it is new; None when it cannot be read. One that is
        known to be readable can be read `later`.
        """
        if path in self._by_path:
            return self._by_path[path]
        if not later:
            try:
                self.read(path)
            except Unreadable:
                self._by_path[path] = None
                return None
        index = self._by_path[path] = len(self.files)
        package = os.path.dirname(path) if os.path.basename(path) == "__init__.py" else None
        self.files.append(File(path, self.root_of(os.path.dirname(path)), package=package))
        return index

    def units_of(self, file: int) -> tuple[int, ...]:
        """The statements of a file, in order."""
        known = self.files[file]
        if known.units is None:
            first = len(self.units)
            self.units += [Unit(file, *piece) for piece in self._pieces(known)]
            known.units = tuple(range(first, len(self.units)))
        return known.units

    def _pieces(self, file: File) -> list[Piece]:
        pieces = self.ahead(file.path)
        if pieces is not None:
            file.answered = True
            self.taken.append(file.path)
            return pieces
        try:
            pieces = pieces_of(self.read(file.path), self.split)
        except Unreadable:
            return []
        self.release(file.path)
        return pieces

    def _namespace(self, folder: str) -> int:
        """A package without __init__.py."""
        known = self._by_path.get(folder)
        if known is None:
            known = self._by_path[folder] = len(self.files)
            self.files.append(File(folder, self.root_of(folder), (), package=folder))
        return known

    def root_of(self, folder: str) -> str:
        """The root of the project that a folder belongs to."""
        return self.folders.root_of(folder, self.base)

    def _names(self, folder: str) -> frozenset[str]:
        names = self.asked.get(folder)
        if names is None:
            names = self.asked[folder] = self.folders.names(folder)
        return names

    # Code.

    def ops(self, unit: int) -> code.Ops:
        known = self.units[unit]
        if known.ops is None:
            self._look_ahead(self.files[known.file])
        if known.ops is None:
            known.ops, problems = self.lower(known.text)
            for problem in problems:
                self.problems.append(Problem(unit, problem.row, problem.column, problem.message))
        return known.ops

    def _look_ahead(self, file: File) -> None:
        """Take the code of a file that somebody else has lowered by now."""
        pieces = None if file.answered else self.ahead(file.path)
        if pieces is None:
            return
        file.answered = True
        for unit, (_, _, text, _, _, ops) in zip(file.units or (), pieces, strict=False):
            known = self.units[unit]
            if known.ops is None and known.text == text:
                known.ops = ops

    def env(self, machine: Machine, file: int) -> int:
        """The environment of the file's body, run when it has not been."""
        self.execute(machine, file)
        made = self.files[file].env
        assert made is not None
        return made

    def execute(self, machine: Machine, file: int) -> None:
        """Run a module body once. What it does lasts, whoever imported it first."""
        module = self.files[file]
        if module.state != "new":
            return
        module.state = "running"
        with machine.apart(), machine.traced((-1 - file, 0)):
            module.env = machine.heap.allocate("module", name=module.path)
            for unit in self.units_of(file):
                known = self.units[unit]
                own = self._declared(module, known.name) if known.kind and has_own() else None
                if own is not None:
                    machine.heap.write(module.env, known.name, just(own))
                    continue
                if known.kind and known.name and not known.text.lstrip().startswith("@"):
                    machine.heap.write(module.env, known.name, just(Pending(unit)))
                    continue
                ops = self.ops(unit)
                if len(ops) == 1 and ops[0][0] == code.IF and _is_main(ops[0][1]):
                    module.main.append(unit)
                    continue
                self.run_unit(machine, unit, ops)
        module.state = "done"

    def _declared(self, module: File, name: str) -> Name | None:
        """The name of a definition that the configuration has a row for: the row counts, not the code."""
        for top in (module.root, os.path.join(module.root, "src")):
            if module.path.startswith(top + os.sep):
                inside = os.path.splitext(os.path.relpath(module.path, top))[0]
                dotted = f"{inside.removesuffix('__init__').rstrip(os.sep).replace(os.sep, '.')}.{name}"
                if find_own(dotted) is not None:
                    return Name(dotted)
        return None

    def run_unit(self, machine: Machine, unit: int, ops: code.Ops) -> None:
        known = self.units[unit]
        known.ran = True
        env = self.files[known.file].env
        assert env is not None
        machine.run_body(env, unit, known.file, ops)

    def define(self, machine: Machine, unit: int) -> None:
        """Run the statement of a definition, when its name is first wanted."""
        with machine.apart():
            self.run_unit(machine, unit, self.ops(unit))

    def run_main(self, machine: Machine, file: int) -> None:
        for unit in self.files[file].main:
            ops = self.ops(unit)
            self.run_unit(machine, unit, ops[0][2])

    # Imports.

    def resolve(self, folder: str, root: str, dotted: str) -> int | None:
        """The project file for an absolute import made in a folder."""
        key = (folder, dotted)
        if key in self._resolved:
            return self._resolved[key]
        found = None
        tops = []
        at = folder
        beside_only = is_standard(dotted)
        while True:
            found = self._below(at, dotted)
            tops.append(at)
            if (
                found is not None
                or beside_only
                or at == root
                or os.path.dirname(at) == at
                or not at.startswith(root)
            ):
                break
            at = os.path.dirname(at)
        for at in tops if found is None else ():
            if "src" in self._names(at):
                found = self._below(os.path.join(at, "src"), dotted)
                if found is not None:
                    break
        self._resolved[key] = found
        return found

    def _below(self, folder: str, dotted: str) -> int | None:
        parts = dotted.split(".")
        at = folder
        for position, part in enumerate(parts):
            names = self._names(at)
            last = position == len(parts) - 1
            if part in names and "__init__.py" in self._names(os.path.join(at, part)):
                at = os.path.join(at, part)
                if last:
                    return self.add(os.path.join(at, "__init__.py"))
            elif last and f"{part}.py" in names:
                return self.add(os.path.join(at, f"{part}.py"))
            elif part in names and os.path.isdir(os.path.join(at, part)):
                if position == 0 and part in LIBRARIES:
                    return None
                at = os.path.join(at, part)
                if last:
                    return self._namespace(at) if any(n.endswith(".py") for n in self._names(at)) else None
            else:
                return None
        return None

    def _relative(self, file: int, module: str, level: int) -> int | None:
        folder = os.path.dirname(self.files[file].path)
        for _ in range(level - 1):
            folder = os.path.dirname(folder)
        if module:
            return self._below(folder, module)
        if "__init__.py" in self._names(folder):
            return self.add(os.path.join(folder, "__init__.py"))
        return self._namespace(folder)

    def _find(self, file: int, module: str, level: int = 0) -> int | None:
        if level:
            return self._relative(file, module, level)
        known = self.files[file]
        found = self.resolve(os.path.dirname(known.path), known.root, module)
        return None if found == file and module.partition(".")[0] in LIBRARIES else found

    def import_module(self, machine: Machine, file: int, module: str, whole: str | None = None) -> Value:
        """What `import module` binds. `whole` is the full dotted name when only its first part is bound."""
        found = None if module.partition(".")[0] in LIBRARIES else self._find(file, module)
        if found is None:
            return just(Name(module))
        self._imported(machine, found)
        if whole is not None and whole != module:
            inner = self._find(file, whole)
            if inner is not None:
                self._imported(machine, inner)
        return just(Module(found))

    def _imported(self, machine: Machine, file: int) -> None:
        """An import runs the body of a module that is a root anyway: registries fill up in this order."""
        if self.files[file].path in self.eager and not machine.typing:
            self.execute(machine, file)

    def import_from(self, machine: Machine, file: int, module: str, level: int, name: str) -> Value:
        if not level and module.partition(".")[0] in LIBRARIES and find(f"{module}.{name}") is not None:
            return just(Name(f"{module}.{name}"))  # in a library's own repository its rows know better
        found = self._find(file, module, level) if level or module else None
        if found is None:
            if level:
                return unknown(f"`{'.' * level}{module}` was not found", machine.key("import", module, name))
            return just(Name(f"{module}.{name}"))
        self._imported(machine, found)
        package = self.files[found].package
        if package is not None:
            inner = self._below(package, name)
            if inner is not None:
                self._imported(machine, inner)
                if found == file:  # a package that imports its own submodule
                    return just(Module(inner))
        return machine.delay(lambda: self.attribute(machine, found, name))

    def import_star(self, machine: Machine, file: int, module: str, level: int) -> None:
        found = self._find(file, module, level)
        if found is not None:
            self._imported(machine, found)
        self.files[file].stars.append(module if found is None else found)

    def absolute(self, machine: Machine, dotted: str, origin: Origin | None = None) -> Value | None:
        """The project module of an absolute dotted name, as seen from the code at `origin`."""
        if origin is None:
            found = self.resolve(self.base, self.base, dotted)
        else:
            found = self._find(self.units[origin[0]].file, dotted)
        return None if found is None else just(Module(found))

    def inside(self, file: int) -> list[int]:
        """The modules that lie in a package's own folder, by name."""
        folder = self.files[file].package
        if folder is None:
            return []
        names = sorted(n for n in self._names(folder) if n.endswith(".py") and n != "__init__.py")
        found = [self.add(os.path.join(folder, name)) for name in names]
        return [index for index in found if index is not None]

    def attribute(self, machine: Machine, file: int, name: str) -> Value:
        """An attribute of a module: a name it binds, a submodule, or what a star import brought."""
        env = self.env(machine, file)
        value = machine.heap.read(env, name)
        if value is not None:
            if isinstance(value[0].thing, Pending):
                value = machine.settle(env, name, value[0].thing)
            return value
        module = self.files[file]
        if module.package is not None:
            submodule = self._below(module.package, name)
            if submodule is not None:
                # `from .net import *` binds the submodule `net`, and then a class `net` that it holds.
                if submodule in module.stars:
                    value = self.attribute(machine, submodule, name)
                    if not self._lacks(machine, submodule, name, value):
                        return value
                return just(Module(submodule))
        starred = self.starred(machine, file, name)
        if starred is not None:
            return starred
        return unknown(
            f"`{os.path.basename(module.path)}` has no `{name}`", machine.key("module", file, name)
        )

    def starred(self, machine: Machine, file: int, name: str) -> Value | None:
        """What a star import of the file gives for a name, the last one first."""
        stars = self.files[file].stars
        if name == "__all__" or not stars:
            return None
        for star in reversed(stars):
            if isinstance(star, str):
                if find(f"{star}.{name}") is not None or (star in CONTENTS and name in CONTENTS[star]):
                    return just(Name(f"{star}.{name}"))
                continue
            if star == file or name.startswith("_"):
                continue
            self.files[file].stars = []  # no way back here while the other module is asked
            try:
                value = self.attribute(machine, star, name)
            finally:
                self.files[file].stars = stars
            if not self._lacks(machine, star, name, value):
                return value
        return None

    @staticmethod
    def _lacks(machine: Machine, file: int, name: str, value: Value) -> bool:
        """Whether `value` is what asking the file for a name gives that it does not have."""
        thing = value[0].thing
        return isinstance(thing, Unknown) and thing.key == machine.key("module", file, name)

    def binds(self, machine: Machine, file: int, name: str) -> bool:
        """Whether the file itself may bind a name that its scopes do not hold (yet)."""
        env = self.files[file].env
        return env is not None and machine.heap.read(env, name) is not None


def _is_main(test: code.Expr) -> bool:
    return (
        test[0] == code.COMPARE
        and test[2] == "=="
        and any(side[0] == code.NAME and side[2] == "__name__" for side in (test[3], test[4]))
        and any(side[0] == code.CONST and side[2] == "__main__" for side in (test[3], test[4]))
    )


# Submodules that a star import of a library brings along.
CONTENTS: dict[str, frozenset[str]] = {
    "torch": frozenset({"nn", "optim"}),
    "keras": frozenset({"layers", "models", "losses", "activations", "backend", "metrics", "ops"}),
    "tensorflow.keras": frozenset({"layers", "models", "losses", "activations", "backend", "metrics"}),
    "torch.nn": frozenset({"functional"}),
}
