"""Lowered code: the small instruction lists that linking runs.

Each top-level statement is lowered alone, to plain nested tuples that depend on nothing but its own text. A node
is ``(tag, place, *fields)`` for expressions and ``(tag, *fields)`` for operations; tags are the strings below.

``place`` is an ordinal: the position of the expression in lowering order within its top-level statement, counted
from 0. Ordinals make code independent of where a statement stands; `lowering.locate` turns them into rows and
columns by lowering the same text again from its concrete syntax tree. Every expression has an ordinal of its own.
Lowering order is pre-order: an expression before its parts, parts in the order of the fields below. Code nested
deeper than 120 levels is OPAQUE without children.

Expressions
    (NAME, place, identifier)
    (CONST, place, value)               str, int, float, bool, None or Ellipsis; implicit string concatenation is
                                        folded, and a minus before a number; bytes and complex numbers are OPAQUE
    (ATTR, place, object, name)
    (ITEM, place, object, index)        an index that is a tuple is a SEQ
    (SLICE, place, lower, upper, step)  absent parts are None
    (CALL, place, function, arguments, keywords)
                                        arguments: expressions in order, starred ones as SPLAT;
                                        keywords: pairs (name, expression), name None for ``**expression``
    (SPLAT, place, expression)          in arguments, sequences and assignment targets
    (SEQ, place, kind, items)           kind "tuple", "list" or "set"
    (MAP, place, pairs)                 pairs (key, value), key None for ``**value``
    (FN, place, name, parameters, operations)
                                        a function body: "<lambda>" for lambdas. parameters: tuples (name, kind,
                                        default or None), kind one of PARAMETER_KINDS; positional-only ones are
                                        POSITIONAL. The span of a ``def`` is its name
    (COND, place, test, then, otherwise)
    (BINARY, place, operator, left, right)      operator as spelled: "+", "@", "//", …
    (UNARY, place, operator, operand)           "-", "+", "~", "not"
    (COMPARE, place, operator, left, right)     "==", "is not", "not in", …; a chain is a BOOL "and" of its links,
                                        in which inner operands are lowered twice
    (BOOL, place, operator, operands)           "and", "or"
    (COMP, place, kind, element, clauses)       kind "list", "set", "generator" or "dict" (element then is a SEQ
                                                "tuple" of key and value); clauses: (target, iterable, conditions)
    (WALRUS, place, identifier, value)
    (FORMAT, place, parts)              an f-string: its literal parts as CONST and its expressions, in order; one
                                        with a format or conversion is OPAQUE of it and what its format reads
    (YIELD, place, value or None)       also ``yield from``
    (OPAQUE, place, children)           anything else; the children are still evaluated
``await e`` lowers to ``e``.

Operations
    (BIND, target, value)               target: NAME, ATTR, ITEM, or SEQ of targets with at most one SPLAT
    (BIND_ALL, targets, value)          ``a = b = e``: e is evaluated once, targets as written (a, b), bound in
                                        that order
    (AUGMENT, target, operator, value)  operator without the "="
    (DO, expression)
    (IF, test, then, otherwise)         ``assert e`` is (DO, e), its message is dropped; ``match`` is a chain of IF
                                        whose tests are COMPARE "==" or "is" for values, BOOL "or" of them, and
                                        else OPAQUE of the subject (lowered again for each test); captured names
                                        are bound first in the branch; a case that always matches is no IF
    (LOOP, target, iterable, body, otherwise)
    (WHILE, test, body, otherwise)
    (WITH, items, body)                 items: (expression, target or None)
    (TRY, body, handlers, otherwise, final)     handlers: one operation list each, without the exception's type;
                                        ``as e`` is a BIND of e to an OPAQUE at its start
    (RETURN, expression or None)
    (RAISE, expression or None)         without its cause
    (BREAK,) (CONTINUE,)
    (DEF, name, function, decorators)   function: FN; decorators: expressions, outermost first
    (CLASS, name, bases, keywords, decorators, body)    bases: expressions; keywords as in CALL
    (IMPORT, module, name)              ``import a.b`` -> ("a.b", None); ``import a.b as c`` -> ("a.b", "c")
    (FROM, module, level, names)        names: pairs (name, bound name); ("*", "*") for a star; module may be ""
    (DELETE, targets)                   tuples and lists of targets are flattened
    (GLOBAL, names)                     also ``nonlocal``
Operation lists are tuples. Docstrings and other constant statements, ``pass`` and annotations are dropped; a
bare annotated name without value is dropped too. ``type X = …`` binds X to an OPAQUE, and so do parts of code
that do not parse and had to be given up (``x = = 1``, a broken method) for the name they would have bound.
"""

from __future__ import annotations

from typing import Any

Expr = tuple[Any, ...]
Op = tuple[Any, ...]
Ops = tuple[Op, ...]

NAME, CONST, ATTR, ITEM, SLICE, CALL, SPLAT, SEQ, MAP, FN = (
    "name", "const", "attr", "item", "slice", "call", "splat", "seq", "map", "fn",
)  # fmt: skip
COND, BINARY, UNARY, COMPARE, BOOL, COMP, WALRUS, FORMAT, YIELD, OPAQUE = (
    "cond", "binary", "unary", "compare", "bool", "comp", "walrus", "format", "yield", "opaque",
)  # fmt: skip
BIND, BIND_ALL, AUGMENT, DO, IF, LOOP, WHILE, WITH, TRY, RETURN, RAISE = (
    "bind", "bind_all", "augment", "do", "if", "loop", "while", "with", "try", "return", "raise",
)  # fmt: skip
BREAK, CONTINUE, DEF, CLASS, IMPORT, FROM, DELETE, GLOBAL = (
    "break", "continue", "def", "class", "import", "from", "delete", "global",
)  # fmt: skip

POSITIONAL, STAR, KEYWORD, STAR_STAR = "positional", "star", "keyword", "star_star"
PARAMETER_KINDS = (POSITIONAL, STAR, KEYWORD, STAR_STAR)
