"""The course's data: small tables that ship with it, generators with a seed, and MNIST where it can be had.

Every function returns a `Dataset`; its arrays are read-only, so that no cell of a notebook can change what a later cell reads.
"""

import csv
import gzip
import hashlib
import http.client
import os
import urllib.error
import urllib.request
import zlib
from pathlib import Path
from typing import NamedTuple

import numpy as np

from labkit.ops import generator, is_count


class Dataset(NamedTuple):
    """Examples with what they are and where they come from. `X, y, *_ = datasets.xor()` works too."""

    X: np.ndarray
    """(n_examples, n_inputs), read-only."""
    y: np.ndarray
    """(n_examples,) classes 0, 1, ... or numbers; (n_examples, n_outputs) where a whole pattern is the answer."""
    names: tuple
    """What each column of X is, with its unit."""
    description: str
    source: str
    classes: tuple = ()
    """What y = 0, 1, ... mean; empty where y is a number to predict."""
    rows: tuple = ()
    """The name of each example, where it has one."""
    X_test: np.ndarray | None = None
    y_test: np.ndarray | None = None
    split: str = "no split: every example is in X"
    """Which examples are in X and which in X_test."""

    def __repr__(self):
        return f"Dataset: {self.description} X is {self.X.shape}, y is {self.y.shape}. Split: {self.split}."


def data_root():
    """The folder of the bundled data: `labkit/data` in an installed package, `data/` in a checkout."""
    package = Path(__file__).resolve().parent
    for root in (package / "data", package.parent / "data"):
        if (root / "movies.csv").is_file():
            return root
    raise FileNotFoundError(f"labkit's bundled data were not found beside {package}; install the course again, in its folder: "
                            "pip install --force-reinstall --no-deps --no-build-isolation .")


def _fixed(values, dtype=np.float64):
    array = np.array(values, dtype=dtype)
    array.setflags(write=False)
    return array


