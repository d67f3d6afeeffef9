"""Draw the pictures of pictures.md: ``python chapters/pictures.py`` writes them to chapters/assets/.

The model that is tuned is a formula in place of a training run, so that everybody gets the same pictures in seconds.
"""

import math
from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")  # no screen is needed

from matplotlib import pyplot as plt  # after the choice above

from tpe_reference import CmaEsSampler, Study, Trial, TrialPruned, create_study, visualization

ASSETS = Path(__file__).parent / "assets"


def training(trial: Trial) -> float:
    """Return the loss after twenty epochs of a training run in miniature, which diverges at high learning rates."""
    lr = trial.suggest_float("lr", 1e-5, 1.0, log=True)
    units = trial.suggest_int("units", 16, 512, log=True)
    optimizer = trial.suggest_categorical("optimizer", ["sgd", "adam"])
    momentum = trial.suggest_float("momentum", 0.0, 0.99) if optimizer == "sgd" else 0.9
    if lr > 0.4:
        raise FloatingPointError("the loss is not a number")
    reached = 0.1 * (math.log10(lr) + 2) ** 2 + 0.05 * abs(math.log2(units) - 7) + 0.3 * (momentum - 0.9) ** 2
    loss = math.inf
    for epoch in range(20):
        loss = reached + 2.0 * math.exp(-epoch * (0.15 + 0.05 * math.log10(lr / 1e-5)))
        trial.report(loss, epoch)
        if trial.should_prune():
            raise TrialPruned
    return loss


def valley(trial: Trial) -> float:
    """Return Rosenbrock's function of two variables, a bent valley, and a third variable."""
    x, y, z = (trial.suggest_float(name, -2.0, 2.0) for name in "xyz")
    return 100 * (y - x * x) ** 2 + (1 - x) ** 2 + z * z


def main() -> None:
    """Draw them all."""
    study, bent = create_study(seed=3), create_study(sampler=CmaEsSampler(), seed=1)
    study.optimize(training, n_trials=60, catch=FloatingPointError)
    bent.optimize(valley, n_trials=300)
    save("history", visualization.plot_optimization_history(study), 5.6, 3.2)
    save("importances", visualization.plot_param_importances(study), 5.6, 2.2)
    save("slice", visualization.plot_slice(study), 9.0, 2.8)
    save("contour", visualization.plot_contour(study, params=["lr", "units"]), 5.0, 3.6)
    save("rank", visualization.plot_rank(study, params=["lr", "units"]), 5.0, 3.6)
    save("parallel", visualization.plot_parallel_coordinate(study, params=["lr", "units", "optimizer"]), 5.6, 3.2)
    save("curves", visualization.plot_intermediate_values(study), 5.6, 3.2)
    save("edf", visualization.plot_edf({"training": study, "half of it": half(study)}), 5.0, 2.8)
    save("timeline", visualization.plot_timeline(study), 5.0, 2.8)
    save("densities", visualization.plot_densities(study, "lr", 25), 6.4, 5.0)
    save("choices", visualization.plot_densities(study, "optimizer", 25), 6.4, 5.0)
    save("cma", visualization.plot_cma(bent), 8.4, 6.2)


def half(study: Study) -> Study:
    """Return a study of the first half of the trials."""
    first = create_study(seed=study.seed)
    first.add_trials(study.trials[: len(study.trials) // 2])
    return first


def save(name: str, axes: object, width: float, height: float) -> None:
    """Write a picture's figure, in inches, and close it."""
    figure = (axes.ravel()[0] if hasattr(axes, "ravel") else axes).figure  # type: ignore[attr-defined]  # an Axes
    figure.set_size_inches(width, height)
    figure.savefig(ASSETS / f"pictures-{name}.png", dpi=90)
    plt.close(figure)


if __name__ == "__main__":
    main()
