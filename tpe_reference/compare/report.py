"""report.html, one file that needs nothing else, and the printed table: in plain words, with every tie named."""

import base64
import html
import math
import platform
import shlex
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from .. import html_page
from .contestants import CONTESTANTS, PRUNING
from .peers import PEERS
from .plan import Plan
from .plots import write_plots
from .problems import PROBLEMS
from .results import Result, mean_ranks, read_results, win_rates, write_summary, write_trials
from .statistics import Estimate, ends, estimate

FEW_SEEDS = 10  # with fewer, a bootstrap interval is clearly too narrow

HOW_TO_READ = """
<h2>How to read this</h2>
<ul>
<li><b>Seed.</b> Search is a game of chance. Every contestant plays each problem once per seed, and all of them play
the same problem at the same seed; on the five functions with a movable optimum the seed also says where it lies.</li>
<li><b>Regret</b> is how much worse the best complete trial so far is than the best there is; lower is better. Where
no optimum is known, the best loss that anyone found in this comparison stands in for it.</li>
<li><b>Pictures.</b> A line is the median over seeds, the band holds the middle half of the seeds. They show the
regret, or the loss itself where no optimum is known. Most axes are logarithmic: a step down is a factor. Seconds were
measured while other runs used the other cores; they include the sampler's own time.</li>
<li><b>[low, high]</b> is a 95&nbsp;% bootstrap interval over seeds, for the statistic in front of it: where it would
probably lie if other seeds had been played. <b>Tie</b>: the interval overlaps that of the lowest median. A tie is not
proof of equality; more seeds (<code>--seeds</code>) may break it. Some of many ties and leads arise by chance.</li>
<li><b>Sampler, ms per trial</b> is what the choice of a configuration costs by itself, learning from the trials
included: the mean over trials of the median over seeds. A peer brings its own bookkeeping with it.</li>
<li><b>Area</b> is the mean over all trials of what the picture shows (of its log10 where the axis is logarithmic, none
counted below 1e-9): how good a search is all the way, not only at the end; lower is better. Trials before the first
result count as the worst that anyone had.</li>
<li><b>Rank</b> is the place by final regret at one seed, 1 for the best; equals share their places. The <b>win
rate</b> (row beats column) is the share of seeds at which one contestant ends lower than another; equal counts
half.</li>
<li><b>Pruning</b> stops a trial whose learning curve is worse than the median. It saves steps, so look at the panel
against steps too; a pruned trial is never the best so far.</li>
</ul>
"""


def write_report(plan: Plan, out: Path) -> str:
    """Write trials.csv, summary.csv, the pictures and report.html; return the table to print.

    Raises:
        RunFailedError: When a run is missing.
    """
    results = read_results(plan, out)
    write_trials(results, out / "trials.csv")
    write_summary(results, out / "summary.csv")
    pictures = write_plots(results, out)
    page = _page(plan, results, {name: _picture(path) for name, path in pictures.items()})
    (out / "report.html").write_text(page, encoding="utf-8")
    return f"{table(results)}\n\nReport: {out / 'report.html'}"


