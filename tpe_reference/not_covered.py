"""What of Optuna's documented basics this package lacks, and what to use instead: the texts of the errors.

A module that scripts written for Optuna look into asks here for what it has not.

>>> from tpe_reference import samplers
>>> samplers.GPSampler
Traceback (most recent call last):
    ...
AttributeError: Optuna's samplers.GPSampler is not covered: use TPESampler or CmaEsSampler

(A ``from ... import`` shows Python's own ImportError instead, which throws this text away.)
"""

_FILES = "no storage yet: use study.save('study.json') and load_study('study.json')"
_OWN_SAMPLER = "a sampler is any class with suggest(space, history, rng), see samplers/__init__.py"
_OWN_PRUNER = "a pruner is any class with should_prune(trial, history), see pruners/__init__.py"
_OWN_IMPORTANCE = "leave evaluator out: get_param_importances does PED-ANOVA and takes its settings itself"
_MANY_OBJECTIVES = "a study has one objective; optimize a weighted sum of several"

_INSTEAD = {
    "samplers.BaseSampler": _OWN_SAMPLER,
    "samplers.BruteForceSampler": "use GridSampler, which takes domains as well",
    "samplers.GPSampler": "use TPESampler or CmaEsSampler",
    "samplers.NSGAIISampler": _MANY_OBJECTIVES,
    "samplers.NSGAIIISampler": _MANY_OBJECTIVES,
    "samplers.PartialFixedSampler": "let the objective read the fixed parameters from a dict of your own",
    "samplers.QMCSampler": "use RandomSampler, or GridSampler with points=...",
    "pruners.BasePruner": _OWN_PRUNER,
    "pruners.HyperbandPruner": "use MedianPruner",
    "pruners.PatientPruner": "use MedianPruner(n_warmup_steps=...)",
    "pruners.SuccessiveHalvingPruner": "use MedianPruner",
    "pruners.ThresholdPruner": "raise TrialPruned in the objective where the value is beyond the threshold",
    "pruners.WilcoxonPruner": "use MedianPruner",
    "importance.FanovaImportanceEvaluator": _OWN_IMPORTANCE,
    "importance.MeanDecreaseImpurityImportanceEvaluator": _OWN_IMPORTANCE,
    "importance.PedAnovaImportanceEvaluator": _OWN_IMPORTANCE,
    "artifacts": "keep files under names with trial.number in them, and the names in user attributes",
    "copy_study": _FILES,
    "delete_study": _FILES,
    "get_all_study_names": _FILES,
    "get_all_study_summaries": _FILES,
    "integration": "call trial.report and trial.should_prune in the training loop",
    "storages": _FILES,
    "terminator": "use the stop rules of Study.optimize",
}


def not_covered(module: str, name: str) -> AttributeError:
    """Return the error for a name that a module has not.

    Args:
        module: The module, as in "tpe_reference.samplers".
        name: What was looked for in it.
    """
    place = ".".join([*module.split(".")[1:], name])
    if place in _INSTEAD:
        return AttributeError(f"Optuna's {place} is not covered: {_INSTEAD[place]}")
    return AttributeError(f"module {module!r} has no attribute {name!r}")
