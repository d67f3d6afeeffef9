"""A study as a file: `save` writes one JSON file that any language reads, `load` goes on from it.

As a sampler is a pure function of the history, the list of trials is all there is to keep: no pickle, and nothing of
an algorithm's inner state. The format is described in chapters/files.md, and at the head of strict_json.py how
values are written that JSON lacks.

What is on the disk is not put at risk. A file is replaced in one step, so that it is the old one or the new one,
whole, whatever happens. And `save` replaces only what its own study has written before.

Start reading at `save`. Users call ``study.save(path)`` and ``load_study(path)``.

>>> import tempfile, tpe_reference
>>> study = tpe_reference.create_study(seed=1)
>>> study.optimize(lambda trial: trial.suggest_float("x", 0, 1) ** 2, n_trials=3)
>>> with tempfile.TemporaryDirectory() as folder:
...     study.save(f"{folder}/study.json")
...     same = tpe_reference.load_study(f"{folder}/study.json")
>>> same.trials == study.trials
True
"""

from __future__ import annotations

import json
import math
import os
import sys
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from types import ModuleType
from typing import Any

from . import pruners, samplers
from .disk import alone_in, write_whole
from .samplers.tpe import Rules
from .samplers.tpe_variants import VARIANTS
from .space import Domain, TrialState, domain_from_json, domain_to_json
from .strict_json import decode, encode, parse
from .study import Study, StudyContents
from .trial import TrialRecord, member

FORMAT = "tpe_reference study"
VERSION = 1  # grows with every change of the format; what is newer than a reader, it refuses

# The parts that the rules of a TPESampler are made of, by their names: JSON holds no functions.
RULE_PARTS = {
    role: {part.__name__: part for part in (vars(rules)[role] for rules in (Rules(), *VARIANTS.values()))}
    for role, usual in vars(Rules()).items()
    if callable(usual)
}


def save(study: Study, path: str | os.PathLike[str], *, overwrite: bool = False) -> None:
    """Write a study into a file, or bring its file up to date; see `Study.save`."""
    if not isinstance(path, (str, os.PathLike)):
        raise TypeError(f"save: path must be the name of a file, got {path!r}")
    file = Path(path)
    with study._lock:
        document = _checked(study)
        text = _text(document)
        with alone_in(Path(os.path.realpath(file)).parent):
            if not overwrite:
                _check_old(file, document)
            write_whole(file, text)


def as_json(study: Study) -> str:
    """Return what `save` writes."""
    return _text(_checked(study))


def load(path: str | os.PathLike[str], sampler: Any, pruner: Any) -> Study:
    """Return the study that a file holds; see `tpe_reference.load_study`."""
    try:
        document = read_document(Path(path))
        sampler = algorithm_from_json(samplers, "sampler", document) if sampler is None else sampler
        pruner = algorithm_from_json(pruners, "pruner", document) if pruner is None else pruner
        contents = undamaged_contents(document)
    except ValueError as error:
        raise ValueError(f"load_study: {path}: {error}") from None
    study = Study._restore(contents, sampler, pruner)
    study._id = document["id"]
    return study


# ---- writing ---------------------------------------------------------------------------------------------------------


def _checked(study: Study) -> dict[str, Any]:
    """Return what a file is to hold, after a look whether it could be read again."""
    with study._lock:
        if study._id is None:
            study._id = os.urandom(16).hex()
        try:
            document = _document(study)
            _contents(document)
        except ValueError as error:
            raise ValueError(f"save: {error}; nothing was written") from None
        return document


def _document(study: Study) -> dict[str, Any]:
    """Return all that the file holds, in the order in which it stands there."""
    contents = study._contents()
    # Most trials have one and the same space. By their text, for as values of Python 1 and 1.0 are equal.
    texts = [repr(record.distributions) for record in contents.trials]
    spaces = dict(zip(texts, (record.distributions for record in contents.trials), strict=True))
    places = {text: place for place, text in enumerate(spaces)}
    return {
        "format": FORMAT,
        "version": VERSION,
        "id": study._id,
        "study_name": encode(contents.study_name, "study_name"),
        "direction": contents.direction,
        "seed": encode(contents.seed, "seed"),
        "sampler": algorithm_to_json(samplers, "sampler", study.sampler),
        "pruner": algorithm_to_json(pruners, "pruner", study.pruner),
        "lag": encode(contents.lag, "lag"),
        "user_attrs": encode(contents.user_attrs, "the study's user_attrs"),
        "enqueued": [
            {key: encode(part, f"enqueued[{i}].{key}") for key, part in entry.items()}
            for i, entry in enumerate(contents.queue)
        ],
        "unseen": [
            {"number": number, "params": encode(params, f"unseen[{number}].params")}
            for number, params in contents.given.items()
        ],
        "spaces": [
            encode({name: domain_to_json(domain) for name, domain in space.items()}, "spaces")
            for space in spaces.values()
        ],
        "trials": [_trial_to_json(record, places[text]) for record, text in zip(contents.trials, texts, strict=True)],
    }


