"""Other linters, each of a pinned version in a virtual environment of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

# Program -> what is installed.
PACKAGES = {
    "ruff": ("ruff==0.17.6",),
    "torchfix": ("torchfix==0.7.0",),
    "semgrep": ("semgrep==1.180.0",),
    "fixit": ("fixit==2.2.1",),
    "pylint": ("pylint==4.1.4",),
}
# Found as strings: all of these are called as programs, from the folder of the environment.
_SCRIPTS = "Scripts" if sys.platform == "win32" else "bin"


def install(name: str, folder: Path) -> Path:
    """The folder with the programs of one linter, below `folder`; installed there when it is not.

    Raises subprocess.CalledProcessError where it cannot be.
    """
    place = folder / name
    programs = place / _SCRIPTS
    mark = place / "installed.txt"
    wanted = "\n".join(PACKAGES[name])
    if not mark.is_file() or mark.read_text(encoding="utf-8") != wanted:
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(place)], check=True)
        pip = [str(programs / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, *PACKAGES[name]], check=True)
        mark.write_text(wanted, encoding="utf-8")
    return programs
