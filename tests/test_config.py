"""`config.load` and `selection.choose`: files and options to settings."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from shell import RULES, tree

from softmax_lint.config import ConfigError, Settings, ignored_codes, load


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def check(files: dict[str, str], paths: list[str] | None = None, **options: Any) -> Settings:
    tree(files)
    keywords = {key: options.pop(key) for key in ("config", "isolated") if key in options}
    return load(
        paths or ["."], {key.replace("_", "-"): value for key, value in options.items()}, RULES, **keywords
    )


def numbers(codes: frozenset[str]) -> str:
    return " ".join(sorted(code.removeprefix("SML") for code in codes))


EVERYTHING = "001 002 003 101 102 205 900 901"


@pytest.mark.parametrize(
    ("file", "options", "selected", "opted_in"),
    [
        ("", {}, EVERYTHING, ""),
        ('select = ["SML0"]', {}, "001 002 003", ""),
        ('select = ["ALL"]', {}, EVERYTHING, EVERYTHING),
        ('select = ["double-softmax"]', {}, "002", "002"),
        ('select = ["sml001"]', {}, "001", "001"),
        ('extend-select = ["SML205"]', {}, EVERYTHING, "205"),
        ('ignore = ["SML9", "SML205"]', {}, "001 002 003 101 102", ""),
        ('select = ["SML001"]\nignore = ["SML0"]', {}, "001", "001"),
        ('select = ["SML0"]\nignore = ["SML001"]', {}, "002 003", ""),
        ('select = ["SML001"]\nignore = ["SML001"]', {}, "", ""),
        ('select = ["ALL"]\nignore = ["SML"]', {}, "", ""),
        ('select = ["SML0"]', {"select": ["SML1"]}, "101 102", ""),
        ('ignore = ["SML0"]', {"select": ["SML001"]}, "001", "001"),
        ('select = ["SML0"]', {"ignore": ["SML001"]}, "002 003", ""),
        ('select = ["SML0"]', {"extend_select": ["SML102"]}, "001 002 003 102", "102"),
        ("select = []", {}, "", ""),
    ],
)
def test_selection(file: str, options: dict[str, Any], selected: str, opted_in: str) -> None:
    settings = check({"softmax-lint.toml": file}, **options)
    assert (numbers(settings.selected), numbers(settings.opted_in)) == (selected, opted_in)


@pytest.mark.parametrize(
    ("file", "message"),
    [
        ("selekt = []", "unknown key `selekt`; did you mean `select`?"),
        ("per_file_ignores = {}", "unknown key `per_file_ignores`; did you mean `per-file-ignores`?"),
        ("zzz = 1", "unknown key `zzz`"),
        ('select = "SML001"', "`select` must be a list of strings"),
        ("exclude = [1]", "`exclude` must be a list of strings"),
        ("respect-gitignore = 1", "`respect-gitignore` must be true or false"),
        ('keras-backend = "theano"', '`keras-backend` must be one of "tensorflow", "torch", "jax"'),
        ('fail-level = "fatal"', '`fail-level` must be one of "error", "warning", "info"'),
        ('per-file-ignores = ["a"]', "`per-file-ignores` must be a table from patterns to lists of rules"),
        ('select = ["SML0022"]', "unknown rule `SML0022`; did you mean `SML002`?"),
        ('ignore = ["double-softmaxx"]', "unknown rule `double-softmaxx`; did you mean `double-softmax`?"),
        ('ignore = [""]', "unknown rule ``"),
        ('[per-file-ignores]\n"a.py" = ["E501"]', "unknown rule `E501`"),
        ("select = [", ""),
    ],
)
def test_mistakes(file: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        check({"softmax-lint.toml": file})
    text = str(caught.value)
    assert text.startswith("softmax-lint.toml: ")
    assert message in text


@pytest.mark.parametrize(
    ("files", "paths", "expected"),
    [
        ({"pyproject.toml": "[tool.softmax-lint]\n"}, ["."], "pyproject.toml"),
        ({"pyproject.toml": "[tool.other]\n"}, ["."], None),
        ({"pyproject.toml": "broken ["}, ["."], None),
        ({"pyproject.toml": "[tool.softmax-lint]\n", "softmax-lint.toml": ""}, ["."], "softmax-lint.toml"),
        (
            {"softmax-lint.toml": "", "p/pyproject.toml": "[project]\n", "p/a.py": ""},
            ["p"],
            "softmax-lint.toml",
        ),
        (
            {"softmax-lint.toml": "", "p/softmax-lint.toml": "", "p/a.py": ""},
            ["p/a.py"],
            "p/softmax-lint.toml",
        ),
        ({"softmax-lint.toml": "", "p/softmax-lint.toml": "", "q/a.py": ""}, ["p", "q"], "softmax-lint.toml"),
    ],
)
def test_nearest_file(files: dict[str, str], paths: list[str], expected: str | None) -> None:
    settings = check(files, paths)
    found = settings.config_file and os.path.relpath(settings.config_file).replace(os.sep, "/")
    assert found == expected
    assert settings.root == (os.path.dirname(settings.config_file) if settings.config_file else os.getcwd())


def test_config_option() -> None:
    files = {"softmax-lint.toml": 'keras-backend = "jax"\n', "other.toml": 'keras-backend = "torch"\n'}
    assert check(files).keras_backend == "jax"
    assert check({}, config=["other.toml"]).keras_backend == "torch"
    assert check({}, isolated=True).keras_backend is None
    assert check({}, config=['keras-backend = "tensorflow"']).keras_backend == "tensorflow"
    assert check({}, config=["other.toml", 'fail-level = "error"']).fail_level == "error"
    for config in (["gone.toml"], ["other.toml", "softmax-lint.toml"], ["select = 1"], ["x = ["]):
        with pytest.raises(ConfigError):
            check({}, config=config)


def test_options_beat_the_file_and_excludes_add_up() -> None:
    settings = check(
        {"softmax-lint.toml": 'exclude = ["a"]\nextend-exclude = ["b"]\nrespect-gitignore = false\n'},
        extend_exclude=["c"],
        respect_gitignore=True,
        output_format=None,
    )
    assert (settings.exclude, settings.respect_gitignore) == (("a", "b", "c"), True)
    assert settings.output_format == "text"


@pytest.mark.parametrize(
    ("patterns", "filename", "expected"),
    [
        ({"tests/*": ["SML0"]}, "tests/deep/a.py", "001 002 003"),
        ({"tests/**": ["SML002"]}, "tests/a.py", "002"),
        ({"a.py": ["SML002"]}, "deep/a.py", "002"),
        ({"tests/a.py": ["SML002"]}, "deep/tests/a.py", ""),
        ({"!src/*": ["SML002"]}, "tests/a.py", "002"),
        ({"!src/*": ["SML002"]}, "src/a.py", ""),
        ({"a.py": ["SML002"], "*.py": ["double-sigmoid"]}, "a.py", "002 102"),
    ],
)
def test_per_file_ignores(patterns: dict[str, list[str]], filename: str, expected: str) -> None:
    settings = check({}, per_file_ignores=patterns)
    assert numbers(ignored_codes(settings)(os.path.abspath(filename))) == expected


def test_extend() -> None:
    files = {
        "base/common.toml": 'select = ["SML0"]\nextend-exclude = ["a"]\n'
        'fail-level = "error"\nbaseline = "b.json"\n',
        "base/pyproject.toml": '[tool.softmax-lint]\nextend = "common.toml"\nkeras-backend = "jax"\n',
        "p/softmax-lint.toml": 'extend = "../base/pyproject.toml"\nextend-select = ["SML102"]\n'
        'extend-exclude = ["b"]\nfail-level = "info"\n',
    }
    settings = check(files, ["p"])
    assert numbers(settings.selected) == "001 002 003 102"
    assert settings.exclude[-2:] == ("a", "b")
    assert (settings.keras_backend, settings.fail_level) == ("jax", "info")
    assert settings.root == os.path.abspath("p")
    assert settings.baseline == os.path.abspath("base/b.json")
    assert check({}, ["p"], baseline="c.json").baseline == os.path.abspath("c.json")


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"softmax-lint.toml": 'extend = "gone.toml"'},
         "softmax-lint.toml: `extend`: cannot read gone.toml: no such file or directory"),
        ({"softmax-lint.toml": 'extend = "a.toml"', "a.toml": 'extend = "softmax-lint.toml"'},
         "a.toml: `extend` comes back to softmax-lint.toml"),
        ({"softmax-lint.toml": 'extend = "a.toml"', "a.toml": "selekt = 1"},
         "a.toml: unknown key `selekt`; did you mean `select`?"),
        ({"softmax-lint.toml": 'extend = "a.toml"', "a.toml": "x = ["},
         "softmax-lint.toml: `extend`: a.toml: "),
        ({"softmax-lint.toml": "extend = 1"}, "softmax-lint.toml: `extend` must be a string"),
    ],
)  # fmt: skip
def test_wrong_extend(files: dict[str, str], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        check(files)
    assert str(caught.value).startswith(message)
