"""What the tests of files, tables and storage share: all that a study may hold, and what makes two of them the same."""

import math
import struct
from datetime import datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from tpe_reference import Categorical, Domain, Float, Int, Study, TrialRecord, TrialState

any_text = st.text(st.characters(exclude_categories=()), max_size=6)  # lone surrogates too
whole_numbers = st.integers() | st.integers(2**53 - 2, 2**53 + 2) | st.integers(-(10**30), 10**30)
floats = st.floats() | st.sampled_from([0.1 + 0.2, -0.0, math.inf, -math.inf, math.nan, 5e-324, 1e308])
scalars = st.none() | st.booleans() | whole_numbers | floats | any_text
keys = any_text | st.sampled_from(["float", "int", "str", "dict"]) | whole_numbers | st.booleans() | st.none()
plain_values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3), max_leaves=8
)


def bits(value: Any) -> Any:
    """A value's types, order and bits, to be compared: nan equals nan, 0.0 is not -0.0, 1 is neither 1.0 nor True."""
    if isinstance(value, float):
        return "float", "nan" if math.isnan(value) else struct.pack("<d", value)
    if isinstance(value, dict):
        return "dict", [(bits(key), bits(entry)) for key, entry in value.items()]
    if isinstance(value, (list, tuple)):
        return "list", [bits(entry) for entry in value]
    return type(value).__name__, value


def outline(study: Study) -> list[Any]:
    """All that two runs must have in common: not the times."""
    return [
        (
            bits([t.number, t.state, t.value, t.params, t.intermediate_values, t.user_attrs, t.error]),
            repr(t.distributions),
        )
        for t in study.trials
    ]


choices = st.lists(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | any_text,
    min_size=1,
    max_size=4,
    unique_by=lambda choice: (isinstance(choice, bool), choice),
)
bounds = st.tuples(st.floats(-1e6, 1e6), st.floats(0, 1e6))
int_bounds = st.tuples(st.integers(-(2**70), 2**70), st.integers(0, 1000), st.integers(1, 5))
domains: st.SearchStrategy[Domain] = (
    st.builds(Categorical, choices)
    | bounds.map(lambda b: Float(b[0], b[0] + b[1]))
    | st.integers(1, 30).map(lambda n: Float(0.0, n * 0.1 if n != 3 else 0.3, step=0.1))
    | int_bounds.map(lambda b: Int(b[0], b[0] + b[1] * b[2], step=b[2]))
    | st.just(Float(1e-5, 1.0, log=True))
    | st.just(Int(1, 2**60, log=True))
)
times = st.datetimes(datetime(1970, 1, 1), datetime(2100, 1, 1))


@st.composite
def records(draw: st.DrawFn) -> TrialRecord:
    space = draw(st.dictionaries(any_text, domains, max_size=3))
    params = {name: domain.from_unit(draw(st.floats(0, 1))) for name, domain in space.items()}
    state = draw(st.sampled_from(["complete", "pruned", "failed", "running"]))
    value = draw(floats.filter(lambda number: not math.isnan(number))) if state in ("complete", "pruned") else None
    more = {} if state == "complete" else draw(st.dictionaries(any_text, plain_values, max_size=2))
    start = draw(times)
    return TrialRecord(
        number=0,
        state=TrialState(state),
        value=value if state == "complete" or draw(st.booleans()) else None,
        params={**more, **params},
        distributions=space,
        intermediate_values=draw(st.dictionaries(st.integers(0), floats, max_size=3)),
        user_attrs=draw(st.dictionaries(any_text, plain_values, max_size=3)),
        error=draw(st.none() | any_text),
        datetime_start=start,
        datetime_complete=None if state == "running" else start + draw(st.timedeltas(timedelta(0), timedelta(9))),
    )
