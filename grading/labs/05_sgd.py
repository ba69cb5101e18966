# %% [markdown]
# # 05 · Down the mountain in fog
#
# *1951 to today. The slope of the error is known. How far should a network step, and how much must it look at before each
# step?*
#
# Lab 04 ended with a rule that gives, for any network, the slope of the error along each of its weights. A slope is only
# the ground under one's feet. This lab is about walking: how long a step may be before the walk blows up, what stands in
# the way, and why a short glance at a few examples takes you down faster than a careful look at all of them.
#
# **When you have finished you can**
#
# - write gradient descent, the feedback of a softmax, mini-batches and an epoch of stochastic gradient descent;
# - say at which learning rate a descent blows up, and check it to one part in a thousand;
# - tell a valley, a pass (saddle point) and a plateau apart when all three feel flat;
# - find a usable learning rate in one short run, and watch a training on rows that it does not learn from;
# - write a CUDA kernel in which each thread is a descent of its own.
#
# **You need** labs 00 (a first kernel), 01 (learning rate, delta rule) and 04 (backpropagation). **Your time**: about 110
# minutes required; the parts marked *optional* add 15.
#
# **The computer's time and memory**: {measured}.

# %% role="setup"
import time

import numpy as np

from labkit import check, cuda, datasets, devices, figures, surfaces, swarm, widgets
from labkit.checks import agreeing
from labkit.widgets import descent_rules as ours


def slope(W, X, classes):
    """How the mean loss of softmax(X @ W) changes with each weight, by labkit: (n_inputs, n_classes).

    W : (n_inputs, n_classes)    X : (n, n_inputs)    classes : (n,)
    """
    return X.T @ ours.feedback(X @ W, classes)

# %% role="picture"
figures.style.use()
print(devices.report())
figures.course_map("05_sgd")

# %% [markdown]
# ## Paris 1847, North Carolina 1951
#
# In 1847 Augustin Cauchy had a note of three pages printed: to solve equations with many unknowns, gather them into one
# quantity that is never negative, and lower it by small steps, each unknown against its derivative, until it vanishes.
# That is **gradient descent**. Cauchy could compute his derivatives exactly.
#
# A century later Herbert Robbins and Sutton Monro asked what to do when one cannot. You look for the level of a dose,
# say, at which an experiment gives a certain response on average. Every single experiment is noisy. Their answer of 1951:
# do not repeat the experiment until the average is known. Do *one*, step a little in the direction in which it points,
# and let the steps become smaller as you go on. They called it **stochastic approximation**; "stochastic" means governed
# by chance.
#
# Neither had networks in mind. But a network's error is a mean over examples, and the slope for a single example is a
# noisy experiment on the slope for all of them. Almost every network in this course's later labs is trained by the idea
# of 1951.
#
# ## A mountain with two directions
#
# Take a network with only two weights: one hidden unit, $h = \tanh(w x + 0.4)$, and the answer $v h$. ($\tanh$ is a
# sigmoid that runs from -1 to 1.) With 24 examples every pair $(w, v)$ has a mean error, and that is a landscape: two
# directions to walk in, and the error is the height. You start somewhere at random, at $w = -0.37$ and $v = 1.14$. The
# whole mountain range lies in **fog**: you know your height and, since lab 04, the slope under your feet. Nothing else.

# %% role="picture"
start = np.array([-0.37, 1.14])
print(f"24 examples; at w = {start[0]}, v = {start[1]} the height is {ours.height(*start):.3f}")
print("slope along w: {:+.3f}   slope along v: {:+.3f}".format(*ours.mountain_slope(start)))
print("So the error falls if w grows and v shrinks. How far, the slope does not say.")

# %% [markdown]
# Write one step. The slope points to where the height *grows*; its size says how fast. The **learning rate** turns a
# slope into a length:
#
# $$ w \leftarrow w - \text{rate} \cdot \text{slope} $$

# %% role="solution" id="gd_step"
def gd_step(w, slope, learning_rate):
    """One step of gradient descent.

    w             : where you stand, an array of any shape
    slope         : the slope of the error along each number in w, the same shape
    learning_rate : how far to go for a slope of 1
    Returns the new place, in a new array; w itself stays as it is.

    gd_step(np.array([1.0, 2.0]), np.array([0.5, -1.0]), 0.1) is [0.95, 2.1]
    """
    ### BEGIN SOLUTION
    return w - learning_rate * slope
    ### END SOLUTION

# %% role="check"
check(gd_step)

# %% [markdown]
# ## Into the fog
#
# Below is the mountain as you know it. Around you a little ground is clear, drawn as the plane that your slope describes.
# The dark arrow points down the slope, and the dotted ring shows where your `gd_step` would land. The orange arrow is
# yours: any direction, any length. Try these, in this order.
#
# 1. Go down by hand, with your own arrow. How low are you after ten steps? Are you at the bottom? How would you know?
# 2. *Begin again*, and go by the slope only (D), with a learning rate of 0.3. Then with 3.
# 3. *Begin again* from the west, by the slope. Then lift the fog.
# 4. *Send three walkers* with 0.3: one looks at all 24 examples before each step, one at 6, one at a single example.
# 5. The same with 1.6.

# %% [markdown]
# ![](still:fog)

# %% role="picture"
widgets.fog(gd_step)

# %% [markdown]
# In the west the slope leads you into a valley that is not the deepest, and nothing in the fog tells you so. It is a
# **local minimum**: every direction leads up, and yet lower ground exists elsewhere. On the way between the two valleys
# lies a **pass**, where the ground is flat and you are not at the bottom at all. And with 3 you were thrown off the map.
# We take these one by one.
#
# ## How long may a step be?
#
# Near the bottom of a smooth valley the ground is a bowl. Along a direction in which it bends by $\lambda$ (the second
# derivative) the slope at distance $d$ from the bottom is $\lambda d$, so a step with rate $r$ leads from $d$ to
#
# $$ d - r \lambda d = (1 - r\lambda)\, d $$
#
# Each step multiplies the distance by the same number. For $r < 1/\lambda$ you come down on one side; between $1/\lambda$
# and $2/\lambda$ you overshoot but land lower; beyond $2/\lambda$ you land *higher* on the other side, and each step is
# worse than the one before. In several directions the steepest bend decides: $r < 2/\lambda_{max}$, the limit that you
# met for the delta rule in lab 01.

# %% role="picture"
step, whose = agreeing(gd_step, ours.step, (np.array([1.0, 2.0]), np.array([3.0, -1.0]), 0.3))
print(whose)
bowl = surfaces.bowl(10)                # height (x^2 + 10 y^2) / 2: it bends by 1 along x and by 10 along y
limit = 2 / 10


def descend(surface, point, rate, steps):
    """The heights on the way down, the start's first: (steps + 1,)."""
    heights = [surface.value(*point)]
    for _ in range(steps):
        point = step(np.asarray(point, float), np.array(surface.gradient(*point)), rate)
        heights.append(surface.value(*point))
    return np.array(heights)

