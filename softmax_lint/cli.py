"""The command line: names and help of commands and options, and nothing else.

Start-up stays small: commands, analysis and rules are imported when a command runs.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import click
from click.shell_completion import CompletionItem

from softmax_lint import __version__

if TYPE_CHECKING:
    from softmax_lint.commands.inputs import Request

FAILED = 2
_FILE = click.Path(dir_okay=False)
FORMATS = (
    "text", "concise", "json", "json-lines", "sarif", "github", "gitlab", "junit", "rdjson", "pylint",
    "azure", "markdown",
)  # fmt: skip
_GROUP_OPTIONS = ("-h", "--help", "-V", "--version")
Command = TypeVar("Command", bound=Callable[..., Any])


class CheckByDefault(click.Group):
    """A group whose command is `check` where none is named."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if ctx.resilient_parsing and not args:  # the first word is being completed
            return super().parse_args(ctx, args)
        return super().parse_args(ctx, route(args, self.commands))

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Commands, and what `check` takes."""
        if incomplete.startswith("-"):
            check = self.commands["check"]
            own = super().shell_complete(ctx, incomplete)
            return [*own, *check.shell_complete(click.Context(check, parent=ctx), incomplete)]
        return [CompletionItem(incomplete, type="file"), *super().shell_complete(ctx, incomplete)]


class Paged(click.Command):
    """A command whose options are listed in groups, several on a line; `softmax_lint.commands.pages` has them."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The groups; click leaves two columns free, and this one."""
        from softmax_lint.commands.pages import PAGES, lines

        page = lines(PAGES[self.name or ""], formatter.width + 1)
        formatter.write("\n" + "".join(f"{line}\n" for line in page))


def route(args: list[str], commands: Mapping[str, click.Command]) -> list[str]:
    """`args` with the command first. A word that names a command is one, whatever folder has its name."""
    if args and args[0] in _GROUP_OPTIONS:
        return args
    taking = {
        name
        for option in commands["check"].params
        if isinstance(option, click.Option) and not option.is_flag and not option.count
        for name in option.opts
    }
    position = 0
    while position < len(args) and args[position].startswith("-") and args[position] not in ("-", "--"):
        position += 2 if args[position] in taking else 1
    if position < len(args) and args[position] in commands:
        return [args[position], *args[:position], *args[position + 1 :]]
    return ["check", *args]


