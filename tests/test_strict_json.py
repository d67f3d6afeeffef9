"""Values come back from JSON to the last bit, and the JSON is one that any language reads."""

import json
import math
from enum import IntEnum, StrEnum
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from plain_values import bits, plain_values

from tpe_reference.strict_json import decode, encode, parse


def through_a_file(value: Any) -> Any:
    text = json.dumps(encode(value, "here"), ensure_ascii=False, allow_nan=False)
    return decode(parse(text.encode("utf-8").decode("utf-8")), "here")


@given(plain_values)
@example([math.nan, math.inf, -math.inf, -0.0, 0.1 + 0.2, 5e-324])
@example({"float": "nan"})
@example({"dict": [["int", "0x1"]]})
@example({"a": {2: {"float": 0.5}, None: [], True: "x", 0.5: {}}})
@example("\ud83d\ude00 as two halves is not 😀")
@example(10**5000)  # Python reads and writes no decimals of that length
def test_every_plain_value_comes_back_to_the_last_bit(value: Any) -> None:
    assert bits(through_a_file(value)) == bits(value)


@given(plain_values)
def test_the_json_can_be_read_by_everybody(value: Any) -> None:
    def visit(data: Any) -> None:
        if isinstance(data, int):
            assert abs(data) < 2**53, "a double does not hold it"
        for part in [*data, *data.values()] if isinstance(data, dict) else data if isinstance(data, list) else []:
            visit(part)

    visit(encode(value, "here"))
    json.dumps(encode(value, "here"), ensure_ascii=False, allow_nan=False).encode("utf-8")  # no half pairs


def test_what_numpy_and_enums_have_becomes_plain() -> None:
    class Colour(StrEnum):
        RED = "red"

    class Size(IntEnum):
        BIG = 3

    given = [np.float32(0.1), np.float64(0.1), np.int8(-3), np.bool_(True), Colour.RED, Size.BIG, (1, 2), np.nan]
    plain = [float(np.float32(0.1)), 0.1, -3, True, "red", 3, [1, 2], math.nan]
    assert bits(through_a_file(given)) == bits(plain)


@pytest.mark.parametrize(
    "value",
    [object(), {1, 2}, b"bytes", 1j, np.zeros(2), np.longdouble(1), np.timedelta64(1, "s"), {(1, 2): 3}],
    ids=repr,
)
def test_what_json_cannot_hold_is_named_with_its_place(value: Any) -> None:
    with pytest.raises(ValueError, match=r"^trials\[3\].user_attrs.model\[1\]\['a b'\].* JSON cannot hold"):
        encode({"model": [0, {"a b": value}]}, "trials[3].user_attrs")


def test_what_contains_itself_is_refused() -> None:
    endless: list[Any] = []
    endless.append({"again": endless})
    with pytest.raises(ValueError, match="100 levels deep, or contains itself"):
        encode(endless, "here")


@pytest.mark.parametrize("wrap", [lambda inner: [inner], lambda inner: {"a": inner}, lambda inner: {1: inner}])
def test_what_can_be_written_can_be_read_and_nothing_deeper(wrap: Any) -> None:
    value: Any = math.nan
    for _ in range(100):
        value = wrap(value)
    written = encode(value, "here")
    assert bits(decode(parse(json.dumps(written)), "here")) == bits(value)
    with pytest.raises(ValueError, match=r"^here.*is nested more than 100 levels deep"):
        encode(wrap(value), "here")
    for n_more in (1, 800):  # with so many Python's own stack would be at its end
        deeper = written
        for _ in range(n_more):
            deeper = [deeper]
        with pytest.raises(ValueError, match=r"here.* is nested more than 100 levels deep$"):
            decode(deeper, "here")


@pytest.mark.parametrize(
    "text",
    [
        *("NaN", "Infinity", "-Infinity", "[1e999]", "-1e999", '{"a": 1, "a": 2}', "", "[", "[1,]", "1 2", "'a'"),
        "9" * 5000,
        "[" * 100_000,
    ],
    ids=lambda text: text[:20],
)
def test_what_is_not_strict_json_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".{5}"):
        parse(text)


@pytest.mark.parametrize(
    "data",
    [
        *({"float": "1.5"}, {"float": ["nan"]}, {"int": "17"}, {"int": 17}, {"int": "0x"}, {"str": [-1]}),
        *({"str": [True]}, {"str": "text"}, {"str": [1114112]}, {"dict": [1]}, {"dict": [["a", 1, 2]]}),
        *({"dict": [[[], 1]]}, {"dict": {"a": 1}}),
    ],
    ids=repr,
)
def test_a_tag_with_something_else_in_it_is_refused_with_its_place(data: Any) -> None:
    with pytest.raises(ValueError, match=r"^here\[0\].x is no (float|int|str|dict)"):
        decode([{"x": data, "y": 0}], "here")
