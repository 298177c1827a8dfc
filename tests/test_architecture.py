"""The shape of the package: imports run one way, heavy libraries stay in their place, start-up is light."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import softmax_lint

PACKAGE = Path(softmax_lint.__file__).parent

# From the bottom up. A module imports from its own part and from parts that stand before it. A new part is a
# decision: give it its place here.
LAYERS = (
    "regex", "representation", "code", "diagnostic", "pair", "knowledge", "digests", "folders", "standard",
    "splitting",
    "notebook", "exports", "surroundings", "source", "lowering", "linking", "rules", "patterns", "listing", "selection",
    "keys", "config", "lines", "fingerprint", "baseline", "comments", "silencing", "discover", "suppression", "facts",
    "idle", "initialising", "importing", "outline", "wiring", "touching", "concerned",
    "screen", "memory", "judging", "edits", "cache", "workers", "plain", "ahead", "survey", "islands", "batch",
    "retrace", "kept", "scope", "run", "fixer", "project", "api", "verify", "reporters", "lsp", "commands", "cli",
    "start", "__main__",
)  # fmt: skip
# Who may import a library that costs start-up time, or that the core has no business with.
KEEPERS = {
    "libcst": {"lowering", "edits"},
    "click": {"cli"},
    "pygls": {"lsp"},
    "lsprotocol": {"lsp"},
    "pathspec": {"discover"},
    "tensorflow": {"verify"},
    "keras": {"verify"},
    "torch": {"verify"},
    "socket": set(),
    "urllib": {"verify"},  # fetches MNIST, on request
    "http": set(),
}


def _modules() -> list[tuple[str, Path]]:
    """(part, file) of all modules; the package's own ``__init__`` is none of them."""
    found = []
    for path in sorted(PACKAGE.rglob("*.py")):
        inner = path.relative_to(PACKAGE)
        if inner.parts != ("__init__.py",) and "programs" not in inner.parts:
            found.append((inner.parts[0].removesuffix(".py"), path))
    return found


def _imports(path: Path) -> Iterator[str]:
    """Dotted names that a module imports, wherever in it. Imports for type checking alone do not count."""
    pending: list[ast.AST] = [ast.parse(path.read_bytes())]
    while pending:
        node = pending.pop()
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            pending += node.orelse
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name}: relative import"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        pending += ast.iter_child_nodes(node)


@pytest.mark.parametrize(("part", "path"), _modules(), ids=lambda value: getattr(value, "name", None))
def test_imports_run_one_way(part: str, path: Path) -> None:
    assert part in LAYERS, f"{part} has no place among the layers"
    for name in _imports(path):
        top, _, rest = name.partition(".")
        if top == "softmax_lint":
            target = rest.partition(".")[0]
            if target == "__version__":
                continue
            assert target in LAYERS, f"{path.name} imports {name}"
            assert LAYERS.index(target) <= LAYERS.index(part), f"{path.name}: {part} may not know {target}"
        else:
            assert part in KEEPERS.get(top, {part}), f"{path.name}: {part} may not import {top}"


@pytest.mark.parametrize(("part", "path"), _modules(), ids=lambda value: getattr(value, "name", None))
def test_modules_say_what_they_are(part: str, path: Path) -> None:
    assert ast.get_docstring(ast.parse(path.read_bytes())), f"{path.name} does not say what it is"


def _loaded(code: str) -> set[str]:
    script = f"import sys\n{code}\nprint(' '.join(sys.modules))"
    return set(
        subprocess.run(
            [sys.executable, "-c", script], capture_output=True, text=True, check=True
        ).stdout.split()
    )


HEAVY = {
    "libcst",
    "pathspec",
    "tensorflow",
    "keras",
    "torch",
    "numpy",
    "difflib",
    "asyncio",
    "multiprocessing",
}


@pytest.mark.parametrize(
    "code",
    [
        "import softmax_lint.cli",
        "from softmax_lint.cli import main\nassert main(['--version']) == 0",
        "from softmax_lint.cli import main\nassert main(['--help']) == 0",
        "from softmax_lint.cli import main\nassert main(['check', '--help']) == 0",
    ],
)
def test_start_up_is_light(code: str) -> None:
    loaded = _loaded(code)
    assert not loaded & HEAVY
    # The page of help of a command is all that is loaded for it.
    light = {"softmax_lint.cli", "softmax_lint.commands", "softmax_lint.commands.pages"}
    assert not {name for name in loaded if name.startswith("softmax_lint.")} - light


def test_what_finds_nothing_is_light(tmp_path: Path) -> None:
    """A run over files that hold no sink imports nothing that runs code, judges, or shows rules."""
    folder = tmp_path / "code"
    folder.mkdir()
    (folder / "a.py").write_text("import os\nfrom os import path\nprint(path)\n", encoding="utf-8")
    for option in ("--no-cache", f"--cache-dir={tmp_path / 'cache'}"):
        loaded = _loaded(
            f"from softmax_lint.cli import main\nassert main(['check', {option!r}, {str(folder)!r}]) == 0"
        )
        plainest = _loaded(f"from softmax_lint.start import main\nassert main([{str(folder)!r}]) == 0")
        assert plainest & (HEAVY | {"click", "hashlib"}) == set()
        assert not loaded & HEAVY
        parts = {name.removeprefix("softmax_lint.") for name in loaded if name.startswith("softmax_lint.")}
        heavy = ("linking", "lowering", "rules", "judging", "run", "wiring", "islands", "source", "comments")
        assert not {part for part in parts if part.partition(".")[0] in heavy}
        assert not {part for part in parts if part.startswith("knowledge.")} - {"knowledge.schema"}


def test_what_finds_something_needs_no_libcst() -> None:
    """Python's own parser finds the places of most findings."""
    case = PACKAGE.parent / "fixtures" / "torch" / "rules" / "log_of_softmax.py"
    loaded = _loaded(
        "import contextlib, io\nfrom softmax_lint.start import main\n"
        f"with contextlib.redirect_stdout(io.StringIO()): assert main(['--no-cache', {str(case)!r}]) == 1"
    )
    assert {"softmax_lint.judging", "softmax_lint.lowering.places"} <= loaded
    assert "libcst" not in loaded


def test_rules_are_listed() -> None:
    from softmax_lint.listing import LISTED
    from softmax_lint.rules import RULES

    assert [(rule.code, rule.name) for rule in RULES] == list(LISTED)


@pytest.mark.skipif(not (PACKAGE / "linking" / "__init__.py").exists(), reason="nothing to import")
def test_linking_knows_no_terminal() -> None:
    assert not _loaded("import softmax_lint.linking") & {
        "click",
        "softmax_lint.cli",
        "softmax_lint.reporters",
    }


def test_no_module_imports_itself_over_others() -> None:
    modules = {
        ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__"): path
        for _, path in _modules()
    }
    imports = {
        name: {
            part for each in _at_start(path) for part in (each, each.rpartition(".")[0]) if part in modules
        }
        for name, path in modules.items()
    }
    done: set[str] = set()

    def follow(name: str, way: tuple[str, ...]) -> None:
        assert name not in way, " -> ".join((*way[way.index(name) :], name))
        if name not in done:
            for other in imports[name] - {name}:
                follow(other, (*way, name))
            done.add(name)

    for name in modules:
        follow(name, ())


def _at_start(path: Path) -> Iterator[str]:
    """Dotted names that are imported when the module is, at its top level."""
    for node in ast.parse(path.read_bytes()).body:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
