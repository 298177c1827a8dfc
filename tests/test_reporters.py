"""Reporters: a report to text, concise lines and JSON."""

from __future__ import annotations

import json
import os
from typing import Any

import pytest
from shell import finding, losses, named, place

from softmax_lint.diagnostic import Diagnostic, Edit, Failure, Fix, Place, Related, Report, Verdict
from softmax_lint.reporters import RenderOptions, render
from softmax_lint.reporters.closing import closing_line
from softmax_lint.reporters.json import render_pairs as render_pairs_json
from softmax_lint.reporters.pairs import render as render_pairs

TRAIN = "import torch\n\nout = F.softmax(net(x), dim=1)\nloss = criterion(out, y)\n"


def check(diagnostic: Diagnostic, sources: dict[str, str], expected: str, **options: Any) -> None:
    def lines(filename: str, cell: int | None) -> list[str]:
        name = os.path.relpath(filename).replace(os.sep, "/")
        return sources[name].split("\n") if name in sources else []

    chosen = RenderOptions(os.getcwd(), **{"lines": lines, **options})
    output = render(Report((diagnostic,), ()), options.get("format", "text"), chosen)
    assert output == expected.lstrip("\n") + "\n"


def test_both_ends_in_one_file() -> None:
    check(
        finding(place("train.py", 3, 7, 31), place("train.py", 4, 8, 25)),
        {"train.py": TRAIN},
        """
train.py:3:7: SML002 [error] softmax is applied twice
  |
3 | out = F.softmax(net(x), dim=1)
  |       ^^^^^^^^^^^^^^^^^^^^^^^^
 --> train.py:4:8 loss is here
  |
4 | loss = criterion(out, y)
  |        -----------------
""",
    )


def test_two_files_a_cell_notes_and_fixes() -> None:
    at = place("nb.ipynb", 7, 5, 12, cell=3)
    diagnostic = finding(
        at,
        related=(
            Related("sink", "loss is here", place("lib/train.py", 1040, 1, 5)),
            Related("meets", "they meet here", place("nb.ipynb", 2, 1, 5, cell=4)),
        ),
        fixes=(
            Fix("unsafe", "remove the softmax", (Edit(at, ""),)),
            Fix("display", "drop `from_logits=True`", ()),
        ),
        severity="warning",
    )
    check(
        diagnostic,
        {"nb.ipynb": "\n" * 6 + "    softmax,", "lib/train.py": "\n" * 1039 + "loss = 1"},
        """
nb.ipynb:cell 3:7:5: SML002 [warning] softmax is applied twice
     |
   7 |     softmax,
     |     ^^^^^^^
    --> lib/train.py:1040:1 loss is here
     |
1040 | loss = 1
     | ----
    --> nb.ipynb:cell 4:2:1 they meet here
help: remove the softmax (unsafe fix)
help: or drop `from_logits=True` (by hand)
""",
    )


EXCERPTS = [
    ("a tab before", "\tx = softmax(y)", (6, 16), ["1 |     x = softmax(y)", "  |         ^^^^^^^^^^"]),
    ("a tab inside", "a\tb = c", (1, 4), ["1 | a   b = c", "  | ^^^^^"]),
    (
        "wide characters",
        "s = '数据'; softmax",
        (11, 18),
        ["1 | s = '数据'; softmax", "  |             ^^^^^^^"],
    ),
    ("wide characters under it", "x('数据')", (1, 8), ["1 | x('数据')", "  | ^^^^^^^^^"]),
    ("combining characters", "s = 'e\u0301'; x", (11, 12), ["1 | s = 'e\u0301'; x", "  |          ^"]),
    ("control characters", "s = '\x1b[31m'; x", (14, 15), ["1 | s = '\ufffd[31m'; x", "  |              ^"]),
    ("an empty span", "x", (1, 1), ["1 | x", "  | ^"]),
    ("past the end", "x", (9, 12), ["1 | x", "  |  ^"]),
]


@pytest.mark.parametrize(("line", "columns", "expected"), named(EXCERPTS))
def test_carets_stand_under_their_source(line: str, columns: tuple[int, int], expected: list[str]) -> None:
    header = f"a.py:1:{columns[0]}: SML002 [error] softmax is applied twice"
    check(finding(place("a.py", 1, *columns)), {"a.py": line}, "\n".join([header, "  |", *expected, ""]))


