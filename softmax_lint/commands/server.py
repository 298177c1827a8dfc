"""``softmax-lint server``: the language server on standard input and output."""

from __future__ import annotations

import gc

from softmax_lint.commands.terminal import complain

CLEAN, FAILED = 0, 2


def run() -> int:
    """Serve until the client leaves; gives CLEAN, or FAILED where the extra is not installed."""
    # Nothing is garbage while modules are imported; the server collects when it has answered once.
    gc.disable()
    try:
        from softmax_lint.lsp.server import make_server
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in ("pygls", "lsprotocol"):
            raise
        complain('the language server needs more packages: pip install "softmax-lint[lsp]"')
        return FAILED
    make_server().start_io()
    return CLEAN
