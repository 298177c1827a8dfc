"""The language server: what it is told of, and what it answers to requests."""

from __future__ import annotations

import os
from functools import partial
from typing import Any

from lsprotocol import types
from pygls import uris
from pygls.lsp.server import LanguageServer

from softmax_lint import __version__
from softmax_lint.diagnostic import Diagnostic
from softmax_lint.keys import KEYS
from softmax_lint.lines import lines_of, reader
from softmax_lint.lsp.analysis import Analysis, notebook, script
from softmax_lint.lsp.convert import FIX_ALL, Converter, Documents, path_of, touches
from softmax_lint.lsp.delivery import Delivery
from softmax_lint.silencing import UNSILENCEABLE, comment

WATCHED = ("**/*.py", "**/*.ipynb", "**/softmax-lint.toml", "**/pyproject.toml", "**/.gitignore")
CONFIGURATIONS = ("softmax-lint.toml", "pyproject.toml", ".gitignore")


def make_server() -> LanguageServer:
    """The server, ready for ``start_io``."""
    server = LanguageServer(
        "softmax-lint",
        __version__,
        # Whole documents: pygls counts the lines of partial changes in another way than the protocol.
        text_document_sync_kind=types.TextDocumentSyncKind.Full,
        notebook_document_sync=types.NotebookDocumentSyncOptions(
            notebook_selector=[
                types.NotebookDocumentFilterWithNotebook(
                    notebook=types.NotebookDocumentFilterNotebookType(notebook_type=kind)
                )
                for kind in ("jupyter-notebook", "interactive")
            ]
        ),
    )
    session = Session(server)
    kinds = [types.CodeActionKind.QuickFix, types.CodeActionKind.SourceFixAll, FIX_ALL]
    for method, handler, options in (
        (types.INITIALIZE, session.initialize, None),
        (types.INITIALIZED, session.initialized, None),
        (types.SHUTDOWN, session.shut_down, None),
        (types.TEXT_DOCUMENT_DID_OPEN, session.did_open, None),
        (types.TEXT_DOCUMENT_DID_CHANGE, session.did_change, None),
        (types.TEXT_DOCUMENT_DID_SAVE, session.did_save, None),
        (types.TEXT_DOCUMENT_DID_CLOSE, session.did_close, None),
        (types.NOTEBOOK_DOCUMENT_DID_OPEN, session.did_open_notebook, None),
        (types.NOTEBOOK_DOCUMENT_DID_CHANGE, session.did_change_notebook, None),
        (types.NOTEBOOK_DOCUMENT_DID_SAVE, session.did_save, None),
        (types.NOTEBOOK_DOCUMENT_DID_CLOSE, session.did_close_notebook, None),
        (types.WORKSPACE_DID_CHANGE_WATCHED_FILES, session.did_change_files, None),
        (types.WORKSPACE_DID_CHANGE_CONFIGURATION, session.did_change_configuration, None),
        (types.WORKSPACE_DID_CHANGE_WORKSPACE_FOLDERS, session.did_change_folders, None),
        (types.TEXT_DOCUMENT_HOVER, session.hover, None),
        (
            types.TEXT_DOCUMENT_CODE_ACTION,
            session.code_actions,
            types.CodeActionOptions(code_action_kinds=kinds),
        ),
    ):
        server.feature(method, options)(partial(handler))
    return server


