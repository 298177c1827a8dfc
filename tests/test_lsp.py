"""The language server, driven by clients that pull and clients that do not."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from lsp_client import Editor, editing
from lsprotocol import types

from softmax_lint.rules import RULES

MODEL = """import torch.nn.functional as F
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.out = nn.Linear(784, 10)

    def forward(self, x):
        return F.softmax(self.out(x), dim=1)
"""
TRAIN = """from torch import nn
from model import Net

net, loss = Net(), nn.CrossEntropyLoss()
loss(net(x), y)
"""
ONE = f"{MODEL}\n\nnet, loss = Net(), nn.CrossEntropyLoss()\nloss(net(x), y)\n"
FINE = ONE.replace("F.softmax(self.out(x), dim=1)", "self.out(x)")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "pyproject.toml").write_text("", encoding="utf-8")
    (tmp_path / "model.py").write_text(MODEL, encoding="utf-8")
    (tmp_path / "train.py").write_text(TRAIN, encoding="utf-8")
    return tmp_path


def play(scenario: Callable[[Editor], Awaitable[None]], *folders: Path, **can: Any) -> None:
    """Run a scenario against a server of its own; it has two minutes, for busy machines."""

    async def run() -> None:
        async with editing(*folders, **can) as editor:
            await asyncio.wait_for(scenario(editor), 120)

    asyncio.run(run())


def brief(found: list[types.Diagnostic]) -> list[tuple[Any, int, int, int]]:
    return [
        (each.code, each.range.start.line, each.range.start.character, each.range.end.character)
        for each in found
    ]


SOFTMAX = ("SML002", 10, 15, 44)


def test_push(project: Path) -> None:
    async def scenario(editor: Editor) -> None:
        assert editor.server is not None
        assert editor.server.diagnostic_provider is None
        uri = editor.open(project / "model.py")
        (found,) = await editor.pushed(uri)
        assert brief([found]) == [SOFTMAX]
        assert (found.source, found.severity) == ("softmax-lint", types.DiagnosticSeverity.Error)
        related = {each.location.uri for each in found.related_information or ()}
        assert related == {uri, editor.uri(project / "train.py")}
        # Unsaved text counts, and rows move with it.
        editor.change(uri, "\n" + MODEL)
        assert [each[1] for each in brief(await editor.pushed(uri))] == [11]
        editor.change(uri, MODEL.replace("F.softmax(self.out(x), dim=1)", "self.out(x)"))
        assert await editor.pushed(uri) == []
        editor.client.text_document_did_close(
            types.DidCloseTextDocumentParams(types.TextDocumentIdentifier(uri))
        )
        assert not (await editor.published.get()).diagnostics

    play(scenario, project)


def test_a_change_is_heard_in_the_other_file(project: Path) -> None:
    async def scenario(editor: Editor) -> None:
        model, train = editor.open(project / "model.py"), editor.open(project / "train.py")
        await editor.pushed(train)
        editor.change(train, TRAIN.replace("CrossEntropyLoss", "NLLLoss"))
        assert [each[0] for each in brief(await editor.pushed(model))] == ["SML005"]
        editor.change(train, TRAIN.replace("loss(net(x), y)", ""))
        assert await editor.pushed(model) == []

    play(scenario, project)


def test_pull(project: Path) -> None:
    async def scenario(editor: Editor) -> None:
        provider = editor.server and editor.server.diagnostic_provider
        assert provider
        assert provider.inter_file_dependencies
        model = editor.open(project / "model.py")
        report = await editor.pulled(model)
        assert brief(list(report.items)) == [SOFTMAX]
        again = await editor.pulled(model, report.result_id)
        assert again.kind == "unchanged"
        train = editor.open(project / "train.py")
        assert list((await editor.pulled(train)).items) == []
        before = editor.client.diagnostic_refresh_count
        editor.change(train, TRAIN.replace("Cross", "cross"))
        while editor.client.diagnostic_refresh_count == before:
            await asyncio.sleep(0.05)
        assert list((await editor.pulled(model)).items) == []
        assert editor.published.empty()

    play(scenario, project, pulls=True)


def test_a_client_that_cannot_be_told_to_pull_again_is_sent_findings(project: Path) -> None:
    async def scenario(editor: Editor) -> None:
        assert editor.server is not None
        assert editor.server.diagnostic_provider is None
        assert brief(await editor.pushed(editor.open(project / "model.py"))) == [SOFTMAX]

    play(scenario, project, pulls=True, refreshes=False)


def test_edits_overtake_requests(project: Path) -> None:
    async def scenario(editor: Editor) -> None:
        model = editor.open(project / "model.py")
        pending = [asyncio.ensure_future(editor.pulled(model))]
        for number in range(20):
            editor.change(model, "\n" * number + MODEL)
            pending.append(asyncio.ensure_future(editor.pulled(model)))
        reports = await asyncio.gather(*pending)
        assert brief(list(reports[-1].items)) == [("SML002", 10 + 19, 15, 44)]

    play(scenario, project, pulls=True)


@pytest.mark.parametrize("encodings", [["utf-16"], ["utf-8", "utf-16"], ["utf-32"], []])
def test_columns_count_what_was_agreed_on(project: Path, encodings: list[str]) -> None:
    async def scenario(editor: Editor) -> None:
        text = ONE.replace("return F.softmax(self.out(x)", "z = '𝛼é'; return F.softmax(self.out(x['𝛼'])")
        uri = editor.open(project / "one.py", text)
        (found,) = await editor.pushed(uri)
        row = text.split("\n")[found.range.start.line]
        encoding = encodings[0] if encodings else "utf-16"
        unit = {"utf-16": 2, "utf-8": 1, "utf-32": 4}[encoding]
        name = {"utf-16": "utf-16-le", "utf-8": "utf-8", "utf-32": "utf-32-le"}[encoding]
        before, call = row[: row.index("F.softmax")], row[row.index("F.softmax") :]
        assert found.range.start.character == len(before.encode(name)) // unit
        assert found.range.end.character == len((before + call).encode(name)) // unit
        # And the way back: the last unit of the call is inside it, one before its start is not.
        assert "SML002" in await editor.hover(uri, found.range.start.line, found.range.start.character)
        assert await editor.hover(uri, found.range.start.line, found.range.start.character - 2) == ""

    play(scenario, project, encodings=encodings)


def test_line_ends_and_odd_characters(project: Path) -> None:
    async def scenario(editor: Editor) -> None:
        text = '# coding: latin-1\ns = """é\x0c\u2028"""\n' + ONE
        for ends in ("\n", "\r\n", "\r"):
            uri = editor.open(f"untitled:{ends.encode().hex()}", text.replace("\n", ends))
            (found,) = await editor.pushed(uri)
            assert brief([found]) == [("SML002", 12, 15, 44)]

    play(scenario, project)


def test_clients_without_related_information_read_it_in_the_message(project: Path) -> None:
    async def scenario(editor: Editor) -> None:
        (found,) = await editor.pushed(editor.open(project / "model.py"))
        assert found.related_information is None
        assert "\ntrain.py:4:20: `CrossEntropyLoss` is configured here" in found.message

    play(scenario, project, related=False)


def applied(text: str, edits: Any) -> str:
    lines = text.split("\n")
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line) + 1)
    for edit in sorted(
        edits, key=lambda each: (each.range.start.line, each.range.start.character), reverse=True
    ):
        first = starts[edit.range.start.line] + edit.range.start.character
        last = starts[edit.range.end.line] + edit.range.end.character
        text = text[:first] + edit.new_text + text[last:]
    return text


def test_ignore_on_this_line(project: Path) -> None:
    async def scenario(editor: Editor) -> None:
        uri = editor.open(project / "one.py", ONE)
        await editor.pushed(uri)
        actions = await editor.actions(uri, 10, 20)
        (ignore,) = [each for each in actions if each.title == "Ignore SML002 on this line"]
        assert [each.code for each in ignore.diagnostics or ()] == ["SML002"]
        (change,) = ignore.edit.document_changes
        assert (change.text_document.uri, change.text_document.version) == (uri, 1)
        text = applied(ONE, change.edits)
        assert "dim=1)  # softmax-lint: ignore[SML002]\n" in text
        editor.change(uri, text)
        assert await editor.pushed(uri) == []
        assert await editor.actions(uri, 0) == []
        page = next(rule.page for rule in RULES if rule.code == "SML002").strip().splitlines()[0]
        assert page in await editor.hover(uri, 10, text.split("\n")[10].index("SML002") + 2)
        assert await editor.hover(uri, 10, text.split("\n")[10].index("ignore")) == ""

    play(scenario, project)


def test_quick_fixes_over_several_files(project: Path) -> None:
    async def scenario(editor: Editor) -> None:
        uri = editor.open(project / "model.py")
        await editor.pushed(uri)
        fixes = [
            each
            for each in await editor.actions(uri, 10, 20, only=["quickfix"])
            if "Ignore" not in each.title
        ]
        if not fixes:
            pytest.skip("the fixer has no fix for this yet")
        texts = {uri: MODEL, editor.uri(project / "train.py"): TRAIN}
        for change in fixes[0].edit.document_changes:
            texts[change.text_document.uri] = applied(texts[change.text_document.uri], change.edits)
        assert texts[uri] != MODEL
        editor.change(uri, texts[uri])
        assert await editor.pushed(uri) == []

    play(scenario, project)


def test_fix_all_is_asked_for_by_name(project: Path) -> None:
    text = ONE.replace("F.softmax(", "F.log_softmax(")

    async def scenario(editor: Editor) -> None:
        uri = editor.open(project / "one.py", text)
        assert [each[0] for each in brief(await editor.pushed(uri))] == ["SML004"]
        assert all(each.kind == "quickfix" for each in await editor.actions(uri, 10, 20))
        found = await editor.actions(uri, 0, only=["source.fixAll"])
        if not found:
            pytest.skip("the fixer has no safe fix for this yet")
        (action,) = found
        (change,) = action.edit.document_changes
        editor.change(uri, applied(text, change.edits))
        assert await editor.pushed(uri) == []
        assert await editor.actions(uri, 0, only=["source.fixAll.softmax-lint"]) == []

    play(scenario, project)


def test_hover(project: Path) -> None:
    async def scenario(editor: Editor) -> None:
        uri = editor.open(project / "one.py", ONE)
        found = await editor.hover(uri, 10, 20)
        assert found.startswith(
            "`F.softmax(self.out(x), dim=1)`: probabilities: softmax over axis 1, 10 classes"
        )
        assert "\n\n### double-softmax (SML002, wrong)\n" in found
        assert await editor.hover(uri, 0, 0) == ""
        fine = editor.open(project / "fine.py", FINE)
        assert await editor.hover(fine, 14, 2) == "**ok**: scores into softmax logits"
        assert "`self.out(x)`: raw scores, 10 units, from one.py:8\n\n" in await editor.hover(uri, 10, 30)
        held = "`net(x)`: probabilities: softmax over axis 1, 10 classes, from one.py:11"
        assert held in await editor.hover(uri, 14, 5)

    play(scenario, project)


CELLS = [
    ("markdown", "# Training"),
    ("python", "from torch import nn\nnet = nn.Sequential(nn.Linear(4, 10), nn.Softmax(dim=1))"),
    ("python", "%matplotlib inline\nloss = nn.CrossEntropyLoss()\nloss(net(x), y)"),
]


@pytest.mark.parametrize("pulls", [False, True])
@pytest.mark.parametrize("name", ["nb.ipynb", None])
def test_notebooks(project: Path, pulls: bool, name: str | None) -> None:
    async def scenario(editor: Editor) -> None:
        options = editor.server and editor.server.notebook_document_sync
        assert options
        assert all(each.notebook for each in options.notebook_selector)
        cells = editor.open_notebook(
            editor.uri(project / name) if name else "untitled:Untitled-1.ipynb", CELLS
        )

        async def findings(uri: str) -> list[types.Diagnostic]:
            return list((await editor.pulled(uri)).items) if pulls else await editor.pushed(uri, 1)

        (found,) = await findings(cells[1])
        assert brief([found]) == [("SML002", 1, 38, 55)]
        assert {each.location.uri for each in found.related_information or ()} == {cells[1], cells[2]}
        (ignore,) = [each for each in await editor.actions(cells[1], 1, 40) if "Ignore" in each.title]
        assert [each.text_document.uri for each in ignore.edit.document_changes] == [cells[1]]
        # The last cell goes: nothing is compared any more.
        uri = editor.uri(project / name) if name else "untitled:Untitled-1.ipynb"
        editor.client.notebook_document_did_change(
            types.DidChangeNotebookDocumentParams(
                types.VersionedNotebookDocumentIdentifier(2, uri),
                types.NotebookDocumentChangeEvent(
                    cells=types.NotebookDocumentCellChanges(
                        structure=types.NotebookDocumentCellChangeStructure(
                            array=types.NotebookCellArrayChange(2, 1, []),
                            did_close=[types.TextDocumentIdentifier(cells[2])],
                        )
                    )
                ),
            )
        )
        assert await findings(cells[1]) == []

    play(scenario, project, pulls=pulls)


def test_all_cells_in_one_document(project: Path) -> None:
    text = "\n".join(text for language, text in CELLS if language == "python")

    async def scenario(editor: Editor) -> None:
        uri = editor.open(project / "nb.ipynb", text)
        assert brief(await editor.pushed(uri)) == [("SML002", 1, 38, 55)]
        document = {"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
        (project / "other.ipynb").write_text(json.dumps(document), encoding="utf-8")
        editor.open(project / "other.ipynb", language="json")
        editor.change(uri, text.replace("nn.Softmax(dim=1)", "nn.ReLU()"))
        assert await editor.pushed(uri) == []

    play(scenario, project)


def test_a_document_of_all_cells_has_no_rows_to_show(project: Path) -> None:
    text = "\n".join(text for language, text in CELLS if language == "python")

    async def scenario(editor: Editor) -> None:
        (found,) = await editor.pushed(editor.open(project / "nb.ipynb", text))
        assert "\n`CrossEntropyLoss` is configured here: `loss = nn.CrossEntropyLoss()`\n" in found.message

    play(scenario, project, related=False)


def test_several_folders(project: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    other = tmp_path_factory.mktemp("other")
    (other / "lib").mkdir()
    (other / "lib" / "model.py").write_text(MODEL, encoding="utf-8")
    (other / "scripts").mkdir()
    (other / "scripts" / "train.py").write_text(
        TRAIN.replace("from model", "from lib.model"), encoding="utf-8"
    )
    (other / "softmax-lint.toml").write_text("ignore = ['SML002']\n", encoding="utf-8")

    async def scenario(editor: Editor) -> None:
        first = editor.open(project / "model.py")
        assert brief(await editor.pushed(first)) == [SOFTMAX]
        second = editor.open(other / "lib" / "model.py")
        assert await editor.pushed(second) == []
        (other / "softmax-lint.toml").unlink()
        gone = types.FileEvent(editor.uri(other / "softmax-lint.toml"), types.FileChangeType.Deleted)
        editor.client.workspace_did_change_watched_files(types.DidChangeWatchedFilesParams([gone]))
        # Nothing marks the root of the other project now, so the folder of the workspace is it.
        assert brief(await editor.pushed(second)) == [SOFTMAX]

    play(scenario, project, other)


def test_configuration(project: Path) -> None:
    async def scenario(editor: Editor) -> None:
        uri = editor.open(project / "model.py")
        assert await editor.pushed(uri) == []
        editor.client.workspace_did_change_configuration(
            types.DidChangeConfigurationParams({"softmax-lint": {"ignore": []}})
        )
        assert brief(await editor.pushed(uri)) == [SOFTMAX]
        (project / "pyproject.toml").write_text("[tool.softmax-lint]\nselekt = []\n", encoding="utf-8")
        changed = types.FileEvent(editor.uri(project / "pyproject.toml"), types.FileChangeType.Changed)
        editor.client.workspace_did_change_watched_files(types.DidChangeWatchedFilesParams([changed]))
        assert brief(await editor.pushed(uri)) == [SOFTMAX]
        assert "unknown key `selekt`" in editor.client.messages[-1].message

    play(scenario, project, options={"settings": {"ignore": ["SML002"]}})


def test_files_change_on_disk(project: Path) -> None:
    async def scenario(editor: Editor) -> None:
        uri = editor.open(project / "model.py")
        assert brief(await editor.pushed(uri)) == [SOFTMAX]
        (project / "train.py").write_text("", encoding="utf-8")
        changed = types.FileEvent(editor.uri(project / "train.py"), types.FileChangeType.Changed)
        editor.client.workspace_did_change_watched_files(types.DidChangeWatchedFilesParams([changed]))
        assert await editor.pushed(uri) == []

    play(scenario, project, watches=True)


def test_excluded_files_are_left_alone(project: Path) -> None:
    (project / "build").mkdir()

    async def scenario(editor: Editor) -> None:
        assert await editor.pushed(editor.open(project / "build" / "one.py", ONE)) == []
        assert brief(await editor.pushed(editor.open(project / "one.py", ONE))) == [SOFTMAX]

    play(scenario, project)
