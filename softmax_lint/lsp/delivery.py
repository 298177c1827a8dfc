"""When findings go to the client: at once what is quickly known, and again where a full run knows better.

Everything is found by one worker thread, one file at a time; the event loop stays free to hear of new edits.
A client that can pull findings, and be told to pull again, pulls them; all others are sent them; nobody gets
both.
"""

from __future__ import annotations

import asyncio
import gc
import hashlib
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import TypeVar

from lsprotocol import types
from pygls.lsp.server import LanguageServer

from softmax_lint.lsp.analysis import Analysis, Found, Stale
from softmax_lint.lsp.convert import Converter, Documents

# Linking is recursive; threads have less stack than it may want.
STACK_BYTES = 256 * 1024 * 1024
# So long after the last edit findings are sent, and so long after it everything is run again.
PUSH_SECONDS, SETTLED_SECONDS = 0.02, 0.3
Result = TypeVar("Result")


class Delivery:
    """What one client was told, and what it has to be told."""

    def __init__(self, server: LanguageServer, analysis: Analysis, documents: Documents) -> None:
        self.server = server
        self.analysis = analysis
        self.documents = documents
        self.converter = Converter("utf-16", documents)
        self.pulls = False
        self._given: dict[str, str] = {}  # document -> mark of the findings it was given
        self._pending: set[str] = set()  # documents to send findings for
        self._push: asyncio.Task[None] | None = None
        self._settle: asyncio.Task[None] | None = None
        self._complained = 0
        self._logged: set[str] = set()
        self._frozen = False
        # The size counts for threads made after it is set; some systems allow less.
        with suppress(ValueError, RuntimeError):
            threading.stack_size(STACK_BYTES)
        self._worker = ThreadPoolExecutor(1, "linter")

    def warm(self) -> None:
        """Import what the first run needs, while the client makes up its mind."""
        self._worker.submit(_load)

    def stop(self) -> None:
        """Nothing is found or sent any more."""
        for task in (self._push, self._settle):
            if task is not None:
                task.cancel()
        self._worker.shutdown(wait=False, cancel_futures=True)

    # Asking the linter.

    async def work(self, job: Callable[[], Result]) -> Result:
        """The result of a job that the worker does after all others."""
        return await asyncio.get_running_loop().run_in_executor(self._worker, job)

    async def soon(self, path: str) -> Found:
        """What is found in a file as of now, as far as that is known soon."""
        while True:
            version = self.analysis.version
            gone = threading.Event()
            is_stale = partial(self._is_stale, version, gone)
            try:
                found, _ = await self.work(partial(self.analysis.soon, path, is_stale))
            except Stale:
                continue
            except asyncio.CancelledError:
                gone.set()
                raise
            self._complain(found)
            return found

    def _is_stale(self, version: int, gone: threading.Event) -> bool:
        return gone.is_set() or self.analysis.version != version

    def _complain(self, found: Found) -> None:
        for message in self.analysis.complaints[self._complained :]:
            self.server.window_show_message(
                types.ShowMessageParams(types.MessageType.Error, f"softmax-lint: {message}")
            )
        self._complained = len(self.analysis.complaints)
        for failure in found.failures:
            text = f"{failure.filename}: {failure.message}"
            if text not in self._logged:
                self._logged.add(text)
                self.server.window_log_message(types.LogMessageParams(types.MessageType.Error, text))

    # Telling the client.

    async def pull(
        self, params: types.DocumentDiagnosticParams
    ) -> types.RelatedFullDocumentDiagnosticReport | types.RelatedUnchangedDocumentDiagnosticReport:
        uri = params.text_document.uri
        items = await self._items(uri)
        mark = self._given[uri] = _mark(items)
        if mark == params.previous_result_id:
            return types.RelatedUnchangedDocumentDiagnosticReport(result_id=mark)
        return types.RelatedFullDocumentDiagnosticReport(items=items, result_id=mark)

    async def _items(self, uri: str) -> list[types.Diagnostic]:
        if uri not in self.documents.opened:
            return []
        return self._shown(uri, await self.soon(self.documents.opened[uri][0]))

    def _shown(self, uri: str, found: Found) -> list[types.Diagnostic]:
        spot = self.documents.opened.get(uri)
        lines = self.analysis.lines()
        mine = [each for each in found.diagnostics if (each.place.filename, each.place.cell) == spot]
        return [self.converter.diagnostic(each, lines) for each in mine]

    def changed(self, path: str | None = None) -> None:
        """A file changed, or everything may have: the client is told soon."""
        if not self.pulls:
            self._pending.update(self.documents.opened if path is None else self.documents.of(path))
            if self._push is not None:
                self._push.cancel()
            self._push = asyncio.ensure_future(self._push_soon())
        if self._settle is not None:
            self._settle.cancel()
        self._settle = asyncio.ensure_future(self._settle_soon())

    def closed(self, uri: str) -> None:
        """A document has no findings any more."""
        self._pending.discard(uri)
        self._given.pop(uri, None)
        if not self.pulls:
            self.server.text_document_publish_diagnostics(
                types.PublishDiagnosticsParams(uri=uri, diagnostics=[])
            )

    def _publish(self, uri: str, items: list[types.Diagnostic]) -> None:
        if uri in self.documents.opened:
            self._given[uri] = _mark(items)
            self.server.text_document_publish_diagnostics(
                types.PublishDiagnosticsParams(
                    uri=uri, diagnostics=items, version=self.documents.versions.get(uri)
                )
            )

    async def _push_soon(self) -> None:
        await asyncio.sleep(PUSH_SECONDS)
        for uri in [each for each in self.documents.opened if each in self._pending]:
            items = await self._items(uri)
            self._pending.discard(uri)
            self._publish(uri, items)

    async def _settle_soon(self) -> None:
        """Run everything when the user pauses; tell the client of what it was not told, or not so."""
        await asyncio.sleep(SETTLED_SECONDS)
        if self._push is not None:
            await asyncio.wait([self._push])
        is_stale = partial(self._is_stale, self.analysis.version, threading.Event())
        different = False
        for uri, (path, _) in list(self.documents.opened.items()):
            try:
                found = await self.work(partial(self.analysis.find, path, is_stale))
            except Stale:
                return  # the edit that came in between is followed by another run
            self._complain(found)
            items = self._shown(uri, found)
            if self._given.get(uri, "") != _mark(items):
                if self.pulls:
                    different = different or uri in self._given
                else:
                    self._publish(uri, items)
        await self.work(self._clean)
        if different:
            await self.server.workspace_diagnostic_refresh_async(None)

    def _clean(self) -> None:
        """Collect what runs leave behind, while nobody waits; what stays is not looked at again."""
        gc.collect()
        if not self._frozen:
            self._frozen = True
            gc.freeze()
            gc.enable()


def _load() -> None:
    from softmax_lint import judging  # noqa: F401
    from softmax_lint.linking import machine, roots  # noqa: F401
    from softmax_lint.lowering import cst, native  # noqa: F401


def _mark(items: list[types.Diagnostic]) -> str:
    return hashlib.sha256(repr(items).encode("utf-8", "replace")).hexdigest()[:16]
