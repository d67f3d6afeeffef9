"""Other packages as contestants: Optuna, hyperopt, cmaes and cma (pycma), behind the one method of our samplers.

A peer keeps its state to itself, so it cannot be a pure function of the history. What it is told, however, all stands
there: `Peer.suggest` first tells the peer what has come of its last configuration, then asks it for the next. So both
count as the sampler's seconds, as they do for our own. An adapter serves one run, from its first trial on, one trial
after the other. Each peer runs with its own default settings, and is seeded from the study's seed.

The packages are imported when somebody takes part who needs them, and never otherwise.

What a trial without a result of its own is told as
    =========  =============  =============  ====================================================
    trial      Optuna         hyperopt       cmaes, cma
    =========  =============  =============  ====================================================
    failed     failed         STATUS_FAIL    the worst loss of its generation
    pruned     pruned, with   STATUS_FAIL    the worst loss of its generation
               its reports
    =========  =============  =============  ====================================================

Start reading at `Peer`, then `Optuna`.

>>> list(PEERS)
['optuna', 'optuna-cma-es', 'hyperopt', 'cmaes', 'cma']
"""

import importlib
import math
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..space import Categorical, Domain, Float, FrozenTrial, Int
from ..user_files import UsageError

SIGMA0 = 0.25  # of the unit cube: cmaes and cma have no default; a quarter of the range reaches the walls


class Peer:
    """A peer as a sampler. A subclass says how it is started, asked and told.

    Args:
        packages: What it needs, by the name that it is imported as; its own first.

    Raises:
        UsageError: When one of them cannot be imported.
    """

    def __init__(self, packages: Sequence[str]) -> None:
        modules = [_imported(package) for package in packages]  # now: a run's seconds do not include it
        self.package: Any = modules[0]
        self.space: dict[str, Domain] = {}

    def suggest(
        self, space: Mapping[str, Domain], history: Sequence[FrozenTrial], rng: np.random.Generator
    ) -> dict[str, Any]:
        """Tell the peer what came of its last configuration, and ask it for the next."""
        fixed = {name: domain.from_unit(0.5) for name, domain in space.items() if domain.size == 1}
        if len(fixed) == len(space):
            return fixed
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # theirs are for their own users
            if history:
                self.tell(history[-1])
            else:
                self.space = {name: domain for name, domain in space.items() if name not in fixed}
                sequence: Any = rng.bit_generator.seed_seq
                self.start(int(np.random.SeedSequence(sequence.entropy).generate_state(1)[0]))
            return {**fixed, **self.ask(rng)}

    def start(self, seed: int) -> None:
        """Make the peer's own study of ``self.space``, whose parameters all have a choice of values."""
        raise NotImplementedError

    def ask(self, rng: np.random.Generator) -> dict[str, Any]:
        """Return its next configuration; the generator is that of the trial, for a peer without one of its own."""
        raise NotImplementedError

    def tell(self, trial: FrozenTrial) -> None:
        """Tell it what came of that."""
        raise NotImplementedError


class Optuna(Peer):
    """Optuna, by default with its TPE: multivariate since version 5."""

    sampler = "TPESampler"

    def start(self, seed: int) -> None:
        """Make a study in memory."""
        self.package.logging.set_verbosity(self.package.logging.ERROR)
        self.study = self.package.create_study(sampler=getattr(self.package.samplers, self.sampler)(seed=seed))
        self.distributions = {name: self._distribution(domain) for name, domain in self.space.items()}

    def _distribution(self, domain: Domain) -> Any:
        theirs = self.package.distributions
        if isinstance(domain, Categorical):
            return theirs.CategoricalDistribution(range(domain.size))  # by place: to Python, and to it, True is 1
        kind = theirs.FloatDistribution if isinstance(domain, Float) else theirs.IntDistribution
        return kind(domain.low, domain.high, log=domain.log, step=domain.step)

    def ask(self, rng: np.random.Generator) -> dict[str, Any]:
        """Ask for a trial with the whole space declared."""
        self.trial = self.study.ask(self.distributions)
        return {name: _value(domain, self.trial.params[name]) for name, domain in self.space.items()}

    def tell(self, trial: FrozenTrial) -> None:
        """Report the curve and finish the trial."""
        states = self.package.trial.TrialState
        state = {"complete": states.COMPLETE, "pruned": states.PRUNED}.get(trial.state, states.FAIL)
        for step, loss in trial.curve.items():
            self.trial.report(loss, step)
        self.study.tell(self.trial, trial.loss if trial.state == "complete" else None, state)