# %% role="picture"
shares = (0.1, 0.5, 0.99, 1.0, 1.01)
falls = {share: descend(bowl, (1.0, 1.0), share * limit, 100) for share in shares}
growth = {share: float((falls[share][-1] / falls[share][-2]) ** 0.5) for share in (0.99, 1.0, 1.01)}
for share, factor in growth.items():
    print(f"{share:4.2f} of the limit: each step multiplies the distance by {factor:.4f},",
          f"theory {abs(1 - 10 * share * limit):.4f}")
figures.curves(
    {"": {f"{share:g} of the limit": (np.arange(101), falls[share]) for share in shares}}, "steps", "height", logy=True,
    title=f"Below the rate {limit:g} the walk comes down, at it nothing changes, above it the walk blows up",
    alt="Heights over 100 steps on a logarithmic scale: falling for 0.1, 0.5 and 0.99 of the limit, level at it, "
        "rising at 1.01.")

# %% [markdown]
# The boundary is sharp: one percent below it the walk arrives, one percent above it the walk is lost. Notice two more
# things. The best rate is not a tiny one: 0.1 of the limit is safe and slow. And when the bends differ a lot, here by a
# factor of ten, the steep direction sets the limit while the flat one does the walking. So a long valley is always slow.
# Lab 06 is about that.
#
# ## Sharp valleys and wide valleys
#
# Himmelblau's function has four valleys, all of height 0, but not equally sharp. So each has a limit of its own.

# %% role="picture"
himmelblau = surfaces.himmelblau()


def bends(gradient, x, y, h=1e-4):
    """The bends of the ground at a point, the smallest first, from slopes a little to each side: (2,).

    They are the eigenvalues of the Hessian, the table of second derivatives.
    """
    sides = [np.subtract(gradient(x + a, y + b), gradient(x - a, y - b)) for a, b in ((h, 0), (0, h))]
    return np.linalg.eigvalsh(np.array(sides) / (2 * h))


names = ("east", "north-east", "north-west", "south-west")
limits = {name: 2 / bends(himmelblau.gradient, *point)[-1]
          for name, point in zip(names, himmelblau.minima, strict=True)}
for (name, most), point in zip(limits.items(), himmelblau.minima, strict=True):
    print(f"{name:>10} valley at ({point[0]:+.2f}, {point[1]:+.2f}): stable below the learning rate {most:.4f}")

# %% [markdown]
# The south-west valley is the sharpest. Choose a learning rate of 0.0165: ten percent above its limit, below the limits
# of the other three. **What becomes of the walkers that start in the south-west valley?**
#
# - `"a"` they are thrown off the map
# - `"b"` they stay, but never settle: they go back and forth around the bottom for ever
# - `"c"` they hop into one of the wider valleys and settle there

# %% role="predict" id="guess_sharp"
guess_sharp = ...  # "a", "b" or "c"
### BEGIN SOLUTION
guess_sharp = "b"
### END SOLUTION

# %% role="check"
check(guess_sharp=guess_sharp)

# %% [markdown]
# Now a swarm answers. Each pixel is a walker that starts there and takes 3,000 steps. Its colour says where it ended: a
# map of the **basins of attraction**.

# %% role="swarm"
def ends(run, minima):
    """For each walker the number of the valley that it settled in; -1 for none, -2 for gone."""
    return np.where(run.diverged, -2, run.basins(minima))


side = devices.scale(1_000, 220, emulated=12, what="starts along each side")
across = np.linspace(-5, 5, side)
maps = {}
for rate in (0.005, 0.0165, 0.0215):
    run = swarm.descents(himmelblau, rate, 0, (across[None, :], across[:, None]), "gradient_descent", 3_000)
    maps[f"rate {rate}"] = ends(run, himmelblau.minima)
print(f"{3 * side**2:,} descents. {side.note}")
lost = {name: float(np.mean(kept == -1)) for name, kept in maps.items()}
figures.basin_maps(
    maps, (-5, 5, -5, 5), names, points=himmelblau.minima,
    title="As the rate grows, valleys stop holding their walkers: "
          + ", ".join(f"{share:.0%}" for share in lost.values()) + " never settle")

# %% [markdown]
# It is `"b"`, at first. The walls of the valley still turn the walkers back, so they bounce between two sides. And for
# still larger rates? Here is the **phase diagram**: learning rate across, start up, along the diagonal from the
# south-west corner to the north-east one.

# %% role="swarm"
fine = devices.scale(1_200, 320, emulated=12, what="learning rates and starts")
rates, along = np.linspace(0.004, 0.028, fine), np.linspace(-5, 5, fine)
run = swarm.descents(himmelblau, rates[None, :], 0, (along[:, None], along[:, None]), "gradient_descent", 3_000)
phase = ends(run, himmelblau.minima)
print(f"{fine**2:,} descents. {fine.note}")
hopped = float(np.mean(phase[along < -2][:, (rates > 0.0226) & (rates < 0.0248)] == 2))
figures.basin_maps(
    {"": phase}, (0.004, 0.028, -5, 5), names, labels=("learning rate", "start (x = y)"),
    lines=[(most, f"{name} {most:.4f}") for name, most in limits.items() if name != "north-west"],
    title="From 0.0226 to 0.0248 the sharp valley throws its walkers out: "
          f"{hopped:.0%} of them settle in the north-west")

# %% [markdown]
# Read it from left to right. Up to the dotted line of its own limit a valley keeps the walkers that start on its slopes.
# Beyond it they bounce; the dust is walkers that happened to be near the bottom when their time was up. Then comes a band
# where the bouncing has become so wild that it catapults them over the ridge, and many settle in a wider valley: `"c"`
# after all. Beyond the last limit no valley holds anybody.
#
# So the learning rate does more than set the speed. It decides *which minima exist* for the walker: only those with
# $\lambda_{max} < 2 / \text{rate}$.
#
# ## Flat, and not at the bottom
#
# At a **saddle point** the slope is zero too, but one direction leads up and another down. Whoever arrives exactly on the
# ridge feels nothing. Here is a saddle between two valleys,
#
# $$ \text{height} = \tfrac12 x^2 - \tfrac12 y^2 + \tfrac14 y^4 . $$
#
# Its ridge is the line $y = 0$. Beside it the ground bends by $-1$, so a step with rate 0.1 multiplies the distance from
# the ridge by $1 + 0.1$. The walkers start on the ridge, or a little beside it.

# %% role="picture"
saddle = surfaces.saddle()
asides = (0.1, 1e-3, 1e-5, 1e-7)
rides = {aside: descend(saddle, (1.5, aside), 0.1, 260) for aside in asides}
waits = [int(np.argmax(rides[aside] < -0.2)) for aside in asides]
for aside, wait in zip(asides, waits, strict=True):
    print(f"{aside:g} beside the ridge: {wait} steps until the walker is well down in a valley")
