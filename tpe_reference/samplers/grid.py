"""Grid search: try every combination of a few values per parameter, in an order that is balanced from the start.

The grid is never listed. Its i-th point is computed from i, so a grid of 10^12 points costs nothing, and the
order is such that stopping early is fair: after any k points, each of the m values of an axis has been used
k/m times, give or take one. (The usual order, nested loops, would have tried one value of the first axis only.)

The order, for axes with m_1, ..., m_d values and N = m_1 m_2 ... m_d points
    Walk the diagonal: step r takes value (r + o_j) mod m_j on every axis j, so each axis goes round and round
    and is balanced. After L = lcm(m_1, ..., m_d) steps the walk bites its tail; there are N / L such loops, one
    for each choice of the starting offsets o_j from 0, ..., g_j - 1, where g_j = gcd(lcm(m_1, ..., m_{j-1}), m_j).
    (That these loops share no point and leave none out is the Chinese remainder theorem: two of them that met
    would agree modulo g_2, then modulo g_3, and so on. The g_j multiply up to N / L.)
    Last, neighbours in time should not be neighbours in space: each axis is run through in strides, as if its
    values were the hours on a clock and every step were seven of them, say (`stride`).

==============  =============  ==========================================================
symbol          name here      what it is
==============  =============  ==========================================================
m_j             ``m``          number of values of axis j
lcm(...) = L    ``loop``       number of points in a loop
g_j             ``g``          number of starting offsets of axis j
o_j             ``offset``     where the present loop starts on axis j
r               ``r``          step within the loop, 0 .. L - 1
==============  =============  ==========================================================

Start reading at `GridSampler.suggest`, then `nth_point`.

>>> from tpe_reference.space import Float, FrozenTrial
>>> grid = GridSampler({"x": Float(-1, 1), "y": ["a", "b"]}, points=3)
>>> grid.suggest(grid.space, [], rng=None)
{'x': 0.0, 'y': 'b'}
>>> grid.suggest(grid.space, [FrozenTrial({"x": 0.0, "y": "b"}, loss=0.3)], rng=None)
{'x': 1.0, 'y': 'a'}
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence, Set
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from ..space import Domain, FrozenTrial


class GridSampler:
    """Every combination of a few values per parameter, each once.

    When to use it: for one or two parameters whose whole landscape is wanted, or when every combination has
    to be seen. When not: with more parameters (m points per axis and d axes make m^d), or when only some of
    them matter, because a grid spends most of its trials on repeating the few values of those.

    Args:
        space: What to combine: for each name a list of values, or a domain. None: the space that is asked for.
        points: How many values to take of a domain, for all or by name: evenly spaced, both ends included (a single
            one is the middle), in log space for ``log``. Domains with no more values than that, and choices, are
            taken whole.

    Raises:
        ValueError: For an axis without values, with one twice, or in no order; for numbers of points below 1.
    """

    needs_space = True  # it cannot discover the space while it runs, see `Sampler`

    def __init__(
        self,
        space: Mapping[str, Domain | Sequence[Any]] | None = None,
        *,
        points: int | Mapping[str, int] | None = None,
    ) -> None:
        counts = points.values() if isinstance(points, Mapping) else [points]
        for count in counts:
            if count is not None and (isinstance(count, bool) or not isinstance(count, (int, np.integer)) or count < 1):
                raise ValueError(f"GridSampler: points must be a whole number of at least 1, got {count!r}")
        if space is not None and (not isinstance(space, Mapping) or not space):
            raise ValueError(f"GridSampler: space must be a dict of lists or domains, got {space!r}")
        if space is not None and isinstance(points, Mapping) and not points.keys() <= space.keys():
            raise ValueError(f"GridSampler: points names {sorted(points)}, the space has {sorted(space)}")
        self.points = points
        self.space = None if space is None else dict(space)
        if self.space is not None:
            self._axes(self.space)  # a mistake shows here, not at the first trial
        self._memo: list[_Progress] = []

    def suggest(
        self,
        space: Mapping[str, Domain | Sequence[Any]],
        history: Sequence[FrozenTrial],
        rng: np.random.Generator | None = None,
    ) -> dict[str, Any] | None:
        """Return the first point of the order that no trial holds; None when there is none left.

        A trial that failed, is running, or was added by hand holds its point too. Nothing is drawn from rng.

        Raises:
            ValueError: When the space that is asked for is not the grid's.
        """
        progress = self._recall(space, history)
        point = progress.point(progress.first_free())
        self._memo.append(progress)
        return point

    def _recall(self, space: Mapping[str, Domain | Sequence[Any]], history: Sequence[FrozenTrial]) -> _Progress:
        """Take what was read off this very history before, or start afresh; the answer is the same."""
        try:
            progress = self._memo.pop()  # taken out: another thread finds none, and starts afresh
        except IndexError:
            return _Progress(space, history, self._axes(space), self.space or space)
        same = list(progress.space.items()) == list(space.items()) and progress.is_of(history)
        return progress if same else _Progress(space, history, self._axes(space), self.space or space)

    def _axes(self, space: Mapping[str, Domain | Sequence[Any]]) -> dict[str, Sequence[Any]]:
        """Return the values of each parameter, checked against the space asked for."""
        grid = space if self.space is None else self.space
        if grid.keys() != space.keys():
            raise ValueError(
                f"GridSampler: the grid has the parameters {sorted(grid)}, but {sorted(space)} were asked for; "
                "name in GridSampler({...}) just what the objective names"
            )
        axes = {}
        for name, axis in grid.items():
            points = self.points.get(name) if isinstance(self.points, Mapping) else self.points
            axes[name] = axis_values(name, axis, points)
            if space[name] is not axis:
                for value in axes[name]:
                    if value not in space[name]:
                        raise ValueError(f"GridSampler: {name}={value!r} of the grid lies outside {space[name]}")
        return axes

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_memo": []}


def nth_point(sizes: Sequence[int], i: int) -> list[int]:
    """Return the i-th point of a grid, as one index per axis.

    Args:
        sizes: The number of values of each axis, m_1, ..., m_d.
        i: From 0 up to, not including, the product of the sizes.

    >>> sorted(nth_point([3, 2], i) for i in range(6))
    [[0, 0], [0, 1], [1, 0], [1, 1], [2, 0], [2, 1]]
    """
    loop = math.lcm(*sizes)
    n_loops = math.prod(sizes) // loop
    q, r = divmod(i, loop)
    q = q * stride(n_loops, 0) % n_loops  # the loops too are taken in strides, far ones first
    indices = []
    lcm = 1
    for j, m in enumerate(sizes):
        g = math.gcd(lcm, m)
        q, offset = divmod(q, g)
        lcm = math.lcm(lcm, m)
        indices.append(((r + offset) * stride(m, j) + m // 2) % m)  # + m // 2: the first point is the middle
    return indices


def axis_values(name: str, axis: Domain | Sequence[Any], points: int | None) -> Sequence[Any]:
    """Return the values that a grid takes on one axis: of a list all, of a domain up to ``points``.

    Raises:
        ValueError: For a list that is empty or names a value twice, or a continuous domain without ``points``.
    """
    if isinstance(axis, (str, bytes, Set, Iterator)) or not (isinstance(axis, Iterable) or hasattr(axis, "from_unit")):
        raise ValueError(f"GridSampler: {name} must be a list of values or a domain, got {axis!r}")
    if isinstance(axis, Iterable):
        values = axis.tolist() if isinstance(axis, np.ndarray) else list(axis)
        if not all(isinstance(value, Hashable) for value in values):
            raise ValueError(f"GridSampler: {name} has values that are no choices, {axis!r}; name them, look them up")
        if not values or len({_identity(value) for value in values}) < len(values):
            raise ValueError(f"GridSampler: {name} needs a list of values that differ, got {axis!r}")
        return values
    if axis.size is not None and (points is None or axis.size <= points or hasattr(axis, "choices")):
        return axis.values()
    if points is None:
        raise ValueError(f"GridSampler: {name} is continuous ({axis}); give a list of values, or points=5")
    if axis.size is None:
        return _EvenlySpaced(axis, points)
    return list(dict.fromkeys(_EvenlySpaced(axis, points)))  # integers, in log space, may coincide


def evenly_spaced(domain: Domain, n: int, k: int) -> Any:
    """Return the k-th of n values evenly spaced over a domain, from 0, both ends included; one alone is the middle.

    >>> from tpe_reference.space import Float
    >>> [evenly_spaced(Float(0.01, 100, log=True), 3, k) for k in range(3)]
    [0.01, 1.0, 100.0]
    """
    return domain.from_unit(k / (n - 1) if n > 1 else 0.5)


class _EvenlySpaced(Sequence[Any]):
    """Values evenly spaced over a domain, both ends included; each is computed when it is looked up."""

    def __init__(self, domain: Domain, n: int) -> None:
        self.domain, self.n = domain, n

    def __len__(self) -> int:
        return self.n

    def __getitem__(self, k: Any) -> Any:
        return evenly_spaced(self.domain, self.n, range(self.n)[k])  # the range raises the IndexError that ends a loop


class _Progress:
    """What has been read off one history: a memo that saves time and changes no answer."""

    def __init__(
        self,
        space: Mapping[str, Domain | Sequence[Any]],
        history: Sequence[FrozenTrial],
        axes: dict[str, Sequence[Any]],
        grid: Mapping[str, Domain | Sequence[Any]],
    ) -> None:
        self.space, self.history, self.axes, self.grid = dict(space), history, axes, grid
        self._finished: set[Any] = set()  # points that are held for good
        self._next = 0  # every point before this one is held for good, or among those passed
        self._passed: list[int] = []  # held by a running trial when the walk came by
        self._n_read = 0
        self._running: list[int] = []
        self._last: tuple[int, FrozenTrial] | None = None  # the newest finished trial that was read

    def is_of(self, history: Sequence[FrozenTrial]) -> bool:
        """Whether this is the list that was read, not emptied since, its newest finished trial the same."""
        if history is not self.history or len(history) < self._n_read:
            return False
        return self._last is None or history[self._last[0]] is self._last[1]

    def point(self, i: int) -> dict[str, Any] | None:
        """Return the i-th point, or None behind the last."""
        sizes = [len(axis) for axis in self.axes.values()]
        if i >= math.prod(sizes):
            return None
        return {name: axis[k] for (name, axis), k in zip(self.axes.items(), nth_point(sizes, i), strict=True)}

    def first_free(self) -> int:
        """Return the first point that no trial holds; the number of points when there is none."""
        running = self._read()
        keys = {i: _key(self.point(i)) for i in self._passed}
        self._passed = [i for i in self._passed if keys[i] not in self._finished]
        for i in self._passed:
            if keys[i] not in running:  # given back: the trial's parameters have changed
                return i
        while (key := _key(self.point(self._next))) in self._finished or key in running:
            if key not in self._finished:
                self._passed.append(self._next)
            self._next += 1
        return self._next

    def _read(self) -> set[Any]:
        """Read what is new or was running; return the points that running trials hold."""
        unread = [*self._running, *range(self._n_read, len(self.history))]
        self._n_read, self._running = len(self.history), []
        held_by_running: set[Any] = set()
        for number in unread:
            trial = self.history[number]
            if trial.state == "running":
                self._running.append(number)
            else:
                self._last = number, trial
            if trial.params.keys() == self.axes.keys():
                key = _key({name: self._grid_value(name, trial.params[name]) for name in self.axes})
                with suppress(TypeError):  # an added trial may hold what cannot be hashed, so is on no grid
                    (held_by_running if trial.state == "running" else self._finished).add(key)
        return held_by_running

    def _grid_value(self, name: str, value: Any) -> Any:
        """Return a domain's own value for one that differs by rounding: 0.1 * 3 holds the point 0.3."""
        domain = self.grid[name]
        if isinstance(domain, Iterable) or domain.size is None or value not in domain:
            return value
        return domain.from_unit(domain.to_unit(value))


def _key(point: Mapping[str, Any] | None) -> Any:
    return None if point is None else tuple(_identity(value) for value in point.values())


def _identity(value: Any) -> tuple[bool, Any]:
    return isinstance(value, bool), value  # True == 1 in Python, but they may be two values of an axis


def stride(m: int, j: int) -> int:
    """Return a step width without a common divisor with m, so that m steps visit each of m places once.

    >>> [stride(12, j) for j in range(3)]  # near 0.618, 0.236 and 0.854 of 12
    [7, 5, 11]

    For axis j it is near the fraction of j + 1 golden sections, 0.618..., of m. Steps of golden sections fill
    a circle evenly at every moment (Steinhaus' three-gap theorem), and the multiples keep the axes apart.
    """
    step = max(1, m * ((j + 1) * 618_033_988_749_895 % 10**15) // 10**15)
    while math.gcd(step, m) > 1:
        step += 1
    return step
