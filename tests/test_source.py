"""Reading files and notebooks."""

from __future__ import annotations

import codecs
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from softmax_lint.notebook import mask_cell, mask_magics
from softmax_lint.source import Unreadable, decode, from_bytes, from_text, read

# Bytes → (text, encoding, newline).
SCRIPTS = {
    "plain": (b"x = 1\n", "x = 1\n", "utf-8", "\n"),
    "utf-8": ("é = 1\n".encode(), "é = 1\n", "utf-8", "\n"),
    "mark": (codecs.BOM_UTF8 + b"x = 1\n", "x = 1\n", "utf-8", "\n"),
    "utf-16": (codecs.BOM_UTF16_LE + "é\r\n".encode("utf-16-le"), "é\n", "utf-16-le", "\r\n"),
    "cookie": (
        b"# -*- coding: latin-1 -*-\nx = '\xe9'\n",
        "# -*- coding: latin-1 -*-\nx = 'é'\n", "iso8859-1", "\n",
    ),
    "cookie in row 2": (
        b"#!python\n# vim: set fileencoding=cp1252 :\n'\x80'",
        "#!python\n# vim: set fileencoding=cp1252 :\n'€'", "cp1252", "\n",
    ),
    "no cookie after code": (b"x = 1\n# coding: ascii\n\xc3\xa9", "x = 1\n# coding: ascii\né", "utf-8", "\n"),
    "windows": (b"a\r\nb\r\nc\n", "a\nb\nc\n", "utf-8", "\r\n"),
    "old mac": (b"a\rb\r", "a\nb\n", "utf-8", "\r"),
    "other line ends": ("a\x0c\x0b\x1c\x85\u2028b\n".encode(), "a\x0c\x0b\x1c\x85\u2028b\n", "utf-8", "\n"),
    "empty": (b"", "", "utf-8", "\n"),
}  # fmt: skip


@pytest.mark.parametrize("name", SCRIPTS)
def test_script(name: str, tmp_path: Path) -> None:
    raw, text, encoding, newline = SCRIPTS[name]
    path = tmp_path / "a.py"
    path.write_bytes(raw)
    source = read(str(path))
    assert [(cell.index, cell.text, cell.written) for cell in source.cells] == [(None, text, text)]
    assert (source.encoding, source.newline, source.raw) == (encoding, newline, raw)
    assert source.bom + decode(source).encode(source.encoding) == raw


@pytest.mark.parametrize(
    ("filename", "raw", "message"),
    [
        ("a.py", b"a\nb = '\xe9'\n", "not valid UTF-8 in row 2"),
        ("a.py", b"# coding: utf-8\n\xff", "not valid UTF-8 in row 2"),
        ("a.py", b"# coding: nonsense\n", "unknown encoding `nonsense`"),
        ("a.py", b"# coding: rot13\n", "encoding `rot-13` gives no text"),
        ("a.ipynb", b"{", "invalid JSON"),
        ("a.ipynb", b"[]", "not a notebook: the JSON is no object"),
        ("a.ipynb", b"{}", "not a notebook: no list of cells"),
        ("a.ipynb", b'{"cells": [', "invalid JSON"),
        ("a.ipynb", b"[" * 100_000, "invalid JSON: nested too deeply"),
    ],
)
def test_unreadable(filename: str, raw: bytes, message: str) -> None:
    with pytest.raises(Unreadable, match=f"^{message}"):
        from_bytes(filename, raw)


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match=r"^no such file"):
        read(str(tmp_path / "none.py"))
    with pytest.raises(Unreadable, match="null"):
        read("a\0b")


def test_text() -> None:
    source = from_text("-", "\ufeffx = 1\r\n")
    assert (source.cells[0].text, source.bom, source.newline) == ("x = 1\n", codecs.BOM_UTF8, "\r\n")
    assert from_text("-", "'\ud800'").cells[0].text == "'\ud800'"


def notebook(*cells: Any, **more: Any) -> bytes:
    return json.dumps({"cells": list(cells), "nbformat": 4, **more}).encode()


def code(source: Any) -> dict[str, Any]:
    return {"cell_type": "code", "source": source, "outputs": []}


PROSE = {"cell_type": "markdown", "source": "text"}
SHEETS = {
    "worksheets": [{"cells": [PROSE, {"cell_type": "code", "input": ["a\n", "b"], "language": "python"}]}]
}


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (notebook(), []),
        (b"", []),
        (b" \n", []),
        (
            notebook(PROSE, code("a\r\nb"), code(["c\n", "d"]), PROSE, code("")),
            [(2, "a\nb"), (3, "c\nd"), (5, "")],
        ),
        (notebook(code("%%bash\nls"), code("%%time\nx = 1")), [(2, "pass\nx = 1")]),
        (notebook(None, 3, code(None), code([1, "x"]), {"cell_type": "code"}), [(4, "x"), (5, "")]),
        (notebook(code("x"), metadata={"kernelspec": {"language": "R"}}), []),
        (notebook(code("x"), metadata={"language_info": {"name": "ipython"}}), [(1, "x")]),
        (json.dumps({**SHEETS, "nbformat": 3}).encode(), [(2, "a\nb")]),
        (codecs.BOM_UTF8 + notebook(code("x")), [(1, "x")]),
    ],
)
def test_notebook(raw: bytes, expected: list[tuple[int, str]]) -> None:
    assert [(cell.index, cell.text) for cell in from_bytes("a.ipynb", raw).cells] == expected


