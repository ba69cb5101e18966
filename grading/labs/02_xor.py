# %% [markdown]
# # 02 · The line that could not be drawn
#
# *1969. What can one unit not do, however long it learns, and what does it take to do it?*
#
# Lab 01's perceptron always finds a line, *if there is one*. Here you meet four points for which there is none. You prove it,
# see what the learning rule does then, and solve the problem with three units in place of one.
#
# **When you have finished you can**
#
# - prove by four inequalities that no line separates XOR, and list everything that a line can do;
# - say what Rosenblatt's rule does when there is no line to find, and measure it;
# - combine decisions: feed the answers of two units to a third, and choose the weights by hand;
# - recognise from distances when a problem needs more than one line;
# - tell what Minsky and Papert proved in 1969 from what is often said of it.
#
# **You need** lab 01 (a unit, its line, Rosenblatt's rule, the sigmoid). **Your time**: about 100 minutes required; the cells
# marked *optional* add half an hour (run them all the same: the table at the end uses them).
#
# **The computer's time and memory**: {measured}.

# %% role="setup"
import itertools

import numpy as np

from labkit import check, datasets, devices, figures, swarm, widgets
from labkit.checks import working
from labkit.perceptron import Perceptron, SigmoidUnit, perceptron_epoch

# %% role="picture"
figures.style.use()
print(devices.report())
figures.course_map("02_xor")

# %% [markdown]
# ## A book about what cannot be done
#
# In the early 1960s nobody knew where the perceptron would end. It had learned to tell letters apart, the rule came with a proof
# that it always succeeds where success is possible, and newspapers had promised far more. What was missing was an answer to a
# plain question: *for which problems is success possible?*
#
# Marvin Minsky and Seymour Papert gave one in 1969, in a book with the short title *Perceptrons*. It is a book of theorems. Its
# perceptron is a jury: many small parts, each of which looks at a few points of a picture, and one threshold unit that adds up
# their votes. The theorems say how many points the parts must look at before the jury can answer a given question. The smallest
# of these questions, with only two points to look at, is this one.
#
# | x1 | x2 | XOR |
# |---|---|---|
# | 0 | 0 | 0 |
# | 0 | 1 | 1 |
# | 1 | 0 | 1 |
# | 1 | 1 | 0 |
#
# **Exclusive or**: one or the other, but not both. A light with a switch at each end of the stairs is lit by exactly this rule.

# %% role="picture"
data = datasets.xor()
X, y = data.X.astype(float), data.y
square = (-0.5, 1.5, -0.5, 1.5)
figure = figures.points(X, y, names=("answer 0", "answer 1"), extent=square,
                        title="Four points. Which line has the circles on one side and the squares on the other?")
figure.axes[0].set(xticks=[0, 1], yticks=[0, 1])
figure

# %% [markdown]
# ## How good is a line?
#
# A unit with weights $w$ and bias $b$ answers 1 where its sum is above zero, and 0 elsewhere:
#
# $$ \text{answer}(x) = 1 \text{ if } w_1 x_1 + w_2 x_2 + b > 0, \text{ else } 0 $$
#
# A sum of exactly 0 is not above zero, so it counts as 0 in this whole lab. First we need a number for how good a line is.

# %% role="solution" id="accuracy"
def accuracy(w, b, X, y):
    """The share of points that the unit (w, b) answers rightly, from 0.0 to 1.0.

    w : weights, (n_inputs,)      b : bias, a number
    X : one point a row, (n_points, n_inputs)
    y : the right answers, 0 or 1, (n_points,)

    The unit answers 1 where its sum is above 0 (not: at 0), else 0.

    accuracy(np.array([1.0]), -2.0, np.array([[1.0], [3.0]]), np.array([1, 1])) is 0.5:
    the sums are -1 and 1, so the answers are 0 and 1
    """
    ### BEGIN SOLUTION
    answers = X @ w + b > 0
    return np.mean(answers == (y == 1))
    ### END SOLUTION

# %% role="check"
check(accuracy)

# %% [markdown]
# Now look for a line that gets all four right. Turn it and shift it; the number beside the picture is computed by *your*
# function. When you have given up, press *Try every line*.

# %% [markdown]
# ![](still:turn_line)

# %% role="picture"
widgets.turn_line(accuracy)

# %% [markdown]
# ## Why nobody can find it
#
# Three of four is easy. Four of four would need these four things at once:
#
# | point | wanted | so the sum must be |
# |---|---|---|
# | (0, 0) | 0 | $b \le 0$ |
# | (0, 1) | 1 | $w_2 + b > 0$ |
# | (1, 0) | 1 | $w_1 + b > 0$ |
# | (1, 1) | 0 | $w_1 + w_2 + b \le 0$ |
#
# Add the two in the middle: $w_1 + w_2 + 2b > 0$. Add the first and the last: $w_1 + w_2 + 2b \le 0$. Both cannot be true. So
# no weights exist, whether looked for by a rule, by luck or by the largest computer. And since with four points the accuracy
# can only be 0, 1/4, 2/4, 3/4 or 1, the best that one unit can do on XOR is **exactly 3/4**.
#
# ## Everything that a line can do
#
# There are infinitely many lines, but they can *sort* four points in only so many ways, because there are just $2^4 = 16$
# ways to answer four questions with yes or no. Write a function that collects the different ways.

# %% role="solution" id="sortings"
def sortings(W, b, X):
    """All the different ways in which the given lines sort the points.

    W : one line's weights a row, (n_lines, n_inputs)      b : their biases, (n_lines,)
    X : one point a row, (n_points, n_inputs)

    Returns an array of 0 and 1 with one row a way and one column a point, (n_ways, n_points).
    Each way stands there once, the rows in increasing order, as sorted() or np.unique would order
    them. A line answers 1 where its sum is above 0.

    sortings(np.array([[1.0], [2.0], [-1.0]]), np.zeros(3), np.array([[-1.0], [1.0]]))
    is [[0, 1], [1, 0]]: the first two lines sort the points in the same way
    """
    ### BEGIN SOLUTION
    answers = (W @ X.T + b[:, None] > 0).astype(int)
    return np.unique(answers, axis=0)
    ### END SOLUTION

# %% role="check"
check(sortings)

