"""Where outputs may be used otherwise than by the losses that were found: reasons why a fix is not safe."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from softmax_lint.diagnostic import Edit
from softmax_lint.edits.files import Files
from softmax_lint.judging import Joint


def doubts(
    files: Files, joints: Iterable[Joint], paths: Sequence[str], edits: Sequence[Edit]
) -> Iterator[str]:
    """Reasons to look at a fix that changes what the sources of these joints give."""
    yield from ()