# Text as written → masked.
MAGICS = {
    "nothing": ("x = a % b\ny = a != b\n", None),
    "line magic": ("%matplotlib inline\nx = 1", "pass\nx = 1"),
    "indented": ("if colab:\n    !pip install x\n    x = 1", "if colab:\n    pass\n    x = 1"),
    "shell": ("!echo 'it\nx", "pass\nx"),
    "shell over rows": ("!pip install \\\n  a \\\n  b\nx = (", "pass\n\n\nx = ("),
    "help": ("?f\nf?\nf.g??\n%time?\nx = 1", "pass\npass\npass\npass\nx = 1"),
    "assigned": ("x = !ls\na, b.c = %magic f\nd['k'] = !!ls", "x = b''\na, b.c = b''\nd['k'] = b''"),
    "timed": (
        "%time h = model.fit(x)\n%timeit -n 10 -r3 f(x)",
        "pass; h = model.fit(x)\npass;             f(x)",
    ),
    "timed over rows": ("%time h = f(\n  %x)\ny", "pass; h = f(\n  %x)\ny"),
    "timed compound": ("%time for i in x: f(i)", "pass"),
    "timed nothing": ("%time", "pass"),
    "without a sign": ("pip install x\ncd ../a\nconda install -y b\npip = 1", "pass\npass\npass\npip = 1"),
    "continuation": ("x = (a\n%(b))\ny = '''\n%magic\n!ls\n'''\nz = a \\\n%b", None),
    "format": ("f('a=%s' % b)\nprint('a = %d' % 3)\nx['k=%s' % a] = 1", None),
    "comment": ("# %magic\n#!ls\n# what?\nx  # why?", None),
    "cell magic later": ("x = 1\n%%time\ny = 2", "x = 1\npass\ny = 2"),
    "cell magic": ("# why\n\n%%capture out\nx = 1", "# why\n\npass\nx = 1"),
    "unknown cell magic": ("%%backend torch\nx = 1", "pass\nx = 1"),
    "line magics of these names": ("%sql select 1\nx = 1\n%sh ls\n%r x", "pass\nx = 1\npass\npass"),
    "databricks": ("# MAGIC %sql\n# COMMAND ----\nx", None),
}


@pytest.mark.parametrize("name", MAGICS)
def test_magics(name: str) -> None:
    text, expected = MAGICS[name]
    masked = mask_magics(text)
    assert masked == (text if expected is None else expected)
    assert masked.count("\n") == text.count("\n")
    assert from_text("a.py", text).cells[0].text == mask_cell(text) == masked


@pytest.mark.parametrize(
    "text",
    [
        "%%bash\nls", "\n%%html\n<p>", "# run\n%%writefile a.py\nx = 1", "%%!\nls", "%%R\nx",
        "%md # softmax", "%md\ntext", "%md-sandbox\n<p>", "%sql\nselect 1", "%scala val x = 1", "%r\nx <- 1",
        "%sh \nls",
    ],
)  # fmt: skip
def test_foreign_cells(text: str) -> None:
    assert mask_cell(text) is None


HEAD = "# Databricks notebook source\n"
# Scripts that were notebooks → masked; an indentation of eight stands for the sign of a comment.
EXPORTS = {
    "a cell of shell": ("# %% [bash]\n%%bash\nls -l'\n# %%\nx = 1", "# %% [bash]\n\n\n# %%\nx = 1"),
    "without a space": ("#%%\n# why\n%%html\n<p>\n#%% b\nx", "#%%\n\n\n\n#%% b\nx"),
    "a cell that is timed": ("# In[1]:\n%%time\nx = 1\n# In[2]:\n", "# In[1]:\npass\nx = 1\n# In[2]:\n"),
    "nothing says where it ends": ("%%bash\nls\nx = 1", "pass\nls\nx = 1"),
    "magics of cells": ("# %%\n!ls\nx = %pwd\n# %%\n%time f(x)", "# %%\npass\nx = b''\n# %%\npass; f(x)"),
    "cells of text": (HEAD + "# MAGIC %md\n# MAGIC # x = 1\n# COMMAND ----\nx", None),
    "a cell of Python": (
        HEAD + "# MAGIC %python\n# MAGIC x = 1\n# MAGIC\n# MAGIC if x:\n# MAGIC   %pip install a\ny",
        HEAD + "if True:\n        x = 1\n\n        if x:\n          pass\ny",
    ),
    "a timed cell": (HEAD + "# MAGIC %%time\n# MAGIC x = 1", HEAD + "if True:\n        x = 1"),
    "a timed line": (HEAD + "# MAGIC %time x = f()\ny", HEAD + "pass;         x = f()\ny"),
    "Python that follows": (HEAD + "# MAGIC %python\nx = 1", None),
    "only comments": (HEAD + "# MAGIC %python\n# MAGIC # x = 1", None),
    "shell": (HEAD + "# MAGIC %sh\n# MAGIC ls\n# COMMAND ----\n# MAGIC %%bash\n# MAGIC ls", None),
    "no export": ("# MAGIC %python\n# MAGIC x = 1", None),
}  # fmt: skip


@pytest.mark.parametrize("name", EXPORTS)
def test_exports(name: str) -> None:
    text, expected = EXPORTS[name]
    (cell,) = from_text("a.py", text).cells
    assert cell.text == (text if expected is None else expected)
    assert cell.written == text


PIECES = [
    HEAD,
    "# %%\n",
    "# MAGIC ",
    "# MAGIC %python\n",
    "x",
    "%m",
    "!",
    "?",
    "\\",
    "\n",
    " ",
    "(",
    ")",
    "'",
    '"""',
    "%%time",
    "%time ",
    "=",
    "pip install",
    "#",
    "\r",
]


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.text(), st.lists(st.sampled_from(PIECES)).map("".join)))
def test_masking_keeps_rows(text: str) -> None:
    assert mask_magics(text).count("\n") == text.count("\n")
    (cell,) = from_text("a.py", text).cells
    assert cell.text.count("\n") == cell.written.count("\n")
