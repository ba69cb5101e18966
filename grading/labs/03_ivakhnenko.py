# %% [markdown]
# # 03 · Layers without a gradient
#
# *1965 to 1971. How can a network with many layers learn when nobody knows how to pass an error back through it?*
#
# Lab 02 ended with a network whose hidden units we had chosen by looking. In Kyiv a group of engineers let the data choose.
# Their recipe uses nothing but school algebra: fit many small units, keep the few that do best on rows they have not seen, and
# start again on the answers of those. You build it in six functions, and it grows as deep as the data allow.
#
# **When you have finished you can**
#
# - fit a unit with two inputs by least squares, and say what its equations make of XOR's four corners;
# - say what fitting, checking and exam rows are for, and why the checking rows are no exam;
# - grow a network layer by layer: all pairs, selection, stacking, stopping;
# - read a grown network as polynomials, and see which units its answer is made of;
# - say what becomes of the method when nobody stops it, and which problems no choice of pairs can solve.
#
# **You need** lab 02 (XOR, hidden units). Least squares is explained. **Your time**: about 110 minutes.
#
# **The computer's time and memory**: {measured}.

# %% role="setup"
import itertools
import time

import numpy as np

from labkit import check, datasets, devices, figures, ops, widgets
from labkit.checks import agreeing
from labkit.gmdh import GMDHRegressor
from labkit.widgets import gmdh_rules as ours

# %% role="picture"
figures.style.use()
print(devices.report())
figures.course_map("03_ivakhnenko")

# %% [markdown]
# ## Kyiv, 1965
#
# Alexey Ivakhnenko worked on the control and prediction of things for which nobody can write down the equations, and for
# which there are never enough measurements. With Valentin Lapa he published *Cybernetic Predicting Devices* in 1965, and a series of
# papers followed under the name **group method of data handling**, GMDH for short. The paper of 1971 calls its network
# "perceptronlike": each element is a function of two inputs, and only the best combinations may pass to the next layer. Jürgen
# Schmidhuber's survey counts these networks as perhaps the first deep ones that learned; one described in 1971 has eight layers.
#
# What they did *not* have is worth saying. No error travels backwards, no slope is followed, and no unit is ever changed after
# it has been fitted. Each unit is given the *final* answer as its own target. A hidden unit no longer has to wait for someone to say
# what it should answer: all are told the same, and a second set of rows decides who did well.
#
# We follow the algorithm as Stanley Farlow explained it to American statisticians in 1981.
#
# ## A unit of two inputs
#
# Ivakhnenko's unit is a polynomial, the simplest one in which two inputs can act together:
#
# $$ \text{answer} = c_0 + c_1 x + c_2 z + c_3 x z + c_4 x^2 + c_5 z^2 $$
#
# It is curved in $x$ and in $z$, but in its six coefficients it is only a weighted sum. So make a table with a column for each
# of the six **terms**, and the unit is a weighted sum of columns.

# %% role="solution" id="features"
def features(x, z):
    """The six terms of two inputs, in the order 1, x, z, xz, x^2, z^2.

    x, z : one number an example, (n,) each
    Returns (n, 6): one row an example, one column a term.

    features(np.array([2.0]), np.array([3.0])) is [[1, 2, 3, 6, 4, 9]]
    """
    ### BEGIN SOLUTION
    return np.column_stack([np.ones(len(x)), x, z, x * z, x**2, z**2])
    ### END SOLUTION

# %% role="check"
check(features)

# %% [markdown]
# Six surfaces over x and z. A unit adds them up, each with its own strength.

# %% role="picture"
def piece(function, fallback, *examples):
    """Your function or labkit's, with arrays for answers; and which of the two it is."""
    chosen, whose = agreeing(function, fallback, *examples)
    return lambda *arguments: np.asarray(chosen(*arguments)), whose


some = np.array([[1.0, 2.0], [0.5, -1.0], [3.0, 1.0]])
terms, whose = piece(features, ours.terms, (some[:, 0], some[:, 1]))
print(whose)
across = np.linspace(-1, 1, 41)
gx, gz = np.meshgrid(across, across)
columns = terms(gx.ravel(), gz.ravel())             # a row for each of 41 x 41 places
figures.six_terms(columns)

# %% [markdown]
# ## Fitting it
#
# Let $F$ be the table of terms and $y$ the answers we want. **Least squares** asks for the coefficients $c$ that make the sum
# of squared misses as small as possible:
#
# $$ \min_c \; \lVert F c - y \rVert^2 $$
#
# ($F c$ holds the unit's answers, one a row, and $\lVert v \rVert^2$ is the sum of the squares of all numbers in $v$.) Legendre published
# the method in 1805, Gauss in 1809. At the smallest sum its slope is zero in every direction; written out, these are the **normal
# equations**, six equations for six numbers:
#
# $$ F^\top F \, c = F^\top y $$
#
# where $F^\top$ is the transpose of lab 01: the columns of $F$ as rows.
#
# So a unit is not trained in small steps. It is *solved*, once. Or is it? Take the four corners of XOR, with $x$ and $z$ equal
# to 0 or 1.
#
# **How many choices of the six coefficients answer all four corners of XOR exactly?**
#
# - `"a"` none: lab 02 showed that one unit cannot do it
# - `"b"` exactly one: that is what solving gives
# - `"c"` infinitely many

# %% role="predict" id="guess_corners"
guess_corners = ...  # "a", "b" or "c"
### BEGIN SOLUTION
guess_corners = "c"
### END SOLUTION

# %% role="check"
check(guess_corners=guess_corners)

# %% [markdown]
# Now write the fit. It must give an answer in every case. Where several $c$ fit equally well, give the **shortest**, the one
# with the smallest sum of squared coefficients; it is also called the *least-norm* solution. You need not solve the equations by
# hand: the part of NumPy for such systems is `np.linalg`. Look there for least squares, and read what each function does when there
# are many solutions.

