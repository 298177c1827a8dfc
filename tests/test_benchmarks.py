"""The trees that are measured: unpacked from archives, or made."""

from __future__ import annotations

import importlib.util
import io
import json
import sys
import tarfile
import zipfile
from pathlib import Path
from types import ModuleType

import pytest

from softmax_lint import project
from softmax_lint.config import Settings

FOLDER = Path(__file__).parents[1] / "benchmarks"


@pytest.fixture(scope="module")
def corpora() -> ModuleType:
    spec = importlib.util.spec_from_file_location("corpora", FOLDER / "corpora.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules["corpora"] = module
    spec.loader.exec_module(module)
    return module


def wheel(folder: Path, name: str, files: dict[str, str]) -> Path:
    folder.mkdir(exist_ok=True)
    with zipfile.ZipFile(folder / name, "w") as archive:
        for inner, text in files.items():
            archive.writestr(inner, text)
    return folder / name


def laid_out(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_packages_that_are_at_hand_are_not_downloaded(corpora: ModuleType, tmp_path: Path) -> None:
    version = corpora.PACKAGES["timm"][0].partition("==")[2]
    files = {"timm/a.py": "import torch\n", "timm/data.txt": "1", "timm/b.ipynb": "{}"}
    wheel(tmp_path / "wheels", f"timm-{version}-py3-none-any.whl", files)
    place = corpora.lay_out("timm", tmp_path, tmp_path / "wheels")
    assert laid_out(place) == ["softmax-lint.toml", "timm/a.py", "timm/b.ipynb"]


def test_sources_are_unpacked_too(corpora: ModuleType, tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "a-1.tar.gz", "w:gz") as archive:
        for name in ("a-1/a.py", "a-1/setup.cfg"):
            member = tarfile.TarInfo(name)
            member.size = 4
            archive.addfile(member, io.BytesIO(b"a=1\n"))
    corpora.unpack(tmp_path / "a-1.tar.gz", tmp_path / "place")
    assert laid_out(tmp_path / "place") == ["a-1/a.py"]


def test_notebooks_hold_the_scripts(corpora: ModuleType, tmp_path: Path) -> None:
    text = "import os\n\n@cached\ndef f():\n    return 1\n\nx = f()\n"
    (tmp_path / "timm").mkdir()
    (tmp_path / "timm" / "a.py").write_text(text, encoding="utf-8")
    (tmp_path / "out").mkdir()
    corpora.notebooks(tmp_path / "out", tmp_path)
    cells = json.loads((tmp_path / "out" / "a.ipynb").read_text(encoding="utf-8"))["cells"]
    assert ["".join(cell["source"]) for cell in cells] == ["import os\n\n", text[11:-8], "x = f()\n"]


def test_the_project_has_findings(corpora: ModuleType, tmp_path: Path) -> None:
    place = corpora.lay_out("project", tmp_path)
    files = [path for path in place.rglob("*.py") if path.name != "__init__.py"]
    assert 60 <= len(files) <= 63
    report = project.check([str(place)], settings=Settings(str(place)))
    assert {each.code for each in report.diagnostics} == {"SML002"}
    assert {each.verdict for each in report.verdicts} == {"ok", "finding"}
