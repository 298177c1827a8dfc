"""JUnit's XML, which every CI server reads: one suite per file, one failed test case per finding."""

from __future__ import annotations

import re
from itertools import groupby
from xml.sax.saxutils import escape

from softmax_lint.diagnostic import Diagnostic, Report
from softmax_lint.regex import late
from softmax_lint.reporters import RenderOptions
from softmax_lint.reporters.flat import line_of, sentence
from softmax_lint.reporters.names import located, printable, shown

# What XML 1.0 has no way to write down.
_NO_XML = late("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def render(report: Report, options: RenderOptions) -> str:
    """`report` as one XML document; without findings it has one test case, which passed."""
    found = report.diagnostics
    lines = [
        '<?xml version="1.0" encoding="utf-8"?>',
        f'<testsuites name="softmax-lint" tests="{len(found) or 1}" failures="{len(found)}" errors="0">',
    ]
    for filename, group in groupby(found, lambda each: each.place.filename):
        cases = list(group)
        name = _attribute(shown(filename, options.cwd))
        lines.append(
            f'  <testsuite name={name} file={name} tests="{len(cases)}" failures="{len(cases)}" errors="0" skipped="0">'
        )
        for each in cases:
            lines += _case(each, options.cwd)
        lines.append("  </testsuite>")
    if not found:
        lines += [
            '  <testsuite name="softmax-lint" tests="1" failures="0" errors="0" skipped="0">',
            '    <testcase name="no findings" classname="softmax-lint" time="0"/>',
            "  </testsuite>",
        ]
    lines.append("</testsuites>")
    return "\n".join(lines) + "\n"


def _case(diagnostic: Diagnostic, cwd: str) -> list[str]:
    file = shown(diagnostic.place.filename, cwd)
    stem = re.sub(r"\.(?:py|ipynb)$", "", file).replace("/", ".")
    message = line_of(diagnostic.message, diagnostic.place)
    where = located(diagnostic.place, cwd)
    body = "\n".join(
        [f"{where}: {printable(diagnostic.message)}", *(sentence(each, cwd) for each in diagnostic.related)]
    )
    # Cases are told apart by their names, so the place belongs to it.
    name = _attribute(f"{diagnostic.code} {diagnostic.name} at {where.removeprefix(printable(file) + ':')}")
    return [
        f'    <testcase name={name} classname={_attribute(stem)} time="0">',
        f'      <failure type="{diagnostic.severity}" message={_attribute(message)}>{_text(body)}</failure>',
        "    </testcase>",
    ]


def _attribute(text: str) -> str:
    quoted = escape(_NO_XML.sub("\ufffd", text), {'"': "&quot;", "\n": "&#10;", "\r": "&#13;", "\t": "&#9;"})
    return f'"{quoted}"'


def _text(text: str) -> str:
    return escape(_NO_XML.sub("\ufffd", text), {"\r": "&#13;"})
