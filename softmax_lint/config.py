"""Settings of a run: files, ``--config`` and options, folded into one frozen value.

One run has one configuration: that of the nearest folder, from the one that holds all given paths upwards,
with a ``softmax-lint.toml`` or a ``pyproject.toml`` that has a ``[tool.softmax-lint]`` table.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from softmax_lint.keys import KEYS
from softmax_lint.knowledge.schema import Api
from softmax_lint.patterns import Matcher, compile_patterns
from softmax_lint.selection import Layer, Named, UnknownRule, choose, expand, suggest
from softmax_lint.surroundings import base_of

DEFAULT_EXCLUDE = (
    ".bzr", ".direnv", ".eggs", ".git", ".git-rewrite", ".hg", ".ipynb_checkpoints", ".mypy_cache", ".nox",
    ".pants.d", ".pyenv", ".pytest_cache", ".pytype", ".ruff_cache", ".softmax_lint_cache", ".svn", ".tox",
    ".venv", ".vscode", "__pypackages__", "_build", "buck-out", "build", "dist", "node_modules",
    "site-packages", "venv",
)  # fmt: skip
CONFIG_FILES = ("softmax-lint.toml", "pyproject.toml")


class ConfigError(Exception):
    """Settings that cannot be used. Its text is a message for the user."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What a run was told. Paths are absolute; `root` is the folder that relative patterns start at."""

    root: str
    base: str | None = None  # the root of a project that nothing marks; if None, the folder of the files
    config_file: str | None = None
    selected: frozenset[str] = frozenset()  # codes that are on
    opted_in: frozenset[str] = frozenset()  # codes that are on with their opt-in cases
    per_file_ignores: tuple[tuple[str, frozenset[str]], ...] = ()
    exclude: tuple[str, ...] = DEFAULT_EXCLUDE
    respect_gitignore: bool = True
    force_exclude: bool = False
    fix: bool = False
    unsafe_fixes: bool = False
    show_fixes: bool = False
    safe_codes: frozenset[str] = frozenset()  # rules whose unsafe fixes count as safe
    unsafe_codes: frozenset[str] = frozenset()  # rules whose safe fixes count as unsafe
    keras_backend: str | None = None
    fail_level: str = "info"
    output_format: str = "text"
    cache_dir: str | None = None
    cache: bool = False  # keep outcomes on disk
    jobs: int | None = None
    reference: bool = False  # let LibCST read everything
    baseline: str | None = None
    rows: tuple[Api, ...] = ()  # that the project declares for names of its own


@dataclass(frozen=True, slots=True)
class Table:
    """The keys of one place of configuration. `origin` names it in messages; None for the command line."""

    values: Mapping[str, Any]
    origin: str | None = None
    folder: str = field(default_factory=os.getcwd)


def load(
    paths: Sequence[str],
    options: Mapping[str, Any],
    rules: Sequence[Named],
    *,
    config: Sequence[str] = (),
    isolated: bool = False,
) -> Settings:
    """The settings for a run over `paths`.

    `options` are the keys given on the command line, `config` the values of ``--config``: files, or inline
    TOML. `isolated` ignores all files. Raises ConfigError.
    """
    inline = [_parse_inline(text) for text in config if _is_inline(text)]
    named = [text for text in config if not _is_inline(text)]
    if len(named) > 1:
        raise ConfigError("`--config` names more than one file")
    if isolated and named:
        raise ConfigError("`--config` names a file and `--isolated` forbids it")
    file = None if isolated else _read_file(named[0]) if named else find(paths)
    extra = {key: value for key, value in options.items() if key in ("cache", "jobs", "reference")}
    given = {key: value for key, value in options.items() if key not in extra and value is not None}
    tables = [*(_with_extended(*file) if file else ()), *inline, Table(given)]
    for table in tables:
        _validate(table)
    return replace(_fold(tables, file[0] if file else None, rules, extra), base=base_of(paths))


def find(paths: Sequence[str]) -> tuple[str, Table] | None:
    """The nearest configuration (file, table) from the folder that holds all `paths` upwards, or None."""
    folder = _common_folder(paths)
    while True:
        for name in CONFIG_FILES:
            found = _read_own(os.path.join(folder, name))
            if found is not None:
                return found
        parent = os.path.dirname(folder)
        if parent == folder:
            return None
        folder = parent


def _common_folder(paths: Sequence[str]) -> str:
    folders = []
    for path in paths or (".",):
        absolute = os.path.abspath(path)
        folders.append(absolute if os.path.isdir(absolute) else os.path.dirname(absolute))
    try:
        return os.path.commonpath(folders)
    except ValueError:  # several drives
        return os.getcwd()


def _read_own(path: str) -> tuple[str, Table] | None:
    """A file found by the way; a pyproject.toml that does not speak of us is none, broken or not."""
    try:
        with open(path, "rb") as file:
            data = file.read()
    except OSError:
        return None
    if path.endswith("pyproject.toml"):
        if b"softmax-lint" not in data:
            return None
        values = _parse(path, data).get("tool", {}).get("softmax-lint")
        return None if values is None else (path, Table(values, _short(path), os.path.dirname(path)))
    return path, Table(_parse(path, data), _short(path), os.path.dirname(path))


def _read_file(path: str) -> tuple[str, Table]:
    absolute = os.path.abspath(path)
    try:
        with open(absolute, "rb") as file:
            data = file.read()
    except OSError as error:
        raise ConfigError(f"cannot read {_short(path)}: {(error.strerror or str(error)).lower()}") from None
    values = _parse(path, data)
    if os.path.basename(path) == "pyproject.toml":
        values = values.get("tool", {}).get("softmax-lint", {})
    return absolute, Table(values, _short(path), os.path.dirname(absolute))


