"""The bundled data are what data/README.md says, the generated what their docstrings promise, MNIST whole or not there."""

import gzip
import hashlib
import http.server
import re
import struct
import threading

import numpy as np
import pytest

from labkit import datasets

ALL = {
    "movies": datasets.movies,
    "susan": datasets.susan,
    **{f"gate {name}": (lambda name=name: datasets.gate(name)) for name in ("NOT", *datasets.GATES)},
    "xor": datasets.xor,
    "parity": datasets.parity,
    "symmetry": datasets.symmetry,
    "encoder": datasets.encoder,
    "penguins": datasets.penguins,
    "iris": datasets.iris,
    "diabetes": datasets.diabetes,
    "digits": datasets.digits,
    "shuffled digits": lambda: datasets.digits("shuffled", 1),
    "two_blobs": datasets.two_blobs,
    "moons": datasets.moons,
    **{f"curve {name}": (lambda name=name: datasets.curves(name)) for name in datasets.CURVES},
    "shapes": datasets.shapes,
    "three_images": datasets.three_images,
}


@pytest.mark.parametrize("name", ALL)
def test_a_dataset_is_complete_consistent_and_read_only(name):
    data = ALL[name]()
    assert data.X.ndim == 2 and len(data.X) == len(data.y) > 0
    assert len(data.names) == data.X.shape[1]
    assert data.description.endswith(".") and data.source and data.split
    assert np.isfinite(data.X).all()
    for array in (data.X, data.y, data.X_test, data.y_test):
        if array is not None:
            with pytest.raises(ValueError, match="read-only"):
                array[0] = 0
    if data.classes:
        assert data.y.dtype == np.int64 and 0 <= data.y.min() and data.y.max() < len(data.classes)
    if data.rows:
        assert len(data.rows) == len(data.X)
    again = ALL[name]()
    np.testing.assert_array_equal(data.X, again.X)
    np.testing.assert_array_equal(data.y, again.y)


# The files


def listed():
    text = (datasets.data_root() / "README.md").read_text(encoding="utf-8")
    bundled = text.split("## Made by the course itself")[0]
    return dict(re.findall(r"^\| `([^`]+)` \|.*\| `([0-9a-f]{64})` \|$", bundled, re.MULTILINE))


def test_every_bundled_file_is_listed_with_its_hash():
    own = {"timeline.json"}
    files = {path.name for path in datasets.data_root().iterdir() if path.suffix in (".csv", ".json")} - own
    assert set(listed()) == files
    for name, digest in listed().items():
        assert hashlib.sha256((datasets.data_root() / name).read_bytes()).hexdigest() == digest, name


def test_readme_states_the_hashes_that_the_loader_checks():
    text = (datasets.data_root() / "README.md").read_text(encoding="utf-8")
    for name, digest in datasets.MNIST_FILES.items():
        assert f"| `{name}` | `{digest}` |" in text


def test_data_root_says_what_to_do_when_the_files_are_gone(monkeypatch, tmp_path):
    monkeypatch.setattr(datasets, "__file__", str(tmp_path / "labkit" / "datasets.py"))
    with pytest.raises(FileNotFoundError, match="install the course again, in its folder: pip install"):
        datasets.data_root()
    (tmp_path / "labkit" / "data").mkdir(parents=True)
    (tmp_path / "labkit" / "data" / "movies.csv").write_text("")
    assert datasets.data_root() == (tmp_path / "labkit" / "data").resolve()


# The movies


def separable(X, y):
    """Whether a line separates the classes: a linear programme, with no use of labkit's own margin."""
    from scipy.optimize import linprog

    X1 = np.column_stack([X, np.ones(len(X))])
    t = np.where(y == 1, 1.0, -1.0)
    answer = linprog(np.zeros(X1.shape[1]), A_ub=-t[:, None] * X1, b_ub=-np.ones(len(X)), bounds=(None, None))
    return answer.status == 0


def test_the_tutorials_rows_are_in_the_table():
    data = datasets.movies()
    table = {title: (*x, y) for title, x, y in zip(data.rows, data.X.tolist(), data.y.tolist(), strict=True)}
    assert table["The Lord of the Rings II"] == (1, 5, 0)
    assert table["Star Wars I"] == (4.5, 4, 1)
    assert "Gravity" not in table and datasets.gravity().tolist() == [3, 3]
    assert ((data.X >= 1) & (data.X <= 5)).all()