# %% [markdown]
# A grid of 36 lines is enough to see everything that lines can do with the four corners. First three helpers: one runs your function
# if it is ready and labkit's otherwise, one is labkit's way, and one draws a unit for each way.

# %% role="picture"
def usable(function, fallback, arguments, shape):
    """`working`, and the result has the shape that the picture needs; None stands for any length."""
    chosen, whose = working(function, fallback, arguments)
    found = np.shape(chosen(*arguments))
    fits = len(found) == len(shape) and all(wanted in (None, n) for wanted, n in zip(shape, found, strict=True))
    return (chosen, whose) if fits else (fallback, f"{function.__name__} is not right yet: this shows labkit's.")


def from_random_lines(W, b, X):
    """labkit's way: what 200,000 random units answer at the four corners."""
    tables = np.unique(swarm.threshold_networks(200_000, hidden=0).tables)
    return tables[:, None] >> np.arange(4) & 1


def rule_for(gate):
    """A unit for this way, from lab 01's rule; for always-0 and always-1, a bias alone."""
    if len(set(gate)) == 1:
        return lambda Z: np.full(len(Z), gate[0])
    return Perceptron().fit(X, np.array(gate)).predict

# %% [markdown]
# Each square below is one of the 16 ways.

# %% role="picture"
lines = np.array(list(itertools.product([-1.0, 0.0, 1.0], [-1.0, 0.0, 1.0], [-1.5, -0.5, 0.5, 1.5])))
W, b = lines[:, :2], lines[:, 2]
find, whose = usable(sortings, from_random_lines, (W, b, X), (None, 4))
ways = {tuple(int(answer) for answer in row) for row in find(W, b, X)}
print(whose)
figures.sixteen_ways(ways, X, rule_for)

# %% [markdown]
# Fourteen of the sixteen. AND, OR, NOT and all their relatives are there; the two missing ones are XOR and its opposite, and
# the inequalities above have just shown that no further line can add them (for the opposite, turn every sign round). So the
# list is complete, and it answers every question about one unit and two inputs: run through it, and the best way for XOR gets 3
# of 4.
#
# *Optional.* With more inputs the share that a single unit can do shrinks quickly. The counts below agree with the published
# ones (Muroga 1971).

# %% role="picture"
def every_unit(n, largest):
    """W, b of all units with whole weights up to `largest` and biases halfway between whole numbers."""
    weights = np.array(list(itertools.product(range(-largest, largest + 1), repeat=n)), dtype=float)
    biases = np.arange(-n * largest - 0.5, n * largest + 1)
    return np.repeat(weights, len(biases), axis=0), np.tile(biases, len(weights))


def number_of_ways(n, largest):
    """How many different functions of n inputs these units compute.

    The 2**n answers of a unit, read as binary digits, are one whole number; different numbers are
    different functions.
    """
    points = datasets.parity(n).X
    W, b = every_unit(n, largest)
    return len(np.unique((W @ points.T + b[:, None] > 0) @ (1 << np.arange(2**n))))


counted = {n: number_of_ways(n, largest) for n, largest in [(1, 1), (2, 1), (3, 2), (4, 3)]}
for n, count in counted.items():
    print(f"inputs: {n}; one unit computes {count:,} of {2 ** 2**n:,} functions, {count / 2 ** 2**n:.1%}")

# %% [markdown]
# ## What does the rule do when there is nothing to find?
#
# Rosenblatt's rule does not know about proofs. It sees a mistake and adds or subtracts the input, for ever. From zero weights,
# on the four corners in the order of the table, over and over: **what will the weights do?**
#
# - `"a"` they grow without limit, since every mistake adds something
# - `"b"` they settle on a line with 3 of 4 right, and stay there
# - `"c"` they run in a circle: after some steps the very same weights come back

# %% role="predict" id="guess_cycle"
guess_cycle = ...  # "a", "b" or "c"
### BEGIN SOLUTION
guess_cycle = "c"
### END SOLUTION

# %% role="check"
check(guess_cycle=guess_cycle)

# %% [markdown]
# Here is the first pass, corner by corner. The ringed corner is the one being looked at. Each time its sum is on the wrong side or
# exactly 0, and labkit's rule corrects both. (A rule that takes a sum of 0 for the answer 0, as yours in lab 01 may, needs two passes
# to enter its circle. Then it too stays in it.)

# %% role="picture"
from labkit.figures.picture import picture, say
from labkit.figures.plane import scatter, shade

ink = figures.style.INK
said = ("at the start", "after 1 correction", "after 2", "after 3", "after 4: as at the start")
W, b = np.zeros((1, 2)), np.zeros(1)
targets = np.where(y == 1, 1, -1)[:, None]
figure, axes = picture(9.6, 2.9, 1, 5)
for step, ax in enumerate(axes):
    ax.set(xlim=square[:2], ylim=square[2:], xticks=[], yticks=[], aspect="equal")
    ax.set_title(f"w = ({W[0, 0]:g}, {W[0, 1]:g}), b = {b[0]:g}", fontsize=9.5, loc="center")
    shade(ax, lambda Z: Z @ W[0] + b[0] > 0, square, side=161)
    scatter(ax, X, y, ("0", "1"))
    ax.set_xlabel(said[step], fontsize=9.5)
    if step < 4:
        ax.plot(*X[step], "o", markersize=19, markerfacecolor="none", markeredgecolor=ink, markeredgewidth=1.8)
        perceptron_epoch(W, b, X, targets, [step], 1.0)
say(figure, "Four corrections, and the unit is exactly where it began",
    "Five squares with the XOR points. From zero weights the rule corrects at each of the four corners in "
    "turn; after the fourth correction all weights are zero again.")

# %% [markdown]
# The fourth correction undoes the other three. From here the rule must do the same four things again, for it has no memory
# besides its weights. So the answer is `"c"`. After a thousand passes it has made four thousand corrections and learned nothing.
#
# XOR's circle is as short as can be. Others are longer, and some walk a while before they enter it. Write the function that
# measures one. It gets the weights after each full pass, and it should say how many passes the circle takes.

