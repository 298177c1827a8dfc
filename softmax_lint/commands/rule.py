"""``softmax-lint rule``: the page of a rule."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING

from softmax_lint.commands.analysis import load_rules
from softmax_lint.commands.terminal import complain, write
from softmax_lint.selection import UnknownRule, expand

if TYPE_CHECKING:
    from softmax_lint.rules.schema import Rule

CLEAN, FAILED = 0, 2


def run(code: str | None, every: bool) -> int:
    """Show one rule, by code or name, or all of them; gives CLEAN or FAILED."""
    rules = load_rules()
    if every:
        write("\n".join(_page(rule) for rule in rules))
        return CLEAN
    wanted = code or ""
    chosen = [rule for rule in rules if wanted.upper() == rule.code or wanted.lower() == rule.name]
    if not chosen:
        try:
            codes = expand(wanted, rules)
        except UnknownRule as error:
            complain(str(error))
        else:
            complain(f"`{wanted}` is no single rule: {', '.join(sorted(codes))}")
        return FAILED
    write(_page(chosen[0]))
    return CLEAN


def _page(rule: Rule) -> str:
    return f"# {rule.name} ({rule.code}, {rule.kind})\n\n{inspect.cleandoc(rule.page)}\n"