# %% role="solution" id="fit_unit"
def fit_unit(F, y):
    """The coefficients of the unit that comes closest to y, by least squares.

    F : the six terms of each example, (n, 6)      y : the answers wanted, (n,)
    Returns c, (6,). If several c come equally close, as with fewer than six rows or with columns
    that say the same, the shortest of them.

    fit_unit(np.eye(6), np.array([1.0, 2.0, 3.0, 4.0, 5.0, 6.0])) is [1, 2, 3, 4, 5, 6]
    """
    ### BEGIN SOLUTION
    return np.linalg.lstsq(F, y, rcond=None)[0]
    ### END SOLUTION

# %% role="check"
check(fit_unit)

# %% [markdown]
# Look at the four corners. At 0 and at 1 a number equals its own square, so two pairs of columns are the same.

# %% role="picture"
corners = datasets.xor()
X, y = corners.X.astype(float), corners.y.astype(float)
F = ours.terms(X[:, 0], X[:, 1])
regular = ours.terms(some[[0, 1, 2, 0, 1, 2], 0], some[[0, 0, 0, 1, 1, 2], 1])
fit, whose = piece(fit_unit, ours.least_squares, (F, y), (regular, np.arange(6.0)))
print(whose)
print(" ".join(f"{name:>4}" for name in ("1", "x", "z", "xz", "x^2", "z^2", "y")))
for row, answer in zip(F, y, strict=True):
    print(" ".join(f"{value:4.0f}" for value in (*row, answer)))
print(f"\nDifferent columns: rank {np.linalg.matrix_rank(F)} of 6.")
try:
    np.linalg.solve(F.T @ F, F.T @ y)
except np.linalg.LinAlgError as refusal:
    print("The normal equations:", refusal)
shortest = np.asarray(fit(F, y), float)
print("The shortest solution:", " ".join(f"{value:+.2f}" for value in shortest + 0.0))
print("Its answers at the corners:", " ".join(f"{value:.2f}" for value in (F @ shortest).round(9) + 0.0))

# %% [markdown]
# So it is `"c"`. The **rank** of a table is the largest number of its columns of which none is a weighted sum of the others; rank 4 of 6
# leaves two coefficients free. The system is **singular**. And a single unit of Ivakhnenko's
# does compute XOR, with no hidden layer and no backpropagation. That contradicts nothing in lab 02: this unit gets the product
# $xz$ ready-made, and with the product as a third input XOR is easy (you saw it in "More inputs: parity").
#
# Here are two of the infinitely many. They agree at the corners, the only places where there are data. The black curves are where
# the answer is one half.

# %% role="picture"
plain = np.array([0.0, 1.0, 1.0, -2.0, 0.0, 0.0])
figures.units_at_corners({"the shortest c": shortest, "x + z - 2xz": plain}, ours.terms, X, y)

# %% [markdown]
# Remember this for later: *the rows do not say what happens where there are no rows.*
#
# Where the inputs are ordinary numbers, the six columns differ, the solution is unique, and a polynomial that we plant is found
# again, down to the last digits.

# %% role="picture"
rng = np.random.default_rng(0)
x, z = rng.normal(size=(2, 40))
planted = np.array([1.0, -2.0, 0.5, 3.0, 0.0, -1.0])
found = np.asarray(fit(ours.terms(x, z), ours.terms(x, z) @ planted), float)
product = np.asarray(fit(ours.terms(x, z), x * z), float)
off, off_product = np.abs(found - planted).max(), np.abs(product - np.eye(6)[3]).max()
print("planted:  ", planted, "\nfound:    ", found.round(12) + 0.0, f" largest difference {off:.0e}")
print("x times z:", product.round(12) + 0.0, f" largest difference {off_product:.0e}")

# %% [markdown]
# ## Three sets of rows
#
# With ten inputs there are 45 pairs, so 45 units. Which is best? Not the one that fits best: with enough coefficients
# anything fits the rows it was fitted to. Ivakhnenko's answer is the **external criterion**: judge a unit on rows that were *not* used to fit
# it. And because we then *choose* by these rows, a third set is needed for an honest number at the end.
#
# - **fitting rows** find the coefficients of each unit;
# - **checking rows** decide which units are kept, and when to stop;
# - **exam rows** are looked at once, when everything has been decided.
#
# The criterion is Farlow's: the sum of squared misses on the checking rows, divided by the sum of $y^2$ there. We measure $y$
# from its mean on the fitting rows, so 0 is perfect and 1 is no better than always answering that mean.
#
# $$ \text{error} = \frac{\sum_i (F_i \cdot c - y_i)^2}{\sum_i y_i^2} $$

# %% role="solution" id="check_error"
def check_error(c, F, y):
    """How far a unit is off on rows that were not used to fit it.

    c : its coefficients, (6,)      F : the six terms of the checking rows, (n, 6)
    y : the right answers there, (n,), measured from the mean of the fitting rows
    Returns one number: the sum of squared misses over the sum of squared y.

    check_error(np.array([1.0, 0, 0, 0, 0, 0]), np.array([[1.0, 5, 5, 25, 25, 25]]), np.array([3.0]))
    is (1 - 3)**2 / 3**2 = 0.444
    """
    ### BEGIN SOLUTION
    return np.sum((F @ c - y) ** 2) / np.sum(y**2)
    ### END SOLUTION

# %% role="check"
check(check_error)

# %% [markdown]
# Real data now: 442 diabetes patients, ten measurements, and a doctor's measure of how far the disease had moved a year later. Among
# the inputs are age, sex, body mass index (`bmi`) and blood pressure (`bp`); `s1` to `s6` come from a blood sample.

# %% role="picture"
patients = datasets.diabetes()
names = patients.names


def three_sets(seed):
    """Fitting, checking and exam rows of the patients: (X, y) three times."""
    rows = np.random.default_rng(seed).permutation(len(patients.y))
    return [(patients.X[part], patients.y[part]) for part in np.split(rows, [200, 320])]