def _trial_to_json(record: TrialRecord, space: int) -> dict[str, Any]:
    where = f"trials[{record.number}]"
    return {
        "number": record.number,
        "state": str(record.state),
        "value": encode(record.value, f"{where}.value"),
        "params": encode(record.params, f"{where}.params"),
        "space": space,
        "intermediate_values": encode([*map(list, record.intermediate_values.items())], f"{where}.intermediate_values"),
        "user_attrs": encode(record.user_attrs, f"{where}.user_attrs"),
        "error": encode(record.error, f"{where}.error"),
        "datetime_start": _time_to_json(record.datetime_start),
        "datetime_complete": _time_to_json(record.datetime_complete),
    }


def _time_to_json(time: datetime | None) -> str | None:
    return None if time is None else time.isoformat()


def algorithm_to_json(module: ModuleType, role: str, thing: Any) -> dict[str, Any]:
    """Return the name of a sampler or pruner, and the settings of one of ours: its public attributes."""
    name = type(thing).__name__
    public = getattr(module, name, None) if name in module.__all__ else None
    if not isinstance(public, type) or type(thing) not in public.__mro__:
        return {"name": name, "settings": None}  # the user's own, who has to bring it again
    settings = {key: value for key, value in vars(thing).items() if not key.startswith("_")}
    if "rules" in settings:
        parts = vars(settings["rules"])
        if any(part not in RULE_PARTS[role].values() for role, part in parts.items() if role in RULE_PARTS):
            return {"name": name, "settings": None}
        settings["rules"] = {role: part.__name__ if role in RULE_PARTS else part for role, part in parts.items()}
    if settings.get("space") is not None:  # a grid's: lists or domains
        axes = settings["space"].items()
        settings["space"] = {key: domain_to_json(a) if hasattr(a, "from_unit") else list(a) for key, a in axes}
    return {"name": name, "settings": encode(settings, f"the {role}'s settings")}


def _text(document: Mapping[str, Any]) -> str:
    """Return the JSON text, with a line for every trial: to look at it, and to see what changed."""
    to_text = json.JSONEncoder(ensure_ascii=False, allow_nan=False).encode
    lines = []
    for key, value in document.items():
        is_list = isinstance(value, list) and value
        text = "[\n" + ",\n".join(map(to_text, value)) + "\n]" if is_list else to_text(value)
        lines.append(f'"{key}": {text}')
    return "{\n" + ",\n".join(lines) + "\n}\n"


def _check_old(path: Path, document: Mapping[str, Any]) -> None:
    """Raise ValueError when there is a file that would be lost: not this study's, or with more in it."""
    way_out = "it stays as it is; save to another path, or with overwrite=True if nobody needs it"
    try:
        old = read_document(path)
    except FileNotFoundError:
        return
    except ValueError as error:
        raise ValueError(f"save: {path} exists, and {error}; {way_out}") from None
    if old["id"] != document["id"]:
        raise ValueError(f"save: {path} holds another study (load_study goes on with it); {way_out}")
    for number, trial in enumerate(old["trials"]):
        if not _is_in(trial, number, document["trials"]):
            raise ValueError(
                f"save: {path} holds a later state of this study, or another branch of it: its trial {number} is not "
                f"in this one (load_study goes on with it); {way_out}"
            )


def _is_in(trial: Any, number: int, trials: list[dict[str, Any]]) -> bool:
    """Whether nothing is lost of a trial in a file when these replace it."""
    if not isinstance(trial, dict) or number >= len(trials):
        return False
    same = ("state", "value", "params", "intermediate_values", "datetime_start")
    return trial.get("state") == "running" or all(trial.get(key) == trials[number][key] for key in same)


# ---- reading ---------------------------------------------------------------------------------------------------------


def read_document(path: Path) -> dict[str, Any]:
    """Return what stands in a study's file, of which only the head has been checked."""
    try:
        document = parse(path.read_bytes().decode("utf-8-sig"))  # some editors begin a file with a mark
    except ValueError as error:
        raise ValueError(f"it is damaged, or no study file: {error}") from None
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise ValueError(f'it is no study file: it has no "format": "{FORMAT}"')
    version: Any = document.get("version")
    if not _is_whole(version):
        raise ValueError(f"it is damaged: version must be a whole number, got {version!r:.80}")
    if version != VERSION:
        advice = "update tpe_reference to read it" if version > VERSION else "there is no such version"
        raise ValueError(f"it has version {version} of the format, this tpe_reference knows {VERSION}: {advice}")
    if not isinstance(document.get("id"), str) or not isinstance(document.get("trials"), list):
        raise ValueError("it is damaged: id must be a text and trials a list")
    return document


