"""A language client for tests: the real server in a process of its own, driven over standard streams."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("pygls", reason="the extra `lsp` is not installed")
pytest_lsp = pytest.importorskip("pytest_lsp")
client_module = pytest.importorskip("pytest_lsp.client")

from lsprotocol import types  # noqa: E402
from pygls.protocol import default_converter  # noqa: E402
from pygls.uris import from_fs_path  # noqa: E402

ROOT = Path(__file__).parent.parent


def capabilities(
    *,
    pulls: bool = False,
    refreshes: bool = True,
    related: bool = True,
    encodings: Sequence[str] = ("utf-16",),
    watches: bool = False,
) -> types.ClientCapabilities:
    """What a client can do."""
    return types.ClientCapabilities(
        general=types.GeneralClientCapabilities(position_encodings=list(encodings)),
        notebook_document=types.NotebookDocumentClientCapabilities(
            types.NotebookDocumentSyncClientCapabilities()
        ),
        text_document=types.TextDocumentClientCapabilities(
            diagnostic=types.DiagnosticClientCapabilities(related_document_support=True) if pulls else None,
            publish_diagnostics=types.PublishDiagnosticsClientCapabilities(related_information=related),
            hover=types.HoverClientCapabilities(content_format=[types.MarkupKind.Markdown]),
        ),
        workspace=types.WorkspaceClientCapabilities(
            workspace_edit=types.WorkspaceEditClientCapabilities(document_changes=True),
            diagnostics=types.DiagnosticWorkspaceClientCapabilities(refresh_support=pulls and refreshes),
            did_change_watched_files=types.DidChangeWatchedFilesClientCapabilities(
                dynamic_registration=watches
            ),
        ),
    )


class Editor:
    """An editor with some folders open."""

    def __init__(self, client: Any) -> None:
        self.client = client
        self.versions: dict[str, int] = {}
        self.published: asyncio.Queue[types.PublishDiagnosticsParams] = asyncio.Queue()
        self.server: types.ServerCapabilities | None = None

    def uri(self, path: Path) -> str:
        uri = from_fs_path(str(path))
        assert uri is not None
        return uri

    def open(self, path: Path | str, text: str | None = None, language: str = "python") -> str:
        """Open a file, or a document in no file by its URI; gives its URI."""
        uri = path if isinstance(path, str) else self.uri(path)
        if text is None:
            assert isinstance(path, Path)
            text = path.read_text(encoding="utf-8")
        self.versions[uri] = 1
        self.client.text_document_did_open(
            types.DidOpenTextDocumentParams(types.TextDocumentItem(uri, language, 1, text))
        )
        return uri

    def change(self, uri: str, text: str) -> None:
        self.versions[uri] += 1
        self.client.text_document_did_change(
            types.DidChangeTextDocumentParams(
                types.VersionedTextDocumentIdentifier(uri=uri, version=self.versions[uri]),
                [types.TextDocumentContentChangeWholeDocument(text)],
            )
        )

    def open_notebook(self, uri: str, cells: Sequence[tuple[str, str]]) -> list[str]:
        """Open a notebook of (language, text); gives the URIs of its cells."""
        names = [
            f"{uri.replace('file:', 'vscode-notebook-cell:', 1)}#W{number}" for number in range(len(cells))
        ]
        kinds = [
            types.NotebookCellKind.Markup if language == "markdown" else types.NotebookCellKind.Code
            for language, _ in cells
        ]
        self.client.notebook_document_did_open(
            types.DidOpenNotebookDocumentParams(
                types.NotebookDocument(
                    uri,
                    "jupyter-notebook",
                    1,
                    [types.NotebookCell(*each) for each in zip(kinds, names, strict=True)],
                ),
                [
                    types.TextDocumentItem(name, language, 1, text)
                    for name, (language, text) in zip(names, cells, strict=True)
                ],
            )
        )
        return names

    async def pushed(self, uri: str, version: int | None = None) -> list[types.Diagnostic]:
        """The findings that the server sends for a document, of its newest version."""
        wanted = self.versions.get(uri) if version is None else version
        while True:
            params = await self.published.get()
            if params.uri == uri and (wanted is None or params.version == wanted):
                return list(params.diagnostics)

    async def pulled(self, uri: str, previous: str | None = None) -> Any:
        return await self.client.text_document_diagnostic_async(
            types.DocumentDiagnosticParams(types.TextDocumentIdentifier(uri), previous_result_id=previous)
        )

    async def actions(
        self, uri: str, row: int, column: int = 0, only: Sequence[str] | None = None
    ) -> list[types.CodeAction]:
        at = types.Position(row, column)
        found = await self.client.text_document_code_action_async(
            types.CodeActionParams(
                types.TextDocumentIdentifier(uri),
                types.Range(at, at),
                types.CodeActionContext([], only=list(only) if only else None),
            )
        )
        return list(found or ())

    async def hover(self, uri: str, row: int, column: int) -> str:
        found = await self.client.text_document_hover_async(
            types.HoverParams(types.TextDocumentIdentifier(uri), types.Position(row, column))
        )
        return found.contents.value if found else ""


@asynccontextmanager
async def editing(*folders: Path, options: Any = None, **can: Any) -> AsyncIterator[Editor]:
    """An editor whose server runs; it is told to leave in the end, and has to."""
    client = pytest_lsp.LanguageClient(converter_factory=default_converter)
    editor = Editor(client)

    def publish(params: types.PublishDiagnosticsParams) -> None:
        editor.published.put_nowait(params)

    features = {**client_module.DEFAULT_CLIENT_FEATURES, types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS: publish}
    client_module.register_lsp_features(client, features)
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    await client.start_io(sys.executable, "-m", "softmax_lint", "server", env=environment)
    try:
        result = await client.initialize_session(
            types.InitializeParams(
                capabilities=capabilities(**can),
                workspace_folders=[types.WorkspaceFolder(editor.uri(each), each.name) for each in folders],
                initialization_options=options,
            )
        )
        editor.server = result.capabilities
        yield editor
        await client.shutdown_session()
    finally:
        if client._server is not None and client._server.returncode is None:
            client._server.kill()
        await client.stop()