def prepared(X, y, X_check, y_check):
    """Inputs and y in units of the fitting rows: mean 0 and spread 1 there."""
    mean, scale = X.mean(axis=0), X.std(axis=0)
    middle, spread = y.mean(), y.std()
    return (X - mean) / scale, (y - middle) / spread, (X_check - mean) / scale, (y_check - middle) / spread

# %% [markdown]
# Every pair of inputs gets its unit. Each is fitted on 200 patients and judged twice: on the same 200, and on 120 others.

# %% role="picture"
(X_fit, y_fit), (X_check, y_check), (X_exam, y_exam) = three_sets(0)
U, t, V, t_check = prepared(X_fit, y_fit, X_check, y_check)
pairs = list(itertools.combinations(range(10), 2))
judge, whose = piece(check_error, ours.criterion, (np.arange(6.0), regular, np.arange(1.0, 7.0)))
print(whose)
units = [fit(terms(U[:, i], U[:, j]), t) for i, j in pairs]
inside = [judge(c, terms(U[:, i], U[:, j]), t) for c, (i, j) in zip(units, pairs, strict=True)]
outside = [judge(c, terms(V[:, i], V[:, j]), t_check) for c, (i, j) in zip(units, pairs, strict=True)]
figures.seen_and_unseen(inside, outside, pairs, names)

# %% [markdown]
# Here the trap of the four corners returns in real life. The column `sex` holds only two values, and a straight line passes
# through their two squares, so the column of squares says nothing new. Every unit with `sex` is singular: 9 of the 45. Software
# has to decide. labkit's `GMDHRegressor(singular="skip")` leaves such pairs out, `singular="least_norm"` does what your
# `fit_unit` does.
#
# ## Selection
#
# All pairs, and then the best few. Put the checking errors in a square table: row $i$, column $j$ is the unit of inputs $i$ and
# $j$. The table is symmetric, for a pair has no order.

# %% role="solution" id="best_pairs"
def best_pairs(errors, keep):
    """The pairs with the smallest errors, the best first.

    errors : (n, n), symmetric; errors[i, j] is the error of the unit of inputs i and j. The diagonal
             holds zeros: an input with itself is no pair. inf marks a pair that could not be fitted.
    keep   : how many pairs are wanted; there may be fewer that could be fitted
    No two pairs that could be fitted have the same error.
    Returns whole numbers, (n_kept, 2): one row (i, j) a pair, with i < j.

    best_pairs(np.array([[0.0, 0.5, 0.2], [0.5, 0.0, 0.9], [0.2, 0.9, 0.0]]), 2)
    is [[0, 2], [0, 1]]
    """
    ### BEGIN SOLUTION
    i, j = np.triu_indices(len(errors), 1)
    values = errors[i, j]
    order = [k for k in np.argsort(values) if np.isfinite(values[k])][:keep]
    return np.column_stack([i[order], j[order]])
    ### END SOLUTION

# %% role="check"
check(best_pairs)

# %% role="picture"
table = np.zeros((10, 10))
for (i, j), error in zip(pairs, outside, strict=True):
    table[i, j] = table[j, i] = error
select, whose = piece(best_pairs, ours.lowest, (table, 6))
print(whose)
kept = [(int(i), int(j)) for i, j in select(table, 6)]
figures.pair_map(table, names=names, marked=kept,
                 title="A square and its mirror image are one unit; the six with rings go on")

# %% [markdown]
# A bright row is an input that helps whatever it is paired with. Look at the six: every one of them contains `bmi`. Selection is
# **greedy**. It asks what each unit does by itself, and not whether the six say the same thing.
#
# ## The next layer
#
# The answers of the kept units are a new table with a column for each unit. It is a table like any other, so everything can begin
# again on it: all pairs, fit, check, select. A unit of the second layer is a polynomial of polynomials, of degree 4 in up to
# four inputs; of the third, degree 8; after $k$ layers, degree $2^k$.

# %% role="solution" id="next_layer"
def next_layer(X, pairs, C):
    """What a layer of units makes of each example.

    X     : the inputs of the layer, (n, n_inputs)
    pairs : for each unit its two inputs, (n_units, 2) whole numbers: unit k takes x = X[:, pairs[k, 0]]
            and z = X[:, pairs[k, 1]]
    C     : the units' coefficients, one unit a row, (n_units, 6), of 1, x, z, xz, x^2, z^2
    Returns (n, n_units): one column a unit.

    next_layer(np.array([[2.0, 3.0]]), np.array([[0, 1]]), np.array([[1.0, 0, 0, 1.0, 0, 0]]))
    is [[7.0]]: 1 + 2 * 3
    """
    ### BEGIN SOLUTION
    x, z = X[:, pairs[:, 0]], X[:, pairs[:, 1]]
    return C[:, 0] + C[:, 1] * x + C[:, 2] * z + C[:, 3] * x * z + C[:, 4] * x**2 + C[:, 5] * z**2
    ### END SOLUTION

# %% role="check"
check(next_layer)

# %% [markdown]
# ## When to stop
#
# Each layer has a best unit with a checking error. The error usually falls, by less and less. Farlow's rule: as soon as a layer
# no longer improves on the one before, stop, and take the answer from *the layer before*. In this lab a gain below 0.0005 counts
# as none.

# %% role="solution" id="stop_at"
def stop_at(errors, gain=5e-4):
    """How many layers to keep.

    errors : the best checking error of layer 1, of layer 2, and so on, (n_layers,)
    gain   : a layer has to lower the error by at least this much
    Growing ends at the first layer that gains less than `gain`; the layer before it is the last one
    kept. Returns a whole number from 1 to n_layers; n_layers if every layer was worth it.

    stop_at(np.array([0.5, 0.4, 0.3999, 0.2])) is 2
    """
    ### BEGIN SOLUTION
    for k in range(1, len(errors)):
        if errors[k - 1] - errors[k] < gain:
            return k
    return len(errors)
    ### END SOLUTION

