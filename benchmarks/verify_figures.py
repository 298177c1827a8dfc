"""Print the table of figures in docs/verify.md: ``python benchmarks/verify_figures.py [--write] [FILE…]``.

A FILE is what ``softmax-lint verify --json`` printed, on machines with one backend or another; without any, that is
run here. With ``--write`` the table goes into the page. Accuracies and times are those of one machine; what a wrong
answer costs is arithmetic, and `tests/test_verify_fixers.py` compares it on every run.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

PAGE = Path(__file__).parent.parent / "docs" / "verify.md"
START, END = "<!-- figures -->", "<!-- end of figures -->"
DTYPES = ("float32", "float16", "bfloat16")
HEAD = (
    "program, backend", "rule", "a right answer costs", "gradient wrong from: float32", "float16", "bfloat16",
    "accuracy, epoch 1", "final accuracy, difference", "max\\|ΔW\\|",
)  # fmt: skip


def row(entry: dict[str, Any]) -> tuple[str, ...]:
    """The cells of one program on one backend."""
    measured, figures = entry["measured"], entry["figures"]
    before, after = figures["before"], figures["after"]
    gained = entry["final_accuracy_difference"]
    apart = max(pair["end"] for pair in measured["pairings"])
    return (
        *arithmetic(entry),
        f"{100 * before['first_accuracy']:.1f} → {100 * after['first_accuracy']:.1f} %",
        f"{100 * before['final_accuracy']:.1f} → {100 * after['final_accuracy']:.1f} %,"
        f" {100 * gained['mean']:+.2f} ± {100 * gained['half_width_95']:.2f}",
        "0.0" if apart == 0 else f"{apart:.1g}",
    )


def arithmetic(entry: dict[str, Any]) -> tuple[str, ...]:
    """The cells that do not depend on training."""
    floors = entry["measured"]["floors"]
    return (
        f"{entry['program']}, {entry['backend']}",
        entry["rule"],
        f"{abs(floors['before']):.4f} → {abs(floors['after']):.4f}",
        *(_told(entry["first_gaps"], dtype) for dtype in DTYPES),
    )


def _told(gaps: dict[str, dict[str, dict[str, float | None]]], dtype: str) -> str:
    """``17 (0)``: wrong from 17, exactly 0 from there; with "inf" where it is not finite."""
    before, after = gaps["before"][dtype], gaps["after"][dtype]
    if before["off"] is None:
        return "–" if after["off"] is None else f"– → {after['off']:g}"
    words = [
        word if first == before["off"] else f"{word} from {first:g}"
        for word, first in (("not finite", before["overflow"]), ("0", before["zero"]))
        if first is not None
    ]
    text = f"{before['off']:g}" + (f" ({', '.join(words)})" if words else "")
    return text if after["off"] is None else f"{text} → {after['off']:g}"


def table(programs: list[dict[str, Any]]) -> str:
    """Markdown."""
    lines = [HEAD, tuple("---" for _ in HEAD), *(row(each) for each in programs if "measured" in each)]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


def source(runs: list[dict[str, Any]]) -> str:
    """A sentence on what was measured, with what, and how long it took."""
    measured = [entry["measured"] for run in runs for entry in run["programs"] if "measured" in entry]
    versions = {name: number for each in measured for name, number in each["versions"].items()}
    shown = ", ".join(f"{name} {versions[name].partition('+')[0]}" for name in versions if name != "python")
    pairings = measured[0]["pairings"]
    times = " and ".join(f"{len(run['programs'])} programs in {run['seconds']:.0f} s" for run in runs)
    return (
        f"Measured on {runs[0]['data']}, {len(pairings)} seeds of {len(pairings[0]['before']['losses'])} epochs, with"
        f" {shown}, on two cores: {times}."
    )


def main() -> None:
    """Print the table of a run, or put it where it belongs."""
    words = [word for word in sys.argv[1:] if word != "--write"]
    texts = [Path(word).read_text(encoding="utf-8") for word in words]
    if not words:
        command = [sys.executable, "-m", "softmax_lint", "verify", "--json"]
        texts = [subprocess.run(command, check=True, stdout=subprocess.PIPE, encoding="utf-8").stdout]
    runs = [json.loads(text) for text in texts]
    made = f"{table([entry for run in runs for entry in run['programs']])}\n\n{source(runs)}"
    if "--write" in sys.argv:
        page = PAGE.read_text(encoding="utf-8")
        start, end = page.index(START) + len(START), page.index(END)
        PAGE.write_text(f"{page[:start]}\n{made}\n{page[end:]}", encoding="utf-8")
    else:
        print(made)


if __name__ == "__main__":
    main()