def undamaged_contents(document: Mapping[str, Any]) -> StudyContents:
    """Return what a file says of a study, or say what is damaged."""
    try:
        return _contents(document)
    except ValueError as error:
        way_out = "chapters/files.md says how a file looks: mend that place, or take a copy from before"
        raise ValueError(f"it is damaged: {error} ({way_out})") from None


def _contents(document: Mapping[str, Any]) -> StudyContents:
    """Return what a file says of a study, all of it checked.

    Raises:
        ValueError: For what `save` would not have written; the text begins with the place.
    """
    _check_keys(document, _KEYS, "the file")
    spaces = [_space(entry, f"spaces[{i}]") for i, entry in enumerate(_list(document, "spaces"))]
    trials = [_trial(entry, i, spaces) for i, entry in enumerate(_list(document, "trials"))]
    direction, lag = document["direction"], decode(document["lag"], "lag")
    seed, name = decode(document["seed"], "seed"), decode(document["study_name"], "study_name")
    _check(direction in ("minimize", "maximize"), "direction", "'minimize' or 'maximize'", direction)
    _check(_is_whole(seed) and seed >= 0, "seed", "a whole number of at least 0", seed)
    _check(name is None or isinstance(name, str), "study_name", "a text or null", name)
    _check(lag is None or (_is_whole(lag) and lag >= 1), "lag", "a whole number of at least 1 or null", lag)
    return StudyContents(
        direction=direction,
        seed=seed,
        study_name=name,
        user_attrs=_dict(document["user_attrs"], "user_attrs"),
        queue=[_enqueued(entry, f"enqueued[{i}]") for i, entry in enumerate(_list(document, "enqueued"))],
        lag=lag,
        trials=trials,
        given=dict(_unseen(entry, i, len(trials)) for i, entry in enumerate(_list(document, "unseen"))),
    )


def _space(data: Any, where: str) -> dict[str, Domain]:
    space = {}
    for name, entry in _dict(data, where).items():
        try:
            space[name] = domain_from_json(entry)
        except (ValueError, OverflowError) as error:
            raise ValueError(f"{where}.{name}: {error}") from None
    return space


def _trial(data: Any, number: int, spaces: list[dict[str, Domain]]) -> TrialRecord:
    where = f"trials[{number}]"
    _check(isinstance(data, dict), where, "an object", data)
    _check_keys(data, _TRIAL_KEYS, where)
    _check(data["number"] == number, f"{where}.number", f"its place, {number}", data["number"])
    states = [str(state) for state in TrialState]
    _check(data["state"] in states, f"{where}.state", f"one of {states}", data["state"])
    state = TrialState(data["state"])
    value = decode(data["value"], f"{where}.value")
    if state == TrialState.COMPLETE or (state == TrialState.PRUNED and value is not None):
        _check(_is_number(value) and not math.isnan(value), f"{where}.value", "a number but nan", value)
    else:
        _check(value is None, f"{where}.value", f"null for a trial that is {state}", value)
    space = data["space"]
    _check(_is_whole(space) and 0 <= space < len(spaces), f"{where}.space", f"one of {len(spaces)} spaces", space)
    error = decode(data["error"], f"{where}.error")
    _check(error is None or isinstance(error, str), f"{where}.error", "a text or null", error)
    start, end = _datetimes(data, state, where)
    return TrialRecord(
        number=number,
        state=state,
        value=None if value is None else float(value),
        params=_params(data["params"], spaces[space], f"{where}.params"),
        distributions=dict(spaces[space]),
        intermediate_values=_curve(data["intermediate_values"], f"{where}.intermediate_values"),
        user_attrs=_dict(data["user_attrs"], f"{where}.user_attrs"),
        error=error,
        datetime_start=start,
        datetime_complete=end,
    )


def _params(data: Any, space: Mapping[str, Domain], where: str) -> dict[str, Any]:
    """Return parameters as values of their domains; those without a domain, which nobody named yet, as they are."""
    params = _dict(data, where)
    for name, domain in space.items():
        _check(name in params, where, f"an object with {name!r}, as its space has", list(params))
        try:
            params[name] = member(f"{where}.{name}", params[name], domain)
        except OverflowError as error:  # a step of 1e-300, say
            raise ValueError(f"{where}.{name}: {domain}: {error}") from None
    return params