def test_text_without_room_in_the_encoding_is_degraded() -> None:
    diagnostic = finding(place("a.py", 1, 7, 8), message="costs 1 × 2")
    expected = "a.py:1:7: SML002 [error] costs 1 ? 2\n  |\n1 | s='?';x\n  |       ^\n"
    check(diagnostic, {"a.py": "s='数';x"}, expected, encoding="ascii")


@pytest.mark.parametrize("first", [0, 90, 180, 290, 296])
def test_long_lines_are_cut_around_the_place(first: int) -> None:
    line = "".join(chr(ord("a") + number % 26) for number in range(300))
    options = RenderOptions(os.getcwd(), lines=lambda filename, cell: [line])
    at = place("a.py", 1, first + 1, first + 5)
    output = render(Report((finding(at),), ()), "text", options).split("\n")
    source, carets = output[2], output[3]
    column = carets.index("^")
    assert source[column : column + 4] == line[first : first + 4]
    assert carets.count("^") == 4
    assert len(source) < 132


@pytest.mark.parametrize("width", [20, 40, 66, 120])
def test_source_is_cut_to_the_terminal(width: int) -> None:
    line = "    return " + "f(" * 40 + "softmax(x)" + ")" * 40
    start = line.index("softmax") + 1
    at = place("a.py", 1, start, start + 10)
    options = RenderOptions(os.getcwd(), width=width, lines=lambda *_: [line])
    _, _, source, carets, *_ = render(Report((finding(at),), ()), "text", options).splitlines()
    assert len(source) <= len("1 | ") + len("...") * 2 + width
    assert source[carets.index("^") : carets.rindex("^") + 1] == "softmax(x)"


def test_a_place_of_several_rows() -> None:
    lines = ["x = f(", "    a,", "    b,", ")"]
    at = place("a.py", 1, 5, 2, end_row=4)
    body = "\n".join(
        ["1 | x = f(", "  |     ^^", "2 |     a,", "  |     ^^", "3 |     b,", "  |     ^^", "4 | )", "  | ^"]
    )
    expected = f"a.py:1:5: SML002 [error] softmax is applied twice\n  |\n{body}\n"
    check(finding(at), {"a.py": "\n".join(lines)}, expected)


def test_a_long_place_shows_its_ends() -> None:
    at = place("a.py", 1, 1, 2, end_row=20)
    text = "f(\n" + "    a,\n" * 18 + ")"
    body = "\n".join([" 1 | f(", "   | ^^", " 2 |     a,", "   |     ^^", "...", "20 | )", "   | ^"])
    expected = f"a.py:1:1: SML002 [error] softmax is applied twice\n   |\n{body}\n"
    check(finding(at), {"a.py": text}, expected)


def test_source_that_cannot_be_read_is_left_out() -> None:
    check(finding(place("a.py", 1, 1, 2)), {}, "a.py:1:1: SML002 [error] softmax is applied twice\n")


def test_colour_only_where_it_is_wanted() -> None:
    report = Report((finding(place("a.py", 1, 1, 2)),), ())
    plain, coloured = (
        render(report, "text", RenderOptions(os.getcwd(), color=color, lines=lambda *_: ["x"]))
        for color in (False, True)
    )
    assert "\x1b" not in plain
    assert "\x1b[1;31mSML002\x1b[0m" in coloured


def test_concise() -> None:
    report = Report((finding(place("a/b.py", 3, 7, 31)), finding(Place("/else/c.py", 2, 1, 1, 1, 2))), ())
    assert render(report, "concise", RenderOptions(os.getcwd())) == (
        "a/b.py:3:7: SML002 [error] softmax is applied twice\n"
        "/else/c.py:cell 2:1:1: SML002 [error] softmax is applied twice\n"
    )