def test_a_line_separates_my_taste_but_not_susans():
    mine, hers = datasets.movies(), datasets.susan()
    np.testing.assert_array_equal(mine.X, hers.X)
    assert separable(mine.X, mine.y)
    assert not separable(hers.X, hers.y)


def test_susans_two_halves_are_each_solved_by_a_line():
    X, y, *_ = datasets.susan()
    poor = (y == 1) & (X.sum(axis=1) < 6)
    rich = (y == 1) & ~poor
    assert poor.sum() >= 3 and rich.sum() >= 3
    assert separable(X[~poor], y[~poor]) and separable(X[~rich], y[~rich])


# Logic


def test_gates_parity_and_xor():
    assert datasets.gate("and").y.tolist() == [0, 0, 0, 1]
    assert datasets.gate("NOT").X.tolist() == [[0], [1]] and datasets.gate("NOT").y.tolist() == [1, 0]
    assert datasets.xor().X.tolist() == [[0, 0], [0, 1], [1, 0], [1, 1]]
    np.testing.assert_array_equal(datasets.parity(2).y, datasets.xor().y)
    four = datasets.parity(4)
    assert len(np.unique(four.X, axis=0)) == 16
    assert all(y == sum(x) % 2 for x, y in zip(four.X, four.y, strict=True))


def test_symmetry_and_encoder():
    six = datasets.symmetry(6)
    assert six.X.shape == (64, 6) and six.y.sum() == 8
    assert all(y == (list(x) == list(x)[::-1]) for x, y in zip(six.X, six.y, strict=True))
    np.testing.assert_array_equal(datasets.encoder(8).X, np.eye(8))
    np.testing.assert_array_equal(datasets.encoder(8).y, np.eye(8))


# Measured data


def test_penguins_are_the_papers():
    data = datasets.penguins()
    assert data.X.shape == (342, 4) and data.classes == ("Adelie", "Chinstrap", "Gentoo")
    assert np.bincount(data.y).tolist() == [151, 68, 123]
    assert data.X[0].tolist() == [39.1, 18.7, 181, 3750]


def test_digits_state_their_split_and_share_no_row_between_halves():
    ordered, shuffled = datasets.digits(), datasets.digits("shuffled", 0)
    for data in (ordered, shuffled):
        assert data.X.shape == (898, 64) and data.X_test.shape == (899, 64)
        assert data.X.min() == 0 and data.X.max() == 1
    assert "ordered halves" in ordered.split and "seed 0" in shuffled.split
    rows = lambda data: sorted(map(bytes, np.vstack([data.X, data.X_test])))  # noqa: E731
    assert rows(ordered) == rows(shuffled)
    assert not np.array_equal(ordered.X, shuffled.X)
    assert not np.array_equal(datasets.digits("shuffled", 1).X, shuffled.X)


# Generated data


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("margin", [0.01, 0.5, 3.0])
def test_two_blobs_keep_their_margin(margin, seed):
    from sklearn.svm import SVC

    X, y, *_ = datasets.two_blobs(60, margin, seed=seed)
    fitted = SVC(kernel="linear", C=1e9).fit(X, y)
    widest = 1 / np.linalg.norm(fitted.coef_)
    assert fitted.score(X, y) == 1 and widest >= margin * 0.999


def test_two_blobs_nearest_examples_lie_exactly_at_the_margin():
    X, y, *_ = datasets.two_blobs(200, 2.0, n_inputs=1, seed=3)
    low, high = X[y == 0, 0], X[y == 1, 0]
    gap = max(high.min() - low.max(), low.min() - high.max())
    assert gap == pytest.approx(4.0)


def test_moons_without_noise_lie_on_two_half_circles():
    X, y, *_ = datasets.moons(100, noise=0)
    np.testing.assert_allclose(np.hypot(*X[y == 0].T), 1)
    np.testing.assert_allclose(np.hypot(*(X[y == 1] - [1, 0.5]).T), 1)
    assert (X[y == 0, 1] >= 0).all() and (X[y == 1, 1] <= 0.5).all()


def test_noise_and_seed_do_what_they_say():
    clean, noisy = datasets.curves("wave", 2000), datasets.curves("wave", 2000, noise=0.3, seed=1)
    assert (noisy.y - clean.y).std() == pytest.approx(0.3, rel=0.05)
    assert not np.array_equal(noisy.y, datasets.curves("wave", 2000, noise=0.3, seed=2).y)
    assert clean.X[[0, -1], 0].tolist() == [0, 1]


