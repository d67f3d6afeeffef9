"""A search for scikit-learn estimators: `TPESearchCV` stands where `RandomizedSearchCV` or `GridSearchCV` stood.

It evaluates candidates by cross-validation, one after the other, and each is chosen in the light of the scores before
it. Beyond scikit-learn's own searches it can stop a bad candidate after a few folds, keep rows away from the search to
tell how optimistic the best score is, and search spaces where one choice decides which parameters exist.

What is whose
    scikit-learn    one fold: clone, fit, score, and what happens when that fails (`_fit_and_score`); which argument
                    of `fit` goes where; and what can be done with a search once it is fitted (`BaseSearchCV`)
    `Study`         which candidate comes next, and whether it should go on to the next fold
    this file       the loop over candidates and folds, the held-out rows, ``cv_results_``, and what a user may write
                    for a space

The names with an underscore are scikit-learn's private ones, and may change there. Tested with its versions 1.6 and
1.9.

Start reading at `TPESearchCV.fit`.

>>> from sklearn.datasets import load_breast_cancer
>>> from sklearn.tree import DecisionTreeClassifier
>>> from tpe_reference import Int
>>> space = {"max_depth": range(1, 20), "min_samples_leaf": Int(1, 50, log=True), "criterion": ["gini", "entropy"]}
>>> search = TPESearchCV(DecisionTreeClassifier(random_state=0), space, n_iter=20, holdout=0.2, random_state=0)
>>> print(search.fit(*load_breast_cancer(return_X_y=True)).report())  # doctest: +ELLIPSIS
20 candidates, 0 of them pruned, 5-fold cross-validation
best cross-validated score  0.9...  (the best of 20: optimistic)
held-out score              0.9...  (on 114 rows that it never saw)
"""

from __future__ import annotations

import math
import numbers
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

try:
    from joblib import effective_n_jobs
    from scipy.stats import rankdata
    from sklearn.base import clone, is_classifier
    from sklearn.model_selection import GroupShuffleSplit, PredefinedSplit, TimeSeriesSplit, check_cv, train_test_split
    from sklearn.model_selection._search import BaseSearchCV
    from sklearn.model_selection._validation import _fit_and_score, _warn_or_raise_about_fit_failures
    from sklearn.utils import check_random_state, indexable
    from sklearn.utils.metaestimators import _safe_split
    from sklearn.utils.multiclass import type_of_target
    from sklearn.utils.parallel import Parallel, delayed
    from sklearn.utils.validation import _check_method_params, _num_samples, check_is_fitted
except ImportError as error:
    raise ImportError(
        f'TPESearchCV needs scikit-learn 1.6 or newer: pip install "tpe-reference[sklearn]" ({error})'
    ) from error

from .pruners import Pruner
from .samplers import Sampler
from .search_cv_space import SearchSpace, read_space
from .study import SearchExhausted, Study, create_study
from .trial import Trial, is_whole