class OptunaCmaEs(Optuna):
    """Optuna with its CMA-ES, which leaves choices to chance."""

    sampler = "CmaEsSampler"


class Hyperopt(Peer):
    """hyperopt's TPE, by the steps of its ``fmin``."""

    def start(self, seed: int) -> None:
        """Make the graph of the space, and a list of trials."""
        space = {name: self._expression(name, domain) for name, domain in self.space.items()}
        self.domain = self.package.Domain(lambda configuration: 0.0, space)
        self.trials = self.package.Trials()

    def _expression(self, name: str, domain: Domain) -> Any:
        hp = self.package.hp
        if isinstance(domain, Categorical):
            return hp.choice(name, range(domain.size))
        if isinstance(domain, Int) and domain.log:
            # hyperopt rounds what it draws: without the halves the two ends were half as likely as the others
            return hp.qloguniform(name, math.log(domain.low - 0.5), math.log(domain.high + 0.5), 1)
        if domain.size is not None:  # by place, for hyperopt's steps start at zero, not at low
            return hp.quniform(name, -0.5, domain.size - 0.5, 1)
        if domain.log:
            return hp.loguniform(name, math.log(domain.low), math.log(domain.high))
        return hp.uniform(name, domain.low, domain.high)

    def ask(self, rng: np.random.Generator) -> dict[str, Any]:
        """Draw a seed and ask for a document, as ``fmin`` does."""
        seed = int(rng.integers(2**31))
        [document] = self.package.tpe.suggest(self.trials.new_trial_ids(1), self.domain, self.trials, seed)
        self.trials.insert_trial_doc(document)
        self.trials.refresh()
        drawn = {name: values[0] for name, values in document["misc"]["vals"].items()}
        return {name: self._drawn(domain, drawn[name]) for name, domain in self.space.items()}

    def _drawn(self, domain: Domain, drawn: float) -> Any:
        by_place = domain.size is not None and not (isinstance(domain, Int) and domain.log)
        if by_place and not isinstance(domain, Categorical):
            return domain.values()[min(max(round(drawn), 0), len(domain.values()) - 1)]
        return _value(domain, drawn)

    def tell(self, trial: FrozenTrial) -> None:
        """Write the result into the document."""
        complete = trial.state == "complete"
        document = self.trials._dynamic_trials[-1]  # where fmin writes it
        document["result"] = {"status": "ok", "loss": trial.loss} if complete else {"status": "fail"}
        document["state"] = self.package.JOB_STATE_DONE
        self.trials.refresh()


class OnCube(Peer):
    """A CMA-ES that knows real numbers only: on the unit cube, where each integer and each choice owns a cell.

    It starts at the centre, is told the very points that it asked for, and starts again when it stops.
    """

    def start(self, seed: int) -> None:
        """Make a first distribution and draw its first generation."""
        self.rng = np.random.default_rng(seed)
        self.begin()
        self.points, self.losses = self.generation(), list[float]()

    def ask(self, rng: np.random.Generator) -> dict[str, Any]:
        """Return the next point of the generation."""
        point = self.points[len(self.losses)]
        pairs = zip(self.space.items(), point, strict=False)  # the point may have a coordinate more, see Pycma
        return {name: domain.from_unit(float(u)) for (name, domain), u in pairs}

    def tell(self, trial: FrozenTrial) -> None:
        """Note the loss; after the generation's last one, learn from them all, and draw the next."""
        self.losses.append(trial.loss if trial.state == "complete" else math.nan)
        if len(self.losses) < len(self.points):
            return
        finite = [loss for loss in self.losses if math.isfinite(loss)] or [0.0]
        if self.learn(np.nan_to_num(self.losses, nan=max(finite), posinf=max(finite), neginf=min(finite))):
            self.begin()
        self.points, self.losses = self.generation(), []

    def begin(self) -> None:
        """Make a distribution about the centre."""
        raise NotImplementedError

    def generation(self) -> list[NDArray[np.float64]]:
        """Draw a generation of points in the unit cube."""
        raise NotImplementedError

    def learn(self, losses: NDArray[np.float64]) -> bool:
        """Tell the generation's losses; return whether it stops."""
        raise NotImplementedError