def test_each_shape_stands_whole_in_its_image_and_can_be_told_apart():
    data = datasets.shapes(80, size=16, noise=0, seed=4)
    images = data.X.reshape(-1, 16, 16)
    border = np.concatenate([images[:, 0], images[:, -1], images[:, :, 0], images[:, :, -1]], axis=1)
    assert (border < 0.6).all() and (images.max(axis=(1, 2)) > 0.7).all()
    middles = np.stack([images[data.y == k].mean(axis=0) for k in range(4)])
    assert len({middle.round(3).tobytes() for middle in middles}) == 4


def test_the_three_images_mislead():
    X, y, *_ = datasets.three_images()
    same, different = np.linalg.norm(X[0] - X[1]), np.linalg.norm(X[0] - X[2])
    assert y.tolist() == [0, 0, 6] and different < 0.5 * same
    assert X.min() == 0 and X.max() == 255
    np.testing.assert_array_equal(X[0].reshape(28, 28)[:, :22], X[1].reshape(28, 28)[:, 6:])


@pytest.mark.parametrize(
    "call, words",
    [
        (lambda: datasets.gate("MAYBE"), "choose one of NOT, AND"),
        (lambda: datasets.parity(0), "between 1 and 20, got 0"),
        (lambda: datasets.symmetry(40), "between 2 and 20, got 40"),
        (lambda: datasets.encoder(0), "whole number of patterns, at least one"),
        (lambda: datasets.digits("random"), "'ordered' or 'shuffled', got 'random'"),
        (lambda: datasets.two_blobs(margin=0), "margin > 0"),
        (lambda: datasets.moons(1), "n >= 2"),
        (lambda: datasets.curves("line"), "choose one of wave"),
        (lambda: datasets.curves(n=0), "n >= 1"),
        (lambda: datasets.shapes(size=5), "size >= 12"),
    ],
)
def test_a_wrong_argument_gets_a_sentence(call, words):
    with pytest.raises(ValueError, match=re.escape(words)):
        call()


@pytest.mark.parametrize("make", [datasets.two_blobs, datasets.moons, datasets.curves, datasets.shapes,
                                  lambda seed: datasets.digits("shuffled", seed)])
@pytest.mark.parametrize("seed", [-1, 0.5, "a"])
def test_what_is_no_seed_is_refused_in_words(make, seed):
    with pytest.raises(ValueError, match="seed must be a whole number, 0 or more, a numpy.random.Generator or None, got"):
        make(seed=seed)


def test_small_whole_numbers_of_numpy_do_not_overflow():
    """2**10 rows are more than an int8 counts to, as are 20 * 20 pixels."""
    for make, n in ((datasets.parity, 10), (datasets.symmetry, 10), (lambda n: datasets.shapes(n, n), 20)):
        for kind in (np.int8, np.uint64):
            small, plain = make(kind(n)), make(n)
            np.testing.assert_array_equal(small.X, plain.X)
            assert small.names == plain.names and (small.y == plain.y).all()


# MNIST, with small stand-ins for its four files


@pytest.fixture
def tiny(monkeypatch):
    """Four small IDX files under MNIST's names, whose checksums replace the real ones. Returns {name: bytes}."""
    rng = np.random.default_rng(0)
    files = {}
    for part, n in (("train", 30), ("t10k", 10)):
        images = rng.integers(0, 256, (n, 28, 28), dtype=np.uint8)
        files[f"{part}-images-idx3-ubyte"] = struct.pack(">BBBBIII", 0, 0, 8, 3, n, 28, 28) + images.tobytes()
        files[f"{part}-labels-idx1-ubyte"] = struct.pack(">BBBBI", 0, 0, 8, 1, n) + rng.integers(0, 10, n, dtype=np.uint8).tobytes()
    monkeypatch.setattr(datasets, "MNIST_FILES", {name: hashlib.sha256(raw).hexdigest() for name, raw in files.items()})
    monkeypatch.delenv("LABKIT_DATA", raising=False)
    return files


