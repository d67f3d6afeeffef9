"""What the tests of files and tables share: values of every kind that a study may hold, and what makes two the same."""

import math
import struct
from typing import Any

from hypothesis import strategies as st

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