class Cmaes(OnCube):
    """CyberAgent's cmaes, which Optuna uses too."""

    def begin(self) -> None:
        """Make a distribution about the centre."""
        d, seed = len(self.space), int(self.rng.integers(2**31))
        self.cma = self.package.CMA(np.full(d, 0.5), SIGMA0, bounds=np.tile([0.0, 1.0], (d, 1)), seed=seed)

    def generation(self) -> list[NDArray[np.float64]]:
        """Draw a generation."""
        return [self.cma.ask() for _ in range(self.cma.population_size)]

    def learn(self, losses: NDArray[np.float64]) -> bool:
        """Update the distribution."""
        self.cma.tell(list(zip(self.points, losses.tolist(), strict=True)))
        return bool(self.cma.should_stop())


class Pycma(OnCube):
    """Hansen's cma."""

    def begin(self) -> None:
        """Make a distribution about the centre; verbose -10 neither prints nor reads or writes a file."""
        options = {
            "bounds": [0.0, 1.0],
            "seed": math.nan,  # it would be that of numpy's global generator
            "randn": lambda *shape: self.rng.standard_normal(shape),
            "verbose": -10,
        }
        d = max(2, len(self.space))  # cma 4.5.0 raises when the step size of a single parameter grows
        self.cma = self.package.CMAEvolutionStrategy(np.full(d, 0.5), SIGMA0, options)

    def generation(self) -> list[NDArray[np.float64]]:
        """Draw a generation."""
        return list(self.cma.ask())

    def learn(self, losses: NDArray[np.float64]) -> bool:
        """Update the distribution."""
        self.cma.tell(self.points, losses.tolist())
        return bool(self.cma.stop())


@dataclass(frozen=True)
class Entry:
    """A peer's name in pictures, its adapter, and the packages that it needs."""

    label: str
    adapter: Callable[[Sequence[str]], Peer]
    packages: tuple[str, ...]

    def sampler(self) -> Peer:
        """Return it as a sampler.

        Raises:
            UsageError: When a package is missing.
        """
        return self.adapter(self.packages)


PEERS = {
    "optuna": Entry("Optuna TPE", Optuna, ("optuna",)),
    "optuna-cma-es": Entry("Optuna CMA-ES", OptunaCmaEs, ("optuna", "cmaes")),
    "hyperopt": Entry("hyperopt TPE", Hyperopt, ("hyperopt",)),
    "cmaes": Entry("cmaes CMA-ES", Cmaes, ("cmaes",)),
    "cma": Entry("pycma CMA-ES", Pycma, ("cma",)),
}


def _imported(package: str) -> Any:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return importlib.import_module(package)
    except ImportError as error:
        way_out = 'get it with: pip install "tpe-reference[peers]"'
        raise UsageError(f"--with: {package} cannot be imported ({error}); {way_out}") from error


def _value(domain: Domain, drawn: Any) -> Any:
    """Return a value of a domain from what a peer drew: a choice by its place, a number but for rounding."""
    if isinstance(domain, Categorical):
        return domain.choices[int(drawn)]
    inside = min(max(drawn, domain.low), domain.high)
    return inside if domain.size is None else domain.from_unit(domain.to_unit(inside))