def _with_extended(path: str, table: Table, seen: tuple[str, ...] = ()) -> list[Table]:
    """The tables of a file and of those that it extends, outermost first. Raises ConfigError."""
    extend = table.values.get("extend") if isinstance(table.values, Mapping) else None
    if not isinstance(extend, str):
        return [table]
    seen = (*seen, os.path.realpath(path))
    target = os.path.join(table.folder, os.path.expanduser(extend))
    if os.path.realpath(target) in seen:
        raise ConfigError(f"{table.origin}: `extend` comes back to {_short(os.path.normpath(target))}")
    try:
        found = _read_file(os.path.normpath(target))
    except ConfigError as error:
        raise ConfigError(f"{table.origin}: `extend`: {error}") from None
    return [*_with_extended(*found, seen), table]


def _is_inline(text: str) -> bool:
    return "=" in text and not os.path.exists(text)


def _parse_inline(text: str) -> Table:
    return Table(_parse(f"--config {text}", text.encode()), "--config")


def _parse(origin: str, data: bytes) -> dict[str, Any]:
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    try:
        values: dict[str, Any] = tomllib.loads(data.decode("utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{_short(origin)}: {error}") from None
    return values


def _short(path: str) -> str:
    return os.path.relpath(path) if os.path.isabs(path) and path.startswith(os.getcwd() + os.sep) else path


def _validate(table: Table) -> None:
    where = f"{table.origin}: " if table.origin else ""
    if not isinstance(table.values, Mapping):
        raise ConfigError(f"{where}`tool.softmax-lint` must be a table")
    for key, value in table.values.items():
        known = KEYS.get(key)
        if known is None:
            close = suggest(key.replace("_", "-"), KEYS)
            raise ConfigError(f"{where}unknown key `{key}`" + (f"; did you mean `{close}`?" if close else ""))
        complaint = known.check(value)
        if complaint:
            raise ConfigError(f"{where}`{key}` {complaint}")


def _fold(
    tables: Sequence[Table], config_file: str | None, rules: Sequence[Named], extra: Mapping[str, Any]
) -> Settings:
    merged: dict[str, Any] = {}
    layers, extended = [], []
    declared: dict[str, Mapping[str, Any]] = {}
    for table in tables:
        layers.append(_layer(table, rules))
        extended += table.values.get("extend-exclude", ())
        merged.update(table.values)
        for key in ("cache-dir", "baseline"):
            if key in table.values:
                merged[key] = os.path.join(table.folder, table.values[key])
        declared = {**declared, **{row["name"]: row for row in table.values.get("rows", ())}}
    selected, opted_in = choose(layers, rules)
    ignores = merged.get("per-file-ignores", {})
    return Settings(
        root=os.path.dirname(config_file) if config_file else os.getcwd(),
        config_file=config_file,
        selected=selected,
        opted_in=opted_in,
        per_file_ignores=tuple(
            (pattern, frozenset().union(*(expand(item, rules) for item in items)))
            for pattern, items in ignores.items()
        ),
        exclude=(*merged.get("exclude", DEFAULT_EXCLUDE), *extended),
        respect_gitignore=merged.get("respect-gitignore", True),
        force_exclude=merged.get("force-exclude", False),
        fix=merged.get("fix", False),
        unsafe_fixes=merged.get("unsafe-fixes", False),
        show_fixes=merged.get("show-fixes", False),
        safe_codes=frozenset().union(*(expand(it, rules) for it in merged.get("extend-safe-fixes", ()))),
        unsafe_codes=frozenset().union(*(expand(it, rules) for it in merged.get("extend-unsafe-fixes", ()))),
        keras_backend=merged.get("keras-backend"),
        fail_level=merged.get("fail-level", "info"),
        output_format=merged.get("output-format", "text"),
        cache_dir=merged.get("cache-dir"),
        cache=bool(extra.get("cache")),
        jobs=extra.get("jobs"),
        reference=extra.get("reference", False),
        baseline=merged.get("baseline"),
        rows=_rows(declared.values()),
    )


def _rows(declared: Collection[Mapping[str, Any]]) -> tuple[Api, ...]:
    if not declared:
        return ()
    from softmax_lint.knowledge.own import read_rows

    return read_rows(declared)


def _layer(table: Table, rules: Sequence[Named]) -> Layer:
    """The selectors of a table, every one of them known. Raises ConfigError."""
    values = table.values
    ignores = [item for items in values.get("per-file-ignores", {}).values() for item in items]
    extend, ignore = values.get("extend-select", ()), values.get("ignore", ())
    try:
        for selector in (*values.get("select", ()), *extend, *ignore, *ignores):
            expand(selector, rules)
    except UnknownRule as error:
        raise ConfigError(f"{table.origin}: {error}" if table.origin else str(error)) from None
    select = tuple(values["select"]) if "select" in values else None
    return Layer(select, tuple(extend), tuple(ignore))


def ignored_codes(settings: Settings) -> Callable[[str], frozenset[str]]:
    """A function from an absolute file name to the codes that `per-file-ignores` turns off there."""
    compiled: list[tuple[bool, Matcher, frozenset[str]]] = [
        (pattern.startswith("!"), compile_patterns([pattern.removeprefix("!")], settings.root), codes)
        for pattern, codes in settings.per_file_ignores
    ]

    def ignored(filename: str) -> frozenset[str]:
        return frozenset().union(
            *(codes for negated, matches, codes in compiled if matches(filename) != negated)
        )

    return ignored