# %% role="solution" id="cycle_length"
def cycle_length(history):
    """How many passes it takes until the weights repeat themselves.

    history : the weights and the bias at the start and after each pass, one row each,
              (n_passes + 1, n_weights + 1)
    Returns a whole number: from the first row that comes back, the steps to its return; 0 if no row
    ever comes back.

    Rows are the same when all their numbers are. A walk may take some steps before it enters its
    circle; those do not count.

    cycle_length(np.array([[0.0, 0.0], [1.0, 1.0], [2.0, 0.0], [1.0, 1.0]])) is 2:
    the row [1, 1] returns after 2 steps
    """
    ### BEGIN SOLUTION
    seen = {}
    for i, row in enumerate(history):
        key = tuple(row)
        if key in seen:
            return i - seen[key]
        seen[key] = i
    return 0
    ### END SOLUTION

# %% role="check"
check(cycle_length)

# %% [markdown]
# Now a real table. Susan has seen the same eighteen movies as you in lab 01, and Mary's and John's ratings are the same. But
# Susan also enjoys some movies that both of them found terrible.

# %% role="picture"
movies = datasets.susan()
ratings, likes = movies.X, movies.y
scale, words = (0.5, 5.5, 0.5, 5.5), ("Mary's rating", "John's rating")
figures.points(ratings, likes, title="Susan likes the good ones, and some of the worst", labels=words,
               names=movies.classes, extent=scale)

# %% role="picture"
def passes(X, y, n):
    """The weights of lab 01's perceptron at the start and after each of n passes, one row each."""
    unit, rows = Perceptron(), [np.zeros(X.shape[1] + 1)]
    for _ in range(n):
        unit.partial_fit(X, y)
        rows.append(np.append(unit.coef_[0], unit.intercept_))
    return np.array(rows)


history = passes(ratings, likes, 60)
measure, whose = usable(cycle_length, lambda history: 0, (history,), ())
if measure is cycle_length:
    print(f"{whose} Passes to come round: XOR {measure(passes(X, y, 60))}, Susan's movies {measure(history)}.")
else:
    print(f"{whose.rpartition(':')[0]}: the circle is drawn, but not measured.")
figure, ax = picture(7.6, 3.4)
ax.plot(np.linalg.norm(history, axis=1), color=ink, marker="o", markersize=3.5)
ax.set(xlabel="passes through the 18 movies", ylabel="length of (w1, w2, b)")
say(figure, "On Susan's movies the weights wander, then run in a circle",
    "The length of the weight vector against the number of passes. It rises from 0, wanders for some twenty "
    "passes, and from then on goes up and down between the same two values.")

# %% [markdown]
# That the weights stay bounded, whatever the data, is a theorem: the **perceptron cycling theorem**. Minsky and Papert state it
# in the book; Block and Levin proved it in full a year later. If moreover the inputs are whole or half numbers, the weights can
# take only finitely many values within the bound, and a fixed order of examples must then lead into a circle sooner or later.
#
# ## Susan: decide on decisions
#
# How would a person handle Susan's table? Perhaps like this: *one problem at a time.* Leave out the bad movies that she likes,
# and a line will do. Leave out the good movies that she likes, and another line will do. Quoc Le tells it this way in the
# tutorial that this part follows.

# %% role="picture"
def trained(X, y):
    """Lab 01's sigmoid unit with another loss (lab 04), which learns faster."""
    return SigmoidUnit(learning_rate=0.3, max_epochs=400, loss="cross_entropy", random_state=0).fit(X, y)


terrible = (likes == 1) & (ratings.sum(axis=1) < 5)
good = (likes == 1) & (ratings.sum(axis=1) > 5)
unit_1, unit_2 = trained(ratings[~terrible], likes[~terrible]), trained(ratings[~good], likes[~good])
steps, shifts = np.linspace(-1, 1, 81), np.linspace(-8, 8, 161)
scores = swarm.lines(ratings, likes, steps, steps, shifts)
k, j, i = np.unravel_index(scores.argmax(), scores.shape)


def best_line(Z):
    return Z @ np.array([steps[i], steps[j]]) + shifts[k] > 0


panels = []
for title, answer, rows in [("best line for all", best_line, likes >= 0),
                            ("h1, no terrible ones", unit_1.predict, ~terrible),
                            ("h2, no good ones", unit_2.predict, ~good)]:
    some_X, some_y = ratings[rows], likes[rows]
    right = int(np.sum(answer(some_X) == some_y))
    panels.append({"title": f"{title}: {right} of {rows.sum()}", "X": some_X, "y": some_y, "answer": answer})
figures.planes(panels, f"No line of {scores.size:,} fits Susan, but each half of her taste has one",
               labels=words, extent=scale,
               alt="Three planes of ratings. The best line for all eighteen movies makes mistakes; a unit trained "
                   "without the terrible movies that Susan likes, and one trained without the good ones, are both right.")

# %% [markdown]
# Two units, each right about a part and wrong about the rest. Now the idea: **let a third unit decide, and let it see only what
# the first two said.** For that, make a new table. Each movie keeps its row, but in place of Mary's and John's ratings it now
# holds two decisions, $h_1$ and $h_2$, each between 0 and 1:
#
# $$ h_1 = g(w_1 \cdot x + b_1), \qquad h_2 = g(w_2 \cdot x + b_2), \qquad g(z) = \frac{1}{1 + e^{-z}} $$

# %% role="solution" id="decision_table"
def decision_table(X, w1, b1, w2, b2):
    """What two sigmoid units say about each example, side by side.

    X      : one example a row, (n_examples, n_inputs)
    w1, w2 : the weights of the two units, (n_inputs,) each      b1, b2 : their biases
    Returns (n_examples, 2): h1 in the first column, h2 in the second, each between 0 and 1.

    decision_table(np.array([[1.0], [2.0]]), np.array([1.0]), -1.0, np.array([0.0]), 0.0)
    is [[0.5, 0.5], [0.731, 0.5]]
    """
    ### BEGIN SOLUTION
    h1 = 1 / (1 + np.exp(-(X @ w1 + b1)))
    h2 = 1 / (1 + np.exp(-(X @ w2 + b2)))
    return np.column_stack([h1, h2])
    ### END SOLUTION

# %% role="check"
check(decision_table)

