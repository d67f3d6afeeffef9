"""Runs on a dask cluster: ``tpe-reference compare --executor dask://host:port``.

The workers compute and send back what came out; only this process writes files. A run counts only if the worker would
have done the very same as this machine: its digest of the code, the user's files and the versions must be ours.

Start reading at `run_on_cluster`.
"""

import contextlib
import logging
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from pathlib import Path
from typing import Any

from ..user_files import UsageError
from .runner import Run, RunFailedError, attempt, code_of, keep

PREFIX = "dask://"
PATIENCE = 10  # seconds until a scheduler has to answer

Answer = list[dict[str, Any]] | str  # the trials of a run, or what went wrong


@contextlib.contextmanager
def connected(address: str) -> Iterator[Any]:
    """Give the client of a cluster that has workers.

    Raises:
        UsageError: When the address is none, dask is not installed, nobody listens there, or there are no workers.
    """
    host, _, port = address.removeprefix(PREFIX).rpartition(":")
    if not address.startswith(PREFIX) or not host or not port.isdecimal():
        raise UsageError(f"--executor {address!r} is no address; write {PREFIX}host:port, that of a dask scheduler")
    try:
        import distributed
    except ImportError:
        raise UsageError('--executor needs dask: pip install "tpe-reference[dask]"') from None
    logging.getLogger("distributed").setLevel(logging.CRITICAL)  # what goes wrong is said once, and by us
    try:
        make: Any = distributed.Client  # which has no type hints
        client = make(f"tcp://{host}:{port}", timeout=PATIENCE, set_as_default=False)
    except (OSError, ValueError) as error:
        problem = f"{type(error).__name__}: {error}"
        raise UsageError(f"--executor {address}: there is no dask scheduler that answers ({problem})") from error
    with client:
        if not client.nthreads():
            raise UsageError(
                f"--executor {address}: this cluster has no workers; start some: dask worker {host}:{port}"
            )
        yield client


def run_on_cluster(client: Any, todo: Sequence[Run], out: Path, jobs: int, show: Any) -> None:
    """Do the runs, so many at once; the first failure lets those in flight finish and starts no more.

    Raises:
        RunFailedError: When a sampler or a problem raised, a worker has other code, or workers died.
    """
    executor = client.get_executor()
    waiting, pending = iter(todo), dict[Future[Answer], Run]()
    failures: list[str] = []
    done_work = 0
    try:
        while True:
            while not failures and len(pending) < jobs and (run := next(waiting, None)) is not None:
                pending[executor.submit(compute, run, code_of(run), pure=False)] = run
            if not pending:
                break
            for future in wait(pending, return_when=FIRST_COMPLETED).done:
                run = pending.pop(future)
                answer = _answer(future)
                if isinstance(answer, str):
                    failures.append(f"{run.contestant.name} on {run.problem}, seed {run.seed}: {answer}")
                else:
                    keep(run, out, code_of(run), answer)
                done_work += run.trials * run.cost
                show(done_work)
    finally:  # after Ctrl-C: what a worker is at it finishes, and nobody asks for it any more
        for future in pending:
            future.cancel()
    if failures:
        raise RunFailedError("\n".join(failures))


def _answer(future: "Future[Answer]") -> Answer:
    try:
        return future.result()
    except Exception as error:  # the cluster's: its workers died, or they have no tpe_reference
        return f"{type(error).__name__}: {error}\n(of the cluster: all its workers need this very package)"


def compute(run: Run, code: str) -> Answer:
    """On a worker: do a run, and return its trials or what went wrong."""
    try:
        same = code_of(run) == code
    except Exception as error:  # a file or a module of the user's that is not there
        return f"{error}\n(on a worker of the cluster: it needs your files too, in the folder that it was started in)"
    if not same:
        return (
            "a worker of the cluster has other code or other versions than this machine (tpe-reference, Python, numpy, "
            "scikit-learn, or your own file); make them the same, and start the workers again"
        )
    return attempt(run)
