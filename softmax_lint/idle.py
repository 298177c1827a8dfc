"""Mentions of a name that do nothing with it: in annotations of parameters and results, in tests of types, and in
imports, which count as such.
"""

from __future__ import annotations

from softmax_lint.regex import late

_HEADER_ENDS = late(r"\)\s*(?:->|:)")
_TESTED = late(r"\b(?:isinstance|issubclass)\([^()]*,[^()]*(?:\([^()]*)?\Z")
_RESULT = late(r"\)\s*->[^:\n]*\Z")
_LONGEST_HEADER = 4_000


def is_idle(text: str, at: int) -> bool:
    """Whether the name at this offset is mentioned and not used. `text` holds no comments and no prose."""
    line = text[text.rfind("\n", 0, at) + 1 : at]
    if line.lstrip().startswith(("from ", "import ")) and ";" not in line:
        return True
    if "(" in line and (("->" in line and _RESULT.search(line)) or ("is" in line and _TESTED.search(line))):
        return True
    if ":" not in line:
        return False
    start = text.rfind("def ", max(0, at - _LONGEST_HEADER), at)
    if start < 0:
        return False
    header = text[start:at]
    # Behind a colon that no default follows, in a header that is still open.
    return (
        header.rfind(":") > header.rfind("=") and not _HEADER_ENDS.search(header) and "lambda" not in header
    )