class TPESearchCV(BaseSearchCV):  # type: ignore[misc]  # scikit-learn has no type hints
    """Search over parameters by cross-validation, by TPE or any other sampler of this package.

    Arguments that are not listed, and attributes too, are those of scikit-learn's ``RandomizedSearchCV``.

    Args:
        estimator: What to tune: any scikit-learn estimator, a pipeline for example.
        param_distributions: The space, in one of three forms.

            - A dict from parameter names to what they may be: a domain of this package; a frozen scipy distribution
              (``uniform``, ``loguniform`` and ``randint`` are searched as what they are, others by their quantiles);
              a ``range``; or a list of any objects, of which no order is assumed: for numbers a domain is better.
            - A list of such dicts, branches: first a branch is chosen, then its parameters.
            - A function that takes a `Trial`, asks it for what it needs, and returns the parameters.
        n_iter: How many candidates; fewer where the space holds no more. None: as many as there are, for a space
            without continuous parameters, or for a ``GridSampler()``.
        sampler: The algorithm that chooses candidates; `TPESampler` by default.
        pruner: Judges each candidate after every fold by its mean score so far; one that it stops is not fitted to
            the other folds. None: all folds are fitted.
        objective: What to maximise in place of the score: a function of a fold's results, a dict with ``test_score``
            (``test_NAME`` of several metrics), ``fit_time`` and ``score_time`` in seconds, and ``train_score`` where
            that is returned. The search follows its mean over the folds, and picks the best candidate by it. A fold
            whose fit failed counts ``error_score``.
        holdout: Rows to keep away from the search and from the last fit: a fraction of them, or how many. They are
            drawn at random: stratified for a classifier; whole groups where ``fit`` is given ``groups`` (a number is
            then one of groups); the last rows where ``cv`` is a ``TimeSeriesSplit``. None: no rows.
        batch_size: How many candidates are chosen at a time, to be evaluated in parallel. More keep more workers busy,
            but each is chosen knowing less.
        scoring: What measures a fitted candidate. Of several metrics the search follows the one that ``refit`` names,
            or else the first.
        n_jobs: How many folds to compute in parallel. What is found does not depend on it. (With a pruner, idle workers
            compute folds ahead of its decision, and those that it does not need are thrown away.)
        refit: Whether, or by which metric or function of ``cv_results_``, to fit the best candidate to all rows but the
            held-out ones.
        cv: How to split. It is asked once: all candidates see the same folds.
        verbose: From 1 on the extent of the search and its report are printed.
        pre_dispatch: As in joblib.
        random_state: A number gives the same search again, and is the study's seed.
        error_score: What a fold counts whose fit failed, or "raise".
        return_train_score: Whether to score on the training rows as well.

    Attributes:
        study_: The `Study` behind the search; its trial i is row i of ``cv_results_``. It knows parameters as
            `tpe_reference.search_cv_space` says: a distribution as "C (quantile)", an object by its label.
        cv_results_: As in scikit-learn. Where a candidate was pruned, the scores of the folds that it did not reach are
            nan, its mean is nan and its rank is the last; its times are those of the folds that it did reach. A
            pruner adds a column ``pruned``, an objective ``mean_objective``, ``rank_objective`` and so on.
        holdout_score_: The score of ``best_estimator_`` on the held-out rows. ``best_score_`` is the best of many, and
            so too good; this one is honest, as long as nothing is chosen by it. Only with ``holdout``. (With several
            metrics of which ``refit`` names none: a dict of all.)
        holdout_index_: Which rows were held out, in order.

    Raises:
        ValueError: From `fit`, for arguments that make no sense.
    """

    def __init__(
        self,
        estimator: Any,
        param_distributions: Mapping[str, Any] | Sequence[Mapping[str, Any]] | Callable[[Trial], dict[str, Any]],
        *,
        n_iter: int | None = 10,
        sampler: Sampler | None = None,
        pruner: Pruner | None = None,
        objective: Callable[[dict[str, float]], float] | None = None,
        holdout: float | None = None,
        batch_size: int = 1,
        scoring: Any = None,
        n_jobs: int | None = None,
        refit: Any = True,
        cv: Any = None,
        verbose: int = 0,
        pre_dispatch: int | str = "2*n_jobs",
        random_state: Any = None,
        error_score: float | str = np.nan,
        return_train_score: bool = False,
    ) -> None:
        super().__init__(
            estimator=estimator,
            scoring=scoring,
            n_jobs=n_jobs,
            refit=refit,
            cv=cv,
            verbose=verbose,
            pre_dispatch=pre_dispatch,
            error_score=error_score,
            return_train_score=return_train_score,
        )
        self.param_distributions = param_distributions
        self.n_iter = n_iter
        self.sampler = sampler
        self.pruner = pruner
        self.objective = objective
        self.holdout = holdout
        self.batch_size = batch_size
        self.random_state = random_state

    def fit(self, X: Any, y: Any = None, **params: Any) -> TPESearchCV:
        """Search, then fit the best candidate.

        Args:
            X: Rows of features, (n_samples, n_features); for an estimator on kernels (n_samples, n_samples).
            y: Targets, (n_samples,) or (n_samples, n_outputs); None where there are none.
            **params: For the estimator's ``fit``, the scorer and the splitter (``groups``), as in scikit-learn.
                What has one entry per row is split along with the rows.

        Raises:
            ValueError: For arguments that make no sense; when no candidate could be fitted at all.
        """
        self._validate_params()  # scikit-learn checks the arguments that it knows
        _check_arguments(self)
        for name in [name for name in vars(self) if name.endswith("_")]:
            delattr(self, name)  # what an earlier fit, with other arguments, has come to is not true of this one
        space = read_space(self.param_distributions)
        scorer, _ = self._get_scorers()
        X, y = indexable(X, y)
        routed = self._get_routed_params_for_fit(_check_method_params(X, params))
        rows = _Rows(X, y, routed.estimator.fit, routed.scorer.score, routed.splitter.split)
        seed = _seed(self.random_state)
        searched, held_out = self._hold_out(rows, seed)
        splits = self._split(searched)
        sampler, pruner = clone(self.sampler, safe=False), clone(self.pruner, safe=False)  # which it leaves as given
        study = create_study(direction="maximize", sampler=sampler, pruner=pruner, seed=seed)
        candidates = self._search(study, space, splits, self._fold_function(searched, scorer))
        self._conclude(candidates)
        self.study_ = study
        self.scorer_ = getattr(scorer, "_scorers", scorer)  # of several metrics a dict, as BaseSearchCV.score reads
        if self.refit:
            self._refit(searched)
        if held_out is not None:
            self.holdout_score_ = self._score_held_out(scorer, held_out)
        if self.verbose:
            print(self.report())  # noqa: T201  # verbose prints
        return self

    def report(self) -> str:
        """Return what the search came to, in a few lines: the best score and, beside it, the held-out one."""
        check_is_fitted(self)
        n_pruned = int(np.sum(self.cv_results_.get("pruned", 0)))
        n_candidates = len(self.cv_results_["params"])
        lines = [f"{n_candidates} candidates, {n_pruned} of them pruned, {self.n_splits_}-fold cross-validation"]
        if hasattr(self, "best_score_"):
            lines.append(
                f"best cross-validated score  {_digits(self.best_score_)}  (the best of {n_candidates}: optimistic)"
            )
        if hasattr(self, "holdout_score_"):
            score = self.holdout_score_
            text = _digits(score) if isinstance(score, float) else str(score)
            lines.append(f"held-out score              {text}  (on {len(self.holdout_index_)} rows that it never saw)")
        return "\n".join(lines)

    # ---- rows ----------------------------------------------------------------------------------------------------

    def _hold_out(self, data: _Rows, seed: int) -> tuple[_Rows, _Rows | None]:
        """Return the rows to search with, and those that nothing but the last score may see."""
        if self.holdout is None:
            return data, None
        rows = np.arange(_num_samples(data.X))
        groups = data.split.get("groups")
        state = seed % 2**32  # as far as numpy's RandomState goes
        if isinstance(self.cv, TimeSeriesSplit):
            kept, held = train_test_split(rows, test_size=self.holdout, shuffle=False)
        elif groups is not None:
            splitter = GroupShuffleSplit(n_splits=1, test_size=self.holdout, random_state=state)
            kept, held = next(splitter.split(rows, groups=groups))
        else:
            by_class = is_classifier(self.estimator) and type_of_target(data.y) in ("binary", "multiclass")
            labels = data.y if by_class else None
            kept, held = train_test_split(rows, test_size=self.holdout, stratify=labels, random_state=state)
        kept, held = np.sort(kept), np.sort(held)  # so that the order of the rows, where it means something, stays
        self.holdout_index_ = held
        return data.part(self.estimator, kept), data.part(self.estimator, held, kept)

    def _split(self, data: _Rows) -> list[tuple[Any, Any]]:
        """Return the folds, each a pair of row numbers: to fit to, and to score on."""
        cv = check_cv(self.cv, data.y, classifier=is_classifier(self.estimator))
        splits = list(cv.split(data.X, data.y, **data.split))
        if not splits:
            raise ValueError(f"TPESearchCV: cv must yield at least one split, got {self.cv!r}; was it used up?")
        self.n_splits_ = len(splits)
        return splits

    # ---- the search ----------------------------------------------------------------------------------------------

    def _fold_function(self, rows: _Rows, scorer: Any) -> Any:
        """Return the function that fits and scores a candidate on one fold; see `_search` for what it is given."""
        return partial(
            _fit_and_score,
            X=rows.X,
            y=rows.y,
            scorer=scorer,
            fit_params=rows.fit,
            score_params=rows.score,
            return_train_score=self.return_train_score,
            return_times=True,
            error_score=self.error_score,
            verbose=self.verbose,
        )

    def _search(
        self, study: Study, space: SearchSpace, splits: list[tuple[Any, Any]], fit_fold: Any
    ) -> list[_Candidate]:
        """Choose candidates and evaluate them, batch by batch."""
        n_iter = self._n_candidates(space)
        if self.verbose:
            of = f"each of {n_iter} candidates" if math.isfinite(n_iter) else "each candidate of the grid"
            print(f"At most {len(splits)} folds for {of}")  # noqa: T201  # verbose prints
        base = clone(self.estimator)
        candidates: list[_Candidate] = []
        with Parallel(n_jobs=self.n_jobs, pre_dispatch=self.pre_dispatch) as parallel:

            def compute(jobs: list[tuple[_Candidate, int]]) -> list[dict[str, Any]]:
                return list(
                    parallel(
                        delayed(fit_fold)(
                            clone(base),
                            parameters=candidate.params,
                            train=splits[fold][0],
                            test=splits[fold][1],
                            split_progress=(fold, len(splits)),
                            candidate_progress=(candidate.trial.number, n_iter),
                        )
                        for candidate, fold in jobs
                    )
                )

            while len(candidates) < n_iter:
                batch = _ask(study, space, min(self.batch_size, n_iter - len(candidates)))
                if not batch:
                    break
                self._evaluate(batch, len(splits), compute)
                _tell(study, batch)
                candidates += batch
        return candidates

    def _n_candidates(self, space: SearchSpace) -> Any:
        """Return how many candidates to try: all that there are, if they are fewer than asked for."""
        if self.n_iter is None and space.size is None and not getattr(self.sampler, "needs_space", False):
            raise ValueError("TPESearchCV: n_iter=None needs a space without continuous parameters; give a number")
        if self.n_iter is None:
            return math.inf if space.size is None else space.size
        if space.size is not None and space.size < self.n_iter:
            text = f"the space holds {space.size} candidates, fewer than n_iter={self.n_iter}: {space.size} are tried"
            warnings.warn(text, UserWarning, stacklevel=4)  # the caller of fit
            return space.size
        return self.n_iter

    def _evaluate(self, batch: list[_Candidate], n_splits: int, compute: Callable[..., list[dict[str, Any]]]) -> None:
        """Compute the folds of a batch, as far as the pruner lets each candidate go.

        With several workers folds are computed ahead of the pruner's decision. Those that it would not have come to
        are thrown away, so that the outcome is that of one worker.
        """
        going = batch
        while going:
            ahead = n_splits if self.pruner is None else max(1, effective_n_jobs(self.n_jobs) // len(going))
            jobs = [(c, fold) for c in going for fold in range(n_splits)[len(c.outcomes) :][:ahead]]
            for (candidate, fold), outcome in zip(jobs, compute(jobs), strict=True):
                if not candidate.is_pruned:
                    self._add(candidate, outcome, is_last=fold == n_splits - 1)
            going = [c for c in going if not c.is_pruned and len(c.outcomes) < n_splits]

    def _add(self, candidate: _Candidate, outcome: dict[str, Any], *, is_last: bool) -> None:
        """Enter what a fold gave, report the mean so far, and ask whether to go on."""
        candidate.outcomes.append(outcome)
        candidate.values.append(self._value(outcome))
        mean = candidate.mean_value
        candidate.trial.report(mean, step=len(candidate.values) - 1)
        # A candidate whose fit failed is not pruned but failed, which its remaining folds cannot mend.
        if self.pruner is not None and not is_last and not math.isnan(mean):
            candidate.is_pruned = candidate.trial.should_prune()

    def _value(self, outcome: dict[str, Any]) -> float:
        """Return what the search maximises, of one fold."""
        scores = outcome["test_scores"]
        if isinstance(scores, dict) and callable(self.scoring):  # only now is it known that there are several
            self._check_refit_for_multimetric(scores)
        if outcome["fit_error"] is not None:
            return float(self.error_score)
        if self.objective is not None:
            value = self.objective(_as_fold(outcome))
            if not isinstance(value, numbers.Real):
                raise TypeError(f"TPESearchCV: objective must return a number, got {value!r}")
            return float(value)
        if isinstance(scores, dict):
            return float(scores[self.refit] if isinstance(self.refit, str) else next(iter(scores.values())))
        return float(scores)

    # ---- results -------------------------------------------------------------------------------------------------

    def _conclude(self, candidates: list[_Candidate]) -> None:
        """Set ``cv_results_`` and what is known of the best candidate."""
        outcomes = [outcome for candidate in candidates for outcome in candidate.outcomes]
        _warn_or_raise_about_fit_failures(outcomes, self.error_score)
        several = [o["test_scores"] for o in outcomes if isinstance(o["test_scores"], dict)]
        self.multimetric_ = bool(several)
        metrics = list(several[0]) if several else ["score"]
        self.cv_results_ = results = _times(candidates) | _params(candidates)
        missing: Any = self.error_score
        for metric in metrics:
            for key in (f"test_{metric}", f"train_{metric}") if self.return_train_score else (f"test_{metric}",):
                # A fold that failed under a function for several metrics does not know their names.
                cells = [[float(_as_fold(o).get(key, missing)) for o in c.outcomes] for c in candidates]
                results |= _scores(key, cells, self.n_splits_, candidates)
        if self.objective is not None:
            results |= _scores("objective", [c.values for c in candidates], self.n_splits_, candidates)
        if self.pruner is not None:
            results["pruned"] = np.array([candidate.is_pruned for candidate in candidates])
        if self.refit or not self.multimetric_:
            metric = self.refit if self.multimetric_ else "score"
            self.best_index_ = self._best_index(candidates, metric)
            self.best_params_ = results["params"][self.best_index_]
            if not callable(self.refit):
                self.best_score_ = results[f"mean_test_{metric}"][self.best_index_]

    def _best_index(self, candidates: list[_Candidate], metric: str) -> int:
        """Return the first of the best candidates that were not pruned."""
        if callable(self.refit):
            return int(self._select_best_index(self.refit, metric, self.cv_results_))
        ranks = self.cv_results_["rank_objective" if self.objective is not None else f"rank_test_{metric}"]
        complete = [i for i, candidate in enumerate(candidates) if not candidate.is_pruned]
        if not complete:
            raise ValueError("TPESearchCV: every candidate was pruned; give the pruner more start-up trials")
        return min(complete, key=lambda i: int(ranks[i]))

    def _refit(self, rows: _Rows) -> None:
        """Fit the best candidate to all rows that the search saw."""
        # The parameters are cloned too: where an estimator is among them, the user's own must not be fitted.
        self.best_estimator_ = clone(self.estimator).set_params(**clone(self.best_params_, safe=False))
        start = time.time()
        self.best_estimator_.fit(rows.X, *([] if rows.y is None else [rows.y]), **rows.fit)
        self.refit_time_ = time.time() - start
        if hasattr(self.best_estimator_, "feature_names_in_"):
            self.feature_names_in_ = self.best_estimator_.feature_names_in_

    def _score_held_out(self, scorer: Any, rows: _Rows) -> Any:
        scores = scorer(self.best_estimator_, rows.X, *([] if rows.y is None else [rows.y]), **rows.score)
        return scores[self.refit] if isinstance(scores, dict) and isinstance(self.refit, str) else scores


@dataclass
class _Rows:
    """Rows of data and what belongs to them: arguments for fit, for the scorer and for the splitter."""

    X: Any
    y: Any
    fit: dict[str, Any]
    score: dict[str, Any]
    split: dict[str, Any]

    def part(self, estimator: Any, rows: Any, fitted_to: Any = None) -> _Rows:
        """Return some of the rows. An estimator on kernels needs to know which it was fitted to."""
        X, y = _safe_split(estimator, self.X, self.y, rows, fitted_to)
        fit, score, split = (_check_method_params(self.X, d, indices=rows) for d in (self.fit, self.score, self.split))
        return _Rows(X, y, fit, score, split)


@dataclass(eq=False)
class _Candidate:
    """A trial, and what its folds have given so far: the whole outcomes, and of each what the search maximises."""

    trial: Trial
    params: dict[str, Any]
    outcomes: list[dict[str, Any]] = field(default_factory=list)
    values: list[float] = field(default_factory=list)
    is_pruned: bool = False

    @property
    def mean_value(self) -> float:
        return float(np.mean(self.values))


def _ask(study: Study, space: SearchSpace, n: float) -> list[_Candidate]:
    """Return the next candidates: n, or as many as are left."""
    batch: list[_Candidate] = []
    with suppress(SearchExhausted):
        while len(batch) < n:
            batch.append(_Candidate(*space.ask(study)))
    return batch


def _tell(study: Study, batch: list[_Candidate]) -> None:
    for candidate in batch:
        if candidate.is_pruned:
            study.tell(candidate.trial, state="pruned")
        elif math.isnan(candidate.mean_value):
            study.tell(candidate.trial, state="failed")
        else:
            study.tell(candidate.trial, candidate.mean_value)


def _digits(score: float) -> str:
    """Return four places of a score, or four digits of one that is too small for them: a squared error in metres."""
    return f"{score:.4f}" if score == 0 or abs(score) >= 0.01 else f"{score:.4g}"


# ---- cv_results_ -------------------------------------------------------------------------------------------------


def _as_fold(outcome: dict[str, Any]) -> dict[str, Any]:
    """Return the outcome of a fold by the names of ``cv_results_``: test_score, fit_time ..."""
    fold = {"fit_time": outcome["fit_time"], "score_time": outcome["score_time"]}
    for kind in ("test", "train"):
        scores = outcome.get(f"{kind}_scores", {})
        by_name = scores if isinstance(scores, dict) else {"score": scores}
        fold |= {f"{kind}_{name}": score for name, score in by_name.items()}
    return fold


def _times(candidates: Sequence[_Candidate]) -> dict[str, Any]:
    """Return the columns of times: means and deviations over the folds that were computed."""
    results = {}
    for key in ("fit_time", "score_time"):
        spent = [[outcome[key] for outcome in candidate.outcomes] for candidate in candidates]
        results[f"mean_{key}"] = np.array([np.mean(times) for times in spent])
        results[f"std_{key}"] = np.array([np.std(times) for times in spent])
    return results


def _params(candidates: Sequence[_Candidate]) -> dict[str, Any]:
    """Return the columns of parameters, masked where a candidate has no such parameter."""
    names = dict.fromkeys(name for candidate in candidates for name in candidate.params)  # each once, in order
    results: dict[str, Any] = {}
    for name in names:
        values = [candidate.params[name] for candidate in candidates if name in candidate.params]
        kinds = {type(value) for value in values}
        is_plain = all(issubclass(kind, (bool, int, float, np.number, np.bool_)) for kind in kinds)
        column = np.ma.MaskedArray(np.empty(len(candidates), np.array(values).dtype if is_plain else object), mask=True)
        for i, candidate in enumerate(candidates):
            if name in candidate.params:
                column[i] = candidate.params[name]  # which unmasks it
        results[f"param_{name}"] = column
    results["params"] = [candidate.params for candidate in candidates]
    return results


def _scores(
    key: str, cells: Sequence[Sequence[float]], n_splits: int, candidates: Sequence[_Candidate]
) -> dict[str, Any]:
    """Return the columns of one score, nan in folds that were not computed: each fold, mean, deviation and rank."""
    scores = np.array([[*reached, *[np.nan] * (n_splits - len(reached))] for reached in cells], dtype=float)
    with np.errstate(invalid="ignore"):  # inf - inf
        mean, std = scores.mean(axis=1), scores.std(axis=1)
    results: dict[str, Any] = {f"split{k}_{key}": scores[:, k] for k in range(n_splits)}
    results |= {f"mean_{key}": mean, f"std_{key}": std}
    if not np.isfinite(mean[[not candidate.is_pruned for candidate in candidates]]).all():
        text = f"mean_{key} is not finite for some candidates that were not pruned: {mean}"
        warnings.warn(text, UserWarning, stacklevel=4)  # the caller of fit
    if not key.startswith("train_"):
        worst_first = np.where(np.isnan(mean), -np.inf, mean)
        results[f"rank_{key}"] = rankdata(-worst_first, method="min").astype(np.int32)
    return results


# ---- arguments ---------------------------------------------------------------------------------------------------


def _seed(random_state: Any) -> int:
    """Return the study's seed: a number as it is; any other random state draws one, None from numpy's global state."""
    if isinstance(random_state, numbers.Integral):
        check_random_state(random_state)  # raises for those that scikit-learn does not take
        return int(random_state)
    return int(check_random_state(random_state).randint(2**31))


def _check_arguments(search: TPESearchCV) -> None:
    """Check the arguments that scikit-learn does not know."""
    for name, value in (("n_iter", search.n_iter), ("batch_size", search.batch_size)):
        if not _is_count(value) and not (name == "n_iter" and value is None):
            raise ValueError(f"TPESearchCV: {name} must be a whole number of at least 1, got {value!r}")
    if search.objective is not None and not callable(search.objective):
        raise TypeError(f"TPESearchCV: objective must be a function of a fold's results, got {search.objective!r}")
    if getattr(search.sampler, "needs_space", False) and not isinstance(search.param_distributions, Mapping):
        raise ValueError(f"TPESearchCV: {type(search.sampler).__name__} needs param_distributions to be a dict")
    if search.holdout is not None:
        _check_holdout(search)


def _is_count(value: Any) -> bool:
    return is_whole(value) and bool(value >= 1)


def _check_holdout(search: TPESearchCV) -> None:
    holdout, cv = search.holdout, search.cv
    if not _is_count(holdout) and not (isinstance(holdout, (float, np.floating)) and 0 < holdout < 1):
        raise ValueError(
            f"TPESearchCV: holdout must be a fraction between 0 and 1 or a number of rows, got {holdout!r}"
        )
    if not search.refit:
        raise ValueError(f"TPESearchCV: holdout={holdout!r} scores the refitted estimator; it needs refit")
    if isinstance(cv, PredefinedSplit) or not (cv is None or isinstance(cv, numbers.Integral) or hasattr(cv, "split")):
        raise ValueError(
            f"TPESearchCV: holdout={holdout!r} does not go with a cv that names rows, {cv!r:.100}, for the folds are "
            "made of the rows that are left; give cv as a number or a splitter"
        )
