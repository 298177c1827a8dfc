"""Pieces of pages that need nothing else: the frame, tables, checks and diffs."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from softmax_lint.verify.results import BROKEN, FAILED, HELD, Check
from softmax_lint.verify.style import STYLE

# How the style names what an exit status stands for.
CLASSES = {HELD: "held", BROKEN: "broken", FAILED: "unknown"}
_MARKS = {True: ("held", "held"), False: ("broken", "did not hold"), None: ("unknown", "not checked")}


def document(title: str, body: Sequence[str]) -> str:
    """A whole page. `title` is text, `body` HTML."""
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n"
        + "\n".join(body)
        + "\n</body>\n</html>\n"
    )


def table(heads: Sequence[str], rows: Sequence[Sequence[str]], kind: str = "") -> str:
    """`heads` are text, the cells of `rows` HTML; on narrow screens each cell shows its head. `kind` is a class."""
    head = "".join(f"<th>{escape(each)}</th>" for each in heads)
    body = "".join(f"<tr>{_cells(heads, row)}</tr>" for row in rows)
    css = f' class="{kind}"' if kind else ""
    return f"<table{css}><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _cells(heads: Sequence[str], row: Sequence[str]) -> str:
    labels = [f' data-label="{escape(head)}"' if head else "" for head in heads]
    return "".join(f"<td{label}>{cell}</td>" for label, cell in zip(labels, row, strict=True))


def checks(made: Sequence[Check]) -> str:
    """A table."""
    rows = []
    for check in made:
        css, word = _MARKS[check.held]
        rows.append((check.name, f'<span class="verdict {css}">{word}</span>', escape(check.message)))
    return table(("check", "", "measured"), rows, "checks")


def diff(title: str, text: str) -> str:
    """A unified diff that can be folded away."""
    lines = text.splitlines() or ["nothing"]
    shown = "".join(f'<span class="{_kind(line)}">{escape(line) or " "}</span>' for line in lines)
    return f"<details open><summary>{escape(title)}</summary><pre>{shown}</pre></details>"


def _kind(line: str) -> str:
    if line.startswith(("--- ", "+++ ", "@@ ")):
        return "quiet"
    return {"+": "plus", "-": "minus"}.get(line[:1], "")
