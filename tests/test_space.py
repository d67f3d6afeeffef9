"""Domains: membership, the map to and from the unit interval, values, JSON, and errors that show the way out."""

import decimal
import json
import math
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tpe_reference import (
    Categorical,
    Domain,
    Float,
    FrozenTrial,
    Int,
    TrialState,
    create_study,
    domain_from_json,
    domain_to_json,
)

unit = st.floats(-0.5, 1.5)  # positions outside [0, 1] count as the nearer end
magnitudes = st.floats(-1e12, 1e12)


@st.composite
def plain_floats(draw: st.DrawFn) -> Float:
    low, high = sorted([draw(magnitudes), draw(magnitudes)])
    return Float(low, high)


@st.composite
def log_floats(draw: st.DrawFn) -> Float:
    low, high = sorted([draw(st.floats(1e-300, 1e300)), draw(st.floats(1e-300, 1e300))])
    return Float(low, high, log=True)


@st.composite
def stepped_floats(draw: st.DrawFn) -> Float:
    """Ranges that their step divides as a user writes it: low, low + k step, ... in decimals."""
    places = draw(st.integers(0, 6))
    low, step = draw(st.integers(-(10**9), 10**9)), draw(st.integers(1, 5000))
    n = draw(st.integers(0, 2000))
    scale = 10**places
    return Float(low / scale, (low + n * step) / scale, step=step / scale)


@st.composite
def ints(draw: st.DrawFn) -> Int:
    low, step, n = draw(st.integers(-(10**9), 10**9)), draw(st.integers(1, 1000)), draw(st.integers(0, 10**5))
    return Int(low, low + n * step, step=step)


@st.composite
def log_ints(draw: st.DrawFn) -> Int:
    low = draw(st.integers(1, 10**6))
    return Int(low, low + draw(st.integers(0, 10**6)), log=True)


choices = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.text()
)
categoricals = st.lists(choices, min_size=1, max_size=8, unique_by=lambda c: (isinstance(c, bool), c)).map(Categorical)
finite_domains = st.one_of(stepped_floats(), ints(), log_ints(), categoricals)
any_domain = st.one_of(plain_floats(), log_floats(), finite_domains)

EXAMPLES: list[Domain] = [
    Float(-5, 5),
    Float(1e-5, 1.0, log=True),
    Float(0.8, 1.0, step=0.1),
    Float(0.3, 0.3),
    Int(-3, 4),
    Int(1, 1000, log=True),
    Int(5, 40, log=True),
    Int(54732, 54740, log=True),  # of its lower end, 54731.5, the logarithms of numpy and of Python may differ by a bit
    Int(0, 100, step=25),
    Int(7, 7),
    Int(7, 7, log=True),
    Categorical([None, True, 1, 0.5, "relu"]),
    Categorical(["only"]),
]


def position(domain: Domain, value: Any) -> float:
    return domain.to_unit(value)


# ---- membership and the map ------------------------------------------------------------------------------------------


@given(any_domain, unit)
@settings(deadline=None, derandomize=True, max_examples=300)
def test_every_position_maps_to_a_member(domain: Domain, u: float) -> None:
    assert domain.from_unit(u) in domain


@given(finite_domains, st.floats(0, 1))
@settings(deadline=None, derandomize=True, max_examples=200)
def test_a_value_of_a_finite_domain_survives_the_way_to_the_unit_interval_and_back(domain: Domain, u: float) -> None:
    value = domain.from_unit(u)
    assert domain.from_unit(position(domain, value)) == value


@given(st.one_of(plain_floats(), log_floats()), st.floats(0, 1))
@settings(deadline=None, derandomize=True, max_examples=200)
def test_a_continuous_value_survives_to_rounding(domain: Float, u: float) -> None:
    value = domain.from_unit(u)
    assert domain.from_unit(position(domain, value)) == pytest.approx(value, rel=1e-9, abs=1e-9 * domain.high)


@given(any_domain, st.floats(0, 1))
@settings(deadline=None, derandomize=True, max_examples=200)
def test_positions_of_values_lie_in_the_unit_interval(domain: Domain, u: float) -> None:
    assert 0.0 <= position(domain, domain.from_unit(u)) <= 1.0