@click.group(
    cls=CheckByDefault, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.version_option(__version__, "-V", "--version", message="softmax-lint %(version)s")
def program() -> None:
    """Find models whose last layer does not fit the loss they are trained with.

    Without a command, `check` runs: `softmax-lint src` checks the folder src.
    """


def _stack(command: Command, *decorators: Callable[[Any], Any]) -> Command:
    for decorate in reversed(decorators):
        command = decorate(command)
    return command


def _file_options(command: Command) -> Command:
    return _stack(
        command,
        # What cannot be read is said of each file, and does not keep the others from being checked.
        click.argument("paths", nargs=-1, type=click.Path(readable=False)),
        click.option(
            "--exclude",
            multiple=True,
            metavar="PATTERNS",
            help="Paths to leave out, instead of the defaults.",
        ),
        click.option("--extend-exclude", multiple=True, metavar="PATTERNS", help="More paths to leave out."),
        click.option(
            "--respect-gitignore/--no-respect-gitignore", default=None, help="Heed .gitignore files."
        ),
        click.option(
            "--force-exclude", is_flag=True, default=None, help="Leave out also files that are named."
        ),
        click.option("--stdin-filename", metavar="FILE", help="The name of what `-` reads."),
        click.option(
            "--config", multiple=True, metavar="FILE|KEY=VALUE", help="A configuration, or one key of it."
        ),
        click.option("--isolated", is_flag=True, help="Ignore all configuration files."),
        click.option("--cache-dir", type=click.Path(), metavar="FOLDER", help="Where the cache lives."),
        click.option("-n", "--no-cache", is_flag=True, help="Do without the cache."),
        click.option("--jobs", type=click.IntRange(min=1), metavar="N", help="How many processes may run."),
        click.option("--reference", is_flag=True, help="Let LibCST read everything: slower, same outcome."),
        click.option("-q", "--quiet", is_flag=True, help="Print findings and errors, nothing else."),
        click.option("-v", "--verbose", is_flag=True, help="Say what is done."),
        click.option(
            "--color", type=click.Choice(("auto", "always", "never")), default="auto", help="Use colour."
        ),
    )


def _listed(values: Sequence[str]) -> list[str] | None:
    """``("A,B", "C")`` to ``["A", "B", "C"]``; None where the option was not given."""
    return [item.strip() for value in values for item in value.split(",") if item.strip()] if values else None


def _per_file(values: Sequence[str]) -> dict[str, list[str]] | None:
    table: dict[str, list[str]] = {}
    for item in _listed(values) or ():
        pattern, colon, code = item.rpartition(":")
        if not colon or not pattern or not code:
            raise click.BadParameter(f"`{item}` is no PATTERN:CODE", param_hint="--per-file-ignores")
        table.setdefault(pattern, []).append(code)
    return table or None


def _request(paths: Sequence[str], given: dict[str, Any], **selection: Any) -> Request:
    from softmax_lint.commands.inputs import Request

    return Request(
        paths=paths or (["-"] if given["stdin_filename"] else ["."]),
        options={
            **selection,
            "exclude": _listed(given["exclude"]),
            "extend-exclude": _listed(given["extend_exclude"]),
            "respect-gitignore": given["respect_gitignore"],
            "force-exclude": given["force_exclude"],
            "output-format": given["output_format"],
            "cache-dir": given["cache_dir"],
            "cache": not given["no_cache"],
            "jobs": given["jobs"],
            "reference": given["reference"],
        },
        config=given["config"],
        isolated=given["isolated"],
        stdin_filename=given["stdin_filename"],
        quiet=given["quiet"],
        verbose=given["verbose"],
        color=given["color"],
    )


@program.command(cls=Paged, short_help="Check files and folders (the default command).")
@_file_options
@click.option("--select", multiple=True, metavar="RULES", help="Rules to check; ALL has the opt-in ones too.")
@click.option("--ignore", multiple=True, metavar="RULES", help="Rules not to check.")
@click.option(
    "--extend-select", multiple=True, metavar="RULES", help="Rules to check besides the selected ones."
)
@click.option(
    "--per-file-ignores", multiple=True, metavar="PATTERN:RULE,...", help="Rules not to check in some files."
)
@click.option(
    "--output-format", type=click.Choice(FORMATS), metavar="FORMAT", help=f"One of {', '.join(FORMATS)}."
)
@click.option("-o", "--output-file", type=_FILE, metavar="FILE", help="Where to print findings.")
@click.option("--statistics", is_flag=True, help="Print how often each rule was found.")
@click.option("-e", "--exit-zero", is_flag=True, help="Exit with 0 also when there are findings.")
@click.option("--baseline", type=_FILE, metavar="FILE", help="Leave out the findings noted in FILE.")
@click.option("--write-baseline", type=_FILE, metavar="FILE", help="Note all findings in FILE.")
@click.option("--fix/--no-fix", default=None, help="Apply the safe fixes.")
@click.option("--unsafe-fixes/--no-unsafe-fixes", default=None, help="With --fix: the unsafe ones, too.")
@click.option("--diff", is_flag=True, help="Print what --fix would change, and change nothing.")
@click.option("--fix-only", is_flag=True, help="Apply fixes and report nothing that is left.")
@click.option("--show-fixes/--no-show-fixes", default=None, help="List the fixes that were applied.")
@click.option("--add-noqa", is_flag=True, help="Write an ignore comment where anything is found.")
@click.option("-w", "--watch", is_flag=True, help="Check again whenever a file changes.")
def check(
    paths: tuple[str, ...],
    select: tuple[str, ...],
    ignore: tuple[str, ...],
    extend_select: tuple[str, ...],
    per_file_ignores: tuple[str, ...],
    output_file: str | None,
    statistics: bool,
    exit_zero: bool,
    baseline: str | None,
    write_baseline: str | None,
    fix: bool | None,
    unsafe_fixes: bool | None,
    diff: bool,
    fix_only: bool,
    show_fixes: bool | None,
    add_noqa: bool,
    watch: bool,
    **given: Any,
) -> int:
    """Check files and folders (by default `.`), or standard input (`-`). The exit
    status is 0 for no findings, 1 for some, and 2 where softmax-lint failed.
    """
    from softmax_lint.commands.check import run
    from softmax_lint.commands.wish import Wish

    selection = {
        "select": _listed(select),
        "ignore": _listed(ignore),
        "extend-select": _listed(extend_select),
        "per-file-ignores": _per_file(per_file_ignores),
        "baseline": baseline,
    }
    if (add_noqa or watch) and ("-" in paths or given["stdin_filename"]):
        raise click.UsageError("--add-noqa and --watch need files, not standard input")
    if (diff or fix_only) and (add_noqa or write_baseline):
        quiet, writer = "--diff" if diff else "--fix-only", "--add-noqa" if add_noqa else "--write-baseline"
        raise click.UsageError(f"{writer} does not go with {quiet}")
    run_once = partial(
        run,
        _request(paths, given, **selection),
        output_file=output_file,
        statistics=statistics,
        exit_zero=exit_zero,
        write_baseline=write_baseline,
        add_noqa=add_noqa,
        wish=Wish(fix, unsafe_fixes, diff, fix_only, show_fixes),
        commands=tuple(program.commands),
    )
    if watch:
        from softmax_lint.commands.watch import repeat
        from softmax_lint.surroundings import roots_of

        # The other end of a finding may change in any file of the project.
        watched = list(paths) or ["."]
        return repeat(run_once, [*watched, *roots_of(watched)], explain)
    collecting = gc.isenabled()
    gc.disable()  # short, and what is made lasts to the end
    try:
        return run_once()
    finally:
        if collecting:
            gc.enable()


@program.command(cls=Paged, short_help="List every loss with its verdict.")
@_file_options
@click.option("--output-format", type=click.Choice(("text", "json")), help="How to print the list.")
def pairs(paths: tuple[str, ...], **given: Any) -> int:
    """List every loss with its verdict: ok, finding, not judged, or undecided and why."""
    from softmax_lint.commands.pairs import run

    return run(_request(paths, given))


@program.command()
@click.argument("code", required=False)
@click.option("--all", "every", is_flag=True, help="Show all rules.")
def rule(code: str | None, every: bool) -> int:
    """Show the page of a rule, given by its code or its name."""
    if every == (code is not None):
        raise click.UsageError("give the code of a rule, or --all")
    from softmax_lint.commands.rule import run

    return run(code, every)


@program.command()
@click.argument("place", metavar="FILE:LINE")
def trace(place: str) -> int:
    """Show where the values on a line come from and where they go."""
    from softmax_lint.commands.trace import run

    return run(place)


@program.command()
@click.option("--cache-dir", type=click.Path(), metavar="FOLDER", help="Where the cache lives.")
def clean(cache_dir: str | None) -> int:
    """Remove what earlier runs kept to be faster."""
    from softmax_lint.commands.clean import run

    return run(cache_dir)


@program.command(short_help="Run the language server for an editor.")
@click.option("--stdio", is_flag=True, help="Speak on standard streams, as always; some editors say it.")
def server(stdio: bool) -> int:
    """Run the language server for an editor, on standard input and output.

    Needs the extra `lsp`: pip install "softmax-lint[lsp]".
    """
    from softmax_lint.commands.server import run

    return run()


@program.command(cls=Paged, short_help="Train before and after the fix, and measure.")
@click.argument("script", required=False, type=_FILE)
@click.argument("args", nargs=-1, type=click.UNPROCESSED, metavar="[-- ARGS]")
@click.option("--only", multiple=True, metavar="NAMES", help="Bundled programs or backends to run, not all.")
@click.option(
    "--data", type=click.Path(), metavar="PATH", help="MNIST as an .npz file or a folder of IDX files."
)
@click.option("--download", is_flag=True, help="Fetch the full MNIST where it is not on this machine.")
@click.option("--quick", is_flag=True, help="Few digits, one epoch: whether it works, not what it costs.")
@click.option("--seeds", type=click.IntRange(min=2), metavar="N", help="How many paired runs (5).")
@click.option("--epochs", type=click.IntRange(min=1), metavar="N", help="How long each of them trains.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
@click.option("--report", type=_FILE, metavar="FILE", help="Write a page with plots and diffs.")
@click.option("-y", "--yes", is_flag=True, help="With SCRIPT: run it without asking.")
@click.option("--steps", type=click.IntRange(min=1), metavar="N", help="With SCRIPT: losses to compare.")
@click.option("--timeout", type=float, metavar="SECONDS", help="With SCRIPT: how long each run may take.")
@click.option("--memory", type=click.IntRange(min=1), metavar="MB", help="With SCRIPT: memory of each run.")
@click.option("--seed", type=int, metavar="N", help="With SCRIPT: the seed of both runs.")
@click.option("-q", "--quiet", is_flag=True, help="Show no progress.")
@click.option("--color", type=click.Choice(("auto", "always", "never")), default="auto", help="Use colour.")
def verify(script: str | None, args: tuple[str, ...], **given: Any) -> int:
    """Train before and after the fix, and say with numbers whether it held.

    Without SCRIPT the bundled programs are linted, fixed and trained on MNIST digits. With SCRIPT that program is
    run, as it is and fixed. Exits with 0 when the fix held, 1 when it did not, 2 when that could not be found out.

    Needs the extra `verify`: pip install "softmax-lint[verify]".
    """
    from softmax_lint.commands.verify import run
    from softmax_lint.verify.request import Display, ProgramsRequest, ScriptRequest

    display = Display(given["as_json"], given["report"], given["quiet"], given["color"])
    if script is None:
        names = [name for name in ("yes", "steps", "timeout", "memory", "seed") if given[name]]
        if names:
            raise click.UsageError(f"--{names[0]} goes with SCRIPT")
        only = tuple(_listed(given["only"]) or ())
        options = {name: given[name] for name in ("data", "download", "quick", "seeds", "epochs")}
        return run(ProgramsRequest(display, only, **options))
    names = [name for name in ("only", "data", "download", "quick", "seeds", "epochs") if given[name]]
    if names:
        raise click.UsageError(f"--{names[0]} does not go with SCRIPT")
    options = {name: given[name] for name in ("yes", "steps", "timeout", "memory", "seed")}
    return run(ScriptRequest(display, script, args, **options))


def main(args: list[str] | None = None) -> int:
    """Run the command line; gives the exit status: 0 clean, 1 findings left, 2 could not do its job."""
    try:
        return int(program.main(args, prog_name="softmax-lint", standalone_mode=False) or 0)
    except click.ClickException as error:
        error.show()
    except (click.Abort, KeyboardInterrupt):
        sys.stderr.write("interrupted\n")
    except Exception as error:
        explain(error)
    return FAILED


def _has_folder() -> bool:
    try:
        return bool(os.getcwd())
    except OSError:
        return False


def explain(error: Exception) -> None:
    """One line for what the user can mend; the traceback for what only we can."""
    from softmax_lint.commands.terminal import complain
    from softmax_lint.config import ConfigError

    if isinstance(error, ConfigError):
        complain(str(error))
    elif isinstance(error, FileNotFoundError) and not _has_folder():
        complain("the working directory does not exist any more")
    elif isinstance(error, OSError) and error.filename is not None:
        complain(f"{error.filename}: {(error.strerror or str(error)).lower()}")
    else:
        import traceback

        traceback.print_exc()
        complain(f"internal error: {type(error).__name__}: {error}")
