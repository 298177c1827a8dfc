"""The form of a rule."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from softmax_lint.pair import Pair


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: metadata, one predicate over a pair, one sentence about it.

    `kind` is wrong, unstable, redundant or warning; `blame` names the end whose place is the finding's:
    source or sink. `matches(pair)` decides alone; precedence between rules is `judge`'s business.
    `severity(pair)` is one of diagnostic.SEVERITIES. `page` is the module's docstring, in Markdown.
    """

    code: str
    name: str
    kind: str
    blame: str
    matches: Callable[[Pair], bool]
    message: Callable[[Pair], str]
    severity: Callable[[Pair], str]
    # True: reported only when selected by its exact code or ALL.
    opt_in: Callable[[Pair], bool] = lambda pair: False
    page: str = ""
