"""The keys of the configuration: what each may hold, said once for the checks and for the JSON schema."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from softmax_lint.diagnostic import SEVERITIES

OUTPUT_FORMATS = (
    "text", "concise", "json", "json-lines", "sarif", "github", "gitlab", "junit", "rdjson", "pylint",
    "azure", "markdown",
)  # fmt: skip
BACKENDS = ("tensorflow", "torch", "jax")
Checker = Callable[[Any], str | None]


@dataclass(frozen=True, slots=True)
class Key:
    """One key. `check` gives a complaint about a value, or None; `schema` is its JSON schema."""

    check: Checker
    schema: Mapping[str, Any]
    about: str


def _strings(about: str) -> Key:
    return Key(
        lambda value: None if _are_strings(value) else "must be a list of strings",
        {"type": "array", "items": {"type": "string"}},
        about,
    )


def _are_strings(value: Any) -> bool:
    return isinstance(value, list | tuple) and all(isinstance(item, str) for item in value)


def _string_lists(about: str) -> Key:
    return Key(
        lambda value: (
            None
            if isinstance(value, Mapping) and all(_are_strings(item) for item in value.values())
            else "must be a table from patterns to lists of rules"
        ),
        {"type": "object", "additionalProperties": {"type": "array", "items": {"type": "string"}}},
        about,
    )


def _boolean(about: str) -> Key:
    return Key(
        lambda value: None if isinstance(value, bool) else "must be true or false", {"type": "boolean"}, about
    )


def _string(about: str) -> Key:
    return Key(
        lambda value: None if isinstance(value, str) else "must be a string", {"type": "string"}, about
    )


def _one_of(choices: tuple[str, ...], about: str) -> Key:
    listed = ", ".join(f'"{choice}"' for choice in choices)
    return Key(
        lambda value: None if value in choices else f"must be one of {listed}",
        {"enum": list(choices)},
        about,
    )


def _check_rows(value: Any) -> str | None:
    if not isinstance(value, list) or not all(isinstance(item, Mapping) for item in value):
        return "must be a list of tables"
    from softmax_lint.knowledge.own import WrongRow, read_rows

    try:
        read_rows(value)
    except WrongRow as error:
        return str(error)
    return None


KEYS: Mapping[str, Key] = {
    "extend": _string("Another configuration file, whose keys count where this one has none"),
    "select": _strings("Rules to check; ALL has the opt-in ones too"),
    "extend-select": _strings("Rules to check besides the selected ones"),
    "ignore": _strings("Rules not to check"),
    "per-file-ignores": _string_lists("Rules not to check in the files that match a pattern"),
    "exclude": _strings("Patterns of paths to leave out, instead of the defaults"),
    "extend-exclude": _strings("More patterns of paths to leave out"),
    "respect-gitignore": _boolean("Leave out what .gitignore files name"),
    "force-exclude": _boolean("Leave out also files that are named themselves"),
    "keras-backend": _one_of(BACKENDS, "What Keras runs on, where the code does not tell"),
    "fail-level": _one_of(SEVERITIES, "The lowest severity that makes the exit status 1"),
    "output-format": _one_of(OUTPUT_FORMATS, "How to print findings"),
    "cache-dir": _string("Where the cache lives"),
    "fix": _boolean("Apply safe fixes"),
    "unsafe-fixes": _boolean("Apply unsafe fixes, too"),
    "show-fixes": _boolean("List the fixes that were applied"),
    "extend-safe-fixes": _strings("Rules whose unsafe fixes count as safe"),
    "extend-unsafe-fixes": _strings("Rules whose safe fixes count as unsafe"),
    "baseline": _string("A file with old findings, which are not reported"),
    "rows": Key(_check_rows, {}, "Losses, layers, trainers and metrics of your own"),
}


def schema() -> dict[str, Any]:
    """The JSON schema of ``[tool.softmax-lint]``, and of ``softmax-lint.toml``."""
    from softmax_lint.knowledge.own import row_schema

    properties = {
        name: {"description": key.about, **(row_schema() if name == "rows" else key.schema)}
        for name, key in KEYS.items()
    }
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "$id": "urn:softmax-lint:configuration",
        "title": "softmax-lint",
        "description": "Configuration of softmax-lint: the table tool.softmax-lint of pyproject.toml",
        "type": "object",
        "additionalProperties": False,
        "properties": properties,
    }


def schema_of(tool: str) -> dict[str, Any]:
    """`schema()`, in the form in which validate-pyproject asks for it."""
    return schema()
