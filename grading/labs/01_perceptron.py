# %% [markdown]
# # 01 · The machine that learned from its mistakes
#
# *1943 to 1962. How can a single unit learn what to do, and how do we know that it will?*
#
# In lab 00 you computed a weighted sum. Here it gets a threshold and becomes a unit that says yes or no. First you set its
# weights by hand. Then you write three rules by which it finds them itself. One question goes along: Mary and John both gave the
# film *Gravity* a 3. Will I like it? Two of the rules are asked, and their answers differ in kind.
#
# **When you have finished you can**
#
# - build AND, OR and NOT from a unit with a threshold;
# - write Rosenblatt's rule, the delta rule and one step of stochastic gradient descent for a sigmoid unit;
# - say when the perceptron is sure to stop, how many mistakes it can make, and what the theorem leaves open;
# - say what limits the learning rate of the delta rule, and what happens above the limit;
# - make ten units tell ten digits apart.
#
# **You need** lab 00 (the weighted sum). **Your time**: about 100 minutes required; the cells marked *optional* add 15
# (run them all the same: the table at the end uses them).
#
# **The computer's time and memory**: {measured}.

# %% role="setup"
import numpy as np

from labkit import check, datasets, devices, figures, metrics, swarm, widgets
from labkit.perceptron import Adaline, Perceptron, SigmoidUnit, delta_epoch
from labkit.widgets import Student, rules
from labkit.widgets.student import weights_and_bias

# %% role="picture"
figures.style.use()
print(devices.report())
figures.course_map("01_perceptron")

# %% [markdown]
# ## A cell that is on or off
#
# A nerve cell fires or it does not. In 1943 Warren McCulloch and Walter Pitts took this as the whole story and asked what a
# net of such cells can compute. Their cell counts the inputs that are on and fires when there are enough of them.
#
# We write it with weights and a **bias** $b$, which is added to the sum:
#
# $$ z = w_1 x_1 + \dots + w_n x_n + b \qquad\qquad \text{answer} = 1 \text{ if } z > 0, \text{ else } 0 $$
#
# (The weighted sum has a short form, $w \cdot x$, the *dot product*; in NumPy `np.dot(w, x)` or `w @ x`.) The threshold has not gone:
# to ask for a weighted sum above 1.5 is to ask for $z > 0$ with $b = -1.5$. One case needs a
# decision: a sum of *exactly* 0 is not above 0, so the answer is 0. It stays so in the whole course.

# %% role="solution" id="fires"
def fires(x, w, b):
    """The answer of a threshold unit: 1 where the weighted sum plus the bias is above 0, else 0.

    x, w : arrays of the same length, (n_inputs,)      b : a number
    Returns 0 or 1. A sum of exactly 0 gives 0.

    fires(np.array([1.0, 1.0]), np.array([2.0, -1.0]), -0.5) is 1, because 2 - 1 - 0.5 = 0.5
    """
    ### BEGIN SOLUTION
    return int(np.dot(x, w) + b > 0)
    ### END SOLUTION

# %% role="check"
check(fires)

# %% [markdown]
# The sliders below set two weights and the threshold; *your* function gives the answers. How many of the four gates can you
# build? One of them will resist. (Lab 02 is about that one.)

# %% [markdown]
# ![](still:unit)

# %% role="picture"
widgets.unit(fires)

# %% [markdown]
# ## Logic, by hand
#
# With AND, OR and NOT one can write every expression of logic, so nets of such cells can compute all of them. That was the
# news of 1943. Now write down the numbers, for any count of inputs:
#
# - **AND** fires when all $n$ inputs are 1,
# - **OR** fires when at least one of the $n$ inputs is 1,
# - **NOT** has one input and fires when it is 0.
#
# There are many right answers. The check does not look at your numbers: it builds the unit and tries every input, in the
# order 00, 01, 10, 11.

# %% role="solution" id="gate"
def gate(name, n):
    """Weights and bias of a threshold unit that computes a gate.

    name : "AND", "OR" or "NOT"      n : how many inputs there are (1 for "NOT")
    Returns w, b with w an array (n,) and b a number. The unit fires where w.x + b is above 0.

    A unit that always fires would be: return np.zeros(n), 1.0
    """
    ### BEGIN SOLUTION
    if name == "AND":
        return np.ones(n), 0.5 - n
    if name == "OR":
        return np.ones(n), -0.5
    return -np.ones(n), 0.5
    ### END SOLUTION

# %% role="check"
check(gate)

# %% [markdown]
# With two inputs, $z = 0$ is a line in the plane: on one side the unit says 1, on the other 0. To choose weights is to place
# a line. This **decision boundary** is the picture to keep in mind from here on.

# %% role="picture"
def learned_gate(name, n):
    unit = Perceptron().fit(*datasets.gate(name)[:2])
    return unit.coef_[0], unit.intercept_[0]