# %% [markdown]
# The new table is a table like any other, so lab 01's unit can learn from it. Look at what has happened to the movies on the
# right: the plane has been *folded* so that a line is enough.

# %% role="picture"
def by_labkit(X, *weights):
    return np.array([unit.predict_proba(X)[:, 1] for unit in (unit_1, unit_2)]).T


weights = (unit_1.coef_[0], unit_1.intercept_[0], unit_2.coef_[0], unit_2.intercept_[0])
tabulate, whose = usable(decision_table, by_labkit, (ratings, *weights), (18, 2))
print(whose)
table = tabulate(ratings, *weights)
unit_3 = trained(table, likes)
right = int(np.sum(unit_3.predict(table) == likes))
figures.planes(
    [{"title": "the ratings, and what three units say", "X": ratings, "y": likes, "labels": words, "extent": scale,
      "answer": lambda Z: unit_3.predict(tabulate(Z, *weights))},
     {"title": "the decisions: here one line is enough", "X": table, "y": likes, "answer": unit_3.predict}],
    f"A decision about decisions gets {right} of 18 of Susan's movies right", size=(10.2, 4.9),
    labels=("h1: what the first unit says", "h2: what the second unit says"), extent=(-0.1, 1.1, -0.1, 1.1),
    alt="Left, the plane of ratings with two shaded corners where the three units together say that Susan will like "
        "a movie. Right, the same movies by the two decisions h1 and h2: those she dislikes lie near the origin, cut "
        "off by one line.")

# %% [markdown]
# And *Gravity*, which Mary and John both gave a 3?

# %% role="picture"
there = np.asarray(tabulate(datasets.gravity()[None], *weights), float)
print(f"h1 = {there[0, 0]:.2f}, h2 = {there[0, 1]:.2f}, third unit {unit_3.predict_proba(there)[0, 1]:.2f}:",
      "Susan will like it." if unit_3.predict(there)[0] else "not a movie for Susan.")

# %% [markdown]
# This is a **neural network** with one **hidden layer** of two units. The word hidden means that nobody tells these units from
# outside what to answer. But be honest about what happened here: in a way we did tell them. *We* looked at the plot and decided
# which movies to leave out for whom. How to do without a person who looks is the question of the next two labs.
#
# ## XOR with three units, by hand
#
# The same trick works on XOR, and here you can do it with pencil and paper. Threshold units in place of sigmoids, two in the
# hidden layer, one at the end. Write the network for any weights, and then choose weights of your own that compute XOR. There
# are many right choices.

# %% role="solution" id="two_layers"
def two_layers(X, W=None, b=None, v=None, c=None):
    """The answers of a network: a hidden layer of threshold units, and one unit that decides on them.

    X : one point a row, (n_points, n_inputs)
    W : the hidden units' weights, one unit a row, (n_hidden, n_inputs)
    b : their biases, (n_hidden,)
    v : the last unit's weights, (n_hidden,)      c : its bias, a number
    Returns an array of 0 and 1, (n_points,). Every unit, hidden or last, answers 1 where its sum is
    above 0, else 0.

    Called as two_layers(X), without weights, it uses yours: two hidden units and one more that compute
    XOR of two inputs.

    two_layers(np.array([[0.0], [4.0]]), np.array([[1.0]]), np.array([-3.0]), np.array([-1.0]), 0.5)
    is [1, 0]: the hidden unit fires for 4 only, and holds the last one back
    """
    ### BEGIN SOLUTION
    if W is None:
        W, b = np.array([[1.0, 1.0], [1.0, 1.0]]), np.array([-0.5, -1.5])    # at least one, both
        v, c = np.array([1.0, -1.0]), -0.5                                   # one, but not both
    hidden = (X @ W.T + b > 0).astype(float)
    return (hidden @ v + c > 0).astype(int)
    ### END SOLUTION

# %% role="check"
check(two_layers)

# %% [markdown]
# Here is what your network says everywhere in the plane, not only at the corners. Compare with a neighbour: yours may be a band
# between two parallel lines, theirs two corners cut off, and both are right.

# %% role="picture"
hidden = [Perceptron().fit(X, datasets.gate(name).y) for name in ("OR", "AND")]
last = Perceptron().fit(np.array([unit.predict(X) for unit in hidden]).T, y)


def by_lab_01(Z):
    """The network shown while yours is not ready: lab 01's rule taught one unit OR, one AND, one the rest."""
    return last.predict(np.array([unit.predict(Z) for unit in hidden]).T)


net, whose = usable(two_layers, by_lab_01, (X,), (4,))
print(whose)
right = int(np.sum(np.asarray(net(X)) == y))
figure = figures.boundary(X, y, predict=lambda Z: np.asarray(net(Z), float), names=("answer 0", "answer 1"),
                          extent=square, title=f"Three units answer {right} of 4 corners of XOR rightly")
figure.axes[0].set(xticks=[0, 1], yticks=[0, 1])
figure

# %% [markdown]
# Why does it work? Follow the four corners through a network whose hidden units are OR and AND. Two of the four corners land on
# the *same* place, and the plane is folded as Susan's was.

# %% role="picture"
folded, across = np.array([unit.predict(X) for unit in hidden]).T, np.array([-0.5, 1.5])
figure = figures.planes(
    [{"title": "the inputs: two lines", "X": X, "y": y, "answer": None},
     {"title": "the decisions: one line is enough", "X": folded, "y": y, "answer": last.predict,
      "labels": ("answer of OR", "answer of AND")}],
    "The hidden layer puts (0, 1) and (1, 0) in one place, and XOR becomes easy", extent=square, size=(9.6, 4.8),
    alt="Left, the four corners with two lines, OR below and AND above. Right, the answers of OR and AND as "
        "coordinates: the corners (0, 1) and (1, 0) fall together at (1, 0), and one line cuts that place off from "
        "the other two.")
axes = figure.axes
for unit, style in zip(hidden, ("-", "--"), strict=True):
    w, b = unit.coef_[0], unit.intercept_[0]
    axes[0].plot(across, -(w[0] * across + b) / w[1], color=ink, linestyle=style)