@given(finite_domains)
@settings(deadline=None, derandomize=True, max_examples=100)
def test_the_values_are_members_that_differ_and_as_many_as_size_says(domain: Domain) -> None:
    values = domain.values()
    assert len(values) == domain.size
    assert type(domain.size) is int
    some = [values[i] for i in {0, len(values) // 2, len(values) - 1}]
    assert all(value in domain for value in some)
    assert len({(isinstance(v, bool), v) for v in some}) == len(some)


@given(st.one_of(stepped_floats(), ints()))
@settings(deadline=None, derandomize=True, max_examples=100)
def test_the_values_run_from_low_to_high(domain: Float | Int) -> None:
    values = domain.values()
    assert (values[0], values[-1]) == (domain.low, domain.high)


@pytest.mark.parametrize("domain", [d for d in EXAMPLES if d.size is not None], ids=str)
def test_each_value_owns_the_cell_between_its_edges(domain: Domain) -> None:
    edges = domain.edges()
    assert edges.shape == (len(domain.values()) + 1,)
    assert (edges[0], edges[-1]) == (0.0, 1.0)
    for value, left, right in zip(domain.values(), edges[:-1], edges[1:], strict=True):
        assert left < position(domain, value) < right
        if not getattr(domain, "log", False):
            assert position(domain, value) == pytest.approx((left + right) / 2), "at its centre"
        assert domain.from_unit(left + 1e-9) == value, "just inside its left edge"
        assert domain.from_unit(right - 1e-9) == value, "just inside its right edge"


def test_floats_are_spread_evenly() -> None:
    for u in (0.0, 0.01, 0.25, 0.5, 0.99, 1.0):
        assert Float(-5, 5).from_unit(u) == pytest.approx(-5 + 10 * u)
        assert Float(-5, 5).to_unit(-5 + 10 * u) == pytest.approx(u)


def test_log_floats_are_spread_evenly_over_orders_of_magnitude() -> None:
    domain = Float(1e-3, 10.0, log=True)
    for u in (0.0, 0.01, 0.25, 0.5, 0.99, 1.0):
        assert domain.from_unit(u) == pytest.approx(10 ** (4 * u - 3))
        assert domain.to_unit(10 ** (4 * u - 3)) == pytest.approx(u)


@pytest.mark.parametrize(
    "domain", [*EXAMPLES, Float(1e-300, 1e300, log=True), Float(2, 9, log=True), Int(1, 2**40, log=True)], ids=str
)
def test_positions_far_outside_are_the_nearer_end(domain: Domain) -> None:
    ends = [domain.from_unit(u) for u in (0.0, 1.0)]
    assert [domain.from_unit(u) for u in (-1e6, 1e6)] == ends
    assert isinstance(domain, Categorical) or ends == [domain.low, domain.high]


def test_log_integers_own_the_cell_of_half_a_step_to_each_side_in_log_space() -> None:
    total = math.log(4.5) - math.log(0.5)
    borders = [(math.log(v) - math.log(0.5)) / total for v in (0.5, 1.5, 2.5, 3.5, 4.5)]
    assert Int(1, 4, log=True).edges() == pytest.approx(borders)
    assert Int(1, 4, log=True).to_unit(2) == pytest.approx((math.log(2) - math.log(0.5)) / total)


@pytest.mark.parametrize(
    "domain", [Int(1, 4), Int(10, 40, step=10), Float(0, 0.3, step=0.1), Categorical(["a", 1, 2, 3])], ids=str
)
def test_cells_of_integers_steps_and_choices_are_equally_likely(domain: Domain) -> None:
    draws = [domain.from_unit(u) for u in (np.arange(4000) + 0.5) / 4000]
    counts = [sum(d == v for d in draws) for v in domain.values()]
    assert counts == [1000] * 4


def test_a_step_reaches_the_upper_bound_despite_rounding() -> None:
    assert list(Float(0.8, 1.0, step=0.1).values()) == [0.8, 0.9, 1.0]
    assert Float(0.8, 1.0, step=0.1).from_unit(1.0) == 1.0
    assert list(Float(0.0, 0.3, step=0.1).values()) == [0.0, 0.1, 0.2, 0.3], "0.3, not 0.30000000000000004"


@pytest.mark.parametrize("parts", [3, 6, 7, 9, 11, 49])
def test_a_step_that_is_a_fraction_of_the_range_reaches_the_upper_bound(parts: int) -> None:
    for high in (1.0, 5.0, 0.2):
        domain = Float(0.0, high, step=high / parts)
        assert (domain.size, domain.values()[-1]) == (parts + 1, high)


def test_values_of_a_stepped_float_far_from_zero_are_members() -> None:
    domain = Float(1e6, 1e6 + 1, step=0.001)
    outside = [value for value in domain.values() if value not in domain]
    assert not outside, f"{len(outside)} of {domain.size} own values are no members, e.g. {outside[0]}"


def test_a_value_with_rounding_error_is_a_member_of_a_stepped_float() -> None:
    assert 0.1 * 3 in Float(0, 1, step=0.1)
    assert Float(0, 1, step=0.1).to_unit(0.1 * 3) == Float(0, 1, step=0.1).to_unit(0.3)
    assert 0.1 * 3 in Float(0, 0.3, step=0.1), "also as the last one"
    assert 0.7 + 0.1 in Float(0.8, 1, step=0.1), "or the first"


@pytest.mark.parametrize("scale", [1e-9, 1.0, 1e9])
def test_what_counts_as_rounding_is_a_matter_of_the_step(scale: float) -> None:
    domain = Float(0, scale, step=scale / 10)
    assert scale / 10 * 3 in domain
    assert all(x * scale not in domain for x in (-0.1, 0.25, 0.29, 0.31, 0.3001, 1.1))
    with pytest.warns(UserWarning, match="ends at"):
        assert Float(0, scale, step=0.3 * scale).size == 4


def test_membership_knows_bounds_steps_and_kinds() -> None:
    assert 0.0 in Float(0, 1)
    assert 1 in Float(0, 1), "an integer is a real number"
    assert np.float64(0.5) in Float(0, 1)
    assert 1.0000001 not in Float(0, 1)
    assert 0.25 not in Float(0, 1, step=0.1)
    assert 3 in Int(1, 9, step=2)
    assert 4 not in Int(1, 9, step=2)
    assert 3.0 in Int(1, 9)
    assert np.int64(3) in Int(1, 9)
    assert 3.5 not in Int(1, 9)
    assert 11 not in Int(1, 9, step=2)
    assert "relu" in Categorical(["relu", None])
    assert None in Categorical(["relu", None])
    assert "tanh" not in Categorical(["relu", None])


@pytest.mark.parametrize("domain", EXAMPLES, ids=str)
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, "x", [1], {}, (1, 2), ([1],), np.ones(2), 1 + 2j])
def test_what_is_no_value_is_no_member_and_raises_nothing(domain: Domain, value: object) -> None:
    assert value not in domain


