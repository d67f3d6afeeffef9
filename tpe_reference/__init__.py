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

from importlib import import_module
from typing import TYPE_CHECKING, Any

from . import pruners, samplers, space, study, trial
from .pruners import MedianPruner, NopPruner, PercentilePruner, Pruner
from .samplers import Sampler
from .space import Categorical, Domain, Float, FrozenTrial, Int, TrialState, domain_from_json, domain_to_json
from .study import SearchExhausted, Study, create_study, load_study
from .trial import FixedTrial, Trial, TrialPruned, TrialRecord, create_trial

if TYPE_CHECKING:
    from .samplers import CmaEsSampler as CmaEsSampler
    from .samplers import GridSampler as GridSampler
    from .samplers import RandomSampler as RandomSampler
    from .samplers import TPESampler as TPESampler
    from .search_cv import TPESearchCV as TPESearchCV
    from .stored_studies import copy_study as copy_study
    from .stored_studies import delete_study as delete_study
    from .stored_studies import get_all_study_names as get_all_study_names
    from .stored_studies import get_all_study_summaries as get_all_study_summaries

__version__ = "0.1.0"

__all__ = [
    "Categorical",
    "CmaEsSampler",
    "Domain",
    "FixedTrial",
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
    "create_trial",
    "domain_from_json",
    "domain_to_json",
    "load_study",
    "pruners",
    "samplers",
    "space",
    "study",
    "trial",
]

# Modules that are loaded when somebody names them, so that importing the package stays cheap.
_LATER = ("callbacks", "distributions", "exceptions", "importance", "integration", "logging", "visualization")


def __getattr__(name: str) -> Any:
    if name in _LATER:
        return import_module(f".{name}", __name__)
    if name in samplers.__all__:
        return getattr(samplers, name)
    if name == "TPESearchCV":  # needs scikit-learn
        return import_module(".search_cv", __name__).TPESearchCV
    if name in study.OF_STORAGES:  # need SQLAlchemy
        return getattr(study, name)
    from .not_covered import not_covered

    raise not_covered(__name__, name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, *_LATER})
