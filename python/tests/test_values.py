"""The written form of values: the vectors that TypeScript reads too, and what is refused."""

from __future__ import annotations

import contextlib
import datetime as dt
import enum
import json
import math
import random
import subprocess
import sys
from collections import OrderedDict, namedtuple
from collections.abc import Hashable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest

from holdfast import StateError
from holdfast._values import decode, encode

VECTORS = Path(__file__).parents[2] / "test" / "vectors"
NAMES = {
    "sys": sys,
    "np": np,
    "date": date,
    "datetime": datetime,
    "time": time,
    "timedelta": timedelta,
    "timezone": timezone,
    "Decimal": Decimal,
    "UUID": UUID,
    "ZoneInfo": ZoneInfo,
}
ONLY_READ = {
    "a map whose keys are texts, which Python has as an object",
    "a small integer that TypeScript keeps as a bigint",
}


def vectors(name: str) -> list[Any]:
    return [pytest.param(one, id=one["name"]) for one in json.loads((VECTORS / name).read_text())]


def same(one: Any, other: Any) -> bool:
    """Equal, and of the same types all the way down; `True == 1` and `nan != nan` are not what is meant."""
    if type(one) is not type(other):
        return False
    if isinstance(one, np.ndarray):
        return one.dtype == other.dtype and one.shape == other.shape and bool((one == other).all())
    if isinstance(one, (list, tuple)):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict):
        return same(list(one), list(other)) and same(list(one.values()), list(other.values()))
    if isinstance(one, dt.datetime):
        return one == other and (one.utcoffset(), str(one.tzinfo)) == (other.utcoffset(), str(other.tzinfo))
    if isinstance(one, float):
        return (math.isnan(one) and math.isnan(other)) or (one == other and str(one) == str(other))
    return str(one) == str(other) if isinstance(one, Decimal) else bool(one == other)


@pytest.mark.parametrize("vector", vectors("values.json"))
def test_every_vector_is_read_and_written_as_it_stands(vector: Any) -> None:
    value = eval(vector["python"], dict(NAMES))
    assert same(decode(vector["json"]), value)
    if vector["name"] not in ONLY_READ:
        assert encode(value) == vector["json"]


@pytest.mark.parametrize("vector", vectors("values-refused.json"))
def test_what_is_not_written_as_a_value_is_refused(vector: Any) -> None:
    with pytest.raises(StateError) as caught:
        decode(vector["json"])
    assert caught.value.code == vector["code"]


@dataclass
class Thing:
    n: int


class Colour(enum.Enum):
    RED = 1


class Level(enum.IntEnum):
    HIGH = 1


Point = namedtuple("Point", "x y")


@pytest.mark.parametrize(
    ("value", "named"),
    [
        (Thing(1), "Thing"),
        (Colour.RED, "Colour"),
        (Level.HIGH, "Level"),
        (Point(1, 2), "Point"),
        (OrderedDict(a=1), "OrderedDict"),
        (object(), "object"),
        (len, "builtin_function_or_method"),
        (1j, "complex"),
        (range(3), "range"),
        pytest.param(10**4400, "more than 4300 digits", id="long"),
        (np.array([object()]), "NumPy array of object"),
        (np.array([(1, 2.0)], dtype=[("a", "i4"), ("b", "f8")]), "NumPy array of"),
        (time(1, 2, tzinfo=ZoneInfo("Europe/Berlin")), "Use a datetime"),
        (pd.DataFrame({"a": [object()]}), "a table that Arrow cannot hold"),
        (pd.Timestamp("2026-01-01"), "Timestamp"),
    ],
)
def test_what_has_no_written_form_is_named_with_its_place(value: Any, named: str) -> None:
    with pytest.raises(StateError) as caught:
        encode({"a": [0, {"b c": value}]})
    assert caught.value.code == "ERR_VALUE_TYPE"
    assert str(caught.value).startswith("value['a'][1]['b c'] cannot be kept: ")
    assert named in str(caught.value)


def test_a_value_that_contains_itself_is_refused() -> None:
    value: list[Any] = [1]
    value.append({"again": value})
    with pytest.raises(StateError) as caught:
        encode(value)
    assert caught.value.code == "ERR_VALUE_CYCLE"
    assert encode([[1], [1]] * 2), "the same list twice is no circle"


def test_a_hundred_levels_are_kept_and_one_more_is_refused() -> None:
    value: Any = 1
    for _ in range(100):
        value = (value,)
    assert decode(encode(value)) == value
    with pytest.raises(StateError) as caught:
        encode([value])
    assert caught.value.code == "ERR_VALUE_DEPTH"
    with pytest.raises(StateError) as caught:
        decode("[" * 100_000 + "]" * 100_000)
    assert caught.value.code == "ERR_VALUE_DEPTH"


@pytest.mark.parametrize("value", ["\ud800", {"\udc00": 1}, {1: "\ud83d"}])
def test_half_a_surrogate_pair_is_refused(value: Any) -> None:
    with pytest.raises(StateError) as caught:
        encode(value)
    assert caught.value.code == "ERR_VALUE_TEXT"


def test_a_kind_of_a_newer_version_is_refused_by_name() -> None:
    with pytest.raises(StateError, match="'\\$quaternion'") as caught:
        decode('[{"$quaternion":[1]}]')
    assert caught.value.code == "ERR_VALUE_UNKNOWN"


