"""Which rules are on: selectors (``SML001``, ``SML1``, ``ALL``, ``double-softmax``) to sets of codes.

Layers are folded from the outermost in: a `select` replaces what the layers before it chose. Within a layer
the more specific selector wins, and `ignore` wins a tie.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

ALL = "ALL"


class Named(Protocol):
    """What selection has to know about a rule."""

    @property
    def code(self) -> str: ...
    @property
    def name(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Layer:
    """The selectors of one place of configuration. `select` is None where it was not given."""

    select: tuple[str, ...] | None = None
    extend_select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()


class UnknownRule(Exception):
    """A selector that chooses nothing. Its text is a message for the user."""


def expand(selector: str, rules: Sequence[Named]) -> frozenset[str]:
    """The codes that `selector` stands for. Raises UnknownRule when there are none."""
    wanted = selector.strip()
    if wanted.upper() == ALL:
        return frozenset(rule.code for rule in rules)
    chosen = {rule.code for rule in rules if rule.name == wanted.lower()}
    if wanted:
        chosen |= {rule.code for rule in rules if rule.code.startswith(wanted.upper())}
    if not chosen:
        raise UnknownRule(_unknown(selector, rules))
    return frozenset(chosen)


def choose(layers: Iterable[Layer], rules: Sequence[Named]) -> tuple[frozenset[str], frozenset[str]]:
    """(codes that are on, codes that are on with their opt-in cases). Raises UnknownRule."""
    chosen = frozenset(rule.code for rule in rules)
    opted: frozenset[str] = frozenset()
    for layer in layers:
        if layer.select is not None:
            chosen, opted = frozenset(), frozenset()
        added = [
            (selector, expand(selector, rules)) for selector in (*(layer.select or ()), *layer.extend_select)
        ]
        dropped = [(selector, expand(selector, rules)) for selector in layer.ignore]
        opted |= {code for selector, codes in added if _opts_in(selector, codes) for code in codes}
        adds, drops = _strongest(added), _strongest(dropped)
        chosen = frozenset(
            rule.code
            for rule in rules
            if (rule.code in chosen or rule.code in adds)
            and not drops.get(rule.code, -1) >= adds.get(rule.code, 0)
        )
    return chosen, opted & chosen


def _opts_in(selector: str, codes: frozenset[str]) -> bool:
    return selector.strip().upper() == ALL or (
        len(codes) == 1 and _strength(selector) >= len(next(iter(codes)))
    )


def _strength(selector: str) -> int:
    """Longer prefixes are more specific; a name is as specific as a whole code."""
    wanted = selector.strip()
    return 1 if wanted.upper() == ALL else max(2, len(wanted))


def _strongest(selected: Iterable[tuple[str, frozenset[str]]]) -> dict[str, int]:
    strengths: dict[str, int] = {}
    for selector, codes in selected:
        for code in codes:
            strength = len(code) if "-" in selector else _strength(selector)
            strengths[code] = max(strengths.get(code, 0), strength)
    return strengths


def _unknown(selector: str, rules: Sequence[Named]) -> str:
    message = f"unknown rule `{selector}`"
    close = suggest(selector.upper(), [rule.code for rule in rules]) or suggest(
        selector.lower(), [rule.name for rule in rules]
    )
    return f"{message}; did you mean `{close}`?" if close else message


def suggest(word: str, known: Iterable[str]) -> str | None:
    """The known word most like `word`, or None."""
    import difflib

    close = difflib.get_close_matches(word, list(known), 1, 0.6)
    return close[0] if close else None
