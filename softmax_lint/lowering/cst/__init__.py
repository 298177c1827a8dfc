"""The LibCST adaptor: the authority for code, and the only source of places.

Everything that knows LibCST's node types is in this package; importing it imports LibCST.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import libcst
from libcst.metadata import CodeRange, MetadataWrapper, PositionProvider

from softmax_lint.lowering.cst.expressions import EXPRESSIONS
from softmax_lint.lowering.cst.statements import STATEMENTS, flat
from softmax_lint.lowering.faults import before, too_deep
from softmax_lint.lowering.shapes import Adaptor, Made, Node, Unparsable, shape_of_made
from softmax_lint.regex import late

_ERROR_PLACE = late(r"error at (\d+):(\d+)")


def parse_module(text: str) -> libcst.Module:
    """The module of a text. Raises `Unparsable` for whatever goes wrong, in native code too."""
    if too_deep(text):
        raise Unparsable(1, 1, "nested too deeply")
    collecting = gc.isenabled()
    gc.disable()
    try:
        return libcst.parse_module(text)
    except libcst.ParserSyntaxError as error:
        raise _unparsable(error, text) from None
    except Exception as error:
        raise Unparsable(0, 0, f"{type(error).__name__} while parsing") from None
    except BaseException as error:
        # A panic of the native parser derives from BaseException.
        if isinstance(error, (KeyboardInterrupt, SystemExit, GeneratorExit)):
            raise
        raise Unparsable(0, 0, "the parser gave up") from None
    finally:
        if collecting:
            gc.enable()


def _unparsable(error: libcst.ParserSyntaxError, text: str) -> Unparsable:
    kind, _, rest = error.message.partition(": ")
    if kind == "tokenizer error":
        return Unparsable(0, 0, rest.partition("\n")[0])
    found = _ERROR_PLACE.search(error.message)
    if not found:
        return Unparsable(0, 0, "invalid syntax")
    row, column = before(text, int(found[1]), int(found[2]))
    return Unparsable(row, column, "invalid syntax")


def parse(text: str) -> Sequence[Node]:
    return flat(parse_module(text).body)


def positions_of(text: str) -> tuple[Sequence[Node], Mapping[Any, CodeRange]]:
    """The top-level statements of a text and the position of every node. Raises `Unparsable`."""
    wrapper = MetadataWrapper(parse_module(text), unsafe_skip_copy=True)
    limit = sys.getrecursionlimit()
    # `too_deep` bounds the depth of trees; some frames are used for each level.
    sys.setrecursionlimit(max(limit, 20_000))
    try:
        positions = wrapper.resolve(PositionProvider)
    except RecursionError:
        raise Unparsable(0, 0, "nested too deeply") from None
    finally:
        sys.setrecursionlimit(limit)
    return flat(wrapper.module.body), positions


def span_of(anchor: Node, positions: Mapping[Any, CodeRange]) -> tuple[int, int, int, int]:
    """(row, column, end row, end column) of an anchor of `Walk`, columns from 1."""
    if isinstance(anchor, tuple):
        first, last = anchor
    elif isinstance(anchor, Made):
        first, last = anchor.first, anchor.last
    else:
        place = positions[anchor]
        return place.start.line, place.start.column + 1, place.end.line, place.end.column + 1
    row, column, _, _ = span_of(first, positions)
    _, _, end_row, end_column = span_of(last, positions)
    return row, column, end_row, end_column


def head_of(statement: Node, positions: Mapping[Any, CodeRange]) -> tuple[int, int]:
    """First and last row of a statement; of a compound statement, of its head up to the colon."""
    place = positions[statement]
    body = getattr(statement, "body", None)
    if isinstance(body, libcst.IndentedBlock):
        return place.start.line, positions[body.header].start.line
    if isinstance(statement, libcst.Match):
        return place.start.line, positions[statement.subject].end.line
    if isinstance(body, libcst.SimpleStatementSuite):
        return place.start.line, positions[body].start.line
    return place.start.line, place.end.line


_UNFOLD = {
    kind: unfold
    for name, unfold in {**EXPRESSIONS, **STATEMENTS}.items()
    if (kind := getattr(libcst, name, None)) is not None
}
ADAPTOR = Adaptor(parse, {**_UNFOLD, Made: shape_of_made})