axes[0].text(-0.44, -0.42, "solid: OR fires above\ndashed: AND fires above", fontsize=9.5)
for place, said in [((0, 0), "(0, 0)"), ((1, 0), "(0, 1) and (1, 0)"), ((1, 1), "(1, 1)")]:
    axes[1].annotate(said, place, xytext=(0, -19), textcoords="offset points", ha="center", fontsize=9.5)
for ax in axes:
    ax.set(xticks=[0, 1], yticks=[0, 1], aspect="equal")
figure

# %% [markdown]
# Minsky and Papert knew this. McCulloch and Pitts had shown in 1943 how to build any logical function from such units, and
# Rosenblatt's book of 1962 proves that a perceptron with a middle layer, if that is large enough, has a solution for every way
# of sorting the inputs. The open question was how to *train* the middle layer. Minsky and Papert wrote that they expected
# little from machines with more layers, called this an intuition, and called it an important problem to confirm or to refute
# it.
#
# ## How far apart are two pictures?
#
# XOR may look like a puzzle for logicians. It is not: the same difficulty sits in everyday pictures. Here are a zero, the same
# zero moved a little to the right, and a six. A computer sees each as 28 x 28 = 784 numbers from 0 (paper) to 255 (ink).

# %% role="picture"
three = datasets.three_images()
zero, moved, six = three.X.astype(np.uint8).reshape(3, 28, 28)
names = ("a zero", "the same zero, moved", "a six")
figures.images([zero, moved, six], names=names, title="Which two of the three belong together?", distances=False)

# %% [markdown]
# The distance of two images is Pythagoras with 784 directions (Le 2015, equations 11 and 12). With $A_{ij}$ for the pixel of image $A$
# in row $i$ and column $j$:
#
# $$ \text{distance}(A, B) = \sqrt{\sum_{i=1}^{28} \sum_{j=1}^{28} (A_{ij} - B_{ij})^2} $$
#
# **Which image is nearer to the first zero?**
#
# - `"a"` the moved zero, less than half as far as the six
# - `"b"` the six, less than half as far as the moved zero
# - `"c"` both are about equally far

# %% role="predict" id="guess_nearest"
guess_nearest = ...  # "a", "b" or "c"
### BEGIN SOLUTION
guess_nearest = "b"
### END SOLUTION

# %% role="check"
check(guess_nearest=guess_nearest)

# %% role="solution" id="distance"
def distance(image_1, image_2):
    """The distance of two images: the root of the sum of squared differences, pixel by pixel.

    image_1, image_2 : (n_rows, n_columns), ink from 0 to 255, whole or not. They may be of type uint8, as
                       image files are: such a number cannot go below 0 or above 255, and 3 - 4 in it is 255.
    Returns one number.

    distance(np.array([[3.0, 0.0]]), np.array([[0.0, 4.0]])) is 5.0
    """
    ### BEGIN SOLUTION
    difference = image_1.astype(float) - image_2.astype(float)
    return np.sqrt(np.sum(difference ** 2))
    ### END SOLUTION

# %% role="check"
check(distance)

# %% role="picture"
def by_norm(one, other):
    return float(np.linalg.norm(one.astype(float) - other))


measure, whose = usable(distance, by_norm, (zero, six), ())
print(whose)
for name, other in (("the same zero, moved", moved), ("a six", six)):
    print(f"from a zero to {name}: {float(measure(zero, other)):,.0f}")
figures.images([zero, moved, six], names=names)

# %% [markdown]
# The six is less than half as far. Moving an image by six pixels changes nearly every pixel of the stroke; turning a zero into
# a six changes a few. So the answer is `"b"`, and a rule that keeps near things together will put the six with the zero. We
# want the opposite: the *far* pair should get the same answer, and the near pair two different ones.
#
# Take the same situation with one number in place of 784. Three points, $x_1 = 2$, $x_2 = 6$, $x_3 = 4$: the first is nearer to
# the third than to the second. We want a function with $h(x_1) = h(x_2) \ne h(x_3)$. A straight line $h(x) = ax + b$ cannot do
# it: $h(2) = h(6)$ forces $a = 0$, and then $h(4)$ is the same as well. Two threshold units and a third can, with your
# `two_layers`: one switches on at 3, the other at 5, and the third wants the first without the second.

# %% role="picture"
def set_by_hand(w, b):
    """One of lab 01's units, with weights that are given and not learned."""
    unit = Perceptron()
    unit.coef_, unit.intercept_ = np.array([w]), np.array([b])
    unit.classes_, unit.n_features_in_ = np.arange(2), len(w)
    return unit


def of_units(Z, W, b, v, c):
    """labkit's network with given weights, unit by unit."""
    decisions = np.array([set_by_hand(*unit).predict(Z) for unit in zip(W, b, strict=True)], float).T
    return set_by_hand(v, c).predict(decisions)


bump = (np.array([[1.0], [1.0]]), np.array([-3.0, -5.0]), np.array([1.0, -1.0]), -0.5)
x, marks = np.linspace(0, 8, 801)[:, None], np.array([[2.0], [6.0], [4.0]])
net, whose = usable(two_layers, of_units, (marks, *bump), (3,))
print(whose)
figures.straight_or_bump(x[:, 0], np.asarray(net(x, *bump), float))

# %% [markdown]
# XOR is the same once more: along the diagonal, $x_1 + x_2$ takes the values 0, 1 and 2, and the answer is 1 only in the
# middle. Le's advice for a new problem follows: compare distances with labels. Where near examples often have different labels
# and far ones the same, a line will not do.
#
# ## More inputs: parity
#
# XOR asks whether an *odd* number of its two inputs is 1. Put to $n$ inputs this question is called **parity**, and it was the
# main witness in Minsky and Papert's book. Their perceptron is stronger than lab 01's: its parts may compute anything at all
# from the inputs they look at. Call the largest number of inputs that a part must look at the **order** of a question. For XOR
# two are enough: with the product $x_1 x_2$ as a third input,
#
# $$ \text{answer} = 1 \text{ if } x_1 + x_2 - 2 x_1 x_2 - \tfrac{1}{2} > 0 $$
#
# Their theorem: **parity of n inputs has order n.** Some part must look at everything at once, and then the parts have done the
# work, not the jury. The cell below asks a solver of linear inequalities (a *linear program*), for each $n$, whether any weights
# exist for parts that look at no more than $k$ inputs. Products of up to $k$ inputs are enough to try: every function of $k$
# inputs of 0 and 1 is a weighted sum of them.