# %% role="check"
check(stop_at)

# %% [markdown]
# ## Your network
#
# Six functions, and this is all that is left to write. Read it: there is no learning rate, no random start, no epoch.

# %% role="picture"
class MyGMDH:
    """Ivakhnenko's network from your six functions (or labkit's, where one of yours is not ready)."""

    def __init__(self, keep=10, max_layers=3):
        self.keep, self.max_layers = keep, max_layers

    def fit(self, X, y, X_check, y_check):
        self.middle, self.spread = y.mean(), y.std()
        y, y_check = (y - self.middle) / self.spread, (y_check - self.middle) / self.spread
        self.layers, self.errors = [], []
        for _ in range(self.max_layers):
            mean, scale = X.mean(axis=0), X.std(axis=0)
            U, V, n = (X - mean) / scale, (X_check - mean) / scale, X.shape[1]
            C, table = {}, np.zeros((n, n))
            for i, j in itertools.combinations(range(n), 2):
                C[i, j] = fit(terms(U[:, i], U[:, j]), y)
                table[i, j] = table[j, i] = judge(C[i, j], terms(V[:, i], V[:, j]), y_check)
            pairs = np.asarray(select(table, self.keep))
            coefficients = np.array([C[i, j] for i, j in pairs.tolist()])
            X, X_check = stack(U, pairs, coefficients), stack(V, pairs, coefficients)
            self.layers.append((mean, scale, pairs, coefficients))
            self.errors.append(float(table[tuple(pairs[0])]))
        self.layers = self.layers[:int(stop(np.array(self.errors)))]
        return self

    def predict(self, X):
        for mean, scale, pairs, coefficients in self.layers:
            X = stack((X - mean) / scale, pairs, coefficients)
        return self.middle + self.spread * X[:, 0]

# %% [markdown]
# Let it grow on the patients, beside labkit's network, and compare the two.

# %% role="picture"
stack, whose = piece(next_layer, ours.outputs, (some, np.array([[0, 1], [0, 1]]), np.ones((2, 6))))
stop, whose_stop = piece(stop_at, ours.depth, (np.array([0.5, 0.4, 0.39999, 0.2]),), (np.array([0.5]),))
print(whose, whose_stop, sep="\n")


def exam_error(answers, y, middle):
    """The criterion once more, on exam rows."""
    return float(np.sum((answers - y) ** 2) / np.sum((y - middle) ** 2))


mine = MyGMDH().fit(X_fit, y_fit, X_check, y_check)
labkits = GMDHRegressor(max_layers=3, singular="least_norm").fit(X_fit, y_fit, X_check, y_check)
print("\nbest checking error after each layer, this:  ", " ".join(f"{e:.6f}" for e in mine.errors))
print("best checking error after each layer, labkit:", " ".join(f"{e:.6f}" for e in labkits.criteria_))
difference = float(np.abs(mine.predict(X_exam) - labkits.predict(X_exam)).max())
print(f"answers for {len(y_exam)} exam patients differ by at most {difference:.0e};",
      f"y goes from {y_fit.min():.0f} to {y_fit.max():.0f}")

# %% [markdown]
# labkit's `GMDHRegressor` does the same with fast kernels. Here is a network as it grew; six units a layer are kept here in place of
# ten, and all of them are drawn. But the answer is *one* unit, it is made of two, and those of at most four: going back from the
# answer, most of what was kept turns out not to be needed. This is the picture for which the method is known, a network that
# narrows towards its answer.

# %% role="picture"
four = GMDHRegressor(keep=6, max_layers=4, singular="least_norm").fit(X_fit, y_fit, X_check, y_check)
figures.growth(four, names=names)

# %% [markdown]
# And unlike the networks of later labs, this one can be *read*. These are all the units that the answer is made of. `z1_5` is
# the fifth-best unit of layer 1.

# %% role="picture"
small = GMDHRegressor(keep=6, max_layers=2, singular="least_norm").fit(X_fit, y_fit, X_check, y_check)
print(small.polynomials(names))

# %% [markdown]
# Now grow it yourself. Move *Layers*, click on units, read them, and look at their surfaces: a point that has the colour behind
# it is answered rightly. Three things to look for:
#
# - Table *x1 x2 + x3 x4*, two layers: the first layer finds the products, the second adds them.
# - *Diabetes*, five or six layers, the best unit: where are the points, and what does the surface do beside them?
# - Open the exam only when you have decided how many layers you would keep.

# %% [markdown]
# ![](still:grow_network)

# %% role="picture"
widgets.grow_network(fit_unit, check_error)

# %% [markdown]
# ## Eight layers
#
# Suppose nobody stops. We let the network grow to eight layers on the patients. At each layer the checking rows choose the best
# of 45 units, and their best error goes on falling. **What happens to the error on the exam patients, in the typical case?**
#
# - `"a"` it falls along with the checking error: those rows were not fitted either
# - `"b"` it falls at first, then turns, and after eight layers it is worse than answering the mean for everyone
# - `"c"` it stays where it was after the first layer

# %% role="predict" id="guess_exam"
guess_exam = ...  # "a", "b" or "c"
### BEGIN SOLUTION
guess_exam = "b"
### END SOLUTION

# %% role="check"
check(guess_exam=guess_exam)

# %% role="picture"
def eight_layers(seed):
    """Errors on fitting, checking and exam rows after each of eight layers, never stopped: (3, 8)."""
    sets = three_sets(seed)
    model = GMDHRegressor(max_layers=8, min_gain=-np.inf, singular="least_norm").fit(*sets[0], *sets[1])
    with np.errstate(over="ignore"):
        return [[exam_error(layer[:, 0], y, model.y_mean_) for layer in model.predict_layers(X)]
                for X, y in sets]


