"""Several processes on one socket: each serves by itself, and one that dies is replaced."""

from __future__ import annotations

import logging
import os
import signal
import sys
from collections.abc import Callable, Iterable
from typing import Final

from relay_provider.errors import RelayError

_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGCHLD)

_log = logging.getLogger("relay_provider.gateway")

Work = Callable[[Callable[[], None], int], None]
"""Serves until it is signalled, or the file can be read, which is then at its end: the parent is gone. Calls the given
function once it answers."""


def supervise(workers: int, work: Work, started: Callable[[], None]) -> None:
    """Let so many processes `work` until SIGINT or SIGTERM, and call `started` when all of them answer.

    One that dies is replaced. Raises RelayError, when all have ended, if one has never answered.
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)  # until they are waited for, so that none is missed
    signal.signal(signal.SIGCHLD, lambda *_: None)  # what nobody handles, some systems drop
    life, parent = os.pipe()
    at_work: dict[int, int] = {}  # by process; what it says there is that it answers

    def begin() -> None:
        said, say = os.pipe()
        sys.stdout.flush()
        sys.stderr.flush()
        if pid := os.fork():
            at_work[pid] = said
            os.close(say)
        else:
            os.close(parent)
            _work(lambda: work(lambda: _answers(say), life))

    for _ in range(workers):
        begin()
    answering = {pid for pid, said in at_work.items() if os.read(said, 1)}
    if len(answering) == workers:
        started()
    ending, failed = False, ""
    while at_work:
        number = signal.sigwait(_SIGNALS)
        if number != signal.SIGCHLD:
            _signal_all(at_work, signal.SIGKILL if ending else signal.SIGTERM)
            ending = True
        for pid, code in _dead(at_work):
            said = at_work.pop(pid)
            answered = pid in answering or os.read(said, 1)
            os.close(said)
            if answered and not ending:
                _log.error("Worker %d ended (%d) and is replaced", pid, code)
                begin()
            elif not ending:
                ending, failed = True, f"A worker ended before it could answer ({code}), so the others were ended, too."
                _signal_all(at_work, signal.SIGTERM)
    if failed:
        raise RelayError(failed)


def _work(work: Callable[[], None]) -> None:
    """A worker's whole life: nothing that the parent has still to do is done by it."""
    code = 1
    try:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
        work()
        code = 0
    except RelayError as error:
        _log.error("%s", error)
    except Exception:
        _log.exception("A worker failed")
    finally:
        os._exit(code)


def _answers(say: int) -> None:
    os.write(say, b".")
    os.close(say)


def _dead(pids: Iterable[int]) -> list[tuple[int, int]]:
    """Those of the processes that have ended, and with which code (negative: by which signal)."""
    ended = [os.waitpid(pid, os.WNOHANG) for pid in pids]
    return [(pid, os.waitstatus_to_exitcode(status)) for pid, status in ended if pid]


def _signal_all(pids: Iterable[int], number: int) -> None:
    for pid in pids:
        os.kill(pid, number)
