"""Rows that a project declares in its configuration, for its own losses, layers, trainers and metrics."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, NamedTuple

from softmax_lint.knowledge import schema
from softmax_lint.knowledge.schema import Api, Flag
from softmax_lint.regex import late
from softmax_lint.representation import ANY, EXPECTED, PRODUCED

FORMS: Final = (schema.FUNCTION, schema.CLASS, schema.METHOD)
FRAMEWORKS: Final = ("torch", "keras", "tensorflow", "jax")
_DOTTED: Final = late(r"[^\W\d]\w*(?:\.[^\W\d]\w*)*")
# What a role cannot do without: one of the fields of each group.
_NEEDED: Final[Mapping[str, tuple[tuple[str, ...], ...]]] = {
    schema.ACTIVATION: (("produces",),),
    schema.LOSS: (("expects", "flags"),),
    schema.METRIC: (("expects", "flags"),),
    schema.TRAINER: (("model",), ("loss", "loss-default")),
    schema.NAMED_ACTIVATION: (("activation",),),
}
# Fields that name a parameter.
_PARAMETERS: Final = ("subject", "target", "axis", "units", "activation", "model", "loss")


class WrongRow(Exception):
    """A row that cannot be used. Its text names the row and says why."""


class _Field(NamedTuple):
    check: Callable[[Any], str | None]
    schema: Mapping[str, Any]


def _text() -> _Field:
    return _Field(lambda value: None if isinstance(value, str) else "must be a string", {"type": "string"})


def _names() -> _Field:
    return _Field(
        lambda value: (
            None
            if isinstance(value, list) and all(isinstance(item, str) for item in value)
            else "must be a list of strings"
        ),
        {"type": "array", "items": {"type": "string"}},
    )


def _choice(choices: Iterable[str]) -> _Field:
    allowed = tuple(choices)
    listed = ", ".join(f'"{each}"' for each in allowed)
    return _Field(
        lambda value: None if value in allowed else f"must be one of {listed}", {"enum": list(allowed)}
    )


def _truth() -> _Field:
    return _Field(
        lambda value: None if isinstance(value, bool) else "must be true or false", {"type": "boolean"}
    )


def _check_flags(value: Any) -> str | None:
    form = 'must be a list of tables like {name = "from_logits", default = false, when = [[true, "…"]]}'
    meanings = (*PRODUCED, *EXPECTED, ANY)
    if not isinstance(value, list):
        return form
    for flag in value:
        if not isinstance(flag, Mapping) or not {"name", "when"} <= set(flag) <= {"name", "default", "when"}:
            return form
        when = flag["when"]
        if not isinstance(flag["name"], str) or not isinstance(when, list):
            return form
        for pair in when:
            if not isinstance(pair, list) or len(pair) != 2:
                return form
            if pair[1] not in meanings:
                return f"must map values to one of {', '.join(meanings)}, not to `{pair[1]}`"
    return None


_FLAGS: Final = _Field(
    _check_flags,
    {
        "type": "array",
        "items": {
            "type": "object",
            "required": ["name", "when"],
            "additionalProperties": False,
            "properties": {
                "name": {"type": "string"},
                "default": {"type": ["string", "boolean", "number"]},
                "when": {
                    "type": "array",
                    "items": {
                        "type": "array",
                        "minItems": 2,
                        "maxItems": 2,
                        "items": [{}, {"enum": [*PRODUCED, *EXPECTED, ANY]}],
                    },
                },
            },
        },
    },
)

# Field of the configuration -> what it may hold. They are those of `schema.Api`, with dashes.
FIELDS: Final[Mapping[str, _Field]] = {
    "name": _text(),
    "form": _choice(FORMS),
    "role": _choice(schema.ROLES),
    "framework": _choice(FRAMEWORKS),
    "params": _names(),
    "call-params": _names(),
    "subject": _text(),
    "produces": _choice(PRODUCED),
    "expects": _choice((*EXPECTED, ANY)),
    "target": _text(),
    "flags": _FLAGS,
    "axis": _text(),
    "axis-default": _Field(
        lambda value: None if type(value) is int else "must be a number", {"type": "integer"}
    ),
    "units": _text(),
    "activation": _text(),
    "activation-default": _text(),
    "call": _text(),
    "head": _text(),
    "model": _text(),
    "loss": _text(),
    "loss-default": _text(),
    "detached": _truth(),
    "aliases": _names(),
    "measured": _truth(),
}
REQUIRED: Final = ("name", "form", "role", "framework")


def row_schema() -> dict[str, Any]:
    """The JSON schema of a list of rows."""
    return {
        "type": "array",
        "items": {
            "type": "object",
            "required": list(REQUIRED),
            "additionalProperties": False,
            "properties": {name: dict(field.schema) for name, field in FIELDS.items()},
        },
    }


def read_rows(tables: Iterable[Mapping[str, Any]]) -> tuple[Api, ...]:
    """The rows of a configuration. Raises WrongRow for the first that cannot be used."""
    rows: dict[str, Api] = {}
    for number, table in enumerate(tables, 1):
        name = table.get("name")
        title = f"row {number}" + (f" (`{name}`)" if isinstance(name, str) and name else "")
        complaint = _complaint(table)
        if complaint is None and name in rows:
            complaint = "is there twice"
        if complaint is not None:
            raise WrongRow(f"{title}: {complaint}")
        row = _row(table)
        rows[row.name] = row
    return tuple(rows.values())


def _complaint(table: Mapping[str, Any]) -> str | None:
    for key, value in table.items():
        field = FIELDS.get(key)
        if field is None:
            close = _close(key)
            return f"unknown field `{key}`" + (f"; did you mean `{close}`?" if close else "")
        complaint = field.check(value)
        if complaint:
            return f"`{key}` {complaint}"
    for key in REQUIRED:
        if key not in table:
            return f"`{key}` is missing"
    for name in (table["name"], *table.get("aliases", ())):
        if not _DOTTED.fullmatch(name) or "." not in name:
            return f"`{name}` is no dotted name of a module's member"
    for group in _NEEDED.get(table["role"], ()):
        if not any(table.get(key) for key in group):
            return f"a row with role `{table['role']}` needs `{'` or `'.join(group)}`"
    return _wrong_parameter(table)


def _wrong_parameter(table: Mapping[str, Any]) -> str | None:
    known = {*table.get("params", ()), *table.get("call-params", ())}
    for key in _PARAMETERS:
        value = table.get(key)
        if value and value not in known:
            return f"`{key}` names `{value}`, which is neither in `params` nor in `call-params`"
    for flag in table.get("flags", ()):
        if flag["name"] not in known:
            return f"`flags` names `{flag['name']}`, which is neither in `params` nor in `call-params`"
    return None


def _close(key: str) -> str | None:
    import difflib

    return next(iter(difflib.get_close_matches(key.replace("_", "-"), FIELDS, 1, 0.6)), None)


def _row(table: Mapping[str, Any]) -> Api:
    values: dict[str, Any] = {}
    for key, value in table.items():
        values[key.replace("-", "_")] = tuple(value) if isinstance(value, list) else value
    values["flags"] = tuple(
        Flag(flag["name"], flag.get("default"), tuple((pair[0], pair[1]) for pair in flag["when"]))
        for flag in table.get("flags", ())
    )
    return Api(**values)