@pytest.mark.parametrize(
    "written",
    [
        '{"$set":[[1]]}',
        '{"$map":[[{"a":1},2]]}',
        '{"$ndarray":{"dtype":"|O","shape":[1],"data":"AAAAAAAAAAA"}}',
        '{"$ndarray":{"dtype":"<f8","shape":[1000000000,1000000000],"data":""}}',
        '{"$ndarray":{"dtype":"<f8","shape":[2],"data":"AAAAAAAA8D8"}}',
        '{"$ndarray":{"dtype":"<f8","shape":[-1,-1],"data":"AAAAAAAA8D8"}}',
        '{"$ndarray":{"dtype":"f8,O","shape":[1],"data":"AAAAAAAA8D8"}}',
        '{"$arrow":"AAAA","as":"dataframe"}',
        '{"$arrow":"AAAA","as":"module"}',
    ],
)
def test_what_python_has_no_value_for_is_refused(written: str) -> None:
    with pytest.raises(StateError) as caught:
        decode(written)
    assert caught.value.code == "ERR_VALUE_TYPE"


FRAME = pd.DataFrame(
    {"n": [1, 2], "x": [0.5, None], "word": ["ä", None], "day": pd.to_datetime(["2026-01-01", None])},
    index=pd.Index(["a", "b"], name="key"),
)


def test_tables_come_back_as_they_were() -> None:
    back = decode(encode({"frame": FRAME, "series": FRAME["x"], "kind": FRAME["word"].astype("category")}))
    pd.testing.assert_frame_equal(back["frame"], FRAME)
    pd.testing.assert_series_equal(back["series"], FRAME["x"])
    pd.testing.assert_series_equal(back["kind"], FRAME["word"].astype("category"))


@pytest.mark.parametrize(
    "value", [np.float64(1.5), np.int32(-3), np.bool_(True), np.datetime64("2026-01-01")]
)
def test_numpy_scalars_come_back_as_scalars(value: Any) -> None:
    back = decode(encode([value]))[0]
    assert type(back) is type(value)
    assert back == value


def test_an_array_that_was_read_can_be_written_to() -> None:
    back = decode(encode(np.arange(6).reshape(2, 3).T))
    back[0, 0] = 9
    assert back.tolist() == [[9, 3], [1, 4], [2, 5]]


def test_encoding_imports_none_of_the_libraries() -> None:
    code = (
        "import sys; from holdfast._values import encode, decode;"
        "decode(encode({'a': [1, (2,), {3}]}));"
        "print([name for name in ('numpy', 'pandas', 'pyarrow', 'pickle') if name in sys.modules])"
    )
    source = str(Path(__file__).parents[1] / "src")
    child = subprocess.run(
        [sys.executable, "-c", code], env={"PYTHONPATH": source}, capture_output=True, text=True, check=True
    )
    assert child.stdout.strip() == "[]"


def some(dice: random.Random, depth: int = 0) -> Any:
    leaves: list[Any] = [
        None,
        dice.random() < 0.5,
        dice.randint(-(10**25), 10**25),
        dice.choice([0, 1, -1, 2**53, 2**53 - 1]),
        dice.choice([0.0, -0.0, 1.0, 1e300, 5e-324, float("inf"), dice.random()]),
        "".join(dice.choice('a$"\\\n\u2028é🦕\x00') for _ in range(dice.randint(0, 6))),
        dice.randbytes(dice.randint(0, 9)),
        Decimal(dice.randint(-999, 999)).scaleb(dice.randint(-9, 9)),
        UUID(int=dice.getrandbits(128)),
        date.fromordinal(dice.randint(1, 3652059)),
        timedelta(dice.randint(-999, 999), dice.randint(0, 86399), dice.randint(0, 999999)),
        datetime(2026, 1, 1, tzinfo=timezone.utc) + timedelta(seconds=dice.randint(-(10**9), 10**9)),
        (datetime(2026, 1, 1, tzinfo=timezone.utc) + timedelta(hours=dice.randint(0, 9000))).astimezone(
            ZoneInfo(dice.choice(["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "UTC"]))
        ),
    ]
    if depth == 4 or dice.random() < 0.4:
        return dice.choice(leaves)
    parts = [some(dice, depth + 1) for _ in range(dice.randint(0, 4))]
    keys = ["".join(dice.choice("$ab") for _ in range(3)) for _ in parts]
    keyed = dict(zip(keys, parts, strict=True))
    hashable = [one for one in parts if isinstance(one, Hashable) and not isinstance(one, tuple)]
    return dice.choice(
        [parts, tuple(parts), keyed, dict.fromkeys(hashable, 1), set(hashable), frozenset(hashable)]
    )


def test_whatever_can_be_written_comes_back_the_same() -> None:
    dice = random.Random(7)
    for _ in range(2_000):
        value = some(dice)
        written = encode(value)
        back = decode(written)
        assert type(back) is type(value)
        assert encode(back) == written


def test_no_text_makes_reading_fail_in_another_way_than_said() -> None:
    dice = random.Random(8)
    for _ in range(2_000):
        written = list(encode(some(dice)))
        for _ in range(dice.randint(1, 3)):
            at = dice.randrange(len(written))
            written[at : at + dice.randint(0, 2)] = dice.choice(
                ['"', "$", "[", "]", "{", ":", "0", "e9", "\\u"]
            )
        with contextlib.suppress(StateError):
            decode("".join(written))