@pytest.mark.parametrize("domain", [Float(0, 1), Int(0, 1)], ids=str)
@pytest.mark.parametrize("value", [True, None])
def test_true_is_no_number(domain: Domain, value: object) -> None:
    assert value not in domain


def test_true_and_one_are_two_choices() -> None:
    domain = Categorical([1, True])
    assert [domain.from_unit(u) for u in (0.1, 0.9)] == [1, True]
    assert type(domain.from_unit(domain.to_unit(True))) is bool
    assert type(domain.from_unit(domain.to_unit(1))) is int
    assert True not in Categorical([1, 0])
    assert 1 not in Categorical([True, False])


def test_domains_of_choices_that_python_alone_takes_for_equal_are_not_equal() -> None:
    assert Categorical([0, 1]) != Categorical([False, True])
    assert Categorical([0, 1]) == Categorical([0, 1])
    assert hash(Categorical(["a", None])) == hash(Categorical(["a", None]))


def test_membership_in_a_huge_range_does_not_count_its_way_there() -> None:
    domain = Int(0, 10**18, step=2)
    assert np.int64(10**17) in domain
    assert 1e17 in domain
    assert 0.5 not in domain
    assert 10**17 + 1 not in domain


def test_values_of_a_huge_domain_are_not_listed() -> None:
    assert Int(0, 10**12).values()[10**11] == 10**11
    assert Float(0, 1e6, step=1e-6).values()[5] == 5e-6