def table(results: Sequence[Result]) -> str:
    """Return the printed table: median final regret, and who is best or ties with the best."""
    lines = [["final regret (median)", "seeds", *(c.name for c in results[0].contestants)]]
    for result in results:
        cells = [_with_mark(result, i) for i in range(len(result.contestants))]
        lines.append([result.problem.name, str(result.seeds), *cells])
    lines.append(["mean rank", "", *(f"{rank.value:.2f}  " for rank in mean_ranks(results))])
    cost = np.median([result.sampler_seconds for result in results], axis=0)
    lines.append(["sampler, ms per trial", "", *(f"{number(1e3 * seconds)}  " for seconds in cost)])
    widths = [max(len(line[k]) for line in lines) for k in range(len(lines[0]))]
    text = "\n".join("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) for line in lines)
    key = "* lowest, or a tie with it: the 95 % intervals over seeds overlap.   = the same runs, nothing to prune"
    unknown = [result.problem.name for result in results if result.problem.optimum is None]
    note = [f"No optimum is known of {', '.join(unknown)}: regret is above the best loss that anyone found there."]
    return "\n".join([text, key, *note * bool(unknown), *headline(results), *doubts(results)])


def _with_mark(result: Result, i: int) -> str:
    if i not in result.distinct:
        return f"= {result.same_as[i].name}"
    value = result.final[i].value
    return f"{number(value)} {'*' if math.isfinite(value) and result.standing(i) in ('best', 'tie') else ' '}"


def headline(results: Sequence[Result]) -> list[str]:
    """Return how TPE does against random search, in a sentence, where both take part."""
    names = [contestant.name for contestant in results[0].contestants]
    if "tpe" not in names or "random" not in names:
        return []
    a, b = names.index("tpe"), names.index("random")
    said: dict[str, list[str]] = {"ahead of": [], "tied with": [], "behind": []}
    for result in results:
        tpe, random = result.final[a], result.final[b]
        if result.seeds > 1:
            word = "tied with" if tpe.overlaps(random) else "ahead of" if tpe.value < random.value else "behind"
            said[word].append(result.problem.name)
    parts = [f"{word} random search on {', '.join(problems)}" for word, problems in said.items() if problems]
    return [f"TPE is {'; '.join(parts)}."] if parts else ["1 seed: nothing can be said of TPE and random search."]


def doubts(results: Sequence[Result]) -> list[str]:
    """Return where what a problem says of itself cannot be right, a sentence for each."""
    wrong = [
        f"Wrong: {result.problem.name} had a loss of {number(result.too_low)}, below the optimum that it claims, "
        f"{number(result.best)}. Its regrets mean nothing; correct its optimum, or leave it out."
        for result in results
        if result.too_low is not None
    ]
    return wrong + [
        f"Wrong: {result.problem.name} claims a logarithmic axis, and had losses below 0, which have no place on it. "
        "Its picture and its areas mean nothing; leave out log=True."
        for result in results
        if result.problem.log_scale and (result.drawn < 0.0).any()
    ]


def verdict(result: Result) -> str:
    """Return who is best on a problem and who ties with it, in a sentence."""
    lead = result.leader
    name, value = result.names(lead), number(result.final[lead].value)
    if not math.isfinite(result.final[lead].value):
        return "No contestant completed a trial at most seeds: there is nothing to compare."
    if result.seeds == 1:
        return f"Lowest: {name} ({value}). 1 seed: no interval, so this says nothing about another seed."
    tied = [i for i in result.distinct if result.standing(i) == "tie" and i != lead]
    behind = [result.names(i) for i in result.distinct if result.standing(i) == "behind"]
    if not behind and tied:
        return f"Tie: the intervals of all {len(tied) + 1} contestants overlap that of the lowest, {name}."
    if tied:
        text = f"Tie between {name} (lowest median, {value}) and {', '.join(result.names(i) for i in tied)}."
    else:
        text = f"Best: {name} ({value})."
    return f"{text} Behind: {', '.join(behind)}." if behind else text


def number(value: float) -> str:
    """Return three digits of a number.

    >>> number(0.0), number(1234.5), number(999.7), number(0.05678), number(math.inf)
    ('0', '1230', '1000', '0.0568', 'none')
    """
    if not math.isfinite(value):
        return "none"
    text = f"{value:.3g}"
    return f"{float(text):.0f}" if 1000 <= abs(float(text)) < 1e5 else text


def _percent(share: float) -> str:
    return f"{100.0 * share:.0f} %"


def _with_interval(found: Estimate, written: Callable[[float], str] = number) -> str:
    if math.isnan(found.low):
        return written(found.value)
    return f"{written(found.value)} <small>[{written(found.low)}, {written(found.high)}]</small>"


def _picture(path: Path) -> str:
    return f"data:image/png;base64,{base64.b64encode(path.read_bytes()).decode('ascii')}"


def _page(plan: Plan, results: Sequence[Result], pictures: dict[str, str]) -> str:
    sections = "".join(_section(result, pictures[result.problem.name]) for result in results)
    sentences = "".join(f"<p>{html.escape(sentence)}</p>" for sentence in headline(results) + doubts(results))
    few = [f"{html.escape(r.problem.name)} ({r.seeds})" for r in results if r.seeds < FEW_SEEDS]
    warning = f"Few seeds, so read these with care: {', '.join(few)}. Their intervals are too narrow." * bool(few)
    body = f"""<h1>Comparison of search algorithms</h1>
{sentences}<p>{warning}</p>
{_image(pictures[""], "all problems: regret against trials, one line per contestant")}
<p class="dim">Median and middle half over seeds (their number in brackets), against trials.</p>
{_overall(results)}
{HOW_TO_READ}{sections}
{_provenance(plan)}"""
    return html_page.document("Comparison of search algorithms", body)


def _image(data: str, alt: str) -> str:
    return f'<div class="scroll"><img src="{data}" alt="{html.escape(alt)}"></div>'


def _overall(results: Sequence[Result]) -> str:
    contestants, rates = results[0].contestants, win_rates(results)
    rows = [["", "mean rank", *(f"beats {html.escape(c.label)}" for c in contestants)]]
    for i, (contestant, rank) in enumerate(zip(contestants, mean_ranks(results), strict=True)):
        cells = ["" if i == j else _with_interval(rates[i][j], _percent) for j in range(len(contestants))]
        rows.append([html.escape(contestant.label), _with_interval(rank), *cells])
    note = "Each problem counts the same. Without a learning curve there is nothing to prune: a contestant with "
    note += "pruning then has the runs of the one without, and shares its rank."
    return f"<h2>Over all problems</h2>{html_page.table(rows)}<p class='dim'>{note}</p>"


def _section(result: Result, picture: str) -> str:
    name, problem = html.escape(result.problem.name), result.problem
    against = (
        f"the optimum, {number(result.best)}"
        if problem.optimum is not None
        else f"the best that was found, {result.best:.4g}"
    )
    measure = "" if problem.measure == "loss" else f"Loss: {html.escape(problem.measure)}. "
    return f"""<section><h2>{name}</h2>
<p>{html.escape(problem.description)}</p>
<p><b>{html.escape(verdict(result))}</b></p>
{_image(picture, f"{problem.name}: convergence")}
{html_page.table(*_problem_rows(result))}
<p class="dim">{result.seeds} seed{"s" * (result.seeds > 1)}, {result.trials} trials a run,
{len(problem.space)} parameter{"s" * (len(problem.space) > 1)}. {measure}Regret is measured from {against}.</p>
</section>"""


def _problem_rows(result: Result) -> tuple[list[list[str]], list[int]]:
    header = ["", "", "final regret (median)", "sampler, ms per trial", f"area ({result.area_of})", "mean rank"]
    rows = [[*header, "trials", "pruned", f"{html.escape(result.problem.step)}s", "seconds a run"]]
    mean_rank = estimate(result.ranks, np.mean)
    best = []
    for i in sorted(result.distinct, key=lambda k: result.final[k].value):
        runs = result.runs[i]
        n, pruned = (sum(len(r) for r in runs), sum(t["state"] == "pruned" for r in runs for t in r))
        cells = [_with_interval(e) for e in (result.final[i], result.areas[i], mean_rank[i])]
        cells.insert(1, number(1e3 * result.sampler_seconds[i]))
        spent = [float(ends(cost[i]).mean()) for cost in (result.steps, result.seconds)]
        tally = [f"{n / result.seeds:.3g}", f"{pruned / max(1, n):.0%}", *map(number, spent)]
        standing = result.standing(i)
        rows.append([html.escape(result.names(i)), "" if standing == "open" else standing, *cells, *tally])
        best += [len(rows) - 1] * (standing in ("best", "tie"))
    return rows, best


def command(plan: Plan) -> str:
    """Return the command that repeats a comparison."""
    words = ["tpe-reference", "compare"]
    words += [] if plan.problems == tuple(PROBLEMS) else _own("--problem", plan.problems)
    peers = [name for name in plan.samplers if name.removesuffix(PRUNING) in PEERS]
    ours = tuple(name for name in plan.samplers if name not in peers)
    words += [] if ours == CONTESTANTS else _own("--sampler", ours or plan.samplers)
    words += ["--with", *peers] if peers and ours else []
    words += [] if plan.trials is None else ["--trials", str(plan.trials)]
    words += [] if plan.seeds is None else ["--seeds", str(plan.seeds)]
    return shlex.join([*words, *["--thorough"] * plan.thorough])


def _own(option: str, names: Sequence[str]) -> list[str]:
    known = [name for name in names if ":" not in name]
    addresses = [word for name in names if ":" in name for word in (option, name)]
    return [*([f"{option}s", *known] if known else []), *addresses]


def _provenance(plan: Plan) -> str:
    used = ", ".join(f"{name} {version}" for name, version in plan.versions().items())
    return f"""<h2>To repeat it</h2><pre>{html.escape(command(plan))}</pre>
<p class="dim">{html.escape(used)}; {html.escape(platform.platform())}. The same versions give the same losses;
the seconds depend on the machine. Every trial is in <code>trials.csv</code>, every number with its interval in
<code>summary.csv</code>.</p>"""
