"""What crosses between judge and student is data, whatever is sent."""

import contextlib
import json
import socket
import struct
import threading
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from grading import wire
from grading.exercise import Ref, call

SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20).filter(lambda t: t.encode("utf-8", "replace").decode() == t)
DTYPES = st.sampled_from(["f8", "f4", "i8", "i4", "u1", "?", "c16", ">f8"])
ARRAYS = DTYPES.flatmap(lambda dtype: arrays(dtype, array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4)))
DATA = st.recursive(SCALARS | ARRAYS, lambda inner: st.lists(inner, max_size=3) | st.tuples(inner, inner)
                    | st.dictionaries(st.text("abc", max_size=3), inner, max_size=3), max_leaves=8)


def same(a, b):
    if isinstance(a, np.ndarray):
        return type(b) is np.ndarray and a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()
    if isinstance(a, (list, tuple)):
        return type(a) is type(b) and len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[k], b[k]) for k in a)
    return type(a) is type(b) and (a == b or a != a)


@given(DATA)
def test_data_come_back_as_they_were_sent(value):
    sent = []
    document = json.loads(json.dumps(wire.pack(value, sent)))
    assert same(value, wire.unpack(document, iter(sent)))


def test_a_call_comes_back_as_it_was_sent():
    sent = []
    asked = call(np.eye(2), 3, Ref("surfaces:beale"), Ref("widgets.backprop_rules:cubes"),
                 writes=(0,), then=[("step", [1.5]), ("1", None)], grid=(2, 1), block=32, low=-1.0)
    got = wire.unpack_call(wire.pack_call(asked, sent), iter(sent))
    assert same(got.args[:2], asked.args[:2]) and got.args[2] == asked.args[2]
    assert (got.kwargs, got.writes, got.grid, got.block) == (asked.kwargs, asked.writes, asked.grid, asked.block)
    assert got.then == (("step", [1.5]), ("1", None))


@pytest.mark.parametrize("value", [object(), lambda: 0, np.array([object()]), np.array(["text"]), {1, 2}, (n for n in ()),
                                   np.array([(1,)], [("a", "i4")])])
def test_what_is_no_data_is_not_sent(value):
    with pytest.raises(wire.WireError):
        wire.pack(value, [])


def test_a_value_that_contains_itself_is_not_sent():
    value = []
    value.append(value)
    with pytest.raises(wire.WireError, match="deep"):
        wire.pack(value, [])


@pytest.mark.parametrize(("document", "raw"), [
    ({"array": ["<f8", [10**12]]}, b"12345678"), ({"array": ["|O", [1]]}, b"12345678"), ({"array": ["<f8", [-1, -1]]}, b"12345678"),
    ({"array": [[["x", "<f8"]], [1]]}, b"12345678"), ({"array": ["<f8", [True]]}, b"12345678"), ({"array": ["<f8", [1.0]]}, b"12345678"),
    ({"array": "<f8"}, b""), ({"array": ["<f8", [1]]}, b""), ({"array": ["<f8", [1] * 40]}, b"12345678"), ({"list": {}}, b""),
    ({"dict": [[1, 2]]}, b""), ({"dict": [["a"]]}, b""), ({"pickle": "gASVAAAA"}, b""), ({"labkit": "os:system; x"}, b""),
    ({"list": [], "tuple": []}, b""), ([1], b""), ({"int": "0x" + "f" * 10_000}, b""), ("x" * (wire.MAX_TEXT + 1), b""),
])
def test_a_forged_value_is_refused(document, raw):
    with pytest.raises(wire.WireError):
        wire.unpack(document, iter([raw]))


def talk(raw, seconds=5):
    ours, theirs = socket.socketpair()
    with ours, theirs:
        sender = threading.Thread(target=say, args=(theirs, raw))
        sender.start()
        try:
            return wire.receive(ours, time.monotonic() + seconds)
        finally:
            ours.close()
            sender.join()


def say(sock, raw):
    with contextlib.suppress(OSError):      # refused before it was heard out
        sock.sendall(raw)
        sock.shutdown(socket.SHUT_WR)


def message(head):
    return struct.pack("<I", len(head)) + head


@pytest.mark.parametrize("raw", [
    struct.pack("<I", 2**31), message(b"not json"), message(b"[" * 100_000), message(b"{}"), message(b'[1,["a"]]'), message(b"[1,[-5]]"),
    message(b"[1,[999999999999]]"), message(b"[1]"), message(b"\xff\xfe"), message(b"[[" + b"[]," * 110_000 + b"0],[]]"), message(b"[1,[true]]"),
])
def test_a_forged_message_is_refused_before_it_is_read(raw):
    with pytest.raises(wire.WireError):
        talk(raw)


def test_a_cut_message_is_an_end():
    with pytest.raises(EOFError):
        talk(struct.pack("<I", 100) + b"[1,")


def test_a_message_that_drips_is_late():
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(struct.pack("<I", 100))
        start = time.monotonic()
        with pytest.raises(TimeoutError):
            wire.receive(ours, start + 0.2)
        assert time.monotonic() - start < 2


def test_too_much_is_not_sent():
    ours, theirs = socket.socketpair()
    with ours, theirs, pytest.raises(wire.WireError, match="more data"):
        wire.send(ours, {}, [bytes(wire.MAX_ARRAYS + 1)])