curves = np.median([eight_layers(seed) for seed in range(40)], axis=0)
best_layer = 1 + int(np.argmin(curves[2]))
for words, values in zip(("fitting ", "checking", "exam    "), curves, strict=True):
    print(words, " ".join(f"{value:8.3g}" for value in values))
figures.over_selection(curves, splits=40)

# %% [markdown]
# It is `"b"`, and it is worse than most people guess. Two things happen at once.
#
# **Selection uses up the checking rows.** The best of many always looks better than it is, because part of being best is luck
# with these rows. With each layer we choose again among new candidates, by the same 120 patients.
#
# **Depth makes polynomials wild.** All units of a layer chase the same target, so their answers become nearly alike, and the
# next layer sees its points on a thin line (you saw it in the network you grew). Least squares ties the surface to that line and
# says nothing about the rest. After eight layers the polynomial has degree $2^8 = 256$, and one exam patient who lies a little
# off the line gets an absurd answer. The four corners of XOR were the same story.
#
# So this lab *caps* the layers at three, beside the stopping rule. The method's own rule is not enough. How far is it from
# enough?

# %% role="picture"
free = [len(GMDHRegressor(max_layers=10, singular="least_norm").fit(*sets[0], *sets[1]).layers_)
        for sets in map(three_sets, range(40))]
print("Layers at which the rule alone stops, 40 splits, capped at 10:")
for depth, count in zip(*np.unique(free, return_counts=True), strict=True):
    print(f"{depth:3d} layers: {count:2d} splits  {'#' * count}")

# %% [markdown]
# How much of this is luck with the checking rows alone? Take it to the extreme: hundreds of inputs of pure noise, and a $y$ that has
# nothing to do with them. Nothing can be learned here, so an honest error is 1 or above.

# %% role="swarm"
wide = devices.scale(1_000, 300, emulated=60, what="inputs")
rng = np.random.default_rng(0)
noise, noise_target = rng.normal(size=(5_100, wide)), rng.normal(size=5_100)
fitting, checking, exam = np.split(np.arange(5_100), [60, 85])
weights, luck = ops.gmdh_pairs(noise[fitting], noise_target[fitting], noise[checking], noise_target[checking], False)
i, j = (side[luck.argmin()] for side in np.triu_indices(wide, 1))
lucky = float(luck.min())
honest = ours.criterion(weights[luck.argmin()], ours.terms(noise[exam, i], noise[exam, j]), noise_target[exam])
print(f"{luck.size:,} units. {wide.note}")
print(f"The best: checking error {lucky:.2f}, exam error {honest:.2f}")
figures.histogram_of_runs(
    luck[luck < 3], label="checking error of a unit fitted to noise", count="units",
    title=f"The luckiest of {luck.size:,} units on noise: checking error {lucky:.2f}, exam error {honest:.2f}",
    alt=f"The checking errors of {luck.size:,} units as a histogram, most a little above 1, the smallest {lucky:.2f}.")

# %% [markdown]
# Each unit was judged on rows that it had not seen, exactly as it should be, and still the number of the winner is worthless.
# That is why the checking rows are no exam.
#
# ## Against a straight line
#
# Now the honest comparison. Forty times we deal the patients anew into 200, 120 and 122. Your network and labkit's grow on
# the first two sets, at most three layers. Beside them scikit-learn's linear regression: one weighted sum of all ten inputs, which
# selects nothing and so may be fitted to the first *two* sets together.

# %% role="picture"
from sklearn.linear_model import LinearRegression

from labkit.figures.picture import picture, say

scores = {"yours": [], "labkit": [], "linear": []}
for sets in map(three_sets, range(40)):
    (X1, y1), (X2, y2), (X3, y3) = sets
    both = LinearRegression().fit(np.vstack([X1, X2]), np.concatenate([y1, y2]))
    labkits = GMDHRegressor(max_layers=3, singular="least_norm").fit(X1, y1, X2, y2)
    for name, model in (("yours", MyGMDH().fit(X1, y1, X2, y2)), ("labkit", labkits), ("linear", both)):
        scores[name].append(exam_error(model.predict(X3), y3, y1.mean()))
scores = {name: np.array(values) for name, values in scores.items()}
for name, values in scores.items():
    print(f"{name:>7}: exam error {values.mean():.3f} on average, {values.min():.3f} to {values.max():.3f}")
won = int(np.sum(scores["yours"] < scores["linear"]))
figure, ax = picture(5.6, 5.0)
low, high = min(map(np.min, scores.values())) - 0.02, max(map(np.max, scores.values())) + 0.02
ax.plot([low, high], [low, high], color=figures.style.MUTED, linestyle=":", label="equal errors")
ax.plot(scores["linear"], scores["yours"], "^", color=figures.style.COLORS["exam"], markersize=7, label="a split")
figure.legend(*ax.get_legend_handles_labels(), loc="outside lower left", ncols=2)
ax.set(xlabel="exam error of linear regression", ylabel="exam error of your network", aspect="equal",
       xlim=(low, high), ylim=(low, high))
say(figure, f"Linear regression wins on {40 - won} of 40 splits",
    "Forty points, one a split: exam error of linear regression across, of the grown network up. Most lie above "
    "the dotted line of equal errors.")

# %% [markdown]
# The straight line wins. It seems that in these patients the inputs mostly add up. There are few rows, and the network spends
# more than a third of them on checking and much of its freedom on bends. It also has to answer from at most eight of ten
# inputs, through pairs. A method is not good or bad in itself; it fits a problem or it does not. On *x1 x2 + x3 x4*
# the result is the other way round.