class Session:
    """One client from its first message to its last."""

    def __init__(self, server: LanguageServer) -> None:
        self.server = server
        self.analysis = Analysis()
        self.documents = Documents()
        self.delivery = Delivery(server, self.analysis, self.documents)

    # The life of a session.

    def initialize(self, params: types.InitializeParams) -> None:
        self.delivery.warm()
        client = params.capabilities
        document, workspace = client.text_document, client.workspace
        # A client that cannot be told to ask again (Neovim 0.11) would show old findings in other files.
        pulls = self.delivery.pulls = bool(
            document is not None
            and document.diagnostic is not None
            and workspace is not None
            and workspace.diagnostics
            and workspace.diagnostics.refresh_support
        )
        if pulls:
            self.server.feature(
                types.TEXT_DOCUMENT_DIAGNOSTIC,
                types.DiagnosticOptions(
                    inter_file_dependencies=True, workspace_diagnostics=False, identifier="softmax-lint"
                ),
            )(partial(self.delivery.pull))
        self._set_folders(
            [folder.uri for folder in params.workspace_folders or ()] or [params.root_uri or ""]
        )
        self._set_options(params.initialization_options)
        known = document and (document.diagnostic if pulls else document.publish_diagnostics)
        edits = workspace and workspace.workspace_edit
        self.delivery.converter = Converter(
            str(
                getattr(
                    self.server.workspace.position_encoding, "value", self.server.workspace.position_encoding
                )
            ),
            self.documents,
            shows_related=bool(getattr(known, "related_information", None))
            or bool(
                document and document.publish_diagnostics and document.publish_diagnostics.related_information
            ),
            versions_edits=bool(edits and edits.document_changes),
        )

    def initialized(self, params: types.InitializedParams) -> None:
        workspace = self.server.client_capabilities.workspace
        watching = workspace and workspace.did_change_watched_files
        if not (watching and watching.dynamic_registration):
            return
        options = types.DidChangeWatchedFilesRegistrationOptions(
            [types.FileSystemWatcher(glob_pattern=pattern) for pattern in WATCHED]
        )
        self.server.client_register_capability(
            types.RegistrationParams(
                [types.Registration("softmax-lint-files", types.WORKSPACE_DID_CHANGE_WATCHED_FILES, options)]
            )
        )
        self.analysis.lifetime = None
        self.analysis.settings_changed()

    def shut_down(self, params: Any) -> None:
        self.delivery.stop()

    # Documents.

    def did_open(self, params: types.DidOpenTextDocumentParams) -> None:
        document = params.text_document
        path = self._path(document.uri)
        if path.endswith(".ipynb") and document.language_id not in ("python", "ipython", "jupyter-python"):
            return  # a notebook shown as JSON
        if path.endswith((".ipynb", ".py")) or document.language_id == "python":
            cell = 1 if path.endswith(".ipynb") else None
            self.documents.open(document.uri, path, cell, document.version)
            if cell is not None:
                self.documents.joined.add(path)
            self._put(document.uri, document.text)

    def did_change(self, params: types.DidChangeTextDocumentParams) -> None:
        uri = params.text_document.uri
        if uri in self.documents.opened:
            self.documents.versions[uri] = params.text_document.version
            self._put(uri, self.server.workspace.get_text_document(uri).source)

    def _put(self, uri: str, text: str) -> None:
        path, cell = self.documents.opened[uri]
        # Some clients send all cells of a notebook as one document with the name of the notebook.
        self.analysis.put(path, script(text) if cell is None else notebook([(text, True)]))
        self.delivery.changed(path)

    def did_save(self, params: Any) -> None:
        if self.analysis.lifetime is not None:
            self.analysis.disk_changed()
            self.delivery.changed()

    def did_close(self, params: types.DidCloseTextDocumentParams) -> None:
        self._close([params.text_document.uri])

    def did_open_notebook(self, params: types.DidOpenNotebookDocumentParams) -> None:
        self._put_notebook(params.notebook_document.uri)

    def did_change_notebook(self, params: types.DidChangeNotebookDocumentParams) -> None:
        self._put_notebook(params.notebook_document.uri)

    def _put_notebook(self, uri: str) -> None:
        workspace = self.server.workspace
        document = workspace.get_notebook_document(notebook_uri=uri)
        if document is None:
            return
        path = self._path(uri, ".ipynb")
        if not path.endswith(".ipynb"):
            path += ".ipynb"
        cells: list[tuple[str, bool]] = []
        now: dict[str, int | None] = {}
        for index, cell in enumerate(document.cells, 1):
            text = workspace.get_text_document(cell.document)
            is_python = cell.kind == types.NotebookCellKind.Code and text.language_id in (None, "", "python")
            cells.append((text.source, is_python))
            if is_python:
                self.documents.open(cell.document, path, index, text.version)
                now[cell.document] = index
        for gone in [each for each in self.documents.of(path) if each not in now]:
            self.documents.close(gone)
            self.delivery.closed(gone)
        # A cell that moved took the place of another one, whose closing forgot it.
        for moved, position in now.items():
            self.documents.open(moved, path, position, self.documents.versions.get(moved))
        self.analysis.put(path, notebook(cells))
        self.delivery.changed(path)

    def did_close_notebook(self, params: types.DidCloseNotebookDocumentParams) -> None:
        self._close([cell.uri for cell in params.cell_text_documents])

    def _close(self, closed: list[str]) -> None:
        for uri in closed:
            if uri in self.documents.opened:
                path, _ = self.documents.opened[uri]
                self.documents.close(uri)
                self.delivery.closed(uri)
                if not self.documents.of(path):
                    self.analysis.drop(path)
        self.delivery.changed()

    def _path(self, uri: str, suffix: str = ".py") -> str:
        folder = self.analysis.folders[0] if self.analysis.folders else os.getcwd()
        return path_of(uri, folder, suffix)

    # The world around.

    def did_change_files(self, params: types.DidChangeWatchedFilesParams) -> None:
        if any(change.uri.endswith(CONFIGURATIONS) for change in params.changes):
            self.analysis.settings_changed()
        else:
            self.analysis.disk_changed()
        self.delivery.changed()

    def did_change_configuration(self, params: types.DidChangeConfigurationParams) -> None:
        self._set_options(params.settings)
        self.analysis.settings_changed()
        self.delivery.changed()

    def did_change_folders(self, params: types.DidChangeWorkspaceFoldersParams) -> None:
        self._set_folders([folder.uri for folder in self.server.workspace.folders.values()])
        self.analysis.settings_changed()
        self.delivery.changed()

    def _set_folders(self, folders: list[str]) -> None:
        paths = [uris.to_fs_path(uri) for uri in folders if uri.startswith("file:")]
        self.analysis.folders = [os.path.abspath(path) for path in paths if path]

    def _set_options(self, given: Any) -> None:
        """Keys of the configuration that the editor sets, below ``softmax-lint`` or on their own."""
        values = _plain(given)
        for name in ("settings", "softmax-lint", "softmaxLint", "settings"):
            if isinstance(values, dict) and isinstance(values.get(name), dict):
                values = values[name]
        if isinstance(values, dict):
            self.analysis.options = {key: value for key, value in values.items() if key in KEYS}

    # What the user asks for.

    async def hover(self, params: types.HoverParams) -> types.Hover | None:
        spot = self.documents.opened.get(params.text_document.uri)
        if spot is None:
            return None
        path, cell = spot
        found = await self.delivery.soon(path)
        lines = self.analysis.lines()
        row, column = self.delivery.converter.spot(params.position, lines(path, cell))
        held = await self.delivery.work(partial(self.analysis.held, path, cell, row, column))
        return self.delivery.converter.hover(
            path, cell, params.position, found.diagnostics, found.verdicts, held, lines
        )

    async def code_actions(self, params: types.CodeActionParams) -> list[types.CodeAction]:
        spot = self.documents.opened.get(params.text_document.uri)
        if spot is None:
            return []
        path, cell = spot
        only = [str(getattr(kind, "value", kind)) for kind in params.context.only or ()]
        actions: list[types.CodeAction] = []
        if _wants(only, "quickfix"):
            lines = self.analysis.lines()
            text = lines(path, cell)
            start, end = (
                self.delivery.converter.spot(each, text) for each in (params.range.start, params.range.end)
            )
            found = (await self.delivery.soon(path)).diagnostics
            touched = [each for each in found if touches(each.place, path, cell, start, end)]
            if touched:
                for each in await self.delivery.work(partial(self.analysis.fixes, path, touched)):
                    actions += self._quick_fixes(each)
        # A fix of everything is worked out only where it is asked for by its name.
        if only and (_wants(only, FIX_ALL)):
            actions += await self._fix_all(path, only)
        return actions

    def _quick_fixes(self, found: Diagnostic) -> list[types.CodeAction]:
        lines = self.analysis.lines()
        shown = [self.delivery.converter.diagnostic(found, lines)]
        actions = []
        for number, fix in enumerate(found.fixes):
            edit = self.delivery.converter.workspace_edit(fix.edits, lines)
            if fix.applicability == "display" or not fix.edits or edit is None:
                continue
            unsafe = "" if fix.applicability == "safe" else f" ({fix.applicability} fix)"
            actions.append(
                types.CodeAction(
                    title=f"{found.code}: {fix.message}{unsafe}",
                    kind=types.CodeActionKind.QuickFix,
                    diagnostics=shown,
                    is_preferred=number == 0 and fix.applicability == "safe",
                    edit=edit,
                )
            )
        place = found.place
        row = found.noqa_row or place.end_row
        added = None
        if found.code not in UNSILENCEABLE:
            added = comment(place.filename, place.cell, row, [found.code], lines(place.filename, place.cell))
        if added is not None:
            actions.append(
                types.CodeAction(
                    title=f"Ignore {found.code} on this line",
                    kind=types.CodeActionKind.QuickFix,
                    diagnostics=shown,
                    edit=self.delivery.converter.workspace_edit([added], lines),
                )
            )
        return actions

    async def _fix_all(self, path: str, only: list[str]) -> list[types.CodeAction]:
        before = self.analysis.lines()
        files = await self.delivery.work(partial(self.analysis.fix_all, path))
        edit = self.delivery.converter.rewriting(path, before, lines_of(reader(files))) if files else None
        if edit is None:
            return []
        kind = FIX_ALL if FIX_ALL in only else types.CodeActionKind.SourceFixAll
        return [types.CodeAction(title="softmax-lint: fix all that is safe to fix", kind=kind, edit=edit)]


def _wants(only: list[str], kind: str) -> bool:
    """Whether a client that wants some kinds of actions takes this one: a kind includes its subkinds."""
    return not only or any(not each or f"{kind}.".startswith(f"{each}.") for each in only)


def _plain(value: Any) -> Any:
    """Objects of the protocol as dicts."""
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    if hasattr(value, "_asdict"):
        return {key: _plain(each) for key, each in value._asdict().items()}
    return value
