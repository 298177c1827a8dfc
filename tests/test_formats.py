"""Formats for machines: each is read back by what reads it elsewhere, where that can be installed."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from shell import finding, place

from softmax_lint import cli, keys
from softmax_lint.diagnostic import Diagnostic, Edit, Failure, Fix, Place, Related, Report
from softmax_lint.fingerprint import fingerprints
from softmax_lint.reporters import FOR_PEOPLE, FORMATS, RenderOptions, render
from softmax_lint.rules import RULES

NASTY = 'sub dir/a,b:c%d|<e>"&;]`数`\x1b.py'
LINE = "out = '数据𝛼'; softmax(x)"
AT = LINE.index("softmax") + 1


def report() -> Report:
    """One report with everything that formats trip over."""
    at, other = place(NASTY, 2, AT, AT + 10), place("model.py", 7, 1, 5, end_row=9)
    cell = place("n b.ipynb", 4, 3, 9, cell=3)
    fixes = (
        Fix("safe", "remove `softmax`", (Edit(at, "x"), Edit(other, ""))),
        Fix("unsafe", "or else", (Edit(at, "y <z>\n"),)),
        Fix("display", "by hand", ()),
    )
    message = "costs 100%: `a|b` <b>\"&', *x* _y_ [z](u)\x1b\n::error::"
    return Report(
        (
            finding(
                at, other, message=message, fixes=(Fix("safe", "drop", (Edit(at, ""),)), *fixes), noqa_row=2
            ),
            finding(at, other, code="SML001", severity="warning", fixes=fixes),
            finding(at, code="SML001", severity="info", message="an odd ` backtick"),
            finding(cell, related=(Related("sink", "loss is here", other),), fixes=fixes[:1]),
        ),
        (),
        (Failure(os.path.abspath("gone.py"), "cannot read: permission denied"),),
        files=3,
    )


def lines(filename: str, cell: int | None) -> list[str]:
    return ["", LINE, LINE] if filename.endswith("\x1b.py") else []


def rendered(name: str, of: Report | None = None) -> str:
    return render(of or report(), name, RenderOptions(os.getcwd(), lines=lines))


def test_all_places_know_the_same_formats() -> None:
    assert keys.OUTPUT_FORMATS == FORMATS == cli.FORMATS
    assert set(FOR_PEOPLE) <= set(FORMATS)


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_ends_its_lines_and_drives_no_terminal(name: str) -> None:
    for each in (report(), Report((), ())):
        output = rendered(name, each)
        assert not output or output.endswith("\n")
        assert "\x1b" not in output


def test_json_lines() -> None:
    rows = [json.loads(line) for line in rendered("json-lines").splitlines()]
    assert rows == json.loads(rendered("json"))
    assert rendered("json-lines", Report((), ())) == ""


def test_sarif() -> None:
    (run,) = json.loads(rendered("sarif"))["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == ["SML001", "SML002"]
    assert all(rule["help"]["markdown"].startswith(rule["shortDescription"]["text"]) for rule in rules)
    first, _, third, fourth = run["results"]
    assert [rules[each["ruleIndex"]]["id"] for each in run["results"]] == [
        "SML002",
        *["SML001"] * 2,
        "SML002",
    ]
    assert [each["level"] for each in run["results"]] == ["error", "warning", "note", "error"]
    physical = first["locations"][0]["physicalLocation"]
    assert physical["region"] == {"startLine": 2, "startColumn": AT, "endLine": 2, "endColumn": AT + 10}
    # A URI reference is plain ASCII, and its first part may hold no colon.
    assert re.fullmatch(r"[\w%./~-]+", physical["artifactLocation"]["uri"], re.ASCII)
    assert physical["artifactLocation"]["uriBaseId"] == "%SRCROOT%"
    (related,) = first["relatedLocations"]
    assert related["physicalLocation"]["region"]["endLine"] == 9
    assert [fix["description"]["text"] for fix in first["fixes"]] == [
        "drop", "remove `softmax`", "or else (unsafe)",
    ]  # fmt: skip
    changes = first["fixes"][1]["artifactChanges"]
    assert [change["artifactLocation"]["uri"] for change in changes][1] == "model.py"
    assert changes[0]["replacements"][0]["insertedContent"] == {"text": "x"}
    assert fourth["locations"][0]["logicalLocations"][0]["name"] == "cell 3"
    assert fourth["message"]["text"].startswith("cell 3, row 4: ")
    assert len({each["partialFingerprints"]["softmaxLint/v1"] for each in run["results"]}) == 4
    assert not run["invocations"][0]["executionSuccessful"]
    assert third["message"]["text"] == "an odd ` backtick"
    absolute = finding(Place("/else where/c.py", None, 1, 1, 1, 2))
    (run,) = json.loads(rendered("sarif", Report((absolute,), ())))["runs"]
    artifact = run["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]
    assert artifact == {"uri": "file:///else%20where/c.py"}


def test_sarif_names_only_rules_that_there_are() -> None:
    every = Report(tuple(finding(place("a.py", 1, 1, 2), code="SML002") for _ in RULES), ())
    (run,) = json.loads(rendered("sarif", every))["runs"]
    assert len(run["tool"]["driver"]["rules"]) == 1


@pytest.mark.parametrize("empty", [False, True])
def test_sarif_is_read_by_the_object_model(empty: bool) -> None:
    models = pytest.importorskip("sarif_pydantic")
    text = rendered("sarif", Report((), ()) if empty else report())
    log = models.Sarif.model_validate_json(text)
    _knows_all(log)
    assert len(log.runs[0].results) == (0 if empty else 4)


def _knows_all(model: Any) -> None:
    """No object of the model has a field that the model does not know."""
    extra = set(model.model_extra or ()) - {
        "columnKind",
        "toolExecutionNotifications",
    }  # are in the standard, if not in the model
    assert not extra, f"{type(model).__name__}: {extra}"
    for name in type(model).model_fields:
        value = getattr(model, name)
        for each in value if isinstance(value, list) else [value]:
            if hasattr(each, "model_fields_set"):
                _knows_all(each)


# Format → the schema that its readers publish, and the part of a document that it describes.
SCHEMAS: dict[str, tuple[str, Callable[[Any], list[Any]]]] = {
    "sarif": ("sarif-schema-2.1.0.json", lambda log: [log]),
    "rdjson": ("DiagnosticResult.json", lambda result: [result]),  # of reviewdog
    "gitlab": ("codeclimate.json", list),  # of GitLab, for one entry of a report
    "junit": ("junit-10.xsd", lambda suites: [suites]),  # of Jenkins' xUnit plugin, the strictest reader
}


@pytest.mark.skipif("FORMAT_SCHEMAS" not in os.environ, reason="FORMAT_SCHEMAS names no folder with schemas")
@pytest.mark.parametrize("empty", [False, True])
@pytest.mark.parametrize("name", SCHEMAS)
def test_the_schema_of_its_readers_holds(name: str, empty: bool) -> None:
    file, parts = SCHEMAS[name]
    path = Path(os.environ["FORMAT_SCHEMAS"], file)
    text = rendered(name, Report((), ()) if empty else report())
    if path.suffix == ".xsd":
        pytest.importorskip("xmlschema").XMLSchema(str(path)).validate(text)
        return
    jsonschema = pytest.importorskip("jsonschema")
    schema = json.loads(path.read_text(encoding="utf-8"))
    checker = jsonschema.validators.validator_for(schema)(schema, format_checker=jsonschema.FormatChecker())
    for part in parts(json.loads(text)):
        checker.validate(part)


def test_sarif_is_read_by_sarif_tools(tmp_path: Path) -> None:
    loader = pytest.importorskip("sarif.loader")
    path = tmp_path / "report.sarif"
    path.write_text(rendered("sarif"), encoding="utf-8")
    read = loader.load_sarif_file(str(path))
    counted = [read.get_report().get_issue_count_for_severity(each) for each in ("error", "warning", "note")]
    assert counted == [2, 1, 1]
    assert [row["Code"] for row in read.get_records()] == ["SML002", "SML001", "SML001", "SML002"]


COMMAND = re.compile(r"::(error|warning|notice) ([^\n]*?)::([^\n]*)")


def test_github() -> None:
    found = [COMMAND.fullmatch(line) for line in rendered("github").splitlines()]
    assert [match and match[1] for match in found] == ["error", "warning", "notice", "error"]
    first, *_, last = [match for match in found if match]
    pairs = dict(item.split("=", 1) for item in first[2].split(","))
    undone = {"%3A": ":", "%2C": ",", "%0A": "\n", "%0D": "\r", "%25": "%"}
    name = re.sub("%(?:3A|2C|0A|0D|25)", lambda code: undone[code[0]], pairs["file"])
    assert name == NASTY.replace("\x1b", "\ufffd")
    assert (pairs["line"], pairs["col"], pairs["endLine"], pairs["endColumn"]) == (
        "2", str(AT), "2", str(AT + 9),
    )  # fmt: skip
    assert first[3].startswith("costs 100%25: `a|b`")
    assert "%0Amodel.py:7:1 loss is here" in first[3]
    assert "line=1," in last[2]
    assert last[3].startswith("cell 3, row 4: ")


def test_azure() -> None:
    pattern = re.compile(
        r"##vso\[task\.logissue type=(error|warning);sourcepath=([^;\]]*);linenumber=(\d+);"
        r"columnnumber=(\d+);code=(\w+);\]([^\r\n]*)"
    )
    found = [pattern.fullmatch(line) for line in rendered("azure").splitlines()]
    assert [match and match[1] for match in found] == ["error", "warning", "warning", "error"]
    assert found[0]
    undone = {"%3B": ";", "%5D": "]", "%AZP25": "%"}
    name = re.sub("%(?:3B|5D|AZP25)", lambda code: undone[code[0]], found[0][2])
    assert name == NASTY.replace("\x1b", "\ufffd")


def test_gitlab() -> None:
    issues = json.loads(rendered("gitlab"))
    assert [each["severity"] for each in issues] == ["major", "minor", "info", "major"]
    assert [each["location"]["lines"] for each in issues][-1] == {"begin": 1, "end": 1}
    assert issues[0]["location"]["path"] == NASTY
    assert len({each["fingerprint"] for each in issues}) == 4
    required = {"description", "check_name", "fingerprint", "severity", "location"}
    assert all(required <= set(each) for each in issues)
    assert json.loads(rendered("gitlab", Report((), ()))) == []


def test_junit() -> None:
    for parse in (ElementTree.fromstring, _junitparser):
        root = parse(rendered("junit"))
        if root is None:
            continue
        failures = root.findall("testsuite/testcase/failure")
        assert [each.get("type") for each in failures] == ["error", "warning", "info", "error"]
        assert (root.get("tests"), root.get("failures")) == ("4", "4")
        assert root.findall("testsuite")[0].get("name") == NASTY.replace("\x1b", "\ufffd")
        names = [each.get("name") for each in root.findall("testsuite/testcase")]
        assert names[0] == f"SML002 double-softmax at 2:{AT}"
        assert "costs 100%: `a|b` <b>\"&'" in (failures[0].get("message") or "")
    root = ElementTree.fromstring(rendered("junit", Report((), ())))
    assert (root.get("tests"), root.get("failures")) == ("1", "0")


def _junitparser(text: str) -> Any:
    try:
        from junitparser import JUnitXml
    except ImportError:
        return None
    read = JUnitXml.fromstring(text.encode())
    assert [suite.failures for suite in read] == [3, 1]
    return read._elem


RDJSON = {
    "type": "object",
    "required": ["source", "diagnostics"],
    "properties": {
        "diagnostics": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["message", "location", "severity"],
                "additionalProperties": False,
                "properties": {
                    "message": {"type": "string"},
                    "severity": {"enum": ["ERROR", "WARNING", "INFO"]},
                    "code": {"type": "object", "properties": {"value": {"type": "string"}}},
                    "location": {
                        "type": "object",
                        "required": ["path", "range"],
                        "properties": {"path": {"type": "string"}, "range": {"$ref": "#/$defs/range"}},
                    },
                    "suggestions": {
                        "type": "array",
                        "items": {
                            "type": "object",
                            "required": ["range", "text"],
                            "properties": {"text": {"type": "string"}, "range": {"$ref": "#/$defs/range"}},
                        },
                    },
                },
            },
        }
    },
    "$defs": {
        "range": {
            "type": "object",
            "required": ["start"],
            "additionalProperties": {
                "type": "object",
                "required": ["line", "column"],
                "additionalProperties": {"type": "integer", "minimum": 1},
            },
        }
    },
}


def test_rdjson() -> None:
    read = json.loads(rendered("rdjson"))
    try:
        import jsonschema
    except ImportError:
        pass
    else:
        jsonschema.validate(read, RDJSON)
    first, second, _, last = read["diagnostics"]
    # Columns are bytes: each character before the call that is not ASCII takes three or four.
    column = len(LINE[: AT - 1].encode()) + 1
    assert first["location"]["range"]["start"] == {"line": 2, "column": column}
    assert first["suggestions"] == [{"range": first["location"]["range"], "text": ""}]
    assert "suggestions" not in second  # its fix has edits in two files
    assert last["location"]["range"] == {"start": {"line": 1, "column": 1}}


def test_pylint() -> None:
    output = rendered("pylint")
    pattern = re.compile(r"(.+):(\d+): \[(\w+)\(([\w-]+)\)\] (.+)")
    found = [pattern.fullmatch(line) for line in output.splitlines()]
    assert [match and match[3] for match in found] == ["SML002", "SML001", "SML001", "SML002"]
    reporter = pytest.importorskip("diff_cover.violationsreporters.violations_reporter")
    plain = rendered("pylint", Report((finding(place("a b.py", 3, 1, 2)),), ()))
    (violations,) = reporter.PylintDriver().parse_reports([plain]).values()
    assert [violation.line for violation in violations] == [3]


def test_markdown() -> None:
    output = rendered("markdown")
    assert output.startswith("<!-- softmax-lint -->\n")
    parser = pytest.importorskip("markdown_it").MarkdownIt("commonmark", {"html": True}).enable("table")
    html = parser.render(output)
    rows = re.findall(r"<tr>(.*?)</tr>", html, re.DOTALL)
    assert [row.count("<td>") for row in rows] == [0, 4, 4, 4, 4]
    assert not re.findall(r"<(?:em|a|strong|b)\b", html)
    assert "<code>a|b</code> &lt;b&gt;&quot;&amp;" in html
    assert "an odd ' backtick" in html
    name = NASTY.replace("\x1b", "\ufffd").replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    assert f"<code>{name}:2:{AT}</code>".replace('"', "&quot;") in html


def test_markdown_stays_below_the_size_of_a_comment() -> None:
    many = Report(report().diagnostics * 300, ())
    output = rendered("markdown", many)
    assert len(output) < 65_536
    assert "more.\n" in output


def test_fingerprints() -> None:
    def of(*diagnostics: Diagnostic, text: str, root: str = "") -> list[str]:
        return fingerprints(diagnostics, lambda *_: text.split("\n"), root or os.getcwd())

    first, second = finding(place("a.py", 1, 1, 2)), finding(place("a.py", 2, 1, 2))
    moved = of(first, text="x = f( y )"), of(second, text="\n  x  =  f( y )")
    assert moved[0] == moved[1]
    assert len({*of(first, second, text="x\nx"), *of(first, text="z"), *of(first, text="x", root="/")}) == 4
    assert of(first, second, text="x\nx")[0] == of(first, text="x")[0]