# %% role="picture"
rng = np.random.default_rng(1)
Z = rng.normal(size=(400, 7))
target = Z[:, 0] * Z[:, 1] + Z[:, 2] * Z[:, 3] + 0.1 * rng.normal(size=400)
rows = np.split(np.arange(400), [200, 300])
grown = MyGMDH().fit(Z[rows[0]], target[rows[0]], Z[rows[1]], target[rows[1]])
straight = LinearRegression().fit(Z[:300], target[:300])
middle = target[rows[0]].mean()
products = {"grown": exam_error(grown.predict(Z[rows[2]]), target[rows[2]], middle),
            "straight": exam_error(straight.predict(Z[rows[2]]), target[rows[2]], middle)}
print("x1 x2 + x3 x4 with a little noise, 100 exam rows:",
      f"network {products['grown']:.3f}, linear regression {products['straight']:.3f}")

# %% [markdown]
# ## What no pair can see
#
# Selection looks at pairs. What if the answer depends on three inputs in such a way that no two of them say anything? You know
# such a question from lab 02: parity. Write the inputs as -1 and +1; then three-way parity is the product $y = x_1 x_2 x_3$.

# %% role="picture"
P = np.array(list(itertools.product([-1.0, 1.0], repeat=3)))
parity = P.prod(axis=1)
blind = {}
for i, j in itertools.combinations(range(3), 2):
    c = np.asarray(fit(terms(P[:, i], P[:, j]), parity), float)
    blind[i, j] = float(judge(c, terms(P[:, i], P[:, j]), parity))
    print(f"x{i + 1} with x{j + 1}: coefficients {np.abs(c).round(9)}, error {blind[i, j]:.3f}")
pair = fit(terms(P[:, 0], P[:, 1]), P[:, 0] * P[:, 1])
H = np.column_stack([terms(P[:, 0], P[:, 1]) @ pair, P[:, 2]])
chain = float(judge(fit(terms(H[:, 0], H[:, 1]), parity), terms(H[:, 0], H[:, 1]), parity))
print(f"\nTwo units that we choose ourselves, x1 x2 first, then that times x3: error {abs(chain):.3f}")

# %% [markdown]
# All six coefficients are zero, for every pair. For each pattern of two inputs the third is as often +1 as -1, so everything
# that two inputs could say cancels. Selection has nothing to choose by, although **a network of two units would be perfect**. The
# unit $x_1 x_2$ is useless as an answer and necessary as a step, and a method that asks every hidden unit to be an answer by itself
# has no reason to keep it.
#
# No reason; but perhaps luck. Rows drawn at random are never perfectly balanced, so a trace of $x_1 x_2$ remains in the
# coefficients, too small to be worth anything as an answer. With few inputs nearly every pair is kept anyhow, and the next layer can pick
# the trace up. With many inputs it is thrown away with the rest.

# %% role="picture"
def finds_parity(n, seed, rows=300):
    """Whether five layers of ten units learn x1 x2 x3 among n inputs of -1 and +1: exam error below 1/2."""
    rng = np.random.default_rng(seed)
    S = rng.choice([-1.0, 1.0], size=(3 * rows, n))
    hidden = S[:, 0] * S[:, 1] * S[:, 2]
    (S1, S2, S3), (h1, h2, h3) = np.split(S, 3), np.split(hidden, 3)
    model = GMDHRegressor(max_layers=5, min_gain=-np.inf, singular="least_norm").fit(S1, h1, S2, h2)
    return exam_error(model.predict(S3), h3, model.y_mean_) < 0.5


sizes = [3, 4, 6, 8, 10, 15, 25]
luckily = [float(np.mean([finds_parity(n, seed) for seed in range(30)])) for n in sizes]
figure, ax = picture(7.0, 3.4)
ax.plot(sizes, luckily, color=figures.style.INK, marker="o")
for n, share in zip(sizes, luckily, strict=True):
    ax.annotate(f"{n * (n - 1) // 2}", (n, share), xytext=(4, 6), textcoords="offset points", fontsize=9.5,
                color=figures.style.MUTED)
ax.set(xlabel="inputs, of which three matter (small numbers: how many pairs they form)",
       ylabel="runs that find x1 x2 x3", ylim=(-0.05, 1.15), yticks=[0, 0.5, 1])
ax.yaxis.set_major_formatter("{x:.0%}")
say(figure, f"Parity of three: {luckily[0]:.0%} find it among {sizes[0]} inputs, {luckily[-1]:.0%} among {sizes[-1]}",
    "Share of 30 runs that learn the product of three inputs, against the number of inputs: all of them for three, "
    "few from ten on.")

# %% [markdown]
# To find it for a reason, a unit must be told what the units *after* it need. That is the idea of the next lab.
#
# ## At scale
#
# In 1971 every pair was a computation of its own, and people kept the inputs few. Look at what the normal equations of a pair contain:
# sums over the rows of products such as $x^2 z$ or $x^3 z$ or $y x z$. For *all* pairs at once these sums stand in five matrix
# products,
#
# $$ X^\top X, \quad (X^2)^\top X, \quad (X^3)^\top X, \quad (X^2)^\top X^2, \quad (yX)^\top X, $$
#
# where the powers are taken element by element. The rows are read once, and each unit then costs a six-by-six system. Below, each
# pixel is one fitted and judged unit. The inputs stand in order like the sensors along a pipe, neighbours are alike, and we
# planted a product of two distant ones, a square, and a plain slope.

# %% role="swarm"
n = int(devices.scale(1_000, 300, emulated=60, what="inputs"))
rng = np.random.default_rng(3)
place = np.arange(n)
apart = np.minimum((place[:, None] - place) % n, (place - place[:, None]) % n)
blur = np.exp(-0.5 * (apart / (0.012 * n)) ** 2)
sensors = rng.normal(size=(9_000, n)) @ (blur / np.linalg.norm(blur, axis=0))
one, other, bent, slope = (round(share * n) for share in (0.25, 0.7, 0.45, 0.88))
signal = 1.2 * sensors[:, one] * sensors[:, other] + 0.45 * sensors[:, bent] ** 2 + 0.5 * sensors[:, slope]
signal += 0.5 * rng.normal(size=9_000)
A, a, B, b = prepared(sensors[:6_000], signal[:6_000], sensors[6_000:], signal[6_000:])
ops.gmdh_pairs(A[:, :4], a, B[:, :4], b, False)         # the first call loads or compiles the kernels
start = time.perf_counter()
weights, errors = ops.gmdh_pairs(A, a, B, b, False)
together = time.perf_counter() - start
start = time.perf_counter()
for k in range(20):
    ours.least_squares(ours.terms(A[:, k], A[:, k + 1]), a)