# %% role="picture"
def products(X, k):
    """All products of up to k different inputs, one column each."""
    chosen = [c for size in range(1, k + 1) for c in itertools.combinations(range(X.shape[1]), size)]
    return np.column_stack([X[:, c].prod(axis=1) for c in chosen])


def some_unit_exists(F, y):
    """Whether any weights answer all rows rightly: has t (w.f + b) >= 1 a solution, with t = +1 or -1?"""
    from scipy.optimize import linprog

    t = np.where(y == 1, 1.0, -1.0)
    signed = -t[:, None] * np.column_stack([F, np.ones(len(F))])
    nothing, ones = np.zeros(signed.shape[1]), np.ones(len(F))
    return linprog(nothing, A_ub=signed, b_ub=-ones, bounds=(None, None)).status == 0


orders = {}
for n in range(2, 7):
    points, odd, *_ = datasets.parity(n)
    works = [some_unit_exists(products(points, k), odd) for k in range(1, n + 1)]
    orders[n] = works.index(True) + 1
    print(f"parity of {n}:", ", ".join(f"k = {k} {'yes' if work else 'no'}" for k, work in enumerate(works, 1)))

# %% [markdown]
# And threshold units in a hidden layer? Count. Let hidden unit number $k$ fire when *at least* $k$ inputs are 1: all its
# weights are 1 and its bias is $\tfrac{1}{2} - k$. Let the last unit add them with weights $+1, -1, +1, \dots$ and bias
# $-\tfrac{1}{2}$. If three inputs are 1, the first three hidden units fire, and $1 - 1 + 1 = 1$. So $n$ hidden units are enough
# for parity of $n$ inputs. This is the OR-and-AND network, continued.

# %% role="picture"
def counting_network(n):
    """W, b, v, c for parity of n inputs with n hidden units."""
    k = np.arange(1, n + 1)
    return np.ones((n, n)), 0.5 - k, np.where(k % 2 == 1, 1.0, -1.0), -0.5


def patterns_right(network, n):
    points, odd, *_ = datasets.parity(n)
    return int(np.sum(np.asarray(network(points.astype(float), *counting_network(n))) == odd))


net, whose = usable(two_layers, of_units, (datasets.parity(3).X.astype(float), *counting_network(3)), (8,))
print(whose)
for n in range(2, 11):
    print(f"{n:2d} inputs, {n:2d} hidden units: {patterns_right(net, n):,} of {2**n:,} right")

# %% [markdown]
# ## At scale
#
# **Every line.** One number for each $(w_1, w_2, b)$: the accuracy of that line on XOR, millions of lines at once. The
# brightest regions are lines with 3 of 4 right. There is no spot that is brighter.

