"""The pages in docs/: their examples are valid for the programs that read them, their commands exist."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import pytest

from softmax_lint.cli import FORMATS, main, program

DOCS = Path(__file__).parent.parent / "docs"
PAGES = sorted(DOCS.glob("*.md"))
SCHEMAS = {
    ".github/": "vendor.github-workflows",
    ".gitlab-ci": "vendor.gitlab-ci",
    "azure-pipelines": "vendor.azure-pipelines",
}
EXAMPLES = [
    pytest.param(match[1], match[2], id=f"{page.stem}-{number}-{match[1]}")
    for page in PAGES
    for number, match in enumerate(
        re.finditer(r"```yaml\n# ([\w./-]+)\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    )
]


@pytest.mark.skipif(find_spec("check_jsonschema") is None, reason="check-jsonschema is not installed")
@pytest.mark.parametrize(("name", "text"), EXAMPLES)
def test_example_is_valid(name: str, text: str, tmp_path: Path) -> None:
    schema = next((schema for start, schema in SCHEMAS.items() if name.startswith(start)), None)
    if schema is None:
        pytest.skip("no schema for this file")
    path = tmp_path / "example.yaml"
    path.write_text(text, encoding="utf-8")
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema]
    if schema == "vendor.gitlab-ci":
        command += ["--data-transform", "gitlab-ci"]
    if schema == "vendor.azure-pipelines":
        command += ["--data-transform", "azure-pipelines"]
    run = subprocess.run([*command, str(path)], capture_output=True, text=True, timeout=120)
    assert run.returncode == 0, run.stdout + run.stderr


CALL = re.compile(r"(?:^|[`$ ])softmax-lint ((?:check |pairs |server)?(?:[^`\n|]*))", re.MULTILINE)


def _options(text: str) -> set[str]:
    return {option for call in CALL.findall(text) for option in re.findall(r"(?<!\S)--[a-z-]+", call)}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_options_exist(page: Path) -> None:
    known = {name for command in program.commands.values() for each in command.params for name in each.opts}
    known |= {"--help", "--version", "--all-files"}
    assert not _options(page.read_text(encoding="utf-8")) - known


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
        assert (DOCS / target).exists(), target


def test_ci_names_every_format() -> None:
    text = (DOCS / "ci.md").read_text(encoding="utf-8")
    table = text[text.index("| format |") : text.index("A row of a notebook")]
    assert set(
        re.findall(r"`([a-z-]+)`", "\n".join(row.split("|")[1] for row in table.splitlines() if row))
    ) == set(FORMATS)


# Taller than this, the start of a page of help is gone from the screen when the prompt is back.
ROWS, COLUMNS = 23, 79


Help = Callable[[str, int], list[str]]


@pytest.fixture
def show_help(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Help:
    """The lines of a command's help on a terminal with so many columns."""

    def show(command: str, columns: int) -> list[str]:
        monkeypatch.setenv("COLUMNS", str(columns))
        assert main([command, "--help"] if command else ["--help"]) == 0
        return capsys.readouterr().out.splitlines()

    return show


@pytest.mark.parametrize("command", ["", *program.commands])
def test_help_fits_a_screen(command: str, show_help: Help) -> None:
    found = show_help(command, 80)
    assert len(found) <= ROWS
    assert max(map(len, found)) <= COLUMNS
    assert "".join(found).isascii()  # a terminal may have nothing else


def _named(text: str) -> set[str]:
    both = re.sub(r"--\[no-\]([a-z-]+)", r"--\1, --no-\1", text)
    return set(re.findall(r"(?<!\S)(?:--[a-z-]+|-[a-z])\b", both))


@pytest.mark.parametrize("columns", [80, 40])
@pytest.mark.parametrize("command", program.commands)
def test_help_names_every_option(command: str, columns: int, show_help: Help) -> None:
    options = program.commands[command].params
    known = {name for each in options for name in (*each.opts, *each.secondary_opts) if name.startswith("-")}
    text = "\n".join(show_help(command, columns))
    assert _named(text[text.index("\n\n") :]) == known | {"-h", "--help"}


def test_the_page_on_the_terminal_explains_every_option() -> None:
    text = (DOCS / "terminal.md").read_text(encoding="utf-8")
    table = text[text.index("| option |") : text.index("## Shell completion")]
    check = program.commands["check"].params
    known = {name for each in check for name in (*each.opts, *each.secondary_opts) if name.startswith("-")}
    assert _named(re.sub(r"[`|,]", " ", table)) == known