def test_one_point_domains_have_one_value() -> None:
    floats = Float(0.3, 0.3), Float(0.3, 0.3, log=True), Float(0.3, 0.3, step=1)
    # Beyond 2^53 the logarithms of the cell's two ends are one number.
    ints = Int(7, 7), Int(7, 7, log=True), Int(10**17, 10**17, log=True)
    for domain in (*floats, *ints):
        assert domain.size == 1
        assert domain.edges().tolist() == [0.0, 1.0]
        assert list(domain.values()) == [domain.low]
        assert [domain.from_unit(u) for u in (0.0, 0.5, 1.0)] == [domain.low] * 3
        assert position(domain, domain.low) == 0.5


def test_a_continuous_domain_has_no_values_and_says_what_to_do() -> None:
    assert Float(0, 1).size is None
    with pytest.raises(ValueError, match="step"):
        Float(0, 1).values()
    with pytest.raises(ValueError, match="step"):
        Float(0, 1).edges()


# ---- frozen, equal, JSON ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("domain", EXAMPLES, ids=str)
def test_domains_are_frozen_hashable_and_pickle(domain: Domain) -> None:
    name = "choices" if isinstance(domain, Categorical) else "low"
    with pytest.raises(AttributeError):
        setattr(domain, name, 3)
    assert pickle.loads(pickle.dumps(domain)) == domain
    assert {domain: 1}[domain] == 1


def test_a_domain_says_what_it_was_made_of() -> None:
    assert repr(Float(0, 1, log=False)) == "Float(low=0.0, high=1.0, log=False, step=None)"
    assert repr(Int(0, 4, step=2)) == "Int(low=0, high=4, log=False, step=2)"
    assert repr(Categorical({"adam": 1, "sgd": 2}.keys())) == "Categorical(choices=('adam', 'sgd'))"  # type: ignore[arg-type]


def test_a_domain_does_not_follow_the_list_it_was_made_from() -> None:
    given_choices = ["a", "b"]
    domain = Categorical(given_choices)
    given_choices.append("c")
    assert domain.choices == ("a", "b")


@given(any_domain)
@settings(deadline=None, derandomize=True, max_examples=200)
def test_a_domain_goes_through_json_text_and_back(domain: Domain) -> None:
    back = domain_from_json(json.loads(json.dumps(domain_to_json(domain), allow_nan=False)))
    assert back == domain
    assert type(back) is type(domain)
    assert repr(back) == repr(domain), "True and 1 are equal in Python, and yet two choices"


def test_what_json_holds_of_a_domain_is_what_was_said_of_it() -> None:
    number = {"low": 1, "high": 9, "log": True}
    for domain, data in (
        (Float(1, 9, log=True), {"kind": "float", **number, "step": None}),
        (Int(1, 9, log=True), {"kind": "int", **number, "step": 1}),
        (Categorical((None, "a", 2)), {"kind": "categorical", "choices": [None, "a", 2]}),
    ):
        assert domain_to_json(domain) == data
        before = dict(data)
        assert domain_from_json(data) == domain
        assert data == before, "it is the caller's"