# %% role="swarm"
side = devices.scale(401, 161, emulated=21, what="values of each weight")
w_axis, b_axis = np.linspace(-3, 3, side), np.linspace(-3, 3, side // 2 + 1)
every_line = swarm.lines(X, y, w_axis, w_axis, b_axis)
print(f"{every_line.size:,} lines. {side.note}")
for right in range(5):
    print(f"{right} of 4 right: {np.mean(np.rint(4 * every_line) == right):6.1%} of the lines")
near = [int(np.abs(b_axis - b).argmin()) for b in (-1.5, -0.75, 0, 0.75, 1.5)]
figures.line_map(every_line, w_axis, w_axis, b_axis, slices=near,
                 title=f"Of {every_line.size:,} lines the best gets {every_line.max():.0%} of XOR right")

# %% [markdown]
# Walk through the map yourself. The cursor is a line, and the colours come from your `accuracy`.

# %% [markdown]
# ![](still:line_map)

# %% role="picture"
widgets.line_map(accuracy)

# %% [markdown]
# **What do hidden units buy?** Draw networks at random, every weight and bias between -1 and 1, and see which of the 16
# functions each computes. Without a hidden unit, no draw can ever be XOR. With two, a few are. So the solution exists; but
# drawing lots is no way to find it.

# %% role="swarm"
draws = devices.scale(50_000_000, 2_000_000, emulated=2_000, what="random networks")
sizes, share, kinds = list(range(7)), [], []
for h in sizes:
    random_networks = swarm.threshold_networks(int(draws), hidden=h)
    share.append(random_networks.xor)
    kinds.append(int(np.count_nonzero(random_networks.shares)))
    print(f"hidden units: {h}; functions met: {kinds[-1]} of 16; XOR in {share[-1]:.3%} of the networks")
print(draws.note)
figure, ax = picture(7.2, 3.4)
ax.plot(sizes, 100 * np.array(share), color=ink, marker="o")
ax.set(xlabel="hidden threshold units", ylabel="networks with XOR (%)", xticks=sizes, ylim=(-0.01, None))
say(figure, f"Two hidden units make XOR possible, but only {share[2]:.2%} of random networks compute it",
    "The share of random networks that compute XOR against the number of hidden units: zero for none and for one, "
    "then rising slowly.")

# %% [markdown]
# *Optional.* **How much of parity?** For three and four inputs the computer can also try *every* unit, and every pair of hidden
# units with every way of combining their answers. Nothing is left out: the numbers of different units agree with the published
# counts in the table below.

# %% role="swarm"
def best_on_parity(n, largest):
    """The best accuracy on parity of n inputs: of all single units, and of all networks with two hidden units."""
    points, odd, *_ = datasets.parity(n)
    W, b = every_unit(n, largest)
    codes = np.unique((W @ points.T + b[:, None] > 0) @ (1 << np.arange(2**n)))
    H = (codes[:, None] >> np.arange(2**n) & 1).astype(np.float32)      # one row a unit, one column a pattern
    t = np.where(odd == 1, 1, -1).astype(np.float32)
    alone = np.mean(H == odd, axis=1).max()
    both, one = (H * t) @ H.T, H @ t
    first = one[:, None]
    cells = np.stack([t.sum() - first - one + both, one - both, first - both, both])    # fire: none, 2nd, 1st, both
    gates = from_random_lines(None, None, X).astype(np.float32)
    best = max(float(np.tensordot(gate, cells, 1).max()) for gate in gates)
    return float(alone), (best + np.sum(odd == 0)) / 2**n


reached = {n: best_on_parity(n, largest) for n, largest in [(2, 1), (3, 2), (4, 3)]}
for n, (one, two) in reached.items():
    print(f"parity of {n}, of {2**n} patterns: one unit {one * 2**n:.0f}, two hidden units {two * 2**n:.0f}, "
          f"{n} hidden units {patterns_right(of_units, n)}")
figure, ax = picture(7.6, 3.6)
alone, pairs = zip(*reached.values(), strict=True)
counting = [patterns_right(of_units, n) / 2**n for n in reached]
curves = [(counting, "^", "-", "n hidden units"), (pairs, "s", "--", "two hidden units, at best"),
          (alone, "o", ":", "one unit, at best")]
for values, marker, style, said in curves:
    ax.plot(list(reached), values, color=ink, marker=marker, linestyle=style, label=said)
ax.axhline(0.5, color=figures.style.MUTED, linewidth=1)
ax.annotate("a coin", (2, 0.5), xytext=(5, 4), textcoords="offset points", fontsize=9.5)
ax.set(xlabel="inputs, n", ylabel="share of patterns right", xticks=list(reached), ylim=(0.45, 1.03))
figure.legend(*ax.get_legend_handles_labels(), loc="outside lower left", ncols=3)
one, two, four = (f"{shares[-1]:.0%}" for shares in (alone, pairs, counting))
say(figure, f"Parity of 4: one unit at best {one}, two hidden units {two}, four {four}",
    "Share of patterns right against the number of inputs, 2 to 4. " + " ".join(
        f"{said}: {', '.join(f'{value:.3g}' for value in values)}." for values, _, _, said in curves))

# %% [markdown]
# *Optional.* **Round in circles.** The same eighteen movies in hundreds of random orders, each order kept for ever. Every run
# ends in a circle, and the weights stay bounded: the second half of the passes makes them no longer than the first.

# %% role="swarm"
runs = devices.scale(4_000, 400, emulated=4, what="orders of the movies")
n_passes, start = 160, np.zeros((1, 3))
shuffled = np.argsort(np.random.default_rng(0).random((runs, len(ratings))), axis=1)
trail = [np.zeros((runs, 3))]
for p in range(1, n_passes + 1):
    trail.append(swarm.perceptrons(ratings, likes, starts=start, orders=shuffled, epochs=p).weights)
trail = np.array(trail)
back = np.array([(trail[-1 - k] == trail[-1]).all(axis=1) for k in range(1, n_passes)])
circle = np.where(back.any(axis=0), 1 + back.argmax(axis=0), np.nan)
longest = np.linalg.norm(trail, axis=2).max(axis=1)
early, late = longest[:n_passes // 2].max(), longest[n_passes // 2:].max()
print(runs.note)
print(f"{np.isfinite(circle).mean():.1%} of the runs are in a circle after {n_passes} passes.")
print(f"Longest (w1, w2, b): {early:.1f} in the first half of the passes, {late:.1f} in the second.")
middle = np.nanmedian(circle)
figures.histogram_of_runs(circle, label="passes to come round",
                          title=f"Half of {runs:,} orders of Susan's movies come round within {middle:.0f} passes")

# %% [markdown]
# ## The paper said, we got, why

# %% role="table"
far, near = (float(np.linalg.norm(zero.astype(float) - other)) for other in (moved, six))
all_ways = from_random_lines(None, None, X)
solved = [n for n in range(2, 11) if patterns_right(of_units, n) == 2**n]
best = max(float(np.mean(way == y)) for way in all_ways)
figures.paper_table([
    {"claim": "One threshold unit on XOR", "kind": "theorem",
     "paper": "no unit answers all four; so 3/4 at best (Minsky and Papert 1969)",
     "ours": f"{best:g}, the best of {len(all_ways)} ways and of {every_line.size:,} lines",
     "setting": "every way in which a line sorts the four corners",
     "why": "four inequalities that contradict each other; with four points the next lower share is 3/4",
     "ok": best == 0.75 and every_line.max() == 0.75},
    {"claim": "How many functions one unit computes", "kind": "number",
     "paper": "14, 104, 1,882 for 2, 3, 4 inputs (Muroga 1971)",
     "ours": ", ".join(f"{counted[n]:,}" for n in (2, 3, 4)),
     "setting": "all units with whole weights up to 1, 2, 3 and biases between whole numbers",
     "why": "so small a grid already holds every threshold function of so few inputs",
     "ok": [counted[n] for n in (2, 3, 4)] == [14, 104, 1882]},
    {"claim": "Rosenblatt's rule without a separating line", "kind": "theorem",
     "paper": "the weights stay bounded (Minsky and Papert 1969; Block and Levin 1970)",
     "ours": f"never longer than {longest.max():.1f}; {np.isfinite(circle).mean():.0%} of the runs come round, "
             f"in {np.nanmin(circle):.0f} to {np.nanmax(circle):.0f} passes",
     "setting": f"Susan's 18 movies, {runs:,} orders drawn with seed 0, zero start, {n_passes} passes",
     "why": "ratings are whole and half numbers, so the weights take finitely many values; the theorem gives no "
            "number for the circle's length",
     "ok": late <= early and np.isfinite(circle).all()},
    {"claim": "The order of parity", "kind": "theorem",
     "paper": "parity of n inputs has order n (Minsky and Papert 1969)",
     "ours": ", ".join(f"order {k} for n = {n}" for n, k in orders.items()),
     "setting": "linear programs over products of up to k inputs, n = 2 to 6",
     "why": "a yes is a set of weights, a no is the solver's proof that there is none",
     "ok": all(n == k for n, k in orders.items())},
    {"claim": "Hidden units for parity", "kind": "theorem",
     "paper": "n threshold units are enough; for n up to 4 fewer are not (Fung and Li 2001)",
     "ours": f"n units: all right for {len(solved)} of 9 values of n; "
             f"two units: {reached[3][1] * 8:.0f} of 8 and {reached[4][1] * 16:.0f} of 16",
     "setting": "counting network on all patterns, n = 2 to 10; every network with two hidden units, n = 3 and 4",
     "why": "by counting, n are always enough; that fewer are not is shown here for n = 2 and 3 only",
     "ok": len(solved) == 9 and max(reached[3][1], reached[4][1]) < 1},
    {"claim": "A zero, the zero moved, a six", "kind": "figure",
     "paper": "about 3000 to the moved zero, about 1000 to the six (Le 2015, eq. 11 and 12)",
     "ours": f"{far:,.0f} and {near:,.0f}",
     "setting": "28 x 28 pixels from 0 to 255, drawn for this course",
     "why": "our images are not Le's, so only the order and the rough size can agree", "ok": near < far / 2},
])

# %% [markdown]
# ## The winter, again
#
# It is often told that this book proved neural networks useless and so ended the field. You can now say what is wrong with
# that. The theorems are right, and they are about *one* trained layer. The authors knew that more layers can do more. What they
# and most of their readers did not see was a good way to train them, and computers were too small to find one by trying. Other
# things happened in the same years: grants became narrower in the United States after 1969, the Lighthill report of 1973 ended
# much British research of all kinds in artificial intelligence, programs that work with symbols looked more promising, and
# Rosenblatt died in 1971. The historian Mikel Olazaran argues that the story of the one book that settled it was written
# afterwards.
#
# And one way to train many layers was already in print. In Kyiv, Ivakhnenko and Lapa published it in 1965, four years before the
# book: give every hidden unit the final answer as its target, and keep the units that come closest on data they have not seen. That
# is the next lab.
#
# ## Explain it
#
# **A friend writes: "In 1969 Minsky and Papert proved that neural networks cannot even compute XOR. That was a mistake, and it
# caused the AI winter." Answer the friend. Say (1) what was proved, and give a proof that fits into two or three sentences;
# (2) what was not claimed, with a network as the example; (3) what was really difficult in 1969; and (4) what you think of the last
# half sentence.** (Eight to twelve sentences.)

# %% [markdown] role="explain" id="explain_xor" points=4
# A model answer. What was proved is about a single threshold unit: no weights make it answer XOR. For (0, 0) it needs b <= 0,
# for (0, 1) and (1, 0) it needs w2 + b > 0 and w1 + b > 0, for (1, 1) it needs w1 + w2 + b <= 0. The two in the middle add up
# to w1 + w2 + 2b > 0, the other two to w1 + w2 + 2b <= 0, and both cannot hold. The general theorem is that parity of n inputs
# needs a part that looks at all n. This is not a mistake: it is true today. They did not claim it of networks with a hidden
# layer. A unit that fires for "at least one", a unit that fires for "both", and a third that wants the first without the second
# compute XOR; McCulloch and Pitts knew such constructions in 1943. The difficulty was to find the weights of the hidden units:
# Rosenblatt's rule needs to know what a unit should have answered, and for a hidden unit nobody says so. In the lab we chose
# the hidden units by looking, and random networks hit XOR less than once in a thousand times. That the book caused the winter
# is too simple. It discouraged work on networks, and its authors guessed that more layers would lead nowhere; but grants were
# being narrowed for other reasons, the Lighthill report was about all of artificial intelligence, and computers were small.
#
# **Marking scheme** (4 points)
#
# - 1 point: the claim is limited to one unit (or one trained layer, or parts of limited order) *and* a correct short proof is
#   given: the four inequalities, or the list of 14 ways with a reason why it is complete. "You cannot see a line in the picture"
#   alone is half a point.
# - 1 point: a working network for XOR is described, with what each hidden unit answers; or the decision about decisions with
#   its four corners followed through.
# - 1 point: the difficulty was to train the hidden units (not: that layers were unknown; not: only computing power). Naming
#   that the learning rule needs a target for each unit is worth the full point by itself.
# - 1 point: the last half sentence is judged with at least one further cause named correctly (grants after 1969, Lighthill
#   1973, competing research, small computers), or with the distinction between discouraging a line of work and ending a field.
#   Any reasoned judgement is fine.

# %% [markdown]
# ## What you have now
#
# - One unit does 14 of the 16 functions of two inputs. XOR is not among them, and 3 of 4 is its best.
# - Without a line to find, Rosenblatt's rule keeps making mistakes with bounded weights, and ends in a circle.
# - A unit that decides on the decisions of others can do what none of them can: Susan's taste, XOR, a bump, parity.
# - Near inputs with different answers, far inputs with the same: a sign that one line will not do.
# - The difficulty was never the network. It was how to find its weights.
#
# ## Words of this lab
#
# {glossary}
#
# ## Sources and further reading
#
# - M. Minsky and S. Papert, *Perceptrons: An Introduction to Computational Geometry*, MIT Press, 1969; expanded edition 1988.
#   Parity is in chapter 3, the cycling theorem in chapter 11, machines with more layers in section 13.2.
# - F. Rosenblatt, *Principles of Neurodynamics*, Spartan Books, 1962. Chapter 5 has the theorem on perceptrons with a middle
#   layer.
# - H. D. Block and S. A. Levin, *On the boundedness of an iterative procedure for solving a system of linear inequalities*,
#   Proceedings of the American Mathematical Society 26, 1970.
# - H. D. Block, *A review of "Perceptrons"*, Information and Control 17, 1970: what a colleague of Rosenblatt's said of the
#   book at the time.
# - S. Muroga, *Threshold Logic and Its Applications*, Wiley, 1971, table 2.3.2; the counts are also sequence A000609 in the
#   On-Line Encyclopedia of Integer Sequences.
# - D. E. Rumelhart, G. E. Hinton and R. J. Williams, *Learning internal representations by error propagation*, in Parallel
#   Distributed Processing, volume 1, MIT Press, 1986: parity with hidden units.
# - H. Fung and L. K. Li, *Minimal feedforward parity networks using threshold gates*, Neural Computation 13, 2001.
# - Q. V. Le, *A Tutorial on Deep Learning, part 1*, 2015: Susan's movies, the three images, and x1 = 2, x2 = 6, x3 = 4
#   (sections 6, 7 and 11). It dates the discovery of the perceptron's limits to the late 1970s; the book is from 1969.
# - M. Olazaran, *A sociological study of the official history of the perceptrons controversy*, Social Studies of
#   Science 26, 1996.