def _curve(data: Any, where: str) -> dict[int, float]:
    entries = decode(data, where)
    _check(isinstance(entries, list), where, "a list of [step, value]", entries)
    curve: dict[int, float] = {}
    for i, entry in enumerate(entries):
        is_pair = isinstance(entry, list) and len(entry) == 2
        is_report = is_pair and _is_whole(entry[0]) and entry[0] >= 0 and _is_number(entry[1])
        _check(is_report and entry[0] not in curve, f"{where}[{i}]", "[step, value] with a step of its own", entry)
        curve[entry[0]] = float(entry[1])
    return curve


def _datetimes(data: Mapping[str, Any], state: TrialState, where: str) -> tuple[datetime, datetime | None]:
    times = []
    for key in ("datetime_start", "datetime_complete"):
        text = data[key]
        may_lack = key == "datetime_complete"
        try:
            times.append(None if text is None and may_lack else datetime.fromisoformat(text))
        except (ValueError, TypeError):
            _check(False, f"{where}.{key}", "a time like '2026-01-31T23:59:59.123456'", text)
    start, end = times
    assert start is not None  # None is let through for the end alone
    if end is not None:
        _check((start.tzinfo is None) == (end.tzinfo is None), where, "two times, both with a zone or none", data[key])
    return start, end


def _enqueued(data: Any, where: str) -> dict[str, Any]:
    _check(isinstance(data, dict), where, "an object", data)
    _check_keys(data, ("params", "user_attrs"), where)
    return {key: _dict(data[key], f"{where}.{key}") for key in data}


def _unseen(data: Any, i: int, n_trials: int) -> tuple[int, dict[str, Any]]:
    where = f"unseen[{i}]"
    _check(isinstance(data, dict), where, "an object", data)
    _check_keys(data, ("number", "params"), where)
    number = data["number"]
    _check(_is_whole(number) and 0 <= number < n_trials, f"{where}.number", "a trial's number", number)
    return number, _dict(data["params"], f"{where}.params")


def algorithm_from_json(module: ModuleType, role: str, document: Mapping[str, Any]) -> Any:
    """Return the sampler or pruner that a file names."""
    entry = document.get(role)
    if not isinstance(entry, dict) or not isinstance(entry.get("name"), str) or "settings" not in entry:
        raise ValueError(f'it is damaged: {role} must be like {{"name": ..., "settings": ...}}, got {entry!r:.80}')
    name = entry["name"]
    public = getattr(module, name, None) if name in module.__all__ else None
    if entry["settings"] is None or not isinstance(public, type):
        raise ValueError(
            f"its {role}, {name}, is code of your own, in whole or in part, which is not kept: "
            f"pass load_study(..., {role}=...)"
        )
    try:
        settings = decode(entry["settings"], "settings")
        if "rules" in settings:
            parts = settings["rules"].items()
            rules = {part: RULE_PARTS[part][value] if part in RULE_PARTS else value for part, value in parts}
            settings["rules"] = Rules(**(rules | {"prior_sigma": float(rules["prior_sigma"])}))
        if settings.get("space") is not None:
            axes = settings["space"].items()
            settings["space"] = {key: domain_from_json(a) if isinstance(a, dict) else a for key, a in axes}
        return public(**settings)
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError) as error:
        raise ValueError(
            f"it is damaged: the {role} {name} cannot be made from its settings ({error}): mend them, or "
            f"pass load_study(..., {role}=...)"
        ) from None


_KEYS = [
    *("format", "version", "id", "study_name", "direction", "seed", "sampler", "pruner", "lag", "user_attrs"),
    *("enqueued", "unseen", "spaces", "trials"),
]
_TRIAL_KEYS = [
    *("number", "state", "value", "params", "space", "intermediate_values", "user_attrs", "error"),
    *("datetime_start", "datetime_complete"),
]


def _check_keys(data: Mapping[str, Any], keys: list[str] | tuple[str, ...], where: str) -> None:
    _check(data.keys() == set(keys), where, f"an object with just the keys {list(keys)}", list(data))


def _check(holds: bool, where: str, wanted: str, got: Any) -> None:
    if not holds:
        raise ValueError(f"{where} must be {wanted}, got {got!r:.200}")


def _list(document: Mapping[str, Any], key: str) -> list[Any]:
    entries = document[key]
    _check(isinstance(entries, list), key, "a list", entries)
    return list(entries)


def _dict(data: Any, where: str) -> dict[str, Any]:
    """Return a decoded dict whose keys are text."""
    value = decode(data, where)
    _check(isinstance(value, dict) and all(isinstance(key, str) for key in value), where, "an object", value)
    return dict(value)


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value: Any) -> bool:
    return isinstance(value, float) or (_is_whole(value) and abs(value) <= sys.float_info.max)
