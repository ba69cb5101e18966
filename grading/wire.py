"""Messages between the judge and a student's process: one JSON document and raw array bytes, nothing else.

Both sides send with `send` and `pack`. Only the judge has something to lose, so everything that arrives is bounded before it is read
and rebuilt as plain built-in types and NumPy arrays: nothing that comes back can carry code, an odd `__eq__` or an odd size.
This file is also loaded inside the sandbox, where `grading` does not exist; so it imports nothing of it.
"""

import json
import math
import re
import struct
import time

import numpy as np

from labkit.outcomes import Call, Ref

MAX_JSON = 4 << 20       # bytes of one message's document
MAX_ARRAYS = 64 << 20    # bytes of all its arrays together
MAX_ITEMS = 200_000      # values in one document
MAX_DEPTH = 20
MAX_TEXT = 1 << 20
DTYPE = re.compile(r"[<>=|][biufc](1|2|4|8|16)")


class WireError(Exception):
    """A message that does not keep to the protocol, or data that cannot be sent."""


def pack(value, arrays, depth=0):
    """`value` as JSON; the bytes of its arrays are appended to `arrays`. Raises WireError for what is not data."""
    if value is None or type(value) in (bool, float):
        return value
    if isinstance(value, str):      # np.str_ too
        return str.encode(value, "utf-8", "replace").decode()
    if type(value) is int:
        return value if abs(value) < 1 << 53 else {"int": hex(value)}
    if depth >= MAX_DEPTH:
        raise WireError(f"data nested more than {MAX_DEPTH} deep")
    if type(value) in (list, tuple):
        return {type(value).__name__: [pack(item, arrays, depth + 1) for item in value]}
    if type(value) is dict:
        return {"dict": [[pack(k, arrays, depth + 1), pack(v, arrays, depth + 1)] for k, v in value.items()]}
    if isinstance(value, (np.ndarray, np.generic)) and DTYPE.fullmatch(np.asarray(value).dtype.str):
        array = np.asarray(value)
        arrays.append(array.tobytes())
        return {"scalar" if isinstance(value, np.generic) else "array": [array.dtype.str, list(array.shape)]}
    if isinstance(value, Ref):
        return {"labkit": value.path}
    raise WireError(f"a {type(value).__name__} cannot be sent")


def unpack(data, arrays, depth=0):
    """The value that `pack` wrote; `arrays` is an iterator over the byte strings, in order. Raises WireError."""
    if data is None or type(data) in (bool, int, float):
        return data
    if type(data) is str and len(data) <= MAX_TEXT:
        return data
    if depth > MAX_DEPTH or type(data) is not dict or len(data) != 1:
        raise WireError("a value that is no data")
    (tag, body), = data.items()
    if tag == "int" and type(body) is str and re.fullmatch(r"-?0x[0-9a-f]{1,4000}", body):
        return int(body, 16)
    if tag in ("list", "tuple") and type(body) is list:
        items = [unpack(item, arrays, depth + 1) for item in body]
        return items if tag == "list" else tuple(items)
    if tag == "dict" and type(body) is list and all(type(pair) is list and len(pair) == 2 and type(pair[0]) is str for pair in body):
        return {key: unpack(item, arrays, depth + 1) for key, item in body}
    if tag in ("array", "scalar"):
        array = unpack_array(body, next(arrays, b""))
        return array if tag == "array" else array[()]
    if tag == "labkit" and type(body) is str and re.fullmatch(r"\w+(\.\w+)*:[\w.]+", body):
        return Ref(body)
    raise WireError("a value that is no data")


def unpack_array(body, raw):
    if type(body) is not list or len(body) != 2 or type(body[0]) is not str or not DTYPE.fullmatch(body[0]):
        raise WireError("an array without a usable dtype")
    shape = body[1]
    if type(shape) is not list or len(shape) > 32 or not all(type(n) is int and 0 <= n <= MAX_ARRAYS for n in shape):
        raise WireError("an array without a usable shape")
    dtype = np.dtype(body[0])
    if math.prod(shape) * dtype.itemsize != len(raw):
        raise WireError("an array whose shape and bytes disagree")
    return np.frombuffer(raw, dtype).reshape(shape).copy()


def pack_call(call, arrays):
    fields = [list(call.args), dict(call.kwargs), tuple(call.writes), [[path, None if extra is None else list(extra)] for path, extra in call.then],
              call.grid, call.block]
    return pack(fields, arrays)


def unpack_call(data, arrays):
    args, kwargs, writes, then, grid, block = unpack(data, arrays)
    return Call(args, kwargs, writes, tuple((path, extra) for path, extra in then), grid, block)


def send(sock, document, arrays=(), deadline=None):
    """Sends one message; `deadline` is a time.monotonic() value. Raises WireError when it is too large, TimeoutError when it is late."""
    head = json.dumps([document, [len(a) for a in arrays]]).encode()
    if len(head) > MAX_JSON or sum(map(len, arrays)) > MAX_ARRAYS:
        raise WireError("more data than one message may carry")
    sock.settimeout(remaining(deadline))
    sock.sendall(b"".join([struct.pack("<I", len(head)), head, *arrays]))


def receive(sock, deadline=None):
    """(document, iterator over array bytes). Raises WireError, EOFError when the other side is gone, TimeoutError when it is late."""
    size, = struct.unpack("<I", exactly(sock, 4, deadline))
    if size > MAX_JSON:
        raise WireError("a message that is too large")
    head = exactly(sock, size, deadline)
    if head.count(b",") + head.count(b"[") + head.count(b"{") > MAX_ITEMS:
        raise WireError("a message of too many parts")
    try:
        document, sizes = json.loads(head)
    except (ValueError, TypeError, RecursionError) as error:
        raise WireError("a message that is not JSON") from error
    if type(sizes) is not list or not all(type(n) is int and n >= 0 for n in sizes) or sum(sizes) > MAX_ARRAYS:
        raise WireError("arrays that are too large")
    return document, iter([exactly(sock, n, deadline) for n in sizes])


def exactly(sock, size, deadline):
    buffer, got = bytearray(size), 0
    while got < size:
        sock.settimeout(remaining(deadline))
        count = sock.recv_into(memoryview(buffer)[got:], size - got)
        if count == 0:
            raise EOFError("the other side closed the connection")
        got += count
    return bytes(buffer)


def remaining(deadline):
    return None if deadline is None else max(0.001, deadline - time.monotonic())
