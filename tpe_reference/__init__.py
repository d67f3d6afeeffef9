"""Grid search, random search, TPE, CMA-ES and median pruning: small, documented, tested, ready to be embedded.

>>> import tpe_reference
>>> def objective(trial):
...     x = trial.suggest_float("x", -10, 10)
...     return (x - 2) ** 2
>>> study = tpe_reference.create_study(seed=0)
>>> study.optimize(objective, n_trials=50)
>>> abs(study.best_params["x"] - 2) < 0.2
True
"""

from . import pruners, samplers
from .pruners import MedianPruner, NopPruner, PercentilePruner, Pruner
from .samplers import CmaEsSampler, GridSampler, RandomSampler, Sampler, TPESampler
from .space import Categorical, Domain, Float, FrozenTrial, Int, TrialState, domain_from_json, domain_to_json
from .study import SearchExhausted, Study, create_study
from .trial import Trial, TrialPruned, TrialRecord

__version__ = "0.1.0"

__all__ = [
    "Categorical",
    "CmaEsSampler",
    "Domain",
    "Float",
    "FrozenTrial",
    "GridSampler",
    "Int",
    "MedianPruner",
    "NopPruner",
    "PercentilePruner",
    "Pruner",
    "RandomSampler",
    "Sampler",
    "SearchExhausted",
    "Study",
    "TPESampler",
    "Trial",
    "TrialPruned",
    "TrialRecord",
    "TrialState",
    "create_study",
    "domain_from_json",
    "domain_to_json",
    "pruners",
    "samplers",
]