by_hand = Student(gate, learned_gate, "gate", weights_and_bias)
units = {name: by_hand(name, 2) for name in ("AND", "OR")}
print(by_hand.sentence)
figures.gate_planes(units)

# %% [markdown]
# Two things about the cells of 1943 are worth knowing. One inhibiting input stopped them, whatever the others did; the
# negative weight is today's milder form. And they do not learn: somebody has to know the numbers.
#
# ## A machine that finds the numbers
#
# Frank Rosenblatt, a psychologist at the Cornell Aeronautical Laboratory, wanted to know how a brain could come by its
# connections without anybody setting them. His **perceptron** was a program on an IBM 704 in 1958 and then a machine, the
# Mark I: an eye of 400 photocells, wired at random to a layer of fixed units, and behind them units whose weights were
# potentiometers turned by motors. Only that last layer learned. It is the part that you build.
#
# On 8 July 1958 the *New York Times* reported a demonstration by the Navy, which paid for the work. After fifty attempts the
# program told marks on the left from marks on the right. The Navy, the paper said, expected a machine that would walk, talk,
# see, write, reproduce itself and be conscious of its existence. Remember this distance between result and promise when you
# come to 1969.
#
# The rule itself, in the form of Rosenblatt's book of 1962, fits in three lines. Show the unit an example $x$ whose right
# answer $y$ is 0 or 1.
#
# - If the unit's answer is $y$, change nothing.
# - If it said 0 and should have said 1, its sum was too small: add $x$ to the weights and 1 to the bias.
# - If it said 1 and should have said 0, its sum was too large: subtract $x$ from the weights and 1 from the bias.
#
# The bias is treated as one more weight, on an input that is always 1. (An example exactly *on* the line has the sum 0, so the
# unit says 0: a mistake only where 1 is wanted. labkit's own perceptron, like many books, counts it as a mistake for both
# classes. The check accepts either.)

# %% role="solution" id="update"
def update(w, b, x, y):
    """One step of Rosenblatt's rule: the weights and the bias after the unit has seen one example.

    w, x : arrays, (n_inputs,)      b : a number      y : the right answer, 0 or 1
    Returns the new w and the new b. The array w that came in must stay as it was.

    update(np.array([1.0, 1.0]), -1.0, np.array([2.0, 0.5]), 0) is (array([-1.0, 0.5]), -2.0):
    the sum is 1.5, so the unit says 1, and that is a mistake
    """
    ### BEGIN SOLUTION
    miss = y - int(np.dot(w, x) + b > 0)
    return w + miss * x, b + miss
    ### END SOLUTION

# %% role="check"
check(update)

# %% [markdown]
# Here your rule learns from the movies: each point is one that I have seen, at the ratings of Mary (x1) and John (x2). A blue
# circle means I liked it, an orange square that I did not. Press **Step** until there is a line (that may take eleven steps), watch it
# after each mistake, then press **Play**. After that choose other points, or place your own. When does it not come to rest?

# %% [markdown]
# ![](still:place_points)

# %% role="picture"
movies = datasets.movies()
X, y = movies.X, movies.y
widgets.place_points(update, points=(X, y), labels=("x1: Mary's rating", "x2: John's rating"), name="the movies")

# %% [markdown]
# ## Again and again, until a pass without a mistake
#
# Learning is your rule in two loops: over the examples, and over the passes through them (a pass is also called an *epoch*).
# Read the loop; it is all there is. It also notes how long the weights are after each mistake, which we need in a moment.

# %% role="picture"
def train(rule, X, y, most_passes=500):
    """Shows all examples, pass after pass, until a pass without a mistake.

    Returns w, b, how many passes it took, and the length of (w, b) after each mistake.
    """
    w, b, passes, lengths = np.zeros(X.shape[1]), 0.0, 0, []
    while passes < most_passes:
        passes, before = passes + 1, len(lengths)
        for x, label in zip(X, y, strict=True):
            new_w, new_b = rule(w, b, x, label)
            if new_b != b:                       # every correction moves the bias
                w, b = new_w, new_b
                lengths.append(np.hypot(np.linalg.norm(w), b))
        if len(lengths) == before or lengths[-1] > 1e9:      # nothing to correct, or a rule that runs away
            break
    return w, b, passes, np.array(lengths)

# %% role="picture"
from labkit.figures.style import ACCENT, COLORS, INK

rule = Student(update, rules.update, "update", weights_and_bias)
w, b, passes, lengths = train(rule, X, y)
right = np.mean((X @ w + b > 0) == y)
print(rule.sentence, f"{len(lengths)} mistakes in {passes} passes; {right:.0%} of the movies are right.")
found = f"After {len(lengths)} mistakes a line separates the liked movies from the others"
figure = figures.boundary(X, y, w, b, labels=movies.names, names=movies.classes,
                          extent=(0.6, 5.4, 0.6, 5.4), title=found if right == 1 else None)
