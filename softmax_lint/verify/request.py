"""What the user asked `verify` for."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Display:
    """Where results go: a table, or JSON on standard output; a page into the file `report` where one is named."""

    json: bool = False
    report: str | None = None
    quiet: bool = False
    color: str = "auto"


@dataclass(frozen=True, slots=True)
class ProgramsRequest:
    """The bundled programs. `only` has words of the form PROGRAM, BACKEND or PROGRAM@BACKEND; empty means all that
    can run here. `data` is a file, a folder or None; `seeds` and `epochs` are counts, None for the usual ones."""

    display: Display
    only: tuple[str, ...] = ()
    data: str | None = None
    download: bool = False
    quick: bool = False
    seeds: int | None = None
    epochs: int | None = None


@dataclass(frozen=True, slots=True)
class ScriptRequest:
    """A program of the user, with the arguments it gets. `steps` are evaluations of the loss, `timeout` is in seconds
    for each of the two runs, `memory` in megabytes; `yes` is consent to run it."""

    display: Display
    script: str
    args: tuple[str, ...] = ()
    yes: bool = False
    steps: int | None = None
    timeout: float | None = None
    memory: int | None = None
    seed: int | None = None