print(f"each factor of 100 costs ln(100) / ln(1.1) = {np.log(100) / np.log(1.1):.1f} steps more")
stuck = descend(saddle, (1.5, 0.0), 0.1, 260)
lines = {f"{aside:g} beside": (np.arange(261), ride) for aside, ride in rides.items()}
lines["on the ridge"] = (np.arange(261), stuck)
figures.curves(
    {"": lines}, "steps", "height", ylim=(-0.3, 0.3),
    title=f"The saddle holds a walker for {waits[0]} to {waits[-1]} steps, and for ever if it is exactly on the ridge",
    alt="Heights over 260 steps: all fall to the saddle's height 0, stay there the longer the closer they started to the "
        "ridge, then drop to -0.25; the one on the ridge stays at 0.")

# %% [markdown]
# Looking at the curve alone, one would swear at step 40 that training has finished. A saddle delays; it does not hold.
# Almost no start lies exactly on the ridge, and Jason Lee and others proved in 2016 that from a random start gradient
# descent (with small enough steps) ends at a saddle with probability zero.
#
# A **plateau** is worse company: it is flat far and wide, and one is *not* near anything. The mountain in fog has one far in the
# east, where $\tanh$ is saturated and $w$ hardly matters any more. Four flat places of that mountain, and what tells them apart:

# %% role="picture"
flat = {"deeper valley": ours.VALLEYS[0], "shallower valley": ours.VALLEYS[1], "pass": ours.PASS, "plateau": (12.0, 0.903)}
print(f"{'':>16}   height    slope    bends")
for name, place in flat.items():
    steep = np.hypot(*ours.mountain_slope(place))
    least, most = bends(lambda w, v: ours.mountain_slope((w, v)), *place)
    print(f"{name:>16}   {ours.height(*place):.3f}    {steep:.4f}   {least:+.4f} and {most:+.4f}")

# %% [markdown]
# The slope is as good as zero in all four. The **bends** differ: both up in a valley, one up and one down at a pass, one of them
# almost zero on a plateau. And the two valleys have the same signature: no measurement on the spot says which is the deeper.
#
# *Optional: why saddles matter more than bad valleys.* With two weights a flat place is a valley if *both* directions
# bend up. With a thousand weights all thousand must. If the bends were thrown like dice, how often would that happen?

# %% role="picture"
rng = np.random.default_rng(0)
valleys = []
for n in range(1, 6):
    tables = rng.normal(size=(50_000, n, n))
    thrown = np.linalg.eigvalsh(tables + tables.transpose(0, 2, 1))         # the bends of each, the smallest first
    valleys.append(float(np.mean(thrown[:, 0] > 0)))
    print(f"{n} weight{'s' * (n > 1)}: {valleys[-1]:.3%} of 50,000 random flat places are valleys")

# %% [markdown]
# The bends of a real network are not thrown like dice. But in 2014 Yann Dauphin and others argued from such counts, and
# from measurements on small networks, that in many dimensions the places where training stalls are mostly saddles and the
# plateaus around them, and that those minima which are reached are nearly as good as the best.
#
# ## One descent a thread
#
# The maps above were made by many walkers at once. Now write such a swarm yourself. The landscape is the simplest one
# with two valleys and a pass between them:
#
# $$ \text{height} = \tfrac14 x^4 - x y + \tfrac12 y^2 $$
#
# $$ \text{slope along } x: \; x^3 - y, \qquad \text{slope along } y: \; y - x $$
#
# Its valleys lie at $(1, 1)$ and $(-1, -1)$, the pass at $(0, 0)$. Each thread is one walker: it finds its number, asks
# whether there is a walker of that number, and goes down all the steps by itself. (As in lab 00, `cuda.grid(1)` tells a thread
# its number, and a thread without a walker must leave the arrays alone.) No thread needs to know of any other, which is why
# a GPU is so good at it.

# %% role="solution" id="descend_kernel"
@cuda.jit
def descend_kernel(x, y, rates, steps):
    """Many descents at once: walker i starts at (x[i], y[i]) and takes `steps` steps.

    x, y  : float32 arrays, (n,): the starts; at the end of the kernel, the places reached
    rates : float32 array, (n,): the learning rate of each walker
    steps : a whole number
    There may be more threads than walkers; those have nothing to do.
    Both slopes of a step belong to the same place: x**3 - y and y - x, before either has moved.

    A walker at (1.0, -1.0) with the rate 0.2: the slopes are 2 and -2, so one step leads to (0.6, -0.6)
    """
    ### BEGIN SOLUTION
    i = cuda.grid(1)
    if i < x.size:
        for _ in range(steps):
            dx = x[i] * x[i] * x[i] - y[i]
            dy = y[i] - x[i]
            x[i] -= rates[i] * dx
            y[i] -= rates[i] * dy
    ### END SOLUTION

# %% role="check"
check(descend_kernel)

# %% [markdown]
# The map that your kernel draws. The emulator plays every thread on one core, so it gets few; a GPU gets many.

# %% role="swarm"
from labkit.widgets import kernel_rules

