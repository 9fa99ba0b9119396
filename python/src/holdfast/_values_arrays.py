"""NumPy arrays by their bytes, pandas and Arrow tables as Arrow IPC streams.

None of these libraries is imported here before a value of theirs is at hand, and none of them may
bring objects: arrays of objects are refused, and so is what Arrow would have to unpickle.
"""

from __future__ import annotations

import importlib
import json
import math
import re
from typing import Any

from holdfast._base64url import base64url

_KINDS = "biufcmMSU"
_DTYPE = re.compile(r"[<>|][biufcmMSU]\d{1,6}(\[\d{0,6}[A-Za-zµ]{1,2}\])?")
_MOST_DIMENSIONS = 32
_SERIES_NAME = b"holdfast.series"


class Unfit(ValueError):
    """Says what of an array or table cannot be kept, or read."""


def write_array(value: Any) -> Any:
    """The tree of a NumPy array or scalar; a scalar is an array without dimensions."""
    numpy = importlib.import_module("numpy")
    array = numpy.asarray(value)
    if type(value) is not numpy.ndarray and not isinstance(value, numpy.generic):
        raise Unfit(
            f"{type(value).__qualname__}, a kind of NumPy array of its own. Use numpy.asarray() first"
        )
    dtype = array.dtype
    if (
        dtype.kind not in _KINDS
        or (dtype.itemsize > 8 and dtype.kind == "f")
        or not _DTYPE.fullmatch(dtype.str)
    ):
        raise Unfit(f"a NumPy array of {dtype}. Use numbers, text or dates of one kind")
    return {"$ndarray": {"dtype": dtype.str, "shape": list(array.shape), "data": base64url(array.tobytes())}}


def read_array(tree: Any, data: bytes) -> Any:
    """The array that `tree` describes and `data` fills, checked before any memory is touched."""
    shape, name = tree.get("shape"), tree.get("dtype")
    if not isinstance(name, str) or not _DTYPE.fullmatch(name):
        raise Unfit(f"a NumPy array of {str(name)[:40]!r}")
    if (
        not isinstance(shape, list)
        or len(shape) > _MOST_DIMENSIONS
        or not all(type(size) is int and size >= 0 for size in shape)
    ):
        raise Unfit("a NumPy array without a shape")
    try:
        numpy = importlib.import_module("numpy")
        dtype = numpy.dtype(name)
    except (ImportError, TypeError, ValueError) as reason:
        raise Unfit(f"a NumPy array, which cannot be read here: {reason}") from None
    if math.prod(shape) * dtype.itemsize != len(data):
        raise Unfit(f"a NumPy array of {shape} {name}, but {len(data)} bytes")
    array = numpy.frombuffer(data, dtype).reshape(shape) if data else numpy.empty(shape, dtype)
    return array.copy() if shape else array[()]


def write_frame(value: Any) -> Any:
    """The tree of a pandas DataFrame or Series, which needs pyarrow."""
    pandas = importlib.import_module("pandas")
    arrow = _arrow()
    is_series = type(value) is pandas.Series
    try:
        if value.attrs:
            raise Unfit("a table with attrs. Keep them beside it")
        table = arrow.Table.from_pandas(value.to_frame("values") if is_series else value)
        if is_series:
            name = json.dumps(_series_name(value.name)).encode()
            table = table.replace_schema_metadata({**table.schema.metadata, _SERIES_NAME: name})
    except (arrow.ArrowException, TypeError, ValueError) as reason:
        raise (
            reason if isinstance(reason, Unfit) else Unfit(f"a table that Arrow cannot hold: {reason}")
        ) from None
    return _stream(table, "series" if is_series else "dataframe")


def write_table(value: Any) -> Any:
    """The tree of an Arrow table."""
    return _stream(value, "table")


def read_table(data: bytes, kind: Any) -> Any:
    """The DataFrame, Series or Arrow table in an Arrow IPC stream."""
    if kind not in ("dataframe", "series", "table"):
        raise Unfit(f"an Arrow table as {str(kind)[:40]!r}")
    arrow = _arrow()
    try:
        table = importlib.import_module("pyarrow.ipc").open_stream(data).read_all()
        _no_pickles(table.schema)
        if kind == "table":
            return table
        frame = table.to_pandas()
        if kind == "dataframe":
            return frame
        series = frame.iloc[:, 0]
        series.name = json.loads((table.schema.metadata or {}).get(_SERIES_NAME, b"null"))
        return series
    except (arrow.ArrowException, ImportError, TypeError, ValueError, KeyError, IndexError) as reason:
        raise Unfit(f"a table that cannot be read here: {reason}") from None


def _stream(table: Any, kind: str) -> Any:
    _no_pickles(table.schema)
    arrow = _arrow()
    sink = arrow.BufferOutputStream()
    with importlib.import_module("pyarrow.ipc").new_stream(sink, table.schema) as stream:
        stream.write_table(table)
    return {"$arrow": base64url(sink.getvalue().to_pybytes()), "as": kind}


def _arrow() -> Any:
    try:
        arrow = importlib.import_module("pyarrow")
    except ImportError:
        raise Unfit("a table, which needs pyarrow to be kept. Install it, or keep df.to_dict()") from None
    # Before 14.0.1 reading a stream could unpickle what it carried (CVE-2023-47248).
    release = tuple(int(part) for part in re.findall(r"\d+", arrow.__version__)[:3])
    if release < (14, 0, 1):
        raise Unfit(f"a table, and pyarrow {arrow.__version__} is not safe to read tables with. Use 14.0.1")
    return arrow


def _no_pickles(schema: Any) -> None:
    if "py_extension_type" in str(schema.to_string(show_field_metadata=True)):
        raise Unfit("a table with a Python extension type, which would have to be unpickled")


def _series_name(name: Any) -> Any:
    if name is None or type(name) in (str, int, float, bool):
        return name
    raise Unfit(f"a Series whose name is a {type(name).__qualname__}")