@given(st.floats(-100, 100), st.floats(0, 100), st.floats(1e-3, 50))
@settings(deadline=None, derandomize=True, max_examples=200)
@pytest.mark.filterwarnings("ignore:Float. high=")
def test_a_range_cut_to_its_last_step_goes_through_json_unchanged_and_unwarned(
    low: float, width: float, step: float
) -> None:
    assume(width == 0 or abs(width / step - round(width / step)) > 1e-6)  # nearer than that it counts as divided
    domain = Float(low, low + width, step=step)
    back = domain_from_json(domain_to_json(domain))
    assert back == domain
    assert isinstance(back, Float)
    assert back.values()[-1] == domain.high
    assert domain.high in domain


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({}, "must be one of .*'float', 'int'.*, got {}"),
        ({"kind": "integer", "low": 1, "high": 2}, "must be one of .*'int'.*, got .*'integer'"),
        ({"kind": "int", "lo": 1}, "is not a domain, got .*'lo'"),
        ({"kind": "float"}, "is not a domain"),
        (None, "got None"),
        (["kind"], r"got \['kind'\]"),
    ],
)
def test_json_that_is_no_domain_is_refused(data: Any, message: str) -> None:
    with pytest.raises(ValueError, match=f"domain_from_json: data.* {message}"):
        domain_from_json(data)


def test_numpy_numbers_become_plain_ones() -> None:
    half: Any = np.float32(0.5)
    one: Any = np.int64(1)
    two: Any = np.int32(2)
    yes: Any = np.True_
    made: list[Domain] = [
        Float(half, two),
        Float(half, two, step=half),
        Float(half, two, log=yes),
        Int(one, two, step=one),
        Int(one, two, log=yes),
        Categorical([half, one]),
    ]
    plain: list[Domain] = [
        Float(0.5, 2.0),
        Float(0.5, 2.0, step=0.5),
        Float(0.5, 2.0, log=True),
        Int(1, 2),
        Int(1, 2, log=True),
        Categorical([0.5, 1]),
    ]
    assert [json.dumps(domain_to_json(d)) for d in made] == [json.dumps(domain_to_json(d)) for d in plain]


# ---- errors ----------------------------------------------------------------------------------------------------------