trial = [np.array(numbers, np.float32) for numbers in ([0.5, -1.0, 0.8], [1.0, 0.3, -0.6], [0.1, 0.2, 0.3])]
walk_down, whose_walk = kernel_rules.agreeing(descend_kernel, kernel_rules.descend, 1, 4, *trial, 5)
print(whose_walk)
side = devices.scale(1_000, 40, emulated=40, what="starts along each side")
east, north = (part.astype(np.float32).ravel() for part in np.meshgrid(*[np.linspace(-2, 2, side)] * 2))
start = time.perf_counter()
walk_down[(east.size + 127) // 128, 128](east, north, np.full(east.size, 0.15, np.float32), 40)
print(f"{east.size:,} descents of 40 steps in {time.perf_counter() - start:.1f} s. {side.note}")
reached = np.where(np.abs(east - np.sign(east)) < 0.1, (east < 0) * 1, -1).reshape(side, side)
figures.basin_maps({"": reached}, (-2, 2, -2, 2), ("valley (1, 1)", "valley (-1, -1)"),
                   points=((1, 1), (-1, -1)), unsettled="still on the way",
                   title=f"Two basins; along the border between them {np.mean(reached == -1):.0%} are still on their way")

# %% [markdown]
# ## Feedback
#
# A child sees an animal and says "sloth". Somebody says "that is a monkey". How should a network take such news? Say it
# gave the monkey a probability of 30% and the sloth 70%. The **softmax** turned its scores $z$ into those probabilities,
#
# $$ p_k = \frac{e^{z_k}}{\sum_j e^{z_j}} $$
#
# and the loss is the **cross-entropy** $-\log p_{\text{right}}$: small when the right class was thought likely. Its slope
# along the scores has a form that one could have guessed:
#
# $$ p - y, \qquad y = 1 \text{ for the right class, } 0 \text{ for the others} $$
#
# For monkey and sloth this is $(0.3 - 1, \; 0.7 - 0) = (-0.7, \; +0.7)$. Going against it lifts the monkey's score and
# lowers the sloth's, the more the more wrong the network was. For many examples the loss is the mean, so every row counts
# $1/n$.
#
# One trap: scores may be of any size, and $e^{1000}$ is larger than any number that a float can hold. But adding the same
# number to all the scores of an example, or subtracting it, leaves its probabilities as they are. Choose a number that
# keeps every power within bounds.

# %% role="solution" id="softmax_feedback"
def softmax_feedback(Z, classes):
    """The slope of the mean cross-entropy along the scores: (p - y) / n for each example.

    Z       : scores, (n, n_classes), of any size: 1000 is a score like any other
    classes : the right class of each example, (n,), whole numbers from 0
    Returns (n, n_classes). Nothing that is passed in changes.

    softmax_feedback(np.array([[0.0, 0.0], [0.0, 0.0]]), np.array([1, 0]))
    is [[0.25, -0.25], [-0.25, 0.25]]
    """
    ### BEGIN SOLUTION
    powers = np.exp(Z - Z.max(axis=1, keepdims=True))
    P = powers / powers.sum(axis=1, keepdims=True)
    P[np.arange(len(Z)), classes] -= 1
    return P / len(Z)
    ### END SOLUTION

# %% role="check"
check(softmax_feedback)

# %% role="picture"
examples = (np.array([[1.0, 0.0, 2.0], [0.0, 1.0, 0.0]]), np.array([0, 2])), (np.array([[900.0, 901.0]]), np.array([1]))
feedback, whose = agreeing(softmax_feedback, ours.feedback, *examples)
print(whose)
animals = np.asarray(feedback(np.log([[0.3, 0.7]]), np.array([0])))[0]
print(f"monkey .3, sloth .7, and it was a monkey: feedback {animals[0]:+.1f} for the monkey, {animals[1]:+.1f} for the sloth")

# %% [markdown]
# Before any feedback a network knows nothing. How often is a random network right that has 1,000 classes to choose from, as
# in ImageNet? There are no such images on your computer, so ten networks with random weights answer for random inputs and
# random classes.

# %% role="picture"
rng, hits = np.random.default_rng(0), []
for _ in range(10):
    inputs, weights = (rng.standard_normal(shape, np.float32) for shape in ((10_000, 64), (64, 1_000)))
    hits.append(float(np.mean((inputs @ weights).argmax(axis=1) == rng.integers(0, 1_000, 10_000))))
lucky = float(np.mean(hits))
print(f"right in {lucky:.3%} of 100,000 answers; one in a thousand is {1 / 1000:.3%}")
print(f"and its loss, if it thinks every class equally likely: ln 1000 = {np.log(1000):.2f}")

# %% [markdown]
# One in a thousand, and that is worth knowing: a training whose loss stands at $\ln(\text{number of classes})$ has
# learned nothing yet, and one that *starts* far above it has a bad start.
#
# ## A short glance
#
# To measure the slope exactly you must look at every example. Then you take one step, and all that work is out of date.
# The alternative is to look at a few, a **mini-batch**, and to step at once. **Stochastic gradient descent** (SGD),
# strictly, looks at one example; in everyday language mini-batches are SGD too. One pass through all the examples, in
# whatever portions, is an **epoch**.
#
# Each epoch takes the examples in a new random order, and every example once. The order comes as an argument, so that
# chance stays outside your function.

# %% role="solution" id="minibatches"
def minibatches(order, size):
    """Cuts an order of the examples into mini-batches.

    order : row numbers in the order in which they are to be taken, (n,)
    size  : examples a batch
    Returns a list of arrays: `size` rows each, in this order, only the last may have fewer.

    minibatches(np.array([4, 0, 3, 1, 2]), 2) is [array([4, 0]), array([3, 1]), array([2])]
    """
    ### BEGIN SOLUTION
    return [order[start:start + size] for start in range(0, len(order), size)]
    ### END SOLUTION

# %% role="check"
check(minibatches)

# %% [markdown]
# Three walkers on the mountain of the beginning, now for the record, driven by your `gd_step` and your `minibatches`.
# Each looks at 24 examples 40 times.

# %% role="picture"
cut, whose = agreeing(minibatches, ours.batches, (np.array([4, 0, 3, 1, 2]), 2), (np.arange(6), 3))
print(whose)


def walker(size, rate, passes=40, seed=5):
    """The places of a walker that looks at `size` of the 24 examples before each step: (steps + 1, 2)."""
    rng, places = np.random.default_rng(seed), [np.array([-0.37, 1.14])]
    for _ in range(passes):
        for rows in cut(rng.permutation(24), size):
            places.append(step(places[-1], ours.mountain_slope(places[-1], rows), rate))
    return np.array(places)


looks = {"all 24": (walker(24, 0.3), 24), "6 at a time": (walker(6, 0.3), 6), "1 at a time": (walker(1, 0.3), 1)}
after = {name: float(ours.height(*places[4 * 24 // size])) for name, (places, size) in looks.items()}
figures.walks(ours.height, looks, ours.EXTENT, minima=ours.VALLEYS, labels=("weight w", "weight v"),
              title="After 4 looks at each example: "
                    + ", ".join(f"{name} at height {height:.3f}" for name, height in after.items()))

# %% [markdown]
# The careful walker takes the straightest path and is the last to arrive. The hasty one staggers, takes 24 steps for the
# price of one, and is near the bottom almost at once. But it does not come to rest there: each example pulls in a
# direction of its own.
#
# The staggering has a use. From the west, where careful descent ends in the shallower valley, a stagger may carry a
# walker over the pass. Thousands of hasty walkers try it, at several learning rates.

# %% role="swarm"
runs = devices.scale(100_000, 2_000, emulated=40, what="walkers at each learning rate")
rng, hop_rates = np.random.default_rng(0), np.array([0.6, 0.9, 1.2, 1.5, 1.8])
places = np.tile(np.array([-0.9, 0.5])[:, None, None], (1, 5, runs))
for _ in range(960):
    drawn = rng.integers(0, 24, (5, runs))
    hidden = np.tanh(places[0] * ours.INPUTS[drawn] + ours.BIAS)
    miss = places[1] * hidden - ours.TARGETS[drawn]
    along_w = miss * places[1] * (1 - hidden**2) * ours.INPUTS[drawn]
    places = ours.step(places, np.array([along_w, miss * hidden]), hop_rates[:, None])     # labkit's: five rates at once
gone = ~(np.hypot(*places) < 6)
over = np.mean((places > 0).all(axis=0) & ~gone, axis=1)
print(f"{5 * runs:,} walks of 960 single examples from the west. {runs.note}")
for rate, share, away in zip(hop_rates, over, gone.mean(axis=1), strict=True):
    print(f"rate {rate}: {share:6.2%} are in the deeper valley at the end, {away:6.2%} far off the map")

# %% [markdown]
# So noise can find a better valley, as Yann LeCun and others wrote in 1998. But see at what price: the rates at which it
# happens often are those at which walkers are also lost. It is a possibility, not a plan.
#
# ## An epoch
#
# Now a network of the real kind, if a small one: handwritten digits of 8 by 8 pixels, and a softmax on their weighted
# sums. The table has 65 columns, for the last is 1 in every row, so that the last row of $W$ is the bias. We deal the
# 1,797 images at random: 698 to fit, 200 to check, 899 for an exam at the end of the lab.

# %% role="picture"
digits = datasets.digits("shuffled")
with_bias = np.column_stack([digits.X, np.ones(len(digits.X))])
(X, X_check), (y, y_check) = np.split(with_bias, [698]), np.split(digits.y, [698])
print(f"{len(X)} fitting rows, {len(X_check)} checking rows, {X.shape[1]} columns, {len(digits.classes)} classes; "
      f"{len(digits.y_test)} exam rows wait")

# %% [markdown]
# `slope(W, X, classes)` from the first cell gives the slope of the mean loss over the rows that you hand it: labkit's form
# of the feedback that you have just written, carried back to the weights by the rule of lab 04 ($X^T$ times the feedback).
# Write one epoch.

# %% role="solution" id="sgd_epoch"
def sgd_epoch(W, X, classes, batches, learning_rate):
    """One step for each mini-batch, one after the other, each from where the last one ended.

    W       : the weights at the beginning, (n_inputs, n_classes)
    X       : all examples, (n, n_inputs)       classes : the right class of each, (n,)
    batches : a list of arrays of row numbers; a batch's examples are X[rows], classes[rows]
    Returns the weights at the end, in a new array; W itself stays as it is.
    slope(W, X, classes) is the slope of the mean loss over the rows that it is given.

    From W [[0.0, 0.0]], with X [[1.0], [3.0]], classes [0, 1], batches [array([0]), array([1])] and the rate 1.0,
    the first step leads to [[0.5, -0.5]] and the second to [[-2.358, 2.358]], which is returned
    """
    ### BEGIN SOLUTION
    for rows in batches:
        W = W - learning_rate * slope(W, X[rows], classes[rows])
    return W
    ### END SOLUTION

# %% role="check"
check(sgd_epoch)

# %% [markdown]
# The race. A target is set: a mean loss of 0.3 on the checking rows. We count what it costs to get there, in steps and in
# examples looked at, for batches of 1, 5, 25, 100 and all 698, each with the learning rate that suits it best.
#
# On the mountain, with its 24 examples, the hasty walker won. **Here there are 698. How many examples does full-batch descent
# look at, compared with batches of 1?**
#
# - `"a"` about as many: what counts is how much has been looked at
# - `"b"` two or three times as many
# - `"c"` ten times as many, or worse

# %% role="predict" id="guess_glance"
guess_glance = ...  # "a", "b" or "c"
### BEGIN SOLUTION
guess_glance = "c"
### END SOLUTION

# %% role="check"
check(guess_glance=guess_glance)

# %% role="picture"
from labkit.losses import softmax_cross_entropy

epoch, whose = agreeing(sgd_epoch, ours.epoch, (np.ones((65, 10)), X[:7], y[:7], [np.arange(4), np.arange(4, 7)], 0.5))
print(whose)


def loss(W, X, classes):
    """The mean cross-entropy."""
    return float(softmax_cross_entropy(X @ W, classes)[0])

# %% role="picture"
def price(size, rate, target=0.3, seed=0, passes=None):
    """(steps, examples looked at) until the loss on the checking rows is below the target; None if it never is."""
    rng, W, steps, looked = np.random.default_rng(seed), np.zeros((65, 10)), 0, 0
    for _ in range(passes or (100 if size == len(X) else 5)):
        batches = ours.batches(rng.permutation(len(X)), size)
        for part in ours.batches(batches, max(1, 50 // size)):      # the loss is looked at about every 50 examples
            W = epoch(W, X, y, part, rate)
            steps, looked = steps + len(part), looked + sum(map(len, part))
            now = loss(W, X_check, y_check)
            if not np.isfinite(now) or now < target:
                return (steps, looked) if now < target else None
    return None

# %% role="picture"
sizes, tried = (1, 5, 25, 100, 698), (0.3, 1.0, 3.0, 10.0, 30.0)
start, best = time.perf_counter(), {}
for size in sizes:
    costs = {}
    for rate in tried:
        runs = [price(size, rate, seed=seed) for seed in range(1 if size == len(X) else 3)]
        if all(runs):
            costs[rate] = np.median(runs, axis=0)
    rate = min(costs, key=lambda rate: costs[rate][1])
    best[size] = (rate, *map(int, costs[rate]))
    print(f"batches of {size:3d}: best rate {rate:4g}, {best[size][1]:5,} steps, {best[size][2]:7,} examples looked at")
print(f"{time.perf_counter() - start:.1f} s in all")

# %% role="picture"
steps_taken, looked_at = [best[size][1] for size in sizes], [best[size][2] for size in sizes]
figures.curves(
    {"": {"steps taken": (sizes, steps_taken), "examples looked at": (sizes, looked_at)}}, "examples a batch",
    "needed for a loss of 0.3", logx=True, logy=True, markers=True,
    title=f"Full-batch descent takes {steps_taken[0] / steps_taken[-1]:.0f} times fewer steps and looks at "
          f"{looked_at[-1] / looked_at[0]:.0f} times more examples than batches of 1",
    alt="Two lines against the size of a batch, both axes logarithmic: steps fall from hundreds to tens, examples rise "
        "from hundreds to tens of thousands.")

# %% [markdown]
# It is `"c"`. Images of one digit are much alike, so a few say most of what all of them say. LeCun and others put it as a
# thought experiment: let the 1,000 examples be 100 examples copied ten times. Full-batch descent does ten times the work
# and gets the very same slope. (The table at the end tries it.)
#
# Then why not always one example? Because computers multiply matrices faster than they run loops. Look at the time an
# example takes.

# %% role="picture"
times = {}
for size in sizes:
    batches = ours.batches(np.random.default_rng(0).permutation(len(X)), size)
    tries = []
    for _ in range(5):
        start = time.perf_counter()
        ours.epoch(np.zeros((65, 10)), X, y, batches, 0.1)
        tries.append(time.perf_counter() - start)
    times[size] = min(tries) / len(X)
    print(f"batches of {size:3d}: {1e6 * min(tries) / len(batches):5.0f} microseconds a step, {1e6 * times[size]:6.2f} "
          f"an example; the target takes {1e3 * times[size] * best[size][2]:6.2f} ms")
quickest = min(sizes, key=lambda size: times[size] * best[size][2])
print(f"By the clock batches of {quickest} win.")

# %% [markdown]
# A step with 25 examples takes hardly longer than a step with one, and its slope is much less noisy. That is the
# compromise on which practice has settled: some tens to some hundreds of examples.
#
# ## Coming to rest
#
# With a constant rate SGD never stops trembling. Robbins and Monro's steps become smaller. How fast may they shrink? Take
# the simplest noisy mountain, a bowl $\tfrac12 x^2$ whose slope is measured with an error of size 1: slope $= x +
# \text{noise}$, start at 3. At a constant rate $r$ the squared distance should settle at $r / (2 - r)$ on average; with
# the rate $1/t$ at step $t$ it should be $1/t$.

# %% role="picture"
def noisy(schedule, runs=2_000, steps=1_000, seed=0):
    """The mean squared distance from the bottom after each step, over many walkers: (steps,)."""
    rng, x, far = np.random.default_rng(seed), np.full(runs, 3.0), []
    for t in range(1, steps + 1):
        x = step(x, x + rng.normal(size=runs), schedule(t))
        far.append(np.mean(x**2))
    return np.array(far)

# %% role="picture"
count = np.arange(1, 1_001)
rests = {"0.1 always": noisy(lambda t: 0.1), "0.02 always": noisy(lambda t: 0.02), "1 / t": noisy(lambda t: 1 / t),
         "0.5 / t²": noisy(lambda t: 0.5 / t**2)}
for name, far in rests.items():
    print(f"{name:>11}: mean squared distance {far[-1]:.4f} after 1,000 steps")
print(f"theory: {0.1 / 1.9:.4f} and {0.02 / 1.98:.4f} for the constant rates, {1 / 1000:.4f} for 1 / t")
figures.curves({"": {name: (count, far) for name, far in rests.items()}}, "steps", "mean squared distance",
               logx=True, logy=True, title="A constant rate trembles on, 1 / t comes to rest, and 0.5 / t² stops on the way",
               alt="Four curves on logarithmic axes: constant rates fall and level off, 1/t falls all the way, 0.5/t squared "
                   "levels off high up.")

# %% [markdown]
# Two conditions, known as Robbins and Monro's ever since: the rates must add up to infinity, or the walker runs out of
# road before the bottom; their *squares* must add up to something finite, or the noise never dies down.
#
# $$ \sum_t r_t = \infty, \qquad \sum_t r_t^2 < \infty $$
#
# $1/t$ satisfies both, a constant fails the second, $1/t^2$ the first. In practice one trains at a constant rate for as
# long as it helps and lowers it towards the end.
#
# ## Watch it on other rows
#
# How do you know whether a training goes well? Watch the loss, and not only on the rows that the network learns from: there
# it would also fall if they were merely learned by heart. The checking rows were never used for a step.

# %% role="picture"
def training(rate, size=25, passes=20, seed=1):
    """Loss on the fitting and on the checking rows after each epoch, and the last weights."""
    rng, W, losses = np.random.default_rng(seed), np.zeros((65, 10)), []
    for _ in range(passes):
        W = epoch(W, X, y, ours.batches(rng.permutation(len(X)), size), rate)
        losses.append((loss(W, X, y), loss(W, X_check, y_check)))
    return np.array(losses).T, W

# %% role="picture"
watched = {f"rate {rate:g}": training(rate)[0] for rate in (0.03, 1.0, 30.0)}
passes = np.arange(1, 21)
figures.curves(
    {heading: {"fitting rows": (passes, both[0], "train"), "checking rows": (passes, both[1], "check")}
     for heading, both in watched.items()},
    "epochs", "mean loss", logy=True, title="Too small, useful, too large: "
    + ", ".join(f"{both[1, -1]:.2f}" for both in watched.values()) + " on the checking rows after 20 epochs",
    alt="Three panels with the loss on fitting and checking rows over 20 epochs: a slow fall, a fast fall where the two "
        "curves part, and two jagged curves far apart, that of the checking rows high up.")

# %% [markdown]
# Learn to read these three. Slow and smooth: the rate is too small. Jagged: too large, however low the fitting rows dip now
# and then, for the checking rows stay high. And in the middle a gap opens between the two curves: what is still gained on
# the fitting rows no longer helps elsewhere. Lab 09 is about that gap.
#
# ## The learning-rate finder
#
# Between 0.03 and 30 lies a factor of a thousand. Leslie Smith described in 2015 how to search it in one short run:
# **raise the rate with every step**, from far too small to far too large, and write down the loss. At first nothing
# happens, then the loss falls, then it explodes. Make a rule of it:
#
# - read the record up to the first loss that is not finite or is more than four times the smallest loss before it; what
#   comes later says nothing, because the weights are ruined;
# - in that part find the rate with the smallest loss. There the curve is about to turn up, so take a tenth of it.

# %% role="solution" id="find_rate"
def find_rate(rates, losses):
    """A usable learning rate from the record of a run in which the rate was raised at every step.

    rates  : the learning rates, growing, (n,)      losses : the loss after each step, (n,)
    The record ends before the first loss that is not finite, or is larger than four times the
    smallest loss before it. Returns a tenth of the rate with the smallest loss in that part.
    The first loss is always finite, and no two finite losses are equal.

    find_rate(np.array([0.1, 1.0, 10.0, 100.0]), np.array([2.0, 0.5, 9.0, 0.1])) is 0.1
    """
    ### BEGIN SOLUTION
    lowest, best = losses[0], rates[0]
    for rate, value in zip(rates, losses, strict=True):
        if not np.isfinite(value) or value > 4 * lowest:
            break
        if value < lowest:
            lowest, best = value, rate
    return best / 10
    ### END SOLUTION

# %% role="check"
check(find_rate)

# %% role="picture"
low, jumps = np.array([2.0, 0.5, 9.0, 0.1]), np.array([2.0, 0.5, np.nan])
finder, whose = agreeing(find_rate, ours.tenth_of_lowest, (np.array([0.1, 1.0, 10.0, 99.0]), low), (np.array([0.1, 1.0, 10.0]), jumps))
print(whose)
batches = ours.batches(np.random.default_rng(0).permutation(len(X)), 10)
raised, record, W = np.geomspace(1e-3, 100, len(batches)), [], np.zeros((65, 10))
for rows, rate in zip(batches, raised, strict=True):
    W = epoch(W, X, y, [rows], rate)
    record.append(loss(W, X_check, y_check))
found = float(finder(raised, np.array(record)))
print(f"one epoch of {len(batches)} steps, and the answer: {found:.3f}")
figures.curves({"": {"loss on the checking rows after each step": (raised, record)}}, "learning rate of this step",
               "mean loss on the checking rows", logx=True, logy=True, ylim=(1, 40),
               marks=[(found, f"found: {found:.2g}")],
               title=f"The loss falls, then explodes; a tenth of the best rate is {found:.2g}",
               alt="The loss while the rate is raised from 0.001 to 100: level, a fall near 1, then a rise that leaves the "
                   "picture. A dotted line marks the rate found.")

# %% [markdown]
# Is it any good? Ten epochs with each of many rates, the slow way, for comparison.

# %% role="picture"
sweep = np.geomspace(0.003, 100, 10)
outcome = [training(rate, size=10, passes=10)[0][1, -1] for rate in sweep]
with_found = training(found, size=10, passes=10)[0][1, -1]
top = int(np.argmin(outcome))
print(f"after 10 epochs: loss {with_found:.2f} with the rate found,",
      f"{outcome[top]:.2f} with the best of the sweep, {sweep[top]:.2g}")
figures.curves({"": {"after 10 epochs at this rate": (sweep, outcome)}}, "learning rate",
               "mean loss on the checking rows", logx=True, logy=True, markers=True, marks=[(found, f"found: {found:.2g}")],
               title=f"The rate found is safe, and {sweep[top] / found:.0f} times below the best of the sweep",
               alt="Loss after ten epochs against the learning rate: high at both ends, lowest near 1; the rate found lies "
                   "on the falling side.")

# %% [markdown]
# One epoch instead of a hundred, and it lands on the safe side, here even too cautiously. In this lab's network the loss
# is a single bowl without surprises; in deep networks the caution is more often needed. A finder gives a place to begin,
# not the last word.
#
# Everything has been chosen now: rate 1, batches of 25, 20 epochs. So the exam may be opened, once.

# %% role="picture"
_, W = training(1.0)
exam = np.column_stack([digits.X_test, np.ones(len(digits.X_test))])
accuracy_exam = float(np.mean((exam @ W).argmax(axis=1) == digits.y_test))
print(f"exam: {accuracy_exam:.1%} of {len(exam)} digits right; guessing would give {1 / 10:.0%}")

# %% [markdown]
# ## The paper said, we got, why

# %% role="table"
one, ten = np.arange(100), np.tile(np.arange(100), 10)
W0 = np.random.default_rng(3).normal(size=(65, 10))
copies = float(np.abs(slope(W0, X[ten], y[ten]) - slope(W0, X[one], y[one])).max())
sharp = himmelblau.minima[3]
near = limits["south-west"] * np.linspace(0.95, 1.05, 401)
run = swarm.descents(himmelblau, near, 0, (sharp[0] + 0.01, sharp[1] + 0.01), "gradient_descent", 20_000)
edge = float(near[run.basins([sharp], 0.002) == 0].max() / limits["south-west"])
field = np.random.default_rng(0).uniform(-1.8, 1.8, (2, 20_000))
settled = swarm.descents(saddle, 0.1, 0, field, "gradient_descent", 2_000)
at_saddle = int(np.sum(np.hypot(settled.x, settled.y) < 0.1))
ratio = rests["0.1 always"][-200:].mean() / rests["0.02 always"][-200:].mean()
figures.paper_table([
    {"claim": "The stability limit", "kind": "theorem",
     "paper": "descent diverges above twice the inverse of the largest eigenvalue of the Hessian (LeCun et al. 1998, section 5)",
     "ours": f"on a bowl each step multiplies the distance by {growth[0.99]:.3f} just below and {growth[1.01]:.3f} just above; "
             f"a Himmelblau valley is lost at {edge:.4f} of its limit",
     "setting": "bowl 1:10, rates 1% off the limit, 100 steps; south-west valley, 401 rates within 5%, 20,000 steps from "
                "0.01 beside it",
     "why": "near the bottom a step is a multiplication by 1 - rate times bend; the grid of rates is 0.00025 of the limit wide",
     "ok": abs(growth[0.99] - 0.98) < 1e-3 and abs(growth[1.01] - 1.02) < 1e-3 and abs(edge - 1) < 0.002},
    {"claim": "Smaller and smaller steps", "kind": "theorem",
     "paper": "steps of type 1/t converge: their sum is infinite, the sum of their squares is not (Robbins and Monro 1951)",
     "ours": f"mean squared distance {rests['1 / t'][-1]:.5f} with 1/t, {rests['0.1 always'][-1]:.4f} with 0.1, "
             f"{rests['0.5 / t²'][-1]:.2f} with 0.5/t²",
     "setting": "bowl with slope x + normal noise, start 3, 2,000 walkers, 1,000 steps",
     "why": "with 1/t the place is exactly minus the mean of the noise so far, so 1/1000 is expected",
     "ok": abs(1000 * rests["1 / t"][-1] - 1) < 0.15 and rests["0.1 always"][-1] > 0.04 and rests["0.5 / t²"][-1] > 0.5},
    {"claim": "The trembling is proportional to the rate", "kind": "theorem",
     "paper": "the variance around the minimum is proportional to the learning rate (LeCun et al. 1998, section 4.1)",
     "ours": f"{ratio:.2f} times the variance for 5 times the rate", "setting": "the same bowl, rates 0.1 and 0.02, mean of the last 200 steps",
     "why": f"exactly r / (2 - r), so {0.1 / 1.9 / (0.02 / 1.98):.2f}: proportional while r is small", "ok": abs(ratio - 5.21) < 0.15},
    {"claim": "Copies add work and no news", "kind": "theorem",
     "paper": "the slope over ten copies of 100 examples equals the slope over the 100 (LeCun et al. 1998, section 4.1)",
     "ours": f"largest difference {copies:.0e}", "setting": "100 digits, random weights",
     "why": "a mean does not change when everything is repeated; what is left is rounding", "ok": copies < 1e-10},
    {"claim": "Stochastic beats batch", "kind": "figure",
     "paper": "stochastic learning is usually much faster than batch learning on large redundant sets (LeCun et al. 1998); "
              "batch training is 'almost always slower' (Wilson and Martinez 2003)",
     "ours": f"{looked_at[-1] / looked_at[0]:.0f} times fewer examples with batches of 1 than with all 698; "
             f"{steps_taken[0] / steps_taken[-1]:.0f} times more steps",
     "setting": "digits 8x8, softmax, 698 fitting rows, loss 0.3 on 200 checking rows, best of 5 rates each, median of 3 orders",
     "why": f"698 images repeat each other less than tens of thousands would; by this computer's clock batches of {quickest} win",
     "ok": looked_at[-1] > 5 * looked_at[0] and steps_taken[0] > 3 * steps_taken[-1]},
    {"claim": "Saddles delay and do not hold", "kind": "theorem",
     "paper": "from random starts gradient descent does not converge to strict saddles, with probability one (Lee et al. 2016)",
     "ours": f"{at_saddle} of {field.shape[1]:,} at the saddle; a hundredth of the distance from the ridge costs {waits[1] - waits[0]} steps",
     "setting": "x²/2 - y²/2 + y⁴/4, rate 0.1, 2,000 steps from uniform starts; waiting from 0.1 and 0.001 beside the ridge",
     "why": "beside the ridge the distance grows by 1.1 a step: ln 100 / ln 1.1 = 48.3",
     "ok": at_saddle == 0 and abs(waits[1] - waits[0] - 48.3) < 1.5},
    {"claim": "A network that knows nothing", "kind": "number", "paper": "0.1% right among ImageNet's 1,000 classes (Dettmers 2015)",
     "ours": f"{lucky:.3%}", "setting": "10 networks with random weights, 10,000 random inputs and classes each; no images",
     "why": "each class is right with probability 1/1000; 100,000 answers leave an uncertainty of 0.01%", "ok": abs(lucky - 0.001) < 5e-4},
    {"claim": "A finder in one short run", "kind": "figure",
     "paper": "raising the rate during a few epochs is enough to estimate reasonable bounds (Smith 2017)",
     "ours": f"{found:.2g} found; after 10 epochs loss {with_found:.2f}, best of ten rates {outcome[top]:.2f} at {sweep[top]:.2g}",
     "setting": "digits 8x8, softmax, batches of 10, rates 0.001 to 100 in one epoch; a tenth of the lowest, as in the library fastai",
     "why": "one epoch leaves each rate a single step, so the lowest point lies near the explosion, and a tenth of it is cautious",
     "ok": 0.01 < found < sweep[top] / 3 and with_found < 1.0},
])

# %% [markdown]
# ## What became of it
#
# Networks are still trained by steps on small batches. Such a step does not care how many examples there are in all, it
# needs no memory but the weights, and its errors are of the kind that averages out. What was added later changes the step, not the idea: momentum
# (lab 06) remembers the direction, RMSprop (lab 07) gives each weight a rate of its own.
#
# ## Explain it
#
# **A colleague trains a network on a million images, looking at all of them before each step, with a learning rate of
# 0.5. The loss falls for five steps, then jumps up and down, higher each time. She concludes: "It is stuck in a local
# minimum. I need more images in each step, so that the slope is exact." Explain to her (1) what is happening; (2) how she
# could test it with a few more steps; (3) why more images a step will not help, and what looking at fewer would change, for
# better and for worse; and (4) which curve she should watch to know whether the network learns anything of use.** (Eight to
# twelve sentences.)

# %% [markdown] role="explain" id="explain_fog" points=4
# A model answer. In a local minimum the walker would come to rest: the slope is near zero and the loss stays level. A
# loss that jumps with growing height is the picture of a rate above the stability limit: along the steepest direction the
# rate times the bend is larger than 2, so each step lands higher on the other side of the valley, as on the bowl at 1.01
# of its limit. The test is simple: start from the same weights with a smaller rate, say a tenth. If the loss then falls
# smoothly, it was the rate. A learning-rate finder would show the same in one short run. Her slope is exact already,
# because she looks at all images; more of them cannot make it more exact, and the limit 2 divided by the largest bend has
# nothing to do with how many are averaged. Looking at fewer, say 100, costs ten thousand times less a step, and as images
# repeat each other most of the slope is in those 100: on the digits of the lab batches of one reached the target with a
# small fraction of the looks that the full batch needed. The price is noise: with a constant rate the weights go on
# trembling around the bottom, in proportion to the rate, so the rate should be lowered towards the end; and single
# examples use the computer badly. She should watch the loss on held-out images, which take part in no step. If it falls
# with the training loss, the network learns something of use; if it stays behind, it learns by heart.
#
# **Marking scheme** (4 points)
#
# - 1 point: the diagnosis: growing jumps mean that the rate is above the stability limit (overshooting), with the reason
#   why it is not a local minimum. Only "the learning rate is too large" without either is half a point.
# - 1 point: a test that could come out either way: same start with a smaller rate, or a learning-rate finder.
# - 1 point: why more images do not help (the slope is exact; the limit depends on the bend), *and* what fewer change:
#   cheaper steps and redundancy on the one side, noise on the other. One of the two halves is half a point.
# - 1 point: the held-out loss, and what it shows that the training loss does not.

# %% [markdown]
# ## What you have now
#
# - Gradient descent, and its limit: the rate must stay below $2/\lambda_{max}$ of the valley in which it is to settle.
# - Valleys, passes and plateaus: all are flat, and only the first is an end.
# - The feedback $p - y$ of a softmax, mini-batches, and an epoch of SGD on real digits.
# - A finder for the learning rate, and the habit of watching rows that take no part in a step.
# - A kernel in which every thread goes down by itself.
# - The question for lab 06: in a long narrow valley the steep walls set the rate and the floor is nearly flat. Can a
#   walker gather speed along the floor?
#
# ## Words of this lab
#
# {glossary}
#
# ## Sources and further reading
#
# - A. Cauchy, *Méthode générale pour la résolution des systèmes d'équations simultanées*, Comptes Rendus 25, 1847, pages
#   536 to 538.
# - H. Robbins and S. Monro, *A stochastic approximation method*, Annals of Mathematical Statistics 22, 1951, pages 400
#   to 407.
# - Y. LeCun, L. Bottou, G. B. Orr and K.-R. Müller, *Efficient BackProp*, in *Neural Networks: Tricks of the Trade*,
#   Springer, 1998. Section 4.1: stochastic against batch; section 5: the largest learning rate.
# - D. R. Wilson and T. R. Martinez, *The general inefficiency of batch training for gradient descent learning*, Neural
#   Networks 16, 2003, pages 1429 to 1451.
# - Y. Dauphin and others, *Identifying and attacking the saddle point problem in high-dimensional non-convex
#   optimization*, NIPS 2014.
# - J. D. Lee, M. Simchowitz, M. I. Jordan and B. Recht, *Gradient descent only converges to minimizers*, Conference on
#   Learning Theory, 2016.
# - L. N. Smith, *Cyclical learning rates for training neural networks*, IEEE Winter Conference on Applications of
#   Computer Vision, 2017 (first circulated in 2015).
# - J. Howard, S. Gugger and others, the library fastai, `callback/schedule.py`: a tenth of the rate with the lowest
#   loss, and the stop at four times the lowest.
# - T. Dettmers, *Deep Learning in a Nutshell: History and Training*, NVIDIA developer blog, 2015: the mountain in fog,
#   the monkey and the sloth, 0.1%.
# - Q. V. Le, *A Tutorial on Deep Learning, Part 1*, 2015: monitoring on held-out data.
# - D. M. Himmelblau, *Applied Nonlinear Programming*, McGraw-Hill, 1972: the function with four valleys.
# - E. Alpaydin and C. Kaynak, *Optical recognition of handwritten digits*, UCI Machine Learning Repository, 1998: the
#   digits.