def test_json() -> None:
    at, sink = place("a/b.py", 3, 7, 31), Place("/else/c.ipynb", 2, 1, 1, 1, 2)
    fixes = (Fix("safe", "remove it", (Edit(at, "x"),)), Fix("display", "or not", ()))
    options = RenderOptions(os.getcwd())
    (found,) = json.loads(render(Report((finding(at, sink, fixes=fixes, noqa_row=4),), ()), "json", options))
    spot = {
        "filename": "a/b.py",
        "cell": None,
        "location": {"row": 3, "column": 7},
        "end_location": {"row": 3, "column": 31},
    }
    other = {
        "filename": "/else/c.ipynb",
        "cell": 2,
        "location": {"row": 1, "column": 1},
        "end_location": {"row": 1, "column": 2},
    }
    first = {"applicability": "safe", "message": "remove it", "edits": [{**spot, "content": "x"}]}
    assert found == {
        "code": "SML002",
        "name": "double-softmax",
        "severity": "error",
        "message": "softmax is applied twice",
        "url": None,
        **spot,
        "noqa_row": 4,
        "related": [{"role": "sink", "message": "loss is here", **other}],
        "fix": first,
        "fixes": [first, {"applicability": "display", "message": "or not", "edits": []}],
    }
    assert list(found)[:10] == ["code", "name", "severity", "message", "url", "filename", "cell", "location",
                                "end_location", "noqa_row"]  # fmt: skip
    assert json.loads(render(Report((), ()), "json", options)) == []
    (bare,) = json.loads(render(Report((finding(at),), ()), "json", options))
    assert (bare["fix"], bare["fixes"], bare["related"], bare["noqa_row"]) == (None, [], [], 3)


def test_pairs() -> None:
    verdicts = (
        Verdict(place("a.py", 3, 1, 9), "finding", ("SML002",), None, "softmax", "softmax_logits"),
        Verdict(place("a.py", 5, 1, 9), "ok", (), None, "scores", "softmax_logits"),
        Verdict(
            place("n.ipynb", 7, 1, 9, cell=2), "undecided", (), "parameter `model` is not known", None, "any"
        ),
        Verdict(place("z.py", 7, 1, 9), "not-judged"),
    )
    report, options = Report((), verdicts, files=3), RenderOptions(os.getcwd())
    assert render_pairs(report, options) == (
        "a.py:3:1: finding SML002: softmax into softmax logits\n"
        "a.py:5:1: ok: scores into softmax logits\n"
        "n.ipynb:cell 2:7:1: undecided: unknown into any; parameter `model` is not known\n"
        "z.py:7:1: not judged\n"
        "4 losses: 1 ok, 1 finding, 1 undecided, 1 not judged\n"
    )
    rows = json.loads(render_pairs_json(report, options))
    assert rows[0] == {
        "filename": "a.py",
        "cell": None,
        "location": {"row": 3, "column": 1},
        "end_location": {"row": 3, "column": 9},
        "verdict": "finding",
        "codes": ["SML002"],
        "reason": None,
        "produced": "softmax",
        "expected": "softmax_logits",
    }
    assert [row["verdict"] for row in rows] == ["finding", "ok", "undecided", "not-judged"]
    assert render_pairs(Report((), (), files=1), options) == "no losses found in 1 file\n"


@pytest.mark.parametrize(
    ("findings", "counts", "files", "suppressed", "expected"),
    [
        (2, {"finding": 2, "ok": 9, "undecided": 3}, 5, 0,
         "2 findings; 14 losses checked, 9 ok, 3 undecided (softmax-lint pairs)"),
        (1, {"finding": 1}, 1, 0, "1 finding; 1 loss checked, 0 ok"),
        (0, {"ok": 14}, 5, 0, "no findings; 14 losses checked, 14 ok"),
        (0, {"ok": 1}, 5, 0, "no findings; 1 loss checked, 1 ok"),
        (0, {"ok": 1, "not_judged": 2}, 5, 0,
         "no findings; 3 losses checked, 1 ok, 2 not judged (softmax-lint pairs)"),
        (0, {"finding": 1}, 5, 1, "no findings; 1 loss checked, 0 ok, 1 suppressed"),
        (0, {}, 3, 0, "no losses found in 3 files"),
        (0, {}, 1, 0, "no losses found in 1 file"),
        (1, {}, 3, 0, "1 finding; no losses found in 3 files"),
    ],
)  # fmt: skip
def test_closing_line(
    findings: int, counts: dict[str, int], files: int, suppressed: int, expected: str
) -> None:
    report = Report((finding(place("a.py", 1, 1, 2)),) * findings, losses(**counts), files=files)
    assert closing_line(report, suppressed) == expected


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ({}, "no losses found in 3 files, 2 files not checked"),
        ({"ok": 1}, "no findings; 1 loss checked, 1 ok, 2 files not checked"),
    ],
)
def test_files_that_failed_are_not_counted_as_checked(counts: dict[str, int], expected: str) -> None:
    failures = tuple(Failure(name, "cannot read") for name in ("a.py", "b.py", "b.py"))
    assert closing_line(Report((), losses(**counts), failures, files=5)) == expected
