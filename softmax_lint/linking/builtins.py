"""Python's own functions and the small part of the standard library that carries models and losses about."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from softmax_lint.knowledge.strings import loss_path
from softmax_lint.linking import kinds, options, packing
from softmax_lint.linking.values import (
    Argument,
    Arguments,
    Bound,
    Const,
    Func,
    Map,
    Module,
    Name,
    Obj,
    Origin,
    Partial,
    Repeat,
    Seq,
    Unknown,
    Value,
    integer,
    join,
    just,
    literal,
    merge,
    unknown,
)

if TYPE_CHECKING:
    from softmax_lint.linking.machine import Machine

NAMES = frozenset(
    [
        "abs",
        "all",
        "any",
        "bool",
        "bytes",
        "callable",
        "chr",
        "classmethod",
        "complex",
        "delattr",
        "dict",
        "dir",
        "divmod",
        "enumerate",
        "eval",
        "exec",
        "filter",
        "float",
        "format",
        "frozenset",
        "getattr",
        "globals",
        "hasattr",
        "hash",
        "id",
        "input",
        "int",
        "isinstance",
        "issubclass",
        "iter",
        "len",
        "list",
        "locals",
        "map",
        "max",
        "min",
        "next",
        "object",
        "open",
        "ord",
        "pow",
        "print",
        "property",
        "range",
        "repr",
        "reversed",
        "round",
        "set",
        "setattr",
        "slice",
        "sorted",
        "staticmethod",
        "str",
        "sum",
        "super",
        "tuple",
        "type",
        "vars",
        "zip",
        "__import__",
        "Exception",
        "ValueError",
        "RuntimeError",
        "NotImplementedError",
        "KeyError",
        "TypeError",
        "AttributeError",
        "ImportError",
        "StopIteration",
        "NotImplemented",
        "Ellipsis",
    ]
)
MOST_ITEMS = 32


def call(machine: Machine, path: str, given: Arguments, origin: Origin | None) -> Value | None:
    """The result of a function of this file, None when the path is none of them."""
    function = FUNCTIONS.get(path)
    if function is None:
        if path.startswith("builtins."):
            return unknown(f"`{path[9:]}`", machine.fresh("builtin"))
        return None
    if given.loose:
        return unknown("starred arguments", machine.fresh("builtin"))
    result: Value = function(machine, given, origin)
    return result


def _first(given: Arguments) -> Value | None:
    return given.positional[0].value if given.positional else None


def _list(machine: Machine, given: Arguments, origin: Origin | None) -> Value:
    value = _first(given)
    items = [] if value is None else machine.elements(value)
    if items is None:
        return unknown("items that are not known", machine.fresh("list"))
    return just(machine.make_list(Seq(tuple(items)), origin))


def _tuple(machine: Machine, given: Arguments, origin: Origin | None) -> Value:
    value = _first(given)
    items = [] if value is None else machine.elements(value)
    return (
        unknown("items that are not known", machine.fresh("tuple"))
        if items is None
        else just(Seq(tuple(items)))
    )


def _dict(machine: Machine, given: Arguments, origin: Origin | None) -> Value:
    entries: dict[object, Value] = {}
    loose = False
    value = _first(given)
    if value is not None:
        known = machine.mapping(value)
        items = machine.elements(value) if known is None else None
        if known is not None:
            entries.update(known.entries)
            loose = known.open
        elif items is not None:
            for item in items:
                pair = None if isinstance(item, Repeat) else machine.contents(machine.force(item))
                key = literal(pair.items[0]) if pair is not None and len(pair.items) == 2 else None
                if pair is None or key is None:
                    loose = True
                else:
                    entries[key.value] = pair.items[1]
        else:
            loose = True
    entries.update((name, argument.value) for name, argument in given.keywords)
    return just(machine.make_dict(Map(tuple(entries.items()), loose), origin))


def _range(machine: Machine, given: Arguments, origin: Origin | None) -> Value:
    bounds = [integer(argument.value) for argument in given.positional]
    if not bounds or None in bounds:
        return unknown("a range", machine.fresh("range"))
    numbers = range(*bounds)  # type: ignore[arg-type]
    if len(numbers) > MOST_ITEMS:
        return unknown("a long range", machine.fresh("range"))
    return just(Seq(tuple(just(Const(number)) for number in numbers)))


def _filled(machine: Machine, value: Value) -> list[Any] | None:
    """The items to loop over; an empty list was filled in some way that is not seen."""
    items = machine.elements(value)
    return None if not items and machine.is_list(value) else items


def _enumerate(machine: Machine, given: Arguments, origin: Origin | None) -> Value:
    items = _filled(machine, given.positional[0].value) if given.positional else None
    number = unknown("a number", machine.fresh("number"))
    if items is None or any(isinstance(item, Repeat) for item in items):
        element = unknown("an element", machine.fresh("element"))
        if items is not None:
            element = join(v for i in items for v in (i.values if isinstance(i, Repeat) else (i,)))
        return just(Seq((Repeat((just(Seq((number, element))),)),)))
    start = integer(given.positional[1].value) if len(given.positional) > 1 else 0
    pairs = (
        just(Seq((just(Const(n + start)) if start is not None else number, item)))
        for n, item in enumerate(items)
    )
    return just(Seq(tuple(pairs)))


def _any_of(machine: Machine, items: list[Any] | None) -> Value:
    if not items:
        return unknown("an element", machine.fresh("element"))
    return join(v for i in items for v in (i.values if isinstance(i, Repeat) else (i,)))


def _zip(machine: Machine, given: Arguments, origin: Origin | None) -> Value:
    columns = [_filled(machine, argument.value) for argument in given.positional]
    exact = [c for c in columns if c is not None and not any(isinstance(i, Repeat) for i in c)]
    if len(exact) == len(columns) and columns:
        rows = zip(*exact, strict=False)
        return just(Seq(tuple(just(Seq(tuple(row))) for row in rows)))
    if exact:
        length = min(len(column) for column in exact)
        rows_: list[Value] = []
        for n in range(length):
            row = []
            for column in columns:
                if column is None or any(isinstance(i, Repeat) for i in column):
                    row.append(_any_of(machine, column))
                else:
                    row.append(column[n])
            rows_.append(just(Seq(tuple(row))))
        return just(Seq(tuple(rows_)))
    row = [_any_of(machine, column) for column in columns]
    return just(Seq((Repeat((just(Seq(tuple(row))),)),)))


def _reversed(machine: Machine, given: Arguments, origin: Origin | None) -> Value:
    items = machine.elements(given.positional[0].value) if given.positional else None
    return unknown("items that are not known") if items is None else just(Seq(tuple(reversed(items))))


def _sorted(machine: Machine, given: Arguments, origin: Origin | None) -> Value:
    items = machine.elements(given.positional[0].value) if given.positional else None
    if items is None or len(items) > 1:
        return unknown("sorted items", machine.fresh("sorted"))
    return just(machine.make_list(Seq(tuple(items)), origin))


def _map(machine: Machine, given: Arguments, origin: Origin | None) -> Value:
    if len(given.positional) != 2:
        return unknown("map", machine.fresh("map"))
    function, values = given.positional[0].value, machine.elements(given.positional[1].value)
    if values is None:
        return unknown("map", machine.fresh("map"))
    out: list[Any] = []
    for item in values[:MOST_ITEMS]:
        if isinstance(item, Repeat):
            out.append(
                Repeat(
                    tuple(
                        machine.call(function, Arguments((Argument(v, None),)), origin) for v in item.values
                    )
                )
            )
        else:
            out.append(machine.call(function, Arguments((Argument(item, None),)), origin))
    return just(Seq(tuple(out)))


def _getattr(machine: Machine, given: Arguments, origin: Origin | None) -> Value:
    if len(given.positional) < 2:
        return unknown("getattr", machine.fresh("getattr"))
    value, name = given.positional[0].value, literal(given.positional[1].value)
    if name is None or not isinstance(name.value, str):
        picked = options.chosen(
            machine, given.positional[1].value, lambda text: machine.attribute(value, text)
        )
        if picked is not None:
            return picked
        chosen = machine.force(value)[0].thing
        key = machine.force(given.positional[1].value)[0].thing
        return unknown("getattr with a name that is not known", machine.key("getattr", str(chosen), str(key)))
    found = machine.attribute(value, name.value)
    if len(given.positional) > 2 and len(found) == 1 and isinstance(found[0].thing, Unknown):
        forced = machine.force(value)[0].thing
        if (
            isinstance(forced, Obj)
            and machine.library_row(forced) is None
            and machine.heap.records[forced.id].kind == "instance"
        ):
            yes, no = machine.choice("getattr")
            return merge(yes, no, found, given.positional[2].value, machine.heap.kind_of)
    return found


def _setattr(machine: Machine, given: Arguments, origin: Origin | None) -> Value:
    if len(given.positional) == 3:
        name = literal(given.positional[1].value)
        if name is not None and isinstance(name.value, str):
            machine.set_attribute(given.positional[0].value, name.value, given.positional[2].value)
    return just(Const(None))


def _len(machine: Machine, given: Arguments, origin: Origin | None) -> Value:
    items = machine.elements(given.positional[0].value) if given.positional else None
    if items is None or any(isinstance(item, Repeat) for item in items):
        return unknown("a length", machine.fresh("len"))
    return just(Const(len(items)))


def _next(machine: Machine, given: Arguments, origin: Origin | None) -> Value:
    items = machine.elements(given.positional[0].value) if given.positional else None
    if items and not isinstance(items[0], Repeat):
        picked: Value = items[0]
        return picked
    return unknown("an element", machine.fresh("element"))


def _partial(machine: Machine, given: Arguments, origin: Origin | None) -> Value:
    if not given.positional:
        return unknown("partial", machine.fresh("partial"))
    return just(Partial(given.positional[0].value, given._replace(positional=given.positional[1:])))


def _same(machine: Machine, given: Arguments, origin: Origin | None) -> Value:
    return _first(given) or unknown("nothing", machine.fresh("same"))


def _loss_looked_up(machine: Machine, given: Arguments, origin: Origin | None) -> Value:
    """`keras.losses.get(…)`: the function that a string stands for, other things as they are."""
    parts = []
    for case in machine.force(_first(given) or unknown("nothing", machine.fresh("same"))):
        text = case.thing.value if isinstance(case.thing, Const) else None
        path = loss_path(text) if isinstance(text, str) else None
        parts.append(case if path is None else case._replace(thing=Name(path)))
    return tuple(parts)


def _wraps(machine: Machine, given: Arguments, origin: Origin | None) -> Value:
    return just(Name("functools.wraps()"))


def _chain(machine: Machine, given: Arguments, origin: Origin | None) -> Value:
    items: list[Any] = []
    for argument in given.positional:
        part = machine.elements(argument.value)
        if part is None:
            return unknown("chained items", machine.fresh("chain"))
        items.extend(part)
    return just(Seq(tuple(items)))


def _import_module(machine: Machine, given: Arguments, origin: Origin | None) -> Value:
    name = literal(given.positional[0].value) if given.positional else None
    if name is None or not isinstance(name.value, str):
        found = options.imported(machine, given.positional[0].value, origin) if given.positional else None
        return found or unknown("a module that is not known", machine.fresh("module"))
    return machine.modules.absolute(machine, name.value, origin) or just(Name(name.value))


def _quiet(machine: Machine, given: Arguments, origin: Origin | None) -> Value:
    if given.positional and isinstance(given.positional[0].value[0].thing, (Func, Bound)):
        return given.positional[0].value
    return unknown("no_grad")


def _autocast(machine: Machine, given: Arguments, origin: Origin | None) -> Value:
    return unknown("autocast")


def _policy(machine: Machine, given: Arguments, origin: Origin | None) -> Value:
    named = literal(_first(given))
    if named is not None and isinstance(named.value, str) and not len(machine.path):
        half = named.value.startswith("mixed_") or named.value in ("float16", "bfloat16")
        machine.policies[machine.root] = half
    return just(Const(None))


def _process(machine: Machine, given: Arguments, origin: Origin | None) -> Value:
    """A function that another process or thread runs: `Process(target=f, args=(…))`, `spawn(f, args=(…))`."""
    target = given.get((), "target") or given.get(("fn",), "fn")
    listed = given.get(("fn", "args"), "args")
    if target is not None:
        items = machine.elements(listed.value) if listed is not None else []
        positional = [Argument(item, None) for item in items or [] if not isinstance(item, Repeat)]
        if given.get((), "target") is None:
            positional.insert(0, Argument(unknown("a rank", machine.fresh("rank")), None))
        with machine.wanting_effects():
            machine.force(machine.call(target.value, Arguments(tuple(positional), (), items is None), origin))
    return unknown("a process", machine.fresh("process"))


def _str(machine: Machine, given: Arguments, origin: Origin | None) -> Value:
    found = literal(_first(given))
    return just(Const(str(found.value), found.origin)) if found else unknown("a string", machine.fresh("str"))


def _module_vars(machine: Machine, given: Arguments, origin: Origin | None) -> Value:
    value = machine.force(given.positional[0].value) if given.positional else ()
    if len(value) == 1 and isinstance(value[0].thing, Module):
        return machine.attribute(value, "__dict__")
    return unknown("vars", machine.fresh("vars"))


FUNCTIONS: dict[str, Any] = {
    "types.SimpleNamespace": packing.namespace,
    "argparse.Namespace": packing.namespace,
    "easydict.EasyDict": packing.namespace,
    "collections.namedtuple": packing.record_type,
    "collections.namedtuple()": packing.record,
    "argparse.ArgumentParser": options.make_parser,
    "apex.amp.initialize": packing.amp,
    "deepspeed.initialize": packing.engine,
    "builtins.list": _list,
    "builtins.tuple": _tuple,
    "builtins.iter": _same,
    "builtins.dict": _dict,
    "collections.OrderedDict": _dict,
    "builtins.range": _range,
    "builtins.enumerate": _enumerate,
    "builtins.zip": _zip,
    "builtins.reversed": _reversed,
    "builtins.sorted": _sorted,
    "builtins.map": _map,
    "builtins.getattr": _getattr,
    "builtins.setattr": _setattr,
    "builtins.hasattr": kinds.has_attribute,
    "builtins.isinstance": kinds.is_instance,
    "builtins.callable": kinds.is_callable,
    "builtins.len": _len,
    "builtins.type": kinds.type_of,
    "builtins.next": _next,
    "builtins.str": _str,
    "builtins.vars": _module_vars,
    "functools.partial": _partial,
    "functools.lru_cache": _same,
    "functools.cache": _same,
    "functools.wraps": _wraps,
    "copy.deepcopy": _same,
    "copy.copy": _same,
    "itertools.chain": _chain,
    "importlib.import_module": _import_module,
    "torch.no_grad": _quiet,
    "torch.inference_mode": _quiet,
    "torch.autocast": _autocast,
    "torch.amp.autocast": _autocast,
    "torch.cuda.amp.autocast": _autocast,
    **{
        f"{root}.{module}.{name}": _policy
        for root in ("keras", "tensorflow.keras", "tf_keras")
        for module, name in (
            ("mixed_precision", "set_global_policy"),
            ("mixed_precision", "set_dtype_policy"),
            ("mixed_precision.experimental", "set_policy"),
            ("config", "set_dtype_policy"),
        )
    },
    **{
        f"{root}.losses.get": _loss_looked_up
        for root in ("keras", "tensorflow.keras", "tf_keras", "tensorflow")
    },
    **{
        f"{root}.{name}": _process
        for root in ("multiprocessing", "torch.multiprocessing", "threading")
        for name in ("Process", "Thread", "spawn", "start_processes")
    },
    "tqdm.tqdm": _same,
    "tqdm.auto.tqdm": _same,
    "tqdm.notebook.tqdm": _same,
    "tqdm.trange": _range,
    "typing.cast": lambda machine, given, origin: (
        given.positional[1].value if len(given.positional) > 1 else unknown("cast", machine.fresh("cast"))
    ),
}