alone = (time.perf_counter() - start) / 20 * len(errors)
everything = np.zeros((n, n))
everything[np.triu_indices(n, 1)] = errors
everything += everything.T
found_pair = tuple(int(side[errors.argmin()]) for side in np.triu_indices(n, 1))
print(f"{len(errors):,} units on 6,000 fitting and 3,000 checking rows: {together:.2f} s together;")
print(f"one by one, from the rows, about {alone:,.0f} s (20 timed, the rest reckoned)")
figures.pair_map(everything, marked=[(one, other)],
                 title=f"{len(errors):,} units: bands for what inputs do alone, one spot for what two do together")

# %% [markdown]
# The bands are inputs that help whatever their partner: the square and the slope. The ringed spot is the planted product. Neither
# of its two inputs leaves a band of its own; only together do they say anything. Where two bands cross, both effects add up.
#
# ## The paper said, we got, why

# %% role="table"
start = time.perf_counter()
deep = GMDHRegressor(max_layers=8, min_gain=-np.inf, singular="least_norm").fit(X_fit, y_fit, X_check, y_check)
deep_seconds = time.perf_counter() - start
ruled = GMDHRegressor(singular="least_norm").fit(Z[rows[0]], target[rows[0]], Z[rows[1]], target[rows[1]])
ruled_gains = -np.diff(ruled.criteria_)
try:
    GMDHRegressor(singular="skip").fit(X, y, X, y)
    refused = False
except ValueError:
    refused = True
net = GMDHRegressor(singular="least_norm").fit(X, y, X, y)
rank, worst = int(np.linalg.matrix_rank(F)), float(np.abs(net.predict(X) - y).max())
figures.paper_table([
    {"claim": "Fit, check, select, stop", "kind": "figure",
     "paper": "the best checking error falls layer by layer; when it no longer does, the answer comes from the layer "
              "before (Farlow 1981)",
     "ours": f"{' → '.join(f'{e:.4f}' for e in ruled.criteria_)}; answer from layer {len(ruled.layers_)}",
     "setting": "x1 x2 + x3 x4 and noise 0.1 among 7 inputs, 200 fitting and 100 checking rows, keep 10; a gain under "
                "0.0005 counts as none",
     "why": "two products are found in layer 1 and added in layer 2; later layers have little left to do",
     "ok": all(ruled_gains[:-1] >= 5e-4) and ruled_gains[-1] < 5e-4 and len(ruled.layers_) == len(ruled_gains)},
    {"claim": "Your six functions are the whole method", "kind": "figure",
     "paper": "each unit by regression on one part of the data, its use decided on the other (Ivakhnenko 1971)",
     "ours": f"answers differ from labkit's GMDHRegressor by at most {difference:.0e}",
     "setting": "diabetes, rows 200/120/122 dealt with seed 0, keep 10, at most 3 layers, least-norm",
     "why": "labkit fits from moments and refits the kept units from the rows: rounding differs, nothing else",
     "ok": difference < 1e-3},
    {"claim": "A planted polynomial, and x times z", "kind": "theorem",
     "paper": "values of a polynomial without noise give its coefficients back, if the terms are independent (Gauss 1809)",
     "ours": f"off by {off:.0e} and {off_product:.0e} at most",
     "setting": "40 rows of normal inputs, no noise, seed 0",
     "why": "six independent columns, one solution; what is left is rounding",
     "ok": off < 1e-9 and off_product < 1e-9},
    {"claim": "XOR's four corners without backpropagation", "kind": "theorem",
     "paper": "the system has rank 4 of 6, so many solutions; the least-norm one is unique (Penrose 1956)",
     "ours": f"rank {rank}, c = ({', '.join(f'{value:g}' for value in shortest.round(6) + 0.0)}), off by {worst:.0e}",
     "setting": f"four rows, fitted and judged on the same four; singular='skip' refuses: {'yes' if refused else 'no'}",
     "why": "x^2 = x and z^2 = z at the corners, so each such pair of terms shares its weight equally",
     "ok": rank == 4 and np.allclose(shortest, [0, 0.5, 0.5, -2, 0.5, 0.5]) and worst < 1e-9 and refused},
    {"claim": "Three-way parity is invisible to pairs", "kind": "theorem",
     "paper": "parity of n inputs is uncorrelated with every function of fewer (after Minsky and Papert 1969)",
     "ours": f"errors of the three pairs: {', '.join(f'{e:.3f}' for e in blind.values())}; {abs(chain):.3f} with two units "
             "chosen by hand",
     "setting": "all eight patterns of -1 and +1",
     "why": "for each pattern of two inputs the third is +1 as often as -1, and everything cancels",
     "ok": all(abs(e - 1) < 1e-9 for e in blind.values()) and abs(chain) < 1e-9},
    {"claim": "Over-selection", "kind": "figure",
     "paper": "judging on other rows is meant to 'control overfitting' (Ivakhnenko 1971)",
     "ours": f"checking error {curves[1, 0]:.2f} → {curves[1, -1]:.2f} over eight layers; exam error "
             f"{curves[2].min():.2f} after layer {best_layer}, {curves[2, -1]:.3g} at the end",
     "setting": "diabetes, medians of 40 splits 200/120/122, keep 10, never stopped",
     "why": "the same rows choose again and again, and inputs so alike leave a deep polynomial untied beside them",
     "ok": curves[1, -1] < curves[1, 0] and 1 < best_layer < 6 and curves[2, -1] > 1},
    {"claim": "Eight layers", "kind": "number",
     "paper": "a network of eight layers is described in 1971 (Schmidhuber 2015)",
     "ours": f"{len(deep.layers_)} layers grown in {deep_seconds:.2f} s, without a gradient",
     "setting": "diabetes, seed 0, keep 10, never stopped",
     "why": "each layer is solved, not trained; that it can be grown does not mean that it should be",
     "ok": len(deep.layers_) == 8},
])