def _table(name):
    with open(data_root() / name, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


MADE_HERE = "made for this course"

# Logic: the first questions put to a single unit

GATES = {"AND": (0, 0, 0, 1), "OR": (0, 1, 1, 1), "NAND": (1, 1, 1, 0), "NOR": (1, 0, 0, 0), "XOR": (0, 1, 1, 0)}


def gate(name="AND"):
    """A logic gate's truth table: AND, OR, NAND, NOR and XOR of two inputs, NOT of one.

    X : (4, 2), in counting order 00, 01, 10, 11; for NOT (2, 1). y : (4,) or (2,).
    """
    key = str(name).upper()
    if key == "NOT":
        X, y = [[0], [1]], [1, 0]
    elif key in GATES:
        X, y = _all_patterns(2), GATES[key]
    else:
        raise ValueError(f"No gate is called {name!r}; choose one of NOT, {', '.join(GATES)}.")
    return Dataset(_fixed(X), _fixed(y, np.int64), _inputs(len(X[0])), f"The logic gate {key}.", MADE_HERE, ("0", "1"))


def xor():
    """Exclusive or: 1 where exactly one of the two inputs is 1. X : (4, 2), y : (4,)."""
    return gate("XOR")


def parity(n=3):
    """1 where an odd number of the n inputs is 1; n = 2 is XOR. X : (2**n, n), y : (2**n,)."""
    if not (is_count(n) and n <= 20):
        raise ValueError(f"parity has 2**n rows; n must be a whole number between 1 and 20, got {n!r}.")
    X = _all_patterns(int(n))
    y = X.sum(axis=1) % 2
    return Dataset(_fixed(X), _fixed(y, np.int64), _inputs(n), f"Parity of {n} inputs.", MADE_HERE, ("even", "odd"))


def symmetry(n=6):
    """1 where the pattern reads the same from both ends. X : (2**n, n), y : (2**n,).

    Six inputs are the task of Rumelhart, Hinton and Williams, Nature 323 (1986), figure 1.
    """
    if not (is_count(n) and 2 <= n <= 20):
        raise ValueError(f"symmetry has 2**n rows; n must be a whole number between 2 and 20, got {n!r}.")
    X = _all_patterns(int(n))
    y = (X == X[:, ::-1]).all(axis=1)
    classes = ("not symmetric", "symmetric")
    return Dataset(_fixed(X), _fixed(y, np.int64), _inputs(n), f"Mirror symmetry of {n} inputs.", MADE_HERE, classes)


def encoder(n=8):
    """Each of n patterns has a single 1 and must come out as it went in. X, y : (n, n), the identity."""
    if not is_count(n):
        raise ValueError(f"encoder needs a whole number of patterns, at least one, got n = {n!r}.")
    return Dataset(_fixed(np.eye(n)), _fixed(np.eye(n)), _inputs(n), f"The {n}-pattern encoder: repeat the input.", MADE_HERE)


def _is_at_least_0(noise):
    return isinstance(noise, int | float | np.integer | np.floating) and 0 <= noise < np.inf


def _all_patterns(n):
    return (np.arange(2**n)[:, None] >> np.arange(n)[::-1]) & 1


def _inputs(n):
    return tuple(f"x{i + 1}" for i in range(n))


def _pixels(size):
    return tuple(f"pixel in row {i // size}, column {i % size}" for i in range(size * size))


# The movies of Le's tutorial

MOVIES_SOURCE = (
    "made for this course, after the example in Q. V. Le, A Tutorial on Deep Learning, part 1 (2015), sections 2 and 6; "
    "two rows and the question are the tutorial's, the rest is invented"
)
RATINGS = ("Mary's rating (1 to 5)", "John's rating (1 to 5)")


def movies():
    """Mary's and John's ratings of 18 movies and whether "I" liked each: a line separates the two kinds.

    X : (18, 2), y : (18,), rows: the titles.
    """
    return _ratings("liked", "Mary's and John's ratings of 18 movies; y tells whether I liked each.", ("I did not", "I liked it"))


def susan():
    """The same movies with Susan's taste: she also likes some that Mary and John rated low, so that no line will do."""
    return _ratings("susan_liked", "The same 18 movies; y tells whether Susan liked each.", ("Susan did not", "Susan liked it"))


def gravity():
    """The question: Mary and John both gave Gravity a 3. Returns their ratings, (2,)."""
    (row,) = [row for row in _table("movies.csv") if row["title"] == "Gravity"]
    return _fixed([row["mary"], row["john"]])


def _ratings(taste, description, classes):
    seen = [row for row in _table("movies.csv") if row[taste]]
    X = [[row["mary"], row["john"]] for row in seen]
    y = [row[taste] for row in seen]
    titles = tuple(row["title"] for row in seen)
    return Dataset(_fixed(X), _fixed(y, np.int64), RATINGS, description, MOVIES_SOURCE, classes, titles)


# Measured data

def penguins():
    """Four measurements of 342 penguins of three species. X : (342, 4), y : (342,).

    Two of the 344 birds were never measured and are left out.
    """
    columns = ("bill_length_mm", "bill_depth_mm", "flipper_length_mm", "body_mass_g")
    measured = [row for row in _table("penguins.csv") if "NA" not in [row[c] for c in columns]]
    classes = tuple(sorted({row["species"] for row in measured}))
    return Dataset(
        _fixed([[row[c] for c in columns] for row in measured]),
        _fixed([classes.index(row["species"]) for row in measured], np.int64),
        ("bill length (mm)", "bill depth (mm)", "flipper length (mm)", "body mass (g)"),
        "Measurements of 342 penguins of three species.",
        "Gorman, Williams and Fraser, PLoS ONE 9(3) e90081 (2014); palmerpenguins 0.1.6, CC0",
        classes,
    )


def iris():
    """Fisher's irises: four measurements in cm of 150 flowers of three species. X : (150, 4), y : (150,)."""
    from sklearn.datasets import load_iris

    data = load_iris()
    source = "R. A. Fisher, Annals of Eugenics 7 (1936); the copy in scikit-learn"
    y, names, classes = _fixed(data.target, np.int64), tuple(data.feature_names), tuple(map(str, data.target_names))
    return Dataset(_fixed(data.data), y, names, "150 irises of three species.", source, classes)


def diabetes():
    """Ten measurements of 442 patients; y is a measure of the disease a year later, 25 to 346. X : (442, 10), y : (442,).

    The columns are as measured, each in its own unit; standardise them before training.
    """
    from sklearn.datasets import load_diabetes

    data = load_diabetes(scaled=False)
    source = "Efron, Hastie, Johnstone and Tibshirani, Annals of Statistics 32 (2004); the copy in scikit-learn"
    return Dataset(_fixed(data.data), _fixed(data.target), tuple(data.feature_names), "442 diabetes patients.", source)


def digits(split="ordered", seed=0):
    """1,797 handwritten digits of 8 by 8 pixels, ink from 0 to 1: half to train on, half to test on.

    split="ordered": the first 898 train, the last 899 test. split="shuffled": the same counts after a shuffle with `seed`.
    The ordered exam is the harder one, by more than most methods differ, so say which you used.
    X : (898, 64), X_test : (899, 64), y, y_test : the digit.
    """
    if split not in ("ordered", "shuffled"):
        raise ValueError(f"split must be 'ordered' or 'shuffled', got {split!r}.")
    from sklearn.datasets import load_digits

    data = load_digits()
    n, half = len(data.target), len(data.target) // 2
    order = np.arange(n) if split == "ordered" else generator(seed, "seed").permutation(n)
    train, test = order[:half], order[half:]
    how = "ordered halves" if split == "ordered" else f"halves shuffled with seed {seed}"
    return Dataset(
        _fixed(data.data[train] / 16),
        _fixed(data.target[train], np.int64),
        _pixels(8),
        "Handwritten digits of 8 x 8 pixels.",
        "Alpaydin and Kaynak, Optical Recognition of Handwritten Digits, UCI (1998), its test part; the copy in scikit-learn",
        tuple("0123456789"),
        (),
        _fixed(data.data[test] / 16),
        _fixed(data.target[test], np.int64),
        f"{how}: {half} to train, {n - half} to test",
    )


# Generated data: a seed makes the same examples everywhere

def two_blobs(n=100, margin=1.0, n_inputs=2, seed=0):
    """Two clouds and a plane between them; the nearest example of each is exactly `margin` away from it.

    X : (n, n_inputs), y : (n,).
    """
    if not (is_count(n) and n >= 2 and is_count(n_inputs) and _is_at_least_0(margin) and margin > 0):
        raise ValueError(f"two_blobs needs a whole number n >= 2, n_inputs >= 1, margin > 0; got n={n!r}, n_inputs={n_inputs!r}, margin={margin!r}.")
    rng = generator(seed, "seed")
    normal = rng.normal(size=n_inputs)
    normal /= np.linalg.norm(normal)
    y = rng.permutation(np.arange(n) % 2)
    X = rng.normal(size=(n, n_inputs))
    distance = np.abs(rng.normal(size=n))
    for k in (0, 1):
        distance[y == k] -= distance[y == k].min()
    X += np.outer((2 * y - 1) * (margin + distance) - X @ normal, normal) + 0.5 * rng.normal(size=n_inputs)
    description = f"Two clouds, {margin} or more from a plane between them."
    return Dataset(_fixed(X), _fixed(y, np.int64), _inputs(n_inputs), description, MADE_HERE, ("0", "1"))


def moons(n=200, noise=0.1, seed=0):
    """Two half circles that reach into one another. `noise` is a standard deviation. X : (n, 2), y : (n,)."""
    if not (is_count(n) and n >= 2 and _is_at_least_0(noise)):
        raise ValueError(f"moons needs a whole number n >= 2 and noise >= 0, got n={n!r}, noise={noise!r}.")
    rng = generator(seed, "seed")
    y = np.arange(n) % 2
    angle = rng.uniform(0, np.pi, n)
    X = np.where(y[:, None] == 0, np.c_[np.cos(angle), np.sin(angle)], np.c_[1 - np.cos(angle), 0.5 - np.sin(angle)])
    X = X + noise * rng.normal(size=(n, 2))
    return Dataset(_fixed(X), _fixed(y, np.int64), _inputs(2), "Two moons.", MADE_HERE, ("upper", "lower"))


CURVES = {
    "wave": lambda x: np.sin(2 * np.pi * x),
    "step": lambda x: (x > 0.5).astype(float),
    "bump": lambda x: np.exp(-((x - 0.5) ** 2) / 0.02),
    "hills": lambda x: np.sin(2 * np.pi * x) + 0.5 * np.sin(6 * np.pi * x + 1),
}


def curves(name="wave", n=100, noise=0.0, seed=0):
    """Points of a curve, evenly spaced from 0 to 1, with noise of that standard deviation. X : (n, 1), y : (n,)."""
    if name not in CURVES:
        raise ValueError(f"No curve is called {name!r}; choose one of {', '.join(CURVES)}.")
    if not (is_count(n) and _is_at_least_0(noise)):
        raise ValueError(f"curves needs a whole number n >= 1 and noise >= 0, got n={n!r}, noise={noise!r}.")
    x = np.linspace(0, 1, n)
    y = CURVES[name](x) + noise * generator(seed, "seed").normal(size=n)
    return Dataset(_fixed(x[:, None]), _fixed(y), ("x",), f"The curve '{name}'.", MADE_HERE)


SHAPES = {
    "square": lambda r, c: np.maximum(np.abs(r), np.abs(c)),
    "circle": lambda r, c: np.hypot(r, c),
    "diamond": lambda r, c: np.abs(r) + np.abs(c),
    "cross": lambda r, c: 1 - np.minimum(np.abs(r), np.abs(c)) + 9 * (np.maximum(np.abs(r), np.abs(c)) > 1.1),
}


def shapes(n=400, size=16, noise=0.1, seed=0):
    """Outlines of a square, a circle, a diamond and a cross, each somewhere in the image. X : (n, size * size), y : (n,).

    Ink is 1, paper 0, plus noise of that standard deviation.
    """
    if not (is_count(n) and is_count(size) and size >= 12 and _is_at_least_0(noise)):
        raise ValueError(f"shapes needs a whole number n >= 1, size >= 12 and noise >= 0, got n={n!r}, size={size!r}, noise={noise!r}.")
    rng = generator(seed, "seed")
    n, size = int(n), int(size)
    y = np.arange(n) % len(SHAPES)
    radius = size / 5
    centre = rng.uniform(radius + 1, size - radius - 2, size=(n, 2))
    row, column = np.mgrid[:size, :size]
    X = np.empty((n, size, size))
    for i, far in enumerate(list(SHAPES.values())[k] for k in y):
        outline = far((row - centre[i, 0]) / radius, (column - centre[i, 1]) / radius)
        X[i] = np.clip(1.5 - np.abs(outline - 1) * radius, 0, 1)
    X = (X + noise * rng.normal(size=X.shape)).reshape(n, -1)
    description = f"Outlines in images of {size} x {size} pixels."
    return Dataset(_fixed(X), _fixed(y, np.int64), _pixels(size), description, MADE_HERE, tuple(SHAPES))


def three_images():
    """A zero, the same zero moved to the right, and a six drawn where the first zero stands.

    X : (3, 784), ink from 0 to 255, y : 0, 0, 6.
    As in section 11 of Le's tutorial, the first zero lies nearer to the six than to the other zero.
    """
    row, column = np.mgrid[:28, :28]

    def ring(middle_row, middle_column, tall, wide):
        """Ink of an ellipse's outline about two pixels thick."""
        away = np.hypot((row - middle_row) / tall, (column - middle_column) / wide) - 1
        return np.clip(1.6 - np.abs(away) * min(tall, wide), 0, 1)

    zero = ring(13.5, 10, 9, 5.5)
    moved = ring(13.5, 16, 9, 5.5)
    # A six is the zero without its upper right side, closed by a smaller ring below.
    gap = (column > 10.5) & (row > 7) & (row < 15)
    six = np.maximum(np.where(gap, 0, zero), ring(17.5, 10, 5, 5.5))
    X = np.round(255 * np.stack([zero, moved, six])).reshape(3, 784)
    rows = ("a zero", "the same zero, moved", "a six")
    source = "drawn for this course, after Q. V. Le, A Tutorial on Deep Learning, part 1 (2015), section 11"
    description, digit = "Three images whose distances mislead.", _fixed([0, 0, 6], np.int64)
    return Dataset(_fixed(X), digit, _pixels(28), description, source, tuple("0123456"), rows)


# MNIST: too large to ship, so found, or fetched when asked, or done without

MIRRORS = ("https://storage.googleapis.com/cvdf-datasets/mnist/", "https://ossci-datasets.s3.amazonaws.com/mnist/")
MNIST_SOURCE = "LeCun, Cortes and Burges, The MNIST database of handwritten digits"
# SHA-256 of the bytes after decompression: a copy that was packed again is still the same data.
MNIST_FILES = {
    "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
}


def mnist(folder=None, download=False, fallback=True):
    """60,000 handwritten digits of 28 by 28 pixels to train on and 10,000 to test on, ink from 0 to 1 in float32.

    The four IDX files, packed (.gz) or not, are looked for in `folder`; without one, in the folder that the environment
    variable LABKIT_DATA names and its `mnist` folder, then in the cache. `download=True` fetches what is missing, once, 11 MB.
    Where they cannot be had the 8 x 8 digits are returned, with a sentence; `fallback=False` raises FileNotFoundError instead.
    X : (60000, 784), X_test : (10000, 784); the fallback is `digits()`, 64 columns.
    """
    places = [Path(folder).expanduser()] if folder is not None else _mnist_places()
    home = _mnist_home(places)
    reason = f"MNIST's four files are not in {' or '.join(map(str, places))}"
    if home is None and download:
        try:
            home = download_mnist(places[-1])
        except OSError as error:
            reason = str(error)
    if home is not None:
        return _load_mnist(home)
    advice = "put them there, name their folder in LABKIT_DATA, or call datasets.mnist(download=True)"
    if not fallback:
        raise FileNotFoundError(f"{reason}; {advice}.")
    print(f"{reason}, so these are the 8 x 8 digits; for MNIST {advice}.")
    return digits()


def _mnist_places():
    named = os.environ.get("LABKIT_DATA")
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "labkit" / "mnist"
    named = named and Path(named).expanduser()
    return ([named, named / "mnist"] if named else []) + [cache]


def _mnist_home(places):
    """The first of these folders that holds all four files, or None."""
    return next((place for place in places if all(_idx_file(place, name) for name in MNIST_FILES)), None)


def _idx_file(folder, name):
    return next((path for path in (folder / name, folder / f"{name}.gz") if os.path.isfile(path)), None)    # False where we may not look


def _load_mnist(folder):
    X, y, X_test, y_test = (read_idx(_idx_file(folder, name), digest) for name, digest in MNIST_FILES.items())
    X, X_test = (np.divide(images.reshape(len(images), -1), np.float32(255), dtype=np.float32) for images in (X, X_test))
    y, y_test = (labels.astype(np.int64) for labels in (y, y_test))
    for array in (X, y, X_test, y_test):
        array.setflags(write=False)
    return Dataset(X, y, _pixels(28), "MNIST: handwritten digits of 28 x 28 pixels.", f"{MNIST_SOURCE}; read from {folder}",
                   tuple("0123456789"), (), X_test, y_test, "MNIST's own: 60,000 to train, 10,000 to test")


def read_idx(path, sha256=None):
    """The array in an IDX file of bytes, packed with gzip or not; `sha256` is checked against the unpacked bytes.

    IDX: two zero bytes, a type (8: unsigned bytes), the number of dimensions; each dimension, a big-endian 32-bit integer;
    the values.
    """
    path = Path(path)
    raw = path.read_bytes()
    if raw[:2] == b"\x1f\x8b":
        try:
            raw = gzip.decompress(raw)
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise ValueError(f"{path} is cut short or damaged ({error}); delete it and fetch it again.") from None
    if sha256 and hashlib.sha256(raw).hexdigest() != sha256:
        raise ValueError(f"{path} does not hold the expected data (SHA-256 is not {sha256}); delete it and fetch it again.")
    if raw[:3] != b"\x00\x00\x08" or len(raw) < 4 or len(raw) < 4 + 4 * raw[3]:
        raise ValueError(f"{path} is not an IDX file of bytes: it must begin with 0, 0, 8 and the number of dimensions.")
    shape = tuple(np.frombuffer(raw, ">u4", raw[3], 4).tolist())
    values = np.frombuffer(raw, np.uint8, offset=4 + 4 * raw[3])
    try:
        return values.reshape(shape)
    except ValueError:
        raise ValueError(f"{path} announces shape {shape} but holds {values.size} values; fetch it again.") from None


def download_mnist(folder, mirrors=None):
    """Fetch what is missing of MNIST into `folder`, each file from the first mirror that has it whole. Returns the folder.

    `mirrors` are addresses that end in a slash; without them, MIRRORS.
    An interrupted file is resumed. Nothing is kept whose checksum is wrong. Raises OSError with each mirror's reason.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for name, digest in MNIST_FILES.items():
        if not _idx_file(folder, name):
            _download(folder / f"{name}.gz", [mirror + f"{name}.gz" for mirror in mirrors or MIRRORS], digest)
    return folder


def _download(path, addresses, sha256):
    part, reasons = path.with_name(path.name + ".part"), []
    for address in addresses:
        try:
            _fetch(address, part)
            read_idx(part, sha256)
        except (OSError, http.client.HTTPException) as error:  # keep what came: the next mirror goes on from there
            reasons.append(f"{address}: {error}")
        except ValueError as error:
            part.unlink(missing_ok=True)
            reasons.append(f"{address}: {error}")
        else:
            os.replace(part, path)
            return
    raise OSError(f"{path.name} could not be fetched ({'; '.join(reasons)})")


def _fetch(address, part):
    """Append what `part` still lacks of the file at `address`, with a progress bar."""
    from tqdm.auto import tqdm

    have = part.stat().st_size if part.exists() else 0
    request = urllib.request.Request(address, headers={"Range": f"bytes={have}-"} if have else {})
    try:
        answer = urllib.request.urlopen(request, timeout=20)
    except urllib.error.HTTPError as error:
        if have and error.code == 416:  # nothing left to send: the checksum will judge what is here
            return
        raise
    with answer:
        resumed = answer.status == 206
        length = int(answer.headers.get("Content-Length") or 0)
        with open(part, "ab" if resumed else "wb") as file, tqdm(total=length, unit="B", unit_scale=True, desc=part.stem) as bar:
            while chunk := answer.read(1 << 16):
                file.write(chunk)
                bar.update(len(chunk))
        if length and bar.n < length:
            raise OSError(f"the connection ended after {bar.n} of {length} bytes")
