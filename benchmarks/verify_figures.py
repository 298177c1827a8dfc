"""Print the table of figures in docs/verify.md: ``python benchmarks/verify_figures.py [--write] [FILE]``.

FILE is what ``softmax-lint verify --json`` printed; without it, that is run here. With ``--write`` the table goes into
the page. Accuracies and times are those of
one machine; what a wrong answer costs is arithmetic, and `tests/test_verify_fixers.py` compares it on every run.
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


def main() -> None:
    """Print the table of a run, or put it where it belongs."""
    words = [word for word in sys.argv[1:] if word != "--write"]
    if words:
        text = Path(words[0]).read_text(encoding="utf-8")
    else:
        command = [sys.executable, "-m", "softmax_lint", "verify", "--json", "--epochs", "8"]
        text = subprocess.run(command, check=True, stdout=subprocess.PIPE, encoding="utf-8").stdout
    value = json.loads(text)
    made = table(value["programs"])
    if "--write" in sys.argv:
        page = PAGE.read_text(encoding="utf-8")
        start, end = page.index(START) + len(START), page.index(END)
        PAGE.write_text(f"{page[:start]}\n{made}\n{page[end:]}", encoding="utf-8")
    else:
        print(made)
    sys.stderr.write(f"{value['data']}; {value['seconds']:.0f} s\n")


if __name__ == "__main__":
    main()