nan, inf = math.nan, math.inf
MISTAKES: dict[str, tuple[Callable[[], object], str]] = {
    "Float low > high": (lambda: Float(2, 1), r"Float: low .*high.*2.*1"),
    "Int low > high": (lambda: Int(2, 1), r"Int: low .*high.*2.*1"),
    "Float log, zero": (lambda: Float(0, 1, log=True), r"low > 0.*drop log"),
    "Float log, negative": (lambda: Float(-1, 1, log=True), r"low > 0"),
    "Int log, zero": (lambda: Int(0, 9, log=True), r"low > 0"),
    "Float nan low": (lambda: Float(nan, 1), r"low must be a finite number, got nan"),
    "Float nan high": (lambda: Float(0, nan), r"high must be a finite number, got nan"),
    "Float inf": (lambda: Float(0, inf), r"high must be a finite number, got inf; give the range that matters"),
    "Float -inf": (lambda: Float(-inf, 0), r"low must be a finite number, got -inf"),
    "Int inf": (lambda: Int(0, inf), r"high"),  # type: ignore[arg-type]
    "Int nan": (lambda: Int(nan, 3), r"low"),  # type: ignore[arg-type]
    "Int text": (lambda: Int("1", 3), r"low.*'1'"),  # type: ignore[arg-type]
    "Int fraction": (lambda: Int(0.5, 3), r"low must be an integer, got 0.5; use Float"),  # type: ignore[arg-type]
    "Int fractional step": (lambda: Int(0, 3, step=0.5), r"step must be an integer"),  # type: ignore[arg-type]
    "Float text": (lambda: Float(0, "1"), r"high.*'1'; write float\('1'\)"),  # type: ignore[arg-type]
    "Float None": (lambda: Float(None, 1), r"low.*None"),  # type: ignore[arg-type]
    "Float bool": (lambda: Float(False, True), r"low.*False"),
    "Float overflow": (lambda: Float(-1.7e308, 1.7e308), r"overflows.*narrow"),
    "Int beyond floats": (lambda: Int(0, 10**400), r"high"),
    "Float log and step": (lambda: Float(1, 2, log=True, step=0.5), r"log=True goes without a step.*drop one"),
    "Int log and step": (lambda: Int(1, 9, log=True, step=2), r"log=True goes without a step.*drop one"),
    "Float step 0": (lambda: Float(0, 1, step=0), r"step must be positive"),
    "Float step < 0": (lambda: Float(0, 1, step=-0.1), r"step must be positive"),
    "Float step nan": (lambda: Float(0, 1, step=nan), r"step must be a finite number"),
    "Int step 0": (lambda: Int(0, 1, step=0), r"step must be positive"),
    "Int step < 0": (lambda: Int(0, 1, step=-1), r"step must be positive"),
    "no choices": (lambda: Categorical([]), r"choices must not be empty"),
    "choice twice": (lambda: Categorical(["b", "a", "a"]), r"choices must differ, got 'a' twice"),
    "1 and 1.0": (lambda: Categorical([1, 1.0]), r"twice"),
    "one text": (lambda: Categorical("relu"), r"list of choices.*\['relu'\]"),
    "set": (lambda: Categorical({"a", "b"}), r"order"),  # type: ignore[arg-type]
    "no list": (lambda: Categorical(3), r"list of choices"),  # type: ignore[arg-type]
    "tuple": (lambda: Categorical([(1, 2), (3,)]), r"\(1, 2\).*name"),  # type: ignore[list-item]
    "list": (lambda: Categorical([[1], [2]]), r"\[1\].*name"),  # type: ignore[list-item]
    "object": (lambda: Categorical([print]), r"name"),  # type: ignore[list-item]
    "nan choice": (lambda: Categorical([nan]), r"nan"),
    "inf choice": (lambda: Categorical([inf]), r"inf"),
    "complex choice": (lambda: Categorical([1j]), r"1j"),  # type: ignore[list-item]
    "bytes": (lambda: Categorical(["a", b"b"]), r"b'b'"),  # type: ignore[list-item]
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_raises_a_value_error_that_names_it(mistake: str) -> None:
    make, message = MISTAKES[mistake]
    with pytest.raises(ValueError, match=message) as raised:
        make()
    assert str(raised.value).startswith(("Float: ", "Int: ", "Categorical: "))


def test_log_and_step_are_given_by_name_only() -> None:
    with pytest.raises(TypeError):
        Float(0, 1, True)  # type: ignore[call-arg]
    with pytest.raises(TypeError):
        Int(1, 9, True)  # type: ignore[call-arg]


def test_a_range_that_its_step_does_not_divide_ends_at_its_last_step_with_a_warning() -> None:
    with pytest.warns(UserWarning, match=r"Float: high=1\.0.*0\.3.*ends at 0\.9"):
        floats = Float(0, 1, step=0.3)
    assert (floats.high, list(floats.values())) == (0.9, [0.0, 0.3, 0.6, 0.9])
    with pytest.warns(UserWarning, match=r"Int: high=10.*4.*ends at 9"):
        whole = Int(1, 10, step=4)
    assert (whole.high, list(whole.values())) == (9, [1, 5, 9])
    assert 10 not in whole
    with pytest.warns(UserWarning, match="ends at 0"):
        assert Float(0, 1, step=5).size == 1


def test_an_applications_own_decimals_change_nothing() -> None:
    with decimal.localcontext(decimal.Context(prec=3, traps=[decimal.Inexact])):
        prices = Float(100000, 100001, step=0.25)
        assert list(prices.values()) == [100000.0, 100000.25, 100000.5, 100000.75, 100001.0]


def test_the_warning_points_at_the_line_that_builds_the_domain() -> None:
    with pytest.warns(UserWarning, match="ends at") as by_hand:
        Float(0, 1, step=0.3)
    with pytest.warns(UserWarning, match="ends at") as by_a_trial:
        create_study(seed=0).ask().suggest_int("n", 0, 10, step=4)
    assert [warning.filename for warning in (*by_hand, *by_a_trial)] == [__file__] * 2


# ---- the record of a trial -------------------------------------------------------------------------------------------


def test_a_frozen_trial_is_frozen_and_pickles() -> None:
    trial = FrozenTrial({"x": 1}, 0.5, {1: 0.7}, TrialState.PRUNED)
    with pytest.raises(AttributeError):
        trial.loss = 0.1  # type: ignore[misc]
    assert pickle.loads(pickle.dumps(trial)) == trial


def test_a_frozen_trial_defaults_to_complete_with_a_loss_of_nan() -> None:
    trial = FrozenTrial({"x": 1})
    assert math.isnan(trial.loss)
    assert (dict(trial.curve), trial.state) == ({}, "complete")


def test_a_state_may_be_text_and_no_other_text() -> None:
    assert FrozenTrial({}, state="failed").state is TrialState.FAILED  # type: ignore[arg-type]
    assert [state.value for state in TrialState] == ["running", "complete", "pruned", "failed"]
    with pytest.raises(ValueError, match="bogus"):
        FrozenTrial({}, state="bogus")  # type: ignore[arg-type]


def test_the_order_of_merit_is_complete_by_loss_then_pruned_later_step_first_then_failed() -> None:
    best_first = [
        FrozenTrial({}, -math.inf),
        FrozenTrial({}, -1.0),
        FrozenTrial({}, 2.0),
        FrozenTrial({}, math.inf),
        FrozenTrial({}, 0.5, {1: 0.9, 7: 0.5}, TrialState.PRUNED),
        FrozenTrial({}, 0.1, {1: 0.3, 3: 0.1}, TrialState.PRUNED),
        FrozenTrial({}, 0.2, {3: 0.2}, TrialState.PRUNED),
        FrozenTrial({}, math.nan, {0: math.nan}, TrialState.PRUNED),
        FrozenTrial({}, math.nan, {}, TrialState.PRUNED),
        FrozenTrial({}, state=TrialState.FAILED),
    ]
    shuffled = best_first[::2][::-1] + best_first[1::2]
    ordered = sorted(shuffled, key=FrozenTrial.merit)
    assert [best_first.index(trial) for trial in ordered] == list(range(len(best_first)))


def test_a_pruned_trial_without_a_number_is_the_last_of_its_step_and_no_report_helps_a_failed_one() -> None:
    without, worst = (FrozenTrial({}, loss, {3: loss}, TrialState.PRUNED) for loss in (math.nan, 1e300))
    earlier = FrozenTrial({}, 0.0, {2: 0.0}, TrialState.PRUNED)
    nothing = FrozenTrial({}, state=TrialState.PRUNED)
    failed = FrozenTrial({}, math.nan, {9: 0.0}, TrialState.FAILED)
    assert worst.merit() < without.merit() < earlier.merit() < nothing.merit() < failed.merit()


def test_all_states_but_running_are_finished() -> None:
    assert [state for state in TrialState if not state.is_finished()] == [TrialState.RUNNING]


def test_equal_merit_keeps_the_order_of_numbers() -> None:
    history = [FrozenTrial({"n": n}, 1.0) for n in range(5)]
    assert [t.params["n"] for t in sorted(history, key=FrozenTrial.merit)] == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("kind", [np.int8, np.uint8, np.int16, np.int64, np.float32, np.float64])
def test_numpys_narrow_numbers_count_as_plain_ones(kind: type[np.generic]) -> None:
    value: Any = kind(100)
    for domain in (Int(-100, 200), Float(-100, 200), Float(-100, 200, step=0.5)):
        assert value in domain
        assert float(domain.to_unit(value)) == domain.to_unit(100), "not in its own width"
    assert np.uint8(3) in Int(-5, 5)


def test_a_number_that_rounds_to_the_upper_bound_in_its_own_width_lies_outside() -> None:
    assert np.float32(0.3) not in Float(0.1, 0.3), "it is 0.30000001192"
    assert 10**400 not in Float(0, 1)


@pytest.mark.parametrize(
    "make", [lambda: Float(1e10, 1e10 + 1e-5, log=True), lambda: Int(10**17, 10**17 + 5, log=True)]
)
def test_a_log_range_too_narrow_for_its_logarithms_is_refused(make: Callable[[], Domain]) -> None:
    with pytest.raises(ValueError, match="drop log"):
        make()


def test_values_can_be_sliced() -> None:
    assert list(Float(0, 1, step=0.25).values()[1:3]) == [0.25, 0.5]


def test_a_number_beyond_all_steps_is_no_member() -> None:
    assert 1e308 not in Float(0, 1, step=0.1)
    assert -1e308 not in Float(0, 1, step=0.1)
