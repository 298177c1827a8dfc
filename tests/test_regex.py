"""Patterns that are compiled late find what others find."""

from __future__ import annotations

import re

import pytest

from softmax_lint.regex import late


def test_late_patterns_find_the_same() -> None:
    pattern, text = r"(a+)(?P<b>B)?", "xaAb aab a"
    at_once, later = re.compile(pattern, re.I), late(pattern, re.I)
    for _ in range(2):  # the second time it is compiled
        assert later.findall(text) == at_once.findall(text)
        assert later.sub("-", text) == at_once.sub("-", text)
        assert [each["b"] for each in later.finditer(text)] == [each["b"] for each in at_once.finditer(text)]
        assert later.groups == at_once.groups
        assert late(rb"a.").match(b"ab") is not None


def test_errors_show_late() -> None:
    broken = late("(")
    with pytest.raises(re.error):
        broken.match("")
