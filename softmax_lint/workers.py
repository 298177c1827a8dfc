"""Spread work over forked processes: a child has all that its parent has read, and sends back plain values.

Where there is no fork, or other threads run, one process does everything. Results never depend on how many
there are.
"""

from __future__ import annotations

import marshal
import os
import sys
import threading
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

Job = TypeVar("Job")
_NUMBER = 4  # bytes of the number of a job; a pipe never tears up so few


def processes(wanted: int | None) -> int:
    """How many processes may work: `wanted`, or one for each processor this process may use."""
    if not hasattr(os, "fork") or threading.active_count() > 1 or "pytest_cov" in sys.modules:
        return 1
    if wanted is not None:
        return wanted
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def spread(jobs: Sequence[Job], do: Callable[[Job], Any], count: int) -> list[Any]:
    """`do` of every job, in their order. Jobs start in their order: the longest should come first.

    What `do` gives has to be made of the types that marshal knows. A job that a child did not finish is done
    here.
    """
    if count < 2 or len(jobs) < 2:
        return [do(job) for job in jobs]
    todo, feed = os.pipe()
    # More would not fit into the pipe before anyone reads it.
    shared = min(len(jobs), 8_000)
    os.write(feed, b"".join(number.to_bytes(_NUMBER, "little") for number in range(shared)))
    os.close(feed)
    sys.stdout.flush()
    sys.stderr.flush()
    children = []
    for _ in range(min(count, len(jobs)) - 1):
        come, go = os.pipe()
        child = os.fork()
        if not child:
            _work(jobs, do, todo, go)
        os.close(go)
        children.append((child, come))
    done: dict[int, Any] = {}
    try:
        while number := os.read(todo, _NUMBER):
            at = int.from_bytes(number, "little")
            done[at] = do(jobs[at])
    finally:
        os.close(todo)
        for child, come in children:
            with os.fdopen(come, "rb") as pipe:
                done.update(_received(pipe.read()))
            os.waitpid(child, 0)
    return [done[at] if at in done else do(jobs[at]) for at in range(len(jobs))]


def _work(jobs: Sequence[Job], do: Callable[[Job], Any], todo: int, go: int) -> None:
    """The life of a child. It ends here whatever happens: nothing of the parent's may be run or written twice."""
    status = 1
    try:
        done = {}
        while number := os.read(todo, _NUMBER):
            at = int.from_bytes(number, "little")
            done[at] = do(jobs[at])
        with os.fdopen(go, "wb") as pipe:
            pipe.write(marshal.dumps(done))
        status = 0
    finally:
        os._exit(status)


def _received(data: bytes) -> dict[int, Any]:
    try:
        found = marshal.loads(data)
    except (EOFError, ValueError, TypeError):
        return {}  # the child died
    return found if isinstance(found, dict) else {}
