"""What of Optuna's documented basics this package lacks, and what to use instead: the texts of the errors.

A module that scripts written for Optuna look into asks here for what it has not.

>>> from tpe_reference import samplers
>>> samplers.GPSampler
Traceback (most recent call last):
    ...
AttributeError: Optuna's samplers.GPSampler is not covered: use TPESampler or CmaEsSampler

(A ``from ... import`` shows Python's own ImportError instead, which throws this text away; but not in `integration`.)
"""

_URL = "give the URL itself: create_study(storage='sqlite:///study.db')"
_MANY = "a study has one objective; optimize a weighted sum of several"
_OWN_SAMPLER = "a sampler is any class with suggest(space, history, rng), see samplers/__init__.py"
_OWN_PRUNER = "a pruner is any class with should_prune(trial, history), see pruners/__init__.py"
_CALLBACK = "write a callback of that library that calls trial.report and trial.should_prune: chapters/training-loop.md"
_LOG = "pass a function of study and trial to optimize(callbacks=...), which logs what you want"
_PED_ANOVA = "leave evaluator out: get_param_importances does PED-ANOVA and takes its settings itself"

# A name of Optuna's, as its scripts write it after "optuna.", and the way out.
INSTEAD = {
    "samplers.BaseGASampler": _OWN_SAMPLER,
    "samplers.BaseSampler": _OWN_SAMPLER,
    "samplers.BruteForceSampler": "use GridSampler, which takes domains as well",
    "samplers.GPSampler": "use TPESampler or CmaEsSampler",
    "samplers.NSGAIIISampler": _MANY,
    "samplers.NSGAIISampler": _MANY,
    "samplers.PartialFixedSampler": "let the objective take what is fixed from a dict of your own",
    "samplers.QMCSampler": "use RandomSampler, or GridSampler with points=...",
    "pruners.BasePruner": _OWN_PRUNER,
    "pruners.HyperbandPruner": "use MedianPruner",
    "pruners.PatientPruner": "use MedianPruner(n_warmup_steps=...)",
    "pruners.SuccessiveHalvingPruner": "use MedianPruner",
    "pruners.ThresholdPruner": "raise TrialPruned in the objective when a value is beyond the threshold",
    "pruners.WilcoxonPruner": "use MedianPruner",
    "visualization.plot_hypervolume_history": _MANY,
    "visualization.plot_pareto_front": _MANY,
    "visualization.plot_terminator_improvement": "use plot_optimization_history",
    "importance.BaseImportanceEvaluator": _PED_ANOVA,
    "importance.FanovaImportanceEvaluator": _PED_ANOVA,
    "importance.MeanDecreaseImpurityImportanceEvaluator": _PED_ANOVA,
    "importance.PedAnovaImportanceEvaluator": _PED_ANOVA,
    "distributions.check_distribution_compatibility": "compare domains with ==",
    "distributions.distribution_to_json": "use domain_to_json",
    "distributions.json_to_distribution": "use domain_from_json",
    "exceptions.CLIUsageError": "tpe-reference study says what is wrong, and its exit code is 2",
    "exceptions.OptunaError": "wrong arguments raise ValueError and TypeError",
    "exceptions.UpdateFinishedTrialError": "telling a trial twice raises ValueError",
    "artifacts": "keep files under names with trial.number in them, and the names in user attributes",
    "integration.BoTorchSampler": "use TPESampler or CmaEsSampler",
    "integration.CatBoostPruningCallback": _CALLBACK,
    "integration.CmaEsSampler": "use samplers.CmaEsSampler",
    "integration.DaskStorage": "pass a Dask client's executor to optimize(executor=client.get_executor())",
    "integration.FastAIPruningCallback": _CALLBACK,
    "integration.FastAIV2PruningCallback": _CALLBACK,
    "integration.LightGBMTuner": "search LightGBM's parameters in an objective, with LightGBMPruningCallback",
    "integration.LightGBMTunerCV": "search LightGBM's parameters in an objective, with LightGBMPruningCallback",
    "integration.MLflowCallback": _LOG,
    "integration.OptunaSearchCV": "use TPESearchCV",
    "integration.PyCmaSampler": "use samplers.CmaEsSampler",
    "integration.PyTorchIgnitePruningHandler": _CALLBACK,
    "integration.ShapleyImportanceEvaluator": _PED_ANOVA,
    "integration.SkorchPruningCallback": _CALLBACK,
    "integration.TensorBoardCallback": _LOG,
    "integration.TorchDistributedTrial": "trainings on several devices are not covered: one trial per device",
    "integration.WeightsAndBiasesCallback": _LOG,
    "search_space": "a space is a dict: trial.distributions",
    "storages": _URL,
    "terminator": "use patience= or target= of Study.optimize",
}

_ONE_VALUE = "return a weighted sum of several objectives, and infinity where a constraint is broken"

# An attribute that Optuna's studies or trials have, and the way out.
OF_OBJECTS = {
    "metric_names": _ONE_VALUE,
    "set_metric_names": _ONE_VALUE,
    "constraints": _ONE_VALUE,
    "set_constraint": _ONE_VALUE,
    "relative_params": "use trial.params",
    "system_attrs": "use user_attrs",
}


def no_attribute(thing: object, name: str) -> AttributeError:
    """Return the error for an attribute that a study or a trial has not."""
    kind = type(thing).__name__
    if name in OF_OBJECTS:
        return AttributeError(f"Optuna's {kind}.{name} is not covered: {OF_OBJECTS[name]}")
    return AttributeError(f"{kind!r} object has no attribute {name!r}", name=name, obj=thing)


def not_covered(module: str, name: str) -> AttributeError:
    """Return the error for a name that a module has not.

    Args:
        module: The module, as in "tpe_reference.samplers".
        name: What was looked for in it.
    """
    place = ".".join([*module.split(".")[1:], name])
    if place in INSTEAD:
        return AttributeError(f"Optuna's {place} is not covered: {INSTEAD[place]}")
    return AttributeError(f"module {module!r} has no attribute {name!r}")