ax = figure.axes[0]
ax.plot(*datasets.gravity(), "*", color=ACCENT, markeredgecolor=INK, markersize=17)
ax.annotate("Gravity?", datasets.gravity(), (-76, -5), textcoords="offset points", fontweight="bold")
figure

# %% [markdown]
# ## Why it must stop
#
# Each mistake moves the line, and may spoil what was right before. Why should this ever end? The answer is one of the first
# theorems about a machine that learns. Rosenblatt had a proof, others shortened it; the best known is Albert Novikoff's of
# 1962.
#
# Count the bias as a weight, so that an example is $(x, 1)$. Let $R$ be the length of the longest example. Suppose that some
# plane through the origin (as $w \cdot x + b \cdot 1 = 0$ is) has every example on its right side, and none nearer to it than
# $\gamma$, the **margin**. Then, starting from zero weights,
#
# $$ \text{number of mistakes} \;\le\; \left(\frac{R}{\gamma}\right)^2 $$
#
# The proof squeezes the length of the weights between two curves. Call $k$ the number of mistakes so far.
#
# - *They must grow.* Each correction adds at least $\gamma$ at right angles to that plane. So the length is at least $k
#   \gamma$.
# - *They cannot grow fast.* Each correction is made against the weights' own opinion: what is added points away from them, or
#   sideways. By Pythagoras the squared length grows by $R^2$ at most. So the length is at most $\sqrt{k}\, R$.
#
# The first is a straight line, the second a root. Where they cross, at $k = (R/\gamma)^2$, there is no room left for another
# mistake.

# %% role="picture"
caught = []
for ratings, words in ((X, "ratings as they are, 1 to 5"), (X - 3, "the same ratings, minus 3")):
    lengths = train(rule, ratings, y)[-1]
    longest = np.sqrt((ratings**2).sum(axis=1).max() + 1)       # R; the 1 is the bias's input
    caught.append((words, lengths, longest, metrics.margin(ratings, y)))
print(rule.sentence)
figures.wedge(caught)

# %% [markdown]
# (The axes are **logarithmic**: from one mark to the next the number grows tenfold. On such axes a root is a straight line as well, only
# less steep.)
#
# Look at the right picture. Nobody changed the movies or the rule. Measuring the ratings from the middle of their scale makes
# the margin wide compared with $R$, and the bound falls a hundredfold. Preparing the data is half of learning; the course
# returns to this.
#
# Three things the theorem does **not** say:
#
# - It does not say that the perceptron always stops. *If* no line separates the examples (if they are not **linearly
#   separable**) there is no margin, and it goes on for ever.
# - It does not count passes. It counts mistakes, in however many passes they happen.
# - It does not say which line you get. Any line that separates the examples ends the learning.
#
# ## Never more, in any order
#
# A theorem needs no experiment, but a program does: a wrong rule would break the bound. Every point below is a random problem
# with a known margin. The rule is run on it in twenty random orders, and the worst of them is drawn.

# %% role="swarm"
problems = devices.scale(2_000, 300, 2, what="problems")
rng = np.random.default_rng(1)
worst, bounds = [], []
for seed in range(problems):
    inputs = int(rng.integers(1, 13))
    blobs = datasets.two_blobs(int(rng.integers(4, 120)), 10 ** rng.uniform(-1, 0.6), inputs, seed)
    runs = swarm.perceptrons(blobs.X, blobs.y, starts=np.zeros((1, inputs + 1)), orders=20,
                             epochs=100_000, seed=seed)
    worst.append(runs.mistakes.max())
    bounds.append(metrics.novikoff_bound(blobs.X, blobs.y))
worst, bounds = np.array(worst), np.array(bounds)
broken = int((worst > bounds).sum())
closest = (worst / bounds).max()
print(problems.note)
print(f"The bound was broken {broken} times. The closest run made {closest:.0%} of the mistakes it allows.")
never = f"{20 * problems:,} runs, and none makes more mistakes than Novikoff allows"
figures.mistakes(worst, bounds, title=None if broken else never, dot="a problem, its worst order")

# %% [markdown]
# ## Predict, then look
#
# Back to *Gravity*. Now we train thousands of perceptrons on the same 18 movies. They differ in two things only: the weights
# with which they start, and the order in which they see the movies. All of them end with every movie right.
#
# **What share of them, in percent, will tell me to watch *Gravity*?**

# %% role="predict" id="guess_gravity"
guess_gravity = ...  # a number from 0 to 100
### BEGIN SOLUTION
guess_gravity = 80
### END SOLUTION

# %% role="check"
check(guess_gravity=guess_gravity)