# %% [markdown]
# ## What became of it
#
# GMDH was used for decades, for rivers, harvests and economies: few rows, many candidates, and people who wanted a formula they
# could read (Farlow's book of 1984 collects examples). Later variants add what this lab found missing: cross-validation in place of one set of
# checking rows, penalties for depth, criteria that ask two halves of the data to agree. The networks of the rest of this course
# went another way. They give up reading each unit, fix the number of layers beforehand, and train all units *together*, so that
# a hidden unit may be useless by itself and still earn its place.
#
# Two ideas from Kyiv are in every one of them: judge on data that were not fitted, and stop when they say so.
#
# ## Explain it
#
# **A colleague has grown such a network. Ten thousand units were tried in six layers, and the best one has a checking error of
# 0.31. She writes in her report: "The checking rows were never used for fitting, so 0.31 is an honest estimate of the error on
# new data." Explain to her (1) what the checking rows were used for; (2) why this makes 0.31 too good; (3) what she should do to get
# an honest number, and what she must not do afterwards; and (4) why the number of layers makes matters worse here, with
# something you saw in this lab.** (Eight to twelve sentences.)

# %% [markdown] role="explain" id="explain_checking" points=4
# A model answer. It is true that no coefficient was fitted to the checking rows. But they decided which of ten thousand units are
# kept, in each of six layers, and when to stop. Part of a unit's checking error is luck with these particular rows, and whoever takes the
# smallest of many takes the luck with it. In the lab the best of thousands of units fitted to pure noise had a checking error far below 1,
# though an honest error there cannot be below 1; in the exam it was above. The more candidates and the fewer checking rows, the larger the
# gap. An honest number comes from a third set of rows, set aside before the first unit was fitted and looked at once, at the end. She must
# not go back afterwards, change the number of layers or the units kept because of what the exam said, and report the better of the two: then the
# exam rows have become checking rows. More layers make it worse in two ways. Each layer is a further choice by the same rows. And the units of
# deep layers answer nearly alike, so the next layer's points lie on a thin line and the fitted polynomial, of degree 64 after six layers, is
# free beside it: a new patient slightly off the line can get an absurd answer. In the lab the checking error fell through eight layers while the
# exam error turned after two or three and ended far above 1. So cap the layers.
#
# **Marking scheme** (4 points)
#
# - 1 point: the checking rows were used, for selecting units (and for stopping): selection is a use of data, though not fitting.
# - 1 point: why the smallest of many is too good: luck, "winner's curse", or the experiment with noise and its result. Saying only
#   "overfitting" is half a point.
# - 1 point: a third set, put aside first and used once, *and* that nothing may be changed afterwards on its account (or the exam becomes
#   a checking set). One of the two without the other is half a point. Cross-validation of the whole procedure, selection included, is
#   also right.
# - 1 point: depth: more rounds of selection by the same rows, or high degree and nearly equal inputs leave the surface untied; with a
#   result seen in the lab (the two curves, the thin line in the picture, the four corners). Without any result half a point.

# %% [markdown]
# ## What you have now
#
# - A unit of two inputs, solved by least squares; where its equations are singular, the shortest solution.
# - Three sets of rows, for three purposes: fit, choose, judge.
# - A network that grows by itself, narrows towards its answer and can be read as formulas.
# - Two limits: choosing often enough from the same rows finds luck, and choosing units one by one misses what only several can do.
# - The question for lab 04: how can a hidden unit learn what the units after it need?
#
# ## Words of this lab
#
# {glossary}
#
# ## Sources and further reading
#
# - A. G. Ivakhnenko and V. G. Lapa, *Cybernetic Predicting Devices*, Naukova Dumka, Kyiv, 1965 (in Russian); in English from
#   CCM Information Corporation.
# - A. G. Ivakhnenko, *The group method of data handling: a rival of the method of stochastic approximation*, Soviet Automatic
#   Control, 1968.
# - A. G. Ivakhnenko, *Polynomial theory of complex systems*, IEEE Transactions on Systems, Man, and Cybernetics 1, 1971, pages 364
#   to 378. "Perceptronlike" and the two sets of data are in its abstract.
# - S. J. Farlow, *The GMDH algorithm of Ivakhnenko*, The American Statistician 35, 1981, pages 210 to 215: the algorithm as it is
#   built here.
# - S. J. Farlow (editor), *Self-Organizing Methods in Modeling: GMDH Type Algorithms*, Marcel Dekker, 1984.
# - L. Anastasakis and N. Mort, *The development of self-organization techniques in modelling: a review of the group method of data
#   handling*, Research Report 813, University of Sheffield, 2001: later variants and criteria.
# - J. Schmidhuber, *Deep learning in neural networks: an overview*, Neural Networks 61, 2015, section 5.3.
# - A.-M. Legendre, *Nouvelles méthodes pour la détermination des orbites des comètes*, 1805; C. F. Gauss, *Theoria motus corporum
#   coelestium*, 1809: least squares. R. Penrose, *On best approximate solutions of linear matrix equations*, Proceedings of the
#   Cambridge Philosophical Society 52, 1956: the shortest solution.
# - M. Minsky and S. Papert, *Perceptrons*, MIT Press, 1969, chapter 3: parity.
# - B. Efron, T. Hastie, I. Johnstone and R. Tibshirani, *Least angle regression*, Annals of Statistics 32, 2004: the diabetes data.
