"""Python's plain values as JSON that any language reads, and back to the last bit.

JSON has no nan and no infinities, many readers keep whole numbers as doubles, and half of a surrogate pair is no
text to them. What JSON itself cannot carry stands as an object with one key, its *tag*:

    ==========================================  ================================================================
    in Python                                   in the file
    ==========================================  ================================================================
    None, True, "text", lists                   null, true, "text", lists (a tuple becomes a list)
    0.1, -0.0, whole numbers below 2^53         0.1, -0.0, 17; a float has a point or an exponent, an int has not
    nan, inf, -inf                              {"float": "nan"}, {"float": "inf"}, {"float": "-inf"}
    whole numbers of 2^53 and beyond            {"int": "0x20000000000001"}: hexadecimal, which has no limit
    text with lone surrogates                   {"str": [55357]}: its code points
    a dict whose keys are text                  an object
    any other dict, or one like the above       {"dict": [[key, value], ...]}
    ==========================================  ================================================================

Start reading at `encode`; `decode` is its inverse.

>>> encode({"loss": float("inf"), "seeds": [1, 2**60]}, "here")
{'loss': {'float': 'inf'}, 'seeds': [1, {'int': '0x1000000000000000'}]}
>>> decode(parse('{"loss": {"float": "inf"}}'), "here")
{'loss': inf}
"""

import json
import math
import re
from typing import Any, NoReturn

import numpy as np

_LIMIT = 2**53  # from here on a double does not hold every whole number
TAGS = ("float", "int", "str", "dict")
_DEEPEST = 100  # levels; Python's own stack allows some hundreds, whoever calls


def encode(value: Any, where: str, depth: int = 0) -> Any:
    """Return a value as lists, dicts, text and numbers that ``json.dumps(..., allow_nan=False)`` takes.

    Args:
        value: None, booleans, numbers (also numpy's), text, and lists, tuples and dicts of these.
        where: The name of its place, for error messages.
        depth: How many levels it is inside already.

    Raises:
        ValueError: For anything else. The text begins with the place.
    """
    if _is_json(value):
        return value
    if isinstance(value, np.bool_):
        return bool(value)
    if isinstance(value, (float, np.float32, np.float16)):
        number = float(value)
        return number if math.isfinite(number) else {"float": str(number)}
    if isinstance(value, (int, np.integer)) and not isinstance(value, np.timedelta64):
        number = int(value)
        return number if _is_json(number) else {"int": hex(number)}
    if isinstance(value, str):
        text = str.__str__(value)  # the text itself, also of an enum
        return {"str": [ord(letter) for letter in text]} if _is_broken(text) else text
    if depth >= _DEEPEST:
        raise ValueError(f"{where} is nested more than {_DEEPEST} levels deep, or contains itself")
    if isinstance(value, (list, tuple)):
        return [encode(entry, f"{where}[{i}]", depth + 1) for i, entry in enumerate(value)]
    if isinstance(value, dict):
        return _encode_dict(value, where, depth)
    raise ValueError(
        f"{where} is of the type {type(value).__name__}, which JSON cannot hold; what it can are None, bool, int, "
        "float, str, and lists and dicts of these"
    )


def _encode_dict(value: dict[Any, Any], where: str, depth: int) -> dict[str, Any]:
    pairs: list[list[Any]] = []
    for key, entry in value.items():
        if isinstance(key, tuple):  # it would come back as a list, which cannot be a key
            raise ValueError(f"{where} has the key {key!r}, which JSON cannot hold; make it a text")
        plain_key = key if _is_json(key) else encode(key, f"a key of {where}", depth + 1)
        plain = entry if _is_json(entry) else encode(entry, f"{where}{_step(key)}", depth + 1)
        pairs.append([plain_key, plain])
    looks_like_a_tag = len(pairs) == 1 and pairs[0][0] in TAGS
    if looks_like_a_tag or not all(isinstance(key, str) for key, _ in pairs):
        return {"dict": pairs}
    return dict(pairs)


def _is_json(value: Any) -> bool:
    """Whether JSON has the value as it is: almost all are, so this is asked first."""
    kind = type(value)
    if kind is float:
        return math.isfinite(value)
    if kind is int:
        return bool(-_LIMIT < value < _LIMIT)
    return value is None or kind is bool or (kind is str and not _is_broken(value))


def decode(data: Any, where: str, depth: int = 0) -> Any:
    """Return the value that `encode` has made into data.

    Args:
        data: What `parse` returns.
        where: The name of its place, for error messages.
        depth: How many levels it is inside already.

    Raises:
        ValueError: For a tag with a content that is not its own, and for what `encode` would have refused as nested too
            deeply. The text begins with the place.
    """
    if depth > _DEEPEST:
        raise ValueError(f"{where} is nested more than {_DEEPEST} levels deep")
    if isinstance(data, list):
        return [decode(entry, f"{where}[{i}]", depth + 1) for i, entry in enumerate(data)]
    if not isinstance(data, dict):
        return data
    if len(data) == 1:
        ((tag, content),) = data.items()
        if tag in TAGS:
            return _decode_tag(tag, content, where, depth)
    return {key: decode(entry, f"{where}{_step(key)}", depth + 1) for key, entry in data.items()}


def _decode_tag(tag: str, content: Any, where: str, depth: int) -> Any:
    if tag == "float" and content in ("nan", "inf", "-inf"):
        return float(content)
    if tag == "int" and isinstance(content, str) and re.fullmatch(r"-?0x[0-9a-f]+", content):
        return int(content, 16)
    if tag == "str" and isinstance(content, list) and all(_is_code_point(entry) for entry in content):
        return "".join(map(chr, content))
    if tag == "dict" and isinstance(content, list) and all(isinstance(p, list) and len(p) == 2 for p in content):
        keys = [decode(key, f"a key of {where}", depth + 1) for key, _ in content]
        if not any(isinstance(key, (list, dict)) for key in keys):
            pairs = zip(keys, (entry for _, entry in content), strict=True)
            return {key: decode(entry, f"{where}{_step(key)}", depth + 1) for key, entry in pairs}
    raise ValueError(f"{where} is no {tag}: {content!r:.80}")


def parse(text: str) -> Any:
    """Return what stands in a JSON text, strictly: no nan, no number beyond the doubles, no key twice.

    Raises:
        ValueError: For everything else, and lists in lists beyond reason.
    """
    try:
        return json.loads(
            text, parse_constant=_no_constant, parse_float=_finite, object_pairs_hook=_object_with_distinct_keys
        )
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def _no_constant(token: str) -> NoReturn:
    raise ValueError(f"{token} is not JSON")


def _finite(token: str) -> float:
    number = float(token)
    if math.isinf(number):
        raise ValueError(f"the number {token:.80} is beyond all doubles")
    return number


def _object_with_distinct_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    entries = dict(pairs)
    if len(entries) < len(pairs):
        keys = [key for key, _ in pairs]
        raise ValueError(f"the key {next(key for key in keys if keys.count(key) > 1)!r:.80} occurs twice in one object")
    return entries


def _step(key: Any) -> str:
    """The way from a dict to an entry, as somebody would write it."""
    return f".{key}" if isinstance(key, str) and key.isidentifier() else f"[{key!r:.80}]"


def _is_broken(text: str) -> bool:
    return not text.isascii() and any("\ud800" <= letter <= "\udfff" for letter in text)


def _is_code_point(entry: Any) -> bool:
    return isinstance(entry, int) and not isinstance(entry, bool) and 0 <= entry <= 0x10FFFF