# %% role="swarm"
many = devices.scale(1_000_000, 20_000, 100, what="perceptrons")
runs = swarm.perceptrons(X, y, starts=many // 100, orders=100, epochs=10_000, start_size=5.0, seed=1)
stopped = runs.converged.all()
watch = runs.weights @ np.append(datasets.gravity(), 1) > 0
print(many.note)
print(f"All stopped: {stopped}. Mistakes made: {runs.mistakes.min()} to {runs.mistakes.max()}.")
if isinstance(guess_gravity, (int, float)):
    print(f"You predicted {guess_gravity:g}%. It is {watch.mean():.0%}.")
figures.many_lines(X, y, runs.weights, watch, datasets.gravity(), movies.names, movies.classes)

# %% [markdown]
# About 120 of the lines are drawn. Blue ones (drawn through) have *Gravity* on the side of what I like, orange ones (dashed) have it on the
# other. Each line explains the past without a fault. The rule stops at the first line that does; which one that is depends on where it began
# and on what it happened to see last. To prefer one line to another, we need to say what makes a line *better*. That is the
# next idea.
#
# ## Widrow and Hoff: learn from every error, not only from mistakes
#
# In 1960 Bernard Widrow and his student Marcian Hoff described *Adaline*, a box of adjustable resistors. Its rule compares
# the target not with the yes or no, but with the sum $z = w \cdot x + b$ itself. The target $y$ may be any number; they used
# $+1$ and $-1$. Half the squared miss, $\tfrac12 (y - z)^2$, says how bad a sum is. Going down its slope gives the **delta
# rule**:
#
# $$ w \leftarrow w + r\,(y - z)\,x \qquad\qquad b \leftarrow b + r\,(y - z) $$
#
# with a small **learning rate** $r$. (The half is there to cancel the 2 that comes from the square.) The rule goes on moving
# after every answer is right, towards the line whose sums fit the targets best.

# %% role="solution" id="delta_step"
def delta_step(w, b, x, y, rate):
    """One step of the delta rule: down the slope of (y - z)**2 / 2, where z = w.x + b.

    w, x : arrays, (n_inputs,)      b : a number      y : the target, any number      rate : the learning rate
    Returns the new w and the new b. The array w that came in must stay as it was.

    delta_step(np.array([1.0, 0.0]), 0.0, np.array([2.0, 1.0]), 1.0, 0.1) is (array([0.8, -0.1]), -0.1):
    z is 2, so y - z is -1
    """
    ### BEGIN SOLUTION
    miss = y - (np.dot(w, x) + b)
    return w + rate * miss * x, b + rate * miss
    ### END SOLUTION

# %% role="check"
check(delta_step)

# %% [markdown]
# ## How fast is too fast?
#
# Take the average of the steps for all 18 movies and do that as one step: then we go down the slope of the mean error. Over the
# weights and the bias this error is a smooth bowl, narrow in some directions and wide in others. Let $\lambda_{max}$ say how strongly
# it bends where it is narrowest. A step multiplies the distance from the bottom, in that direction, by $1 - r \lambda_{max}$. While
# this factor lies between -1 and 1 the distance shrinks. So everything turns on one number:
#
# $$ r < \frac{2}{\lambda_{max}} $$
#
# (In the words of university mathematics: $\lambda_{max}$ is the largest eigenvalue of the error's **Hessian**, the table of its second
# derivatives, here the mean of $(x,1)(x,1)^\top$. labkit works it out.)
#
# **We set the rate 1% above this limit. What will the error do in 400 steps?**
#
# - `"a"` settle like just below the limit, only more slowly
# - `"b"` come down and then swing about a value that is not the best
# - `"c"` grow beyond all bounds

# %% role="predict" id="guess_rate"
guess_rate = ...  # "a", "b" or "c"
### BEGIN SOLUTION
guess_rate = "b"
### END SOLUTION

# %% role="check"
check(guess_rate=guess_rate)

# %% role="picture"
targets = 2.0 * y - 1

def labkit_delta(w, b, x, y, rate):
    W, bias = np.array([w]), np.array([b])
    delta_epoch(W, bias, x[None], np.array([[y]]), [[0]], rate)
    return W[0], bias[0]

def descend(rule, rate, steps=400):
    """The mean error before each step; a step is the average of the steps for all movies."""
    w, b, errors = np.zeros(2), 0.0, []
    while len(errors) < steps and (not errors or errors[-1] < 1e60):
        errors.append(np.mean((targets - X @ w - b) ** 2) / 2)
        stepped = [rule(w, b, x, target, rate) for x, target in zip(X, targets, strict=True)]
        w = np.mean([new_w for new_w, _ in stepped], axis=0)
        b = float(np.mean([new_b for _, new_b in stepped]))
    return np.array(errors)

delta = Student(delta_step, labkit_delta, "delta_step", weights_and_bias)
limit = metrics.hessian_limit(X)
below, above = descend(delta, 0.99 * limit), descend(delta, 1.01 * limit)
print(f"{delta.sentence} The limit for these ratings is {limit:.4f}.")
figures.around_the_limit(below, above)

# %% [markdown]
# It is `"c"`, and the way there is treacherous. For the first 40 steps the dashed curve falls almost like the other one, because the
# wide directions of the bowl are still being learned; in the narrowest the factor is below -1, so each step lands a little further up
# the other side than the last. The theory even predicts the speed. A step multiplies the distance by $1 - 1.01 \cdot 2 = -1.02$, and the
# error goes with the square of the distance: $1.02^2 = 1.0404$, so 4.04% a step. When a training run of yours looks well and then
# explodes, think of this picture.
#
# ## Le's way: a soft threshold
#
# Fitting the sum itself has a flaw: a movie that is liked *very* clearly, with $z = 5$, counts as a miss of 4. What if the
# answer were bounded? Quoc Le's tutorial of 2015, where Mary, John and *Gravity* come from, uses the **sigmoid**. It turns any sum
# into a number between 0 and 1:
#
# $$ h = g(z) = \frac{1}{1 + e^{-z}} \qquad\qquad g'(z) = g(z)\,(1 - g(z)) $$
#
# (In NumPy $e^{-z}$ is `np.exp(-z)`.) Where the sum is 0 the sigmoid says 0.5; far from the line it is nearly sure. For a movie with
# $y = 0$ or $1$ we want $(h - y)^2$ to be small, this time without a half. How does it change with a weight? The weight moves the sum, the
# sum moves the answer, and the answer moves the square, so three slopes are multiplied: $x$, then $g'(z) = h(1 - h)$, then $2(h - y)$.
# That is the **chain rule**, and these are Le's equations 7 to 10, with his $\Delta$ for a slope:
#
# $$ \Delta w = 2\,(h - y)\;h\,(1 - h)\;x \qquad\qquad \Delta b = 2\,(h - y)\;h\,(1 - h) $$
#
# and a step goes against them: $w \leftarrow w - r\,\Delta w$, $b \leftarrow b - r\,\Delta b$. To take such steps for one
# randomly chosen example after the other is **stochastic gradient descent**, SGD for short. Every network in this course is
# trained by a descendant of it.

# %% role="solution" id="sigmoid_step"
def sigmoid_step(w, b, x, y, rate):
    """One step of stochastic gradient descent for a sigmoid unit, down the slope of (h - y)**2 (no half in front).

    w, x : arrays, (n_inputs,)      b : a number      y : the right answer, 0 or 1      rate : the learning rate
    h is 1 / (1 + exp(-z)) with z = w.x + b.
    Returns the new w and the new b. The array w that came in must stay as it was.

    sigmoid_step(np.zeros(2), 0.0, np.array([2.0, 1.0]), 1, 1.0) is (array([0.5, 0.25]), 0.25):
    h is 0.5, so the slope for the bias is 2 * (0.5 - 1) * 0.5 * 0.5 = -0.25
    """
    ### BEGIN SOLUTION
    h = 1 / (1 + np.exp(-(np.dot(w, x) + b)))
    slope = 2 * (h - y) * h * (1 - h)
    return w - rate * slope * x, b - rate * slope
    ### END SOLUTION

# %% role="check"
check(sigmoid_step)

# %% [markdown]
# Press **Play** and watch the answer for *Gravity* (the star) while your rule learns. Then move the sliders to a start of
# your own and play again. Does the answer still depend on where you begin?

# %% [markdown]
# ![](still:sigmoid_movies)

# %% role="picture"
widgets.sigmoid_movies(sigmoid_step)

# %% [markdown]
# The perceptrons disagreed about *Gravity*. Do sigmoid units? Twelve of labkit's, each from its own random start and with its
# own random order:

# %% role="picture"
from labkit.figures.picture import picture, say
from labkit.figures.plane import outside_legend

units = [SigmoidUnit(max_epochs=500, random_state=seed).fit(X, y) for seed in range(12)]
answers = np.array([unit.predict_proba(datasets.gravity()[None])[0, 1] for unit in units])
figure, ax = picture(7.4, 2.5)
ax.plot(answers, np.zeros(12), "o", color=COLORS["sgd"], alpha=0.5, markersize=11, label="one sigmoid unit")
ax.axvline(0.5, color=COLORS["theory"], linestyle="--", label="undecided")
ax.set(xlim=(0, 1), yticks=[], xlabel="answer h for Gravity: 0 leave it, 1 watch it")
outside_legend(figure, ax)
verdict = "leave it, but only just" if answers.max() < 0.5 else "not all of one mind"
say(figure, f"Twelve sigmoid units say {answers.min():.2f} to {answers.max():.2f}: {verdict}",
    f"Twelve dots on a scale from 0 to 1, between {answers.min():.2f} and {answers.max():.2f}.")

# %% [markdown]
# An error to go down gives an answer that hardly depends on luck any more, and says how sure it is. (From small starts, as here. With the
# sliders you can also begin where all sums are large: there $h(1 - h)$ is almost 0, so is every step, and the unit stays where it is. Lab 04
# comes back to that.) In Le's tutorial *Gravity* also lies slightly on the side of what not to watch. (Two of our 18 rows are his; the
# others are invented for this course, so this is a likeness, not a repetition.)
#
# ## Ten classes: one against the rest
#
# A unit says yes or no. For ten digits take ten units: each learns to tell its own digit from all others. To read an image,
# ask all ten and believe the one with the largest sum. It may be that several units fire, or none; the largest sum decides
# all the same.
#
# Put the units' weights one below the other, as the rows of a matrix $W$, and the images as the rows of $X$. Then all sums of all
# images are one **matrix product**. In NumPy, `A @ B` takes each row of `A` with each *column* of `B` and puts their weighted sum where
# that row and that column meet. Here the units are rows of $W$, so $W$ has to be turned on its side first: `W.T`, the *transpose*, has
# the rows of `W` as its columns.

# %% role="solution" id="most_confident"
def most_confident(X, W, b):
    """For each example the number of the unit with the largest sum.

    X : one example a row, (n_examples, n_inputs)
    W : one unit's weights a row, (n_units, n_inputs)      b : the units' biases, (n_units,)
    Returns an array (n_examples,) of unit numbers, counted from 0. No two units share the largest sum.

    With W = np.array([[1.0], [-1.0]]), b = np.array([0.0, 1.0]) and X = np.array([[2.0], [0.1]]) the sums are
    [[2, -1], [0.1, 0.9]], so the result is [0, 1]
    """
    ### BEGIN SOLUTION
    return np.argmax(X @ W.T + b, axis=1)
    ### END SOLUTION

# %% role="check"
check(most_confident)

# %% [markdown]
# The data are 1,797 handwritten digits of 8 by 8 pixels. State the split whenever you state a result: thirteen people wrote
# these digits, and neighbours in the list tend to be by one hand. In the **ordered** halves the exam is therefore mostly by
# people whose hand was not in the training half. In the **shuffled** halves everybody is in both, which makes the exam
# easier.

# %% role="picture"
digits = datasets.digits("ordered")
unit = Perceptron(max_epochs=20, shuffle=True, random_state=0).fit(digits.X, digits.y)
readers = Student(most_confident, lambda X, W, b: unit.predict(X), "most_confident", np.ravel)
said = readers(digits.X_test, unit.coef_, unit.intercept_)
said = said if said.shape == digits.y_test.shape else unit.predict(digits.X_test)
correct = np.mean(said == digits.y_test)
print(readers.sentence)
print(f"Split: {digits.split}.")
figure, axes = picture(9.6, 4.3, 2, 5)
for k, ax in enumerate(axes.flat):
    image = unit.coef_[k].reshape(8, 8) / np.abs(unit.coef_[k]).max()
    ax.imshow(figures.style.blended(0.5 + 0.5 * image), interpolation="nearest")
    row, column = np.nonzero(image < 0)
    ax.scatter(column, row, s=-60 * image[row, column], marker="_", color=INK, linewidths=1)
    ax.set(xticks=[], yticks=[], xlabel=f"unit {k}")
    ax.spines[:].set_visible(True)
    ax.grid(False)
say(figure, f"Ten perceptrons read {correct:.1%} of {len(said)} unseen digits. "
    "Ink where a unit is blue speaks for its digit, ink where it is orange (with a minus) against it",
    "The weights of ten units as 8 by 8 images, blue for positive ones, orange with a minus for negative ones. "
    f"Accuracy {correct:.3f}.")

# %% [markdown]
# How do the three rules compare? Each row is ten units trained by one rule for 20 epochs, tested on digits that it has never
# seen. (*Optional*: change the epochs or the rates, and see whether the order of the rules stays the same.)

# %% role="picture"
kinds = {"Rosenblatt's rule": Perceptron(max_epochs=20, shuffle=True, random_state=0),
         "delta rule": Adaline(learning_rate=0.01, max_epochs=20, shuffle=True, random_state=0),
         "sigmoid, squared error": SigmoidUnit(learning_rate=0.1, max_epochs=20, random_state=0)}
print(f"{'unseen digits read':24}  ordered  shuffled")
shares = {}
for words, one in kinds.items():
    for split in ("ordered", "shuffled"):
        data = datasets.digits(split)
        shares[words, split] = one.fit(data.X, data.y).score(data.X_test, data.y_test)
    print(f"{words:24}  {shares[words, 'ordered']:7.1%}  {shares[words, 'shuffled']:8.1%}")
gaps = [shares[words, "shuffled"] - shares[words, "ordered"] for words in kinds]
print(f"Shuffling alone is worth {100 * min(gaps):.1f} to {100 * max(gaps):.1f} percentage points. How far apart are the rules?")

# %% [markdown]
# ## At scale: a stream without end (*optional*)
#
# Novikoff's bound has a property that is easily overlooked: the number of examples does not appear in it. If the margin
# holds, a perceptron may read ten million examples, each of them once, and still make no more mistakes than the bound says.
# Here 32 of them read the same stream of random rows with ten inputs and a margin of 0.2. Nothing is kept: each block of rows
# is made, read and forgotten. (In the picture the bound creeps up all the same. That is $R$: the longest of many rows is longer than the
# longest of few.)

# %% role="swarm"
rows = devices.scale(10_000_000, 1_000_000, 1_000, what="rows")
rng = np.random.default_rng(3)
normal = rng.normal(size=10).astype(np.float32)
normal /= np.linalg.norm(normal)
weights = np.vstack([np.zeros((1, 11)), rng.uniform(-20, 20, (31, 11))])    # only the first begins at zero
mistakes, seen, longest, size, history = np.zeros(32, int), 0, 0.0, 100, []
while seen < rows:
    size = min(size, rows - seen)
    block = rng.standard_normal((size, 10), dtype=np.float32)
    side = np.sign(block @ normal)
    block += np.float32(0.2) * side[:, None] * normal           # push both classes 0.2 away from the plane
    runs = swarm.perceptrons(block, side > 0, starts=weights, epochs=1)
    weights, mistakes, seen = runs.weights, mistakes + runs.mistakes, seen + size
    longest = max(longest, float((block**2).sum(axis=1).max()) + 1)
    history.append((seen, mistakes, longest / 0.2**2))
    size = min(2 * size, 200_000)

counts = np.array([row for row, _, _ in history])
curves = np.array([made for _, made, _ in history])
stream_bound = history[-1][2]
quiet = counts[np.flatnonzero(curves[:, 0] == curves[-1, 0])[0]]
print(rows.note)
print(f"The perceptron that began at zero made {curves[-1, 0]} mistakes, all within the first {quiet:,} rows.")
figures.stream_of_mistakes(counts, curves, np.array([bound for *_, bound in history]))

# %% [markdown]
# ## The paper said, we got, why
#
# Everything in this table is computed here, from the runs above and a few more.

# %% role="table"
in_any_order = swarm.perceptrons(X, y, starts=np.zeros((1, 3)), orders=5_000, epochs=10_000)
allowed = metrics.novikoff_bound(X, y)
susan = datasets.susan()
for_susan = swarm.perceptrons(susan.X, susan.y, starts=np.zeros((1, 3)), orders=200, epochs=1_000)
settles, explodes = descend(labkit_delta, 0.99 * limit), descend(labkit_delta, 1.01 * limit)
growth, expected = explodes[-1] / explodes[-2], (1 - 1.01 * 2) ** 2
mild = f"margin 0.2, each row read once, from zero weights; {rows:,} rows"
table = [
    ("Mistakes never exceed (R/γ)²", "theorem", "Novikoff 1962: at most (R/γ)², in any order",
     f"broken {broken} times in {20 * problems:,} runs; at most {closest:.0%} of the bound",
     f"{problems} random separable problems, 1 to 12 inputs, margin 0.1 to 4, 20 orders each, from zero weights",
     "The bound covers the worst order of the worst data; random ones are kinder.",
     broken == 0),
    ("The same for the movies", "theorem", f"at most {allowed:,.0f} mistakes",
     f"{in_any_order.mistakes.min()} to {in_any_order.mistakes.max()} mistakes; {in_any_order.converged.mean():.0%} of the runs stopped",
     "18 movies, 5,000 random orders, from zero weights", "Every order ends, each with a line of its own.",
     in_any_order.converged.all() and in_any_order.mistakes.max() <= allowed),
    ("No line, no end", "theorem", "the bound needs a margin above 0",
     f"{for_susan.converged.sum()} of 200 runs stopped", "Susan's taste, the same movies, 1,000 epochs, 200 orders",
     "No line separates what she likes: see lab 02.",
     not for_susan.converged.any()),
    ("The number of examples does not enter", "theorem", f"at most {stream_bound:,.0f} mistakes",
     f"{curves[-1, 0]} mistakes", f"10 inputs, {mild}", "Only R and γ count.",
     all(made[0] <= bound for _, made, bound in history)),
    ("The delta rule is stable below 2/λmax", "theorem", "the error falls (LeCun et al. 1998, section 5)",
     f"it falls from {settles[0]:.2f} to {settles[-1]:.4f}",
     f"movies, targets +1 and -1, all rows a step, 400 steps, rate 0.99 of {limit:.4f}",
     "Each step shrinks the distance from the best weights, in every direction.",
     (np.diff(settles) <= 0).all()),
    ("Above 2/λmax it diverges", "theorem", f"times {expected:.4f} a step in the end",
     f"times {growth:.4f} a step, up to {explodes[-1]:,.0f}", "the same, rate 1.01 of the limit",
     "In the steepest direction each step overshoots by 2% more than the last.",
     abs(growth - expected) < 1e-3),
    ("Gravity lies slightly on the negative side", "figure", "Le 2015, end of section 5: below the line, but near it",
     f"h = {answers.min():.2f} to {answers.max():.2f}",
     "sigmoid unit, squared error, rate 0.1, 500 epochs, 12 random starts",
     "Our table is like his, not the same: two of 18 rows are.",
     answers.max() < 0.5 and answers.min() > 0.3),
]
columns = ("claim", "kind", "paper", "ours", "setting", "why", "ok")
figures.paper_table([dict(zip(columns, row, strict=True)) for row in table])

# %% [markdown]
# ## Explain it
#
# A friend sums the lab up like this: *"The theorem of 1962 proves that a perceptron always learns. It needs at most
# $(R/\gamma)^2$ passes through the data, and then it has found the best line."*
#
# **Find the three errors. Put each of them right, and support each correction with something that you saw in this lab (a
# number, a picture, an experiment of your own).** (Eight to twelve sentences.)

# %% [markdown] role="explain" id="explain_novikoff" points=4
# A model answer. *Always*: the theorem has a condition, that some plane (through the origin, with the bias as a weight)
# separates the examples with a margin γ above 0. Where none does there is no bound: of 200 runs on Susan's movies none had stopped
# after 1,000 epochs, and with the XOR points of
# the widget the line never came to rest. *Passes*: the bound counts mistakes, that is corrections, not passes and not
# examples. For the movies 2,067 mistakes are allowed; my rule made about 150, spread over more than fifty passes, and in the
# stream there was not even one whole pass, yet the bound held. *Best*: any line that separates the examples ends the
# learning. Twenty thousand perceptrons were all right about every movie, but about a third put Gravity on one side and the
# rest on the other, depending on start and order. "Best" would need a measure of how good a line is, such as the squared
# error that the sigmoid unit goes down; there twelve random starts gave nearly one answer.
#
# **Marking scheme** (4 points)
#
# - 1 point an error (3 in all): named, *and* put right. Convergence only if separable; mistakes instead of passes; some
#   separating line instead of the best.
# - 1 point: evidence from the lab for at least two of the three. Numbers need not be exact; they differ a little with the
#   student's own rule.
# - "It fails when there is noise" is right for the first error only if it says that noise can make the data inseparable.
# - "The perceptron cannot do XOR" is evidence for the first error, and no more than that: it does not earn the other points.

# %% [markdown]
# ## What you have now
#
# A unit with a threshold, which is a line; Rosenblatt's rule, which finds *some* line if there is one; the delta rule and the
# sigmoid unit, which go down an error, and a limit for how fast they may. In lab 02 you meet four points for which there is
# no line, and the book that made them famous.
#
# ## Words of this lab
#
# {glossary}
#
# ## Sources and further reading
#
# - W. S. McCulloch and W. Pitts, *A logical calculus of the ideas immanent in nervous activity*, Bulletin of Mathematical
#   Biophysics 5, 1943, 115-133.
# - F. Rosenblatt, *The perceptron: a probabilistic model for information storage and organization in the brain*,
#   Psychological Review 65, 1958, 386-408.
# - F. Rosenblatt, *Principles of Neurodynamics*, Spartan Books, 1962: the error-correction procedure and its convergence.
# - *New Navy device learns by doing*, New York Times, 8 July 1958.
# - J. C. Hay, B. E. Lynch and D. R. Smith, *Mark I Perceptron Operators' Manual*, Cornell Aeronautical Laboratory, 1960: the
#   photocells and the motors.
# - B. Widrow and M. E. Hoff, *Adaptive switching circuits*, IRE WESCON Convention Record, part 4, 1960, 96-104.
# - A. B. J. Novikoff, *On convergence proofs on perceptrons*, Symposium on the Mathematical Theory of Automata 12,
#   Polytechnic Institute of Brooklyn, 1962, 615-622.
# - Y. LeCun, L. Bottou, G. B. Orr and K.-R. Müller, *Efficient BackProp*, in *Neural Networks: Tricks of the Trade*,
#   Springer, 1998, section 5: the largest learning rate.
# - Q. V. Le, *A tutorial on deep learning, part 1*, 2015, sections 2 to 5, equations 1 to 10: Mary, John and *Gravity*.
# - E. Alpaydin and C. Kaynak, *Optical recognition of handwritten digits*, UCI, 1998: the digits, in the copy of
#   scikit-learn.
# - M. Olazaran, *A sociological study of the official history of the perceptrons controversy*, Social Studies of Science 26,
#   1996: promise and result.
