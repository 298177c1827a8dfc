"""From keystroke to findings: the real server, a file of 1,000 lines, a workspace of 3,000 files.

    python benchmarks/editor.py [--edits 200] [--files 3000] [--lines 1000] [--pause MS]

Prints the time from the start to the first findings, the median and the 95th percentile from an edit to the
findings for it, and the server's memory before and after. With a pause before every edit the runs of everything
that follow an answer have their turn, too. Memory and processor time are read on Linux only. Needs the extra `lsp`.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

NET = """class Net{n}(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.hidden = nn.Linear(width, 128)
        self.norm = nn.BatchNorm1d(128)
        self.out = nn.Linear(128, 10)

    def forward(self, x):
        x = F.relu(self.norm(self.hidden(x)))
        return {end}


def train{n}(batches, optimizer, width=784):
    net, criterion = Net{n}(width), nn.CrossEntropyLoss()
    total = 0.0
    for number, (x, y) in enumerate(batches):
        optimizer.zero_grad()
        loss = criterion(net(x), y)
        loss.backward()
        optimizer.step()
        total += loss.item()
        if number % 100 == 0:
            print(number, total)
    return net


"""
HEAD = "import torch.nn.functional as F\nfrom torch import nn\n\nfrom package0.helpers0 import shape0\n\n\n"
HELPER = '''"""Helpers."""

import os
import json


def shape{n}(values, size={n}):
    result = []
    for value in values:
        result.append((value, size, os.path.join("a", str(value))))
    return json.dumps(result)

'''


class Client:
    """A client that pulls findings, over standard streams."""

    def __init__(self, folder: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "softmax_lint", "server"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent)},
        )
        self.number = 0
        can = {
            "textDocument": {"diagnostic": {}, "publishDiagnostics": {"relatedInformation": True}},
            "workspace": {
                "didChangeWatchedFiles": {"dynamicRegistration": True},
                "diagnostics": {"refreshSupport": True},
            },
        }
        work = [{"uri": folder.as_uri(), "name": "work"}]
        self.request("initialize", {"processId": os.getpid(), "capabilities": can, "workspaceFolders": work})
        self.notify("initialized", {})

    def notify(self, method: str, params: Any) -> None:
        self._send({"method": method, "params": params})

    def request(self, method: str, params: Any) -> Any:
        self.number += 1
        self._send({"id": self.number, "method": method, "params": params})
        while True:
            message = self._receive()
            if "method" in message and "id" in message:
                self._send({"id": message["id"], "result": None})
            elif message.get("id") == self.number:
                if "error" in message:
                    raise RuntimeError(message["error"])
                return message["result"]

    def _send(self, message: dict[str, Any]) -> None:
        data = json.dumps({"jsonrpc": "2.0", **message}).encode()
        assert self.process.stdin
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(data), data))
        self.process.stdin.flush()

    def _receive(self) -> dict[str, Any]:
        assert self.process.stdout
        length = 0
        while line := self.process.stdout.readline().strip():
            if line.lower().startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        message: dict[str, Any] = json.loads(self.process.stdout.read(length))
        return message

    def memory(self) -> float:
        """Resident megabytes; 0 where the system does not tell."""
        try:
            status = Path(f"/proc/{self.process.pid}/status").read_text(encoding="ascii")
        except OSError:
            return 0.0
        return int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1]) / 1024

    def work(self) -> float:
        """Seconds that processors worked for the server, all threads; 0 where the system does not tell."""
        try:
            fields = (
                Path(f"/proc/{self.process.pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
            )
        except OSError:
            return 0.0
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def leave(self) -> None:
        self.request("shutdown", None)
        self.notify("exit", None)
        self.process.wait(10)


def build(folder: Path, files: int, lines: int) -> Path:
    """A workspace; gives its large file."""
    (folder / "pyproject.toml").touch()
    for number in range(files):
        package = folder / f"package{number // 100}"
        package.mkdir(exist_ok=True)
        (package / "__init__.py").touch()
        text = HELPER.format(n=number)
        if number % 15 == 7:
            first = number // 100 * 100
            head = HEAD.replace("package0.helpers0", f"package{number // 100}.helpers{first}")
            text = head.replace("shape0", f"shape{first}") + NET.format(n=number, end="self.out(x)")
        (package / f"helpers{number}.py").write_text(text, encoding="utf-8")
    large = folder / "large.py"
    count = max(1, lines // NET.count("\n"))
    ends = ["F.softmax(self.out(x), dim=1)" if number % 8 == 0 else "self.out(x)" for number in range(count)]
    large.write_text(
        HEAD + "".join(NET.format(n=number, end=end) for number, end in enumerate(ends)), encoding="utf-8"
    )
    return large


def main() -> None:
    parser = argparse.ArgumentParser()
    for name, default in (("edits", 200), ("files", 3000), ("lines", 1000), ("pause", 0)):
        parser.add_argument(f"--{name}", type=int, default=default)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made).resolve()
        large = build(folder, given.files, given.lines)
        text = large.read_text(encoding="utf-8")
        uri = large.as_uri()
        started = time.perf_counter()
        client = Client(folder)
        ready = time.perf_counter()
        client.notify(
            "textDocument/didOpen",
            {"textDocument": {"uri": uri, "languageId": "python", "version": 1, "text": text}},
        )
        found = client.request("textDocument/diagnostic", {"textDocument": {"uri": uri}})["items"]
        first = time.perf_counter()
        rows = text.count("\n")
        print(f"{rows} lines, {given.files} files: {len(found)} findings")
        print(
            f"start {ready - started:.2f} s, then first findings after {first - ready:.2f} s, "
            f"{client.work():.2f} s of processor time"
        )
        time.sleep(2)
        before, times, worked = client.memory(), [], client.work()
        for number in range(given.edits):
            # Characters of a name are typed, in another function each time.
            marks = [at for at in range(len(text)) if text.startswith("total += ", at)]
            at = marks[number % len(marks)]
            text = text[:at] + "x" * (number % 5) + "total += " + text[at + 9 :]
            time.sleep(given.pause / 1000)
            edited = time.perf_counter()
            change = {"textDocument": {"uri": uri, "version": number + 2}, "contentChanges": [{"text": text}]}
            client.notify("textDocument/didChange", change)
            client.request("textDocument/diagnostic", {"textDocument": {"uri": uri}})
            times.append((time.perf_counter() - edited) * 1000)
        times.sort()
        print(
            f"edit to findings: median {statistics.median(times):.0f} ms, "
            f"p95 {times[int(len(times) * 0.95)]:.0f} ms, worst {times[-1]:.0f} ms, "
            f"{(client.work() - worked) / given.edits * 1000:.0f} ms of processor time each"
        )
        print(f"memory {before:.0f} MB, after {given.edits} edits {client.memory():.0f} MB")
        client.leave()


if __name__ == "__main__":
    main()
