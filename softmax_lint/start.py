"""Where the program starts: the plainest calls, paths and a few flags, need no parser of options.

Everything else is the command line's, and so is whatever goes wrong here.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from softmax_lint.commands.inputs import Request

# Words that the first one of a call may be and that are no path.
COMMANDS = ("check", "clean", "pairs", "rule", "server", "trace", "verify")
# Commands that have threads and children, which end in their own way.
_LASTING = (["server"], ["verify"])
_FLAGS = {
    "-q": "quiet", "--quiet": "quiet", "-n": "no_cache", "--no-cache": "no_cache", "--isolated": "isolated",
    "--force-exclude": "force_exclude", "--no-respect-gitignore": "all",
}  # fmt: skip


def main(args: Sequence[str] | None = None) -> int:
    """Run the program; gives the exit status. Called without `args`, it ends the process: nothing is left
    that has to be torn down piece by piece.
    """
    words = list(sys.argv[1:] if args is None else args)
    request = None if "_SOFTMAX_LINT_COMPLETE" in os.environ else plain_request(words)
    if request is None:
        from softmax_lint.cli import main as run_command_line

        status = run_command_line(words)
        if args is None and words[:1] not in _LASTING:
            _leave(status)
        return status
    gc.disable()  # short, and what is made lasts to the end
    try:
        from softmax_lint.commands.check import run

        status = run(request, commands=COMMANDS)
    except KeyboardInterrupt:
        sys.stderr.write("interrupted\n")
        status = 2
    except Exception as error:
        from softmax_lint.cli import FAILED, explain

        explain(error)
        status = FAILED
    if args is None:
        _leave(status)
    gc.enable()
    return status


def plain_request(words: Sequence[str]) -> Request | None:
    """The request of a call that has paths, flags and a folder for answers alone; None for any other call."""
    given: set[str] = set()
    paths: list[str] = []
    folder, awaited = None, False
    for number, word in enumerate(words):
        if awaited:
            if word.startswith("-") or folder is not None:
                return None
            folder, awaited = word, False
        elif word == "--cache-dir":
            awaited = True
        elif word in _FLAGS:
            given.add(_FLAGS[word])
        elif word.startswith("-") or (number and word in COMMANDS and not paths and words[0] != "check"):
            return None
        elif word == "check" and not number:
            continue
        elif not number and word in COMMANDS:
            return None
        else:
            paths.append(word)
    if awaited:
        return None
    from softmax_lint.commands.inputs import Request

    return Request(
        paths=tuple(paths) or ["."],
        options={
            "force-exclude": True if "force_exclude" in given else None,
            "cache": "no_cache" not in given,
            "cache-dir": folder,
            "respect-gitignore": False if "all" in given else None,
            "jobs": None,
            "reference": False,
        },
        config=(),
        isolated="isolated" in given,
        quiet="quiet" in given,
    )


def _leave(status: int) -> None:
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError:
        return  # whoever read is gone; the interpreter knows what to do
    os._exit(status)