@pytest.fixture
def cache(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "labkit" / "mnist"


def lay(folder, files, packed=True):
    folder.mkdir(parents=True, exist_ok=True)
    for name, raw in files.items():
        (folder / (f"{name}.gz" if packed else name)).write_bytes(gzip.compress(raw) if packed else raw)


@pytest.mark.parametrize("packed", [True, False])
@pytest.mark.parametrize("where", ["folder", "LABKIT_DATA", "LABKIT_DATA/mnist", "cache"])
def test_mnist_is_found(tiny, cache, tmp_path, monkeypatch, where, packed):
    home = {"cache": cache, "LABKIT_DATA/mnist": tmp_path / "named" / "mnist"}.get(where, tmp_path / "named")
    lay(home, tiny, packed)
    if where.startswith("LABKIT_DATA"):
        monkeypatch.setenv("LABKIT_DATA", str(tmp_path / "named"))
    data = datasets.mnist(home if where == "folder" else None)
    assert data.X.shape == (30, 784) and data.X_test.shape == (10, 784)
    assert data.X.dtype == np.float32 and not data.X.flags.writeable and not data.y_test.flags.writeable
    raw = np.frombuffer(tiny["train-images-idx3-ubyte"], np.uint8, offset=16)
    np.testing.assert_array_equal(data.X.ravel(), raw.astype(np.float32) / np.float32(255))
    assert data.y.tolist() == list(tiny["train-labels-idx1-ubyte"][8:])


def test_without_mnist_the_small_digits_come_with_a_sentence(tiny, cache, capsys):
    data = datasets.mnist()
    assert data.X.shape == (898, 64)
    said = capsys.readouterr().out
    assert "8 x 8 digits" in said and "download=True" in said and str(cache) in said
    with pytest.raises(FileNotFoundError, match="LABKIT_DATA"):
        datasets.mnist(fallback=False)


def test_a_folder_where_nothing_can_be_looked_up_is_one_without_mnist(tiny, cache, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("LABKIT_DATA", str(tmp_path / ("x" * 300)))          # as without permission, and for an administrator too
    assert datasets.mnist().X.shape == (898, 64) and "8 x 8 digits" in capsys.readouterr().out
    lay(cache, tiny)
    assert datasets.mnist().X.shape == (30, 784)


def test_a_folder_may_be_named_from_home(tiny, cache, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    lay(tmp_path / "data" / "mnist", tiny)
    assert datasets.mnist("~/data/mnist").X.shape == (30, 784)
    monkeypatch.setenv("LABKIT_DATA", "~/data")
    assert datasets.mnist().X.shape == (30, 784)


@pytest.mark.parametrize(
    "spoil, words",
    [
        (lambda raw: gzip.compress(raw)[:-20], "cut short or damaged"),
        (lambda raw: gzip.compress(raw[:-1] + b"x"), "SHA-256"),
        (lambda raw: b"", "SHA-256"),
    ],
)
def test_a_spoilt_file_is_refused(tiny, tmp_path, spoil, words):
    lay(tmp_path, tiny)
    (tmp_path / "t10k-images-idx3-ubyte.gz").write_bytes(spoil(tiny["t10k-images-idx3-ubyte"]))
    with pytest.raises(ValueError, match=words):
        datasets.mnist(tmp_path)


@pytest.mark.parametrize(
    "raw, words",
    [
        (b"GIF89a", "not an IDX file"),
        (struct.pack(">BBBBI", 0, 0, 13, 1, 1) + b"\0\0\0\0", "not an IDX file"),
        (struct.pack(">BBBBI", 0, 0, 8, 1, 5) + b"abc", r"announces shape \(5,\) but holds 3"),
        (struct.pack(">BBBB", 0, 0, 8, 3), "not an IDX file"),
        (struct.pack(">BBB", 0, 0, 8), "not an IDX file"),
        (struct.pack(">BBBBii", 0, 0, 8, 2, -1, -4) + b"abcd", r"announces shape \(4294967295, 4294967292\) but holds 4"),
        (struct.pack(">BBBB4I", 0, 0, 8, 4, *[2**16] * 4), "announces shape .* but holds 0"),         # 2**64 in all, 0 in 64 bits
    ],
)
def test_read_idx_refuses_what_is_not_idx(tmp_path, raw, words):
    (tmp_path / "f").write_bytes(raw)
    with pytest.raises(ValueError, match=words):
        datasets.read_idx(tmp_path / "f")


class Mirror:
    """A web server on this machine. `behaviour(name, raw)` may change what it sends; `asked` lists (name, Range)."""

    def __init__(self, files, behaviour=None, ranges=True, cut=None):
        mirror, self.asked = self, []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                name = self.path.strip("/")
                mirror.asked.append((name, self.headers.get("Range")))
                raw = gzip.compress(files[name[:-3]], mtime=0)
                raw = behaviour(name, raw) if behaviour else raw
                if raw is None:
                    return self.send_error(404)
                start = int(self.headers["Range"][6:-1]) if ranges and self.headers.get("Range") else 0
                if start and start >= len(raw):
                    return self.send_error(416)
                self.send_response(206 if start else 200)
                self.send_header("Content-Length", str(len(raw) - start))
                self.end_headers()
                self.wfile.write(raw[start : start + cut] if cut else raw[start:])

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.address = f"http://127.0.0.1:{self.server.server_port}/"


@pytest.fixture
def mirror():
    started = []

    def start(*args, **kwargs):
        started.append(Mirror(*args, **kwargs))
        return started[-1]

    yield start
    for each in started:
        each.server.shutdown()
        each.server.server_close()


def whole(folder, files):
    return {name: datasets.read_idx(folder / f"{name}.gz", datasets.MNIST_FILES[name]).tobytes() for name in files}


def test_download_comes_once_and_loads(tiny, cache, mirror, monkeypatch, capsys):
    good = mirror(tiny)
    monkeypatch.setattr(datasets, "MIRRORS", (good.address,))
    assert datasets.mnist(download=True).X.shape == (30, 784)
    assert datasets.mnist(download=True).X.shape == (30, 784)
    assert len(good.asked) == 4 and not list(cache.glob("*.part"))
    progress = capsys.readouterr().err
    assert all(f"{name}.gz: 100%" in progress for name in tiny)


def test_a_dead_a_missing_and_a_lying_mirror_are_passed_over(tiny, tmp_path, mirror):
    missing = mirror(tiny, lambda name, raw: None)
    lying = mirror(tiny, lambda name, raw: gzip.compress(b"not these bytes"))
    good = mirror(tiny)
    datasets.download_mnist(tmp_path, ("http://127.0.0.1:9/", missing.address, lying.address, good.address))
    assert len(whole(tmp_path, tiny)) == 4 and not list(tmp_path.glob("*.part"))
    assert all(range is None for _, range in good.asked)  # nothing of the liar's was kept


@pytest.mark.parametrize("ranges", [True, False])
def test_an_interrupted_file_is_resumed(tiny, tmp_path, mirror, ranges):
    failing = mirror(tiny, cut=25)
    good = mirror(tiny, ranges=ranges)
    datasets.download_mnist(tmp_path, (failing.address, good.address))
    assert len(whole(tmp_path, tiny)) == 4
    assert ("train-images-idx3-ubyte.gz", "bytes=25-") in good.asked


def test_a_part_that_is_already_whole_is_taken(tiny, tmp_path, mirror):
    name = "t10k-labels-idx1-ubyte"
    (tmp_path / f"{name}.gz.part").write_bytes(gzip.compress(tiny[name], mtime=0))
    datasets.download_mnist(tmp_path, (mirror(tiny).address,))
    assert len(whole(tmp_path, tiny)) == 4


def test_when_no_mirror_helps_each_reason_is_said_and_the_digits_come(tiny, cache, mirror, monkeypatch, capsys):
    missing = mirror(tiny, lambda name, raw: None)
    monkeypatch.setattr(datasets, "MIRRORS", (missing.address, "http://127.0.0.1:9/"))
    assert datasets.mnist(download=True).X.shape == (898, 64)
    said = capsys.readouterr().out
    assert "404" in said and "127.0.0.1:9" in said and "8 x 8 digits" in said
    with pytest.raises(FileNotFoundError, match="404"):
        datasets.mnist(download=True, fallback=False)


@pytest.mark.parametrize("call, words", [
    (lambda: datasets.moons("20"), "moons needs a whole number n >= 2 and noise >= 0, got n='20'"),
    (lambda: datasets.moons(20, noise=np.nan), "moons needs a whole number n >= 2 and noise >= 0, got n=20, noise=nan"),
    (lambda: datasets.curves(n=20.0), "curves needs a whole number n >= 1 and noise >= 0, got n=20.0"),
    (lambda: datasets.shapes(None), "shapes needs a whole number n >= 1"),
    (lambda: datasets.two_blobs(20, margin="1"), "two_blobs needs a whole number n >= 2"),
    (lambda: datasets.parity(3.0), "n must be a whole number between 1 and 20, got 3.0"),
    (lambda: datasets.encoder("8"), "encoder needs a whole number of patterns, at least one, got n = '8'"),
])
def test_what_is_no_count_or_no_number_gets_a_sentence(call, words):
    with pytest.raises(ValueError, match=re.escape(words)):
        call()
