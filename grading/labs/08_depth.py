# %% [markdown]
# # 08 · Why depth was hard
#
# *1991 to 2015. If one hidden layer is enough for any curve, why would anyone want many, and why did they not learn?*
#
# Lab 07 gave every weight a step of its own size, whatever the size of its gradient. This lab asks where those very different
# sizes come from. You build a network by hand that follows any curve you draw, walk an error back through twenty layers, and
# rebuild the three answers that made deep networks trainable: other units, better first weights, and training one layer at a
# time.
#
# **When you have finished you can**
#
# - build a bump from two sigmoids and a curve from bumps, and say what the universal approximation theorem does *not* promise;
# - show with a count when many small layers say more than one wide layer;
# - measure how a gradient shrinks or grows from layer to layer, and say why;
# - choose the unit and the size of the first weights that keep it alive;
# - train a restricted Boltzmann machine by contrastive divergence, and say what pretraining is good for.
#
# **You need** lab 04 (backpropagation) and labs 05 to 07 (optimizers). **Your time**: about 115 minutes required; the parts
# marked *optional* add 20 (run their cells all the same: the table at the end uses them).
#
# **The computer's time and memory**: {measured}.

# %% role="setup"
import json
from functools import partial
from itertools import pairwise

import numpy as np

from labkit import check, datasets, devices, figures, ops, widgets
from labkit.checks import agreeing
from labkit.widgets import depth_rules as ours


def sigmoid(z):
    """1 / (1 + exp(-z)), written so that nothing overflows."""
    return 0.5 * (1 + np.tanh(0.5 * z))

# %% role="picture"
figures.style.use()
print(devices.report())
figures.course_map("08_depth")

# %% [markdown]
# ## One hidden layer is enough
#
# Two years before anybody could say why depth was hard, in 1989, George Cybenko, and independently Kurt Hornik, Maxwell
# Stinchcombe and Halbert White, proved that one hidden layer of sigmoid units can follow any continuous function on a bounded
# region as closely as you like, if it is wide enough. You can see why with your own hands, without the proof.
#
# A sigmoid is a soft step from 0 to 1. Make its sum `steepness * (x - edge)`: the step stands at `x = edge`, and the larger
# the steepness, the sharper it is. One step up, then the same step down a little further right, and a **bump** is left (with
# $\sigma$ for the sigmoid and $s$ for the steepness):
#
# $$ \text{bump}(x) = \text{height} \cdot \big( \sigma(s\,(x - \text{left})) - \sigma(s\,(x - \text{right})) \big) $$

# %% role="solution" id="bump"
def bump(x, left, right, height, steepness):
    """A bump: about `height` between left and right, about 0 elsewhere.

    x : (n,)      left, right, height, steepness : numbers, left < right
    Returns (n,): a sigmoid step at `left` minus one at `right`, times the height.
    The cell at the top defines `sigmoid`.

    bump(np.array([0.0, 0.5, 1.0]), 0.2, 0.8, 3.0, 100.0) is very nearly [0, 3, 0]
    """
    ### BEGIN SOLUTION
    return height * (sigmoid(steepness * (x - left)) - sigmoid(steepness * (x - right)))
    ### END SOLUTION

# %% role="check"
check(bump)

# %% role="picture"
def piece(function, fallback, *examples):
    """Your function or labkit's; prints which of the two it is."""
    chosen, whose = agreeing(function, fallback, *examples)
    print(whose)
    return chosen


one_bump = piece(bump, ours.bump, (np.linspace(0, 1, 9), 0.3, 0.6, 2.0, 20.0))
figures.two_steps(one_bump)

# %% [markdown]
# Now put bumps side by side, each as high as the curve is in the middle of its stretch. This *is* a network with one hidden
# layer: two sigmoid units a bump, and one output that adds. Write its weights down. The hidden units compute
# `sigmoid(x * w + b)`, the output multiplies them by `v` and adds up.

# %% role="solution" id="bump_network"
def bump_network(heights, steepness):
    """The weights of a network whose answer is n bumps side by side on 0 to 1, each 1 / n wide.

    heights : (n,), of the first bump, the second and so on      steepness : a number
    Returns w, b, v, (2 n,) each, so that the answer at x is the sum over k of v[k] * sigmoid(x * w[k] + b[k]).
    Units 0 to n - 1 are the left edges, in order; units n to 2 n - 1 the right edges. All w are the steepness.

    bump_network(np.array([5.0, 3.0]), 10.0) is [10, 10, 10, 10], [0, -5, -5, -10], [5, 3, -5, -3]:
    two bumps, with edges at 0, 0.5 and 1
    """
    ### BEGIN SOLUTION
    n = len(heights)
    edges = np.linspace(0, 1, n + 1)
    w = np.full(2 * n, steepness)
    b = -steepness * np.concatenate([edges[:-1], edges[1:]])
    return w, b, np.concatenate([heights, -heights])
    ### END SOLUTION

# %% role="check"
check(bump_network)

# %% [markdown]
# Draw a curve and watch your network follow it. Three things to try:
#
# - Few bumps and a large steepness: a staircase. What does *one* more bump change?
# - Draw a jump, then make the edges soft and hard again.
# - Forty bumps on the hills, steepness 100: the edges of neighbours melt into one another. Better or worse?

# %% [markdown]
# ![](still:bumps)

# %% role="picture"
widgets.bumps(bump, bump_network)

# %% [markdown]
# More bumps, smaller misses: with bumps of width $1/n$ the curve has little room to move inside one of them. Soft edges even
# help where the curve is smooth, because neighbours blend. The same works in two dimensions with towers, and that is the
# whole idea of the **universal approximation theorem**.
#
# Now the small print, which is often left out. The theorem says that good weights *exist*. It says nothing about whether
# gradient descent finds them. You have just written some down without any training. So put it to the test: 20 bumps by
# hand, which are 40 sigmoid units, against 40 such units that learn the same curve from a random start.

# %% role="picture"
from labkit.losses import squared_error
from labkit.network import dense_network
from labkit.optimizers import Adam, GradientDescent

build = piece(bump_network, ours.bump_network, (np.array([1.0, -2.0, 0.5]), 30.0))
x = np.linspace(0, 1, 201)
hills = datasets.CURVES["hills"](x) / 1.5


def by_hand(n, steepness):
    w, b, v = build(np.interp((np.arange(n) + 0.5) / n, x, hills), steepness)
    return sigmoid(np.outer(x, w) + b) @ v


def by_training(optimizer, steps=3_000):
    network = dense_network((1, 40, 1), "sigmoid", random_state=0)
    for _ in range(steps):
        network.train_step(2 * x[:, None] - 1, hills[:, None], squared_error, optimizer)
    return network.predict(2 * x[:, None] - 1)[:, 0]

# %% role="picture"
answers = {"20 bumps by hand": by_hand(20, 100.0), "trained by gradient descent": by_training(GradientDescent(0.1)),
           "trained by Adam": by_training(Adam(0.01))}
away = {words: float(np.abs(answer - hills)[10:-10].mean()) for words, answer in answers.items()}
for words, miss in away.items():
    print(f"{words:<28} off by {miss:.3f} on average (x from 0.05 to 0.95)")
times = away["trained by gradient descent"] / away["20 bumps by hand"]
figures.followers(x, hills, answers,
                  f"The same 40 units: gradient descent stays {times:.0f} times further off than weights that exist")

# %% [markdown]
# Three thousand full steps, and plain gradient descent has hardly begun to bend; an optimizer of lab 07 does much better.
# *Can say* and *can learn* are two questions. The rest of this lab keeps them apart.
#
# ## What depth buys
#
# If one layer can say everything, more layers can only be a matter of **price**: how many connections does it take? In his
# tutorial Quoc Le compares a deep network to a program with **subroutines**. What a lower layer has computed can be used
# again and again by the layers above; a shallow network has to write it out each time.
#
# Here is a subroutine of two rectified units: a tent, up to 1 in the middle and down again.
#
# $$ \text{tent}(x) = 2 \max(x, 0) - 4 \max(x - \tfrac12, 0) \qquad \text{for } x \text{ from 0 to 1} $$
#
# Let the next layer call it on its answer, and the next again.

# %% role="picture"
def tent(x):
    return 2 * np.maximum(x, 0) - 4 * np.maximum(x - 0.5, 0)


figures.compositions(tent)

# %% [markdown]
# Each further layer costs the same handful of weights and *doubles* the number of teeth. A single hidden layer of $H$ rectified
# units is a line with at most $H$ kinks, so it needs a unit for every kink: twice as many teeth, twice as many units. Matus
# Telgarsky made a theorem of this in 2015.
#
# Let us count, at equal connections. Take $n = 2^k$ points, on which the sawtooth is 0, 1, 0, 1 and so on. The deep network
# has $k$ layers of two units: $4k$ connections. With $4k$ connections a shallow one has $2k$ units, so it has at most $2k +
# 1$ straight pieces. Each piece crosses the line $\tfrac12$ at most once. The answers therefore form at most $2k + 2$
# stretches of equal answers, and in a stretch of $r$ points at most every second one, rounded up, is right. So at most half
# of all points are right, and half a point more for each stretch.

# %% role="picture"
from labkit.activations import ReLU
from labkit.layers import Dense
from labkit.network import Network


def sawtooth_network(k):
    """k layers of two rectified units, each the subroutine `tent` of the layer before."""
    layers = [layer for i in range(k) for layer in (Dense(1 if i == 0 else 2, 2), ReLU())] + [Dense(2, 1)]
    for i, layer in enumerate(layers[::2]):
        layer.W[...] = np.array([[1.0, 1.0]] if i == 0 else [[2.0], [-4.0]])
        layer.b[...] = [0.0, -0.5] if i < k else 0.0
    return Network(*layers)


def wrong_deep(k):
    points = np.arange(2**k) / 2**k
    return float(np.mean((sawtooth_network(k).predict(points[:, None])[:, 0] > 0.5) != np.arange(2**k) % 2))


def wrong_shallow(k):
    return max(0.0, 0.5 - (2 * k + 2) / 2 ** (k + 1))

# %% role="picture"
tall = np.arange(2, 11)
deep, shallow = np.array([wrong_deep(k) for k in tall]), np.array([wrong_shallow(k) for k in tall])
figures.equal_connections(tall, shallow, deep, 4 * tall,
                          f"With {4 * tall[-1]} connections each, depth gets all {2 ** tall[-1]:,} points right, "
                          f"one layer at best {1 - shallow[-1]:.0%}")

# %% [markdown]
# This is a statement about *one kind* of curve, one that is made by repeating a step. Nothing says that your data are like
# that. Le reports that in speech recognition shallow networks needed about ten times the connections for the same result; for
# a problem that a straight line solves, depth buys nothing.
#
# ### *Optional*: and is it found?
#
# Existence again. Four teeth, two networks with 208 connections each, five random starts each, the same 1,500 steps of Adam.

# %% role="picture"
def tooth_error(sizes, seed, steps=1_500):
    """Squared error on four teeth over their variance, after training: 0 perfect, 1 no better than the mean."""
    points = np.linspace(0, 1, 129, dtype=np.float32)[:, None]
    wanted = (tent(tent(tent(points))) - 0.5).astype(np.float32)
    network, optimizer = dense_network(sizes, random_state=seed, dtype=np.float32), Adam(0.01)
    for _ in range(steps):
        network.train_step(2 * points - 1, wanted, squared_error, optimizer)
    return float(np.mean((network.predict(2 * points - 1) - wanted) ** 2) / wanted.var())

# %% role="picture"
shapes = {"one layer of 104 units": (1, 104, 1), "four layers of 8 units": (1, 8, 8, 8, 8, 1)}
for words, units in shapes.items():
    print(f"{words}: {sum(n * m for n, m in pairwise(units))} connections")
trained = {words: [tooth_error(units, seed) for seed in range(5)] for words, units in shapes.items()}
medians = [float(np.median(values)) for values in trained.values()]
figures.paired_runs(trained, "error left (0 perfect, 1 no better than the mean)",
                    f"Four teeth, 208 connections: median error {medians[0]:.2f} with one layer, "
                    f"{medians[1]:.3f} with four")

# %% [markdown]
# With rectified units, a good start and Adam, depth can be *found*, if not from every start. In 1991 none of the three was at
# hand, at least not together.
#
# ## Why it did not learn
#
# The unit of the 1980s was the sigmoid. Its slope is $y\,(1 - y)$: a quarter at most, where the answer is $y = .5$. At $y =
# .2$ and at $y = .8$ it is $.2 \times .8 = .16$, still two thirds of the most. At $y = .01$ it is $.0099$. A unit out there
# is **saturated**: whatever error arrives, next to nothing of it reaches the weights. Hence a rule of thumb: keep the units
# between .2 and .8.

# %% role="picture"
figures.saturation()

# %% [markdown]
# ## Munich, 1991
#
# In his diploma thesis Sepp Hochreiter, a student of Jürgen Schmidhuber's, asked what becomes of an error on its way back
# through many steps. At each step it is multiplied by a weight and by a slope. A product of many factors below 1 shrinks
# exponentially with their number (the **vanishing gradient**), one of many factors above 1 grows exponentially (the
# **exploding gradient**); only a product that is kept near 1 on purpose stays. And for a sigmoid unit the slope is at most
# ¼, so **every factor is below 1 as long as the weight is below 4** in size. Larger weights are no way out for a unit: they
# push its sum out to where the slope falls faster than the weight grows. The thesis is in German; an English account came
# in 1997. Yoshua Bengio, Patrice Simard and Paolo Frasconi published a similar analysis in 1994. All of them had recurrent
# networks in mind, whose steps through time are their layers.
#
# Twenty layers of 64 sigmoid units. The weights are random, normal, with a **spread** (standard deviation) of $1/\sqrt{64}$, so
# that a sum of 64 inputs is about as large as one of them. At the top an error of size 1 arrives at each unit. **How large is
# it when it reaches the sums of the first layer?**
#
# - `"a"` about as large: random weights as often enlarge it as they shrink it
# - `"b"` about twenty times smaller: one share lost a layer
# - `"c"` more than a billion times smaller

# %% role="predict" id="guess_first_layer"
guess_first_layer = ...  # "a", "b" or "c"
### BEGIN SOLUTION
guess_first_layer = "c"
### END SOLUTION

# %% role="check"
check(guess_first_layer=guess_first_layer)

# %% [markdown]
# Measure it. You know the two rules from lab 04. Walking back, at a function multiply by its slope, place by place; at a
# matrix multiply by its transpose. Note down the size of the error between the two, where it stands at the layer's weighted
# sums: it is what the layer's weights get to learn from.

# %% role="solution" id="gradient_sizes"
def gradient_sizes(weights, slopes, dY):
    """How large the error is at each layer's sums, from the first layer to the last.

    weights : list of W, (n_inputs, n_units) each, the first layer first
    slopes  : list of the units' slopes f'(z), (n_examples, n_units) each, in the same order
    dY      : the error at the answers of the last layer, (n_examples, n_units)
    Returns (n_layers,): the root of the mean square of dZ, over examples and units, where dZ is the error
    at the layer's sums. Nothing that is passed in changes.

    One layer, slopes [[0.5, 0.5]], dY [[6.0, 8.0]]: dZ is [[3, 4]], the size sqrt((9 + 16) / 2) = 3.536
    Two layers of one unit, weights [[7.0]] and [[3.0]], slopes [[0.25]] and [[0.5]], dY [[4.0]]: dZ is 2 at the
    second layer; 3 * 2 = 6 arrives at the first, where dZ is 1.5. The sizes are [1.5, 2]
    """
    ### BEGIN SOLUTION
    sizes = []
    for W, slope in zip(weights[::-1], slopes[::-1], strict=True):
        dZ = dY * slope
        sizes.append(np.sqrt(np.mean(dZ**2)))
        dY = dZ @ W.T
    return np.array(sizes[::-1])
    ### END SOLUTION

# %% role="check"
check(gradient_sizes)

# %% role="picture"
UNITS = {   # each unit: its curve, its slope
    "sigmoid": (sigmoid, lambda z: sigmoid(z) * (1 - sigmoid(z))),
    "tanh": (np.tanh, lambda z: 1 - np.tanh(z) ** 2),
    "ReLU": (lambda z: np.maximum(z, 0), lambda z: (z > 0).astype(float)),
    "PReLU": (lambda z: np.where(z > 0, z, 0.25 * z), lambda z: np.where(z > 0, 1.0, 0.25)),
}
digits = datasets.digits("shuffled")
ink, ink_test = digits.X.astype(np.float32), digits.X_test.astype(np.float32)
some_digits = datasets.digits().X[:100]
some_digits = some_digits / np.sqrt(np.mean(some_digits**2))            # so that their size, too, is 1

# %% role="picture"
def deep_stack(unit, spread, layers=20, width=64, seed=0):
    """Digits sent up through random layers: weights, slopes on the way, last answers, an error of size 1 at the top."""
    rng, (curve, slope) = np.random.default_rng(seed), UNITS[unit]
    weights, slopes, Y = [], [], some_digits
    for _ in range(layers):
        weights.append(spread * rng.normal(size=(width, width)))
        Z = Y @ weights[-1]
        slopes.append(slope(Z))
        Y = curve(Z)
    return weights, slopes, Y, rng.normal(size=Y.shape)

# %% role="picture"
small_stack = deep_stack("tanh", 0.4, layers=3)
sizes_of = piece(gradient_sizes, ours.gradient_sizes, (*small_stack[:2], small_stack[3]))
spreads = {"spread 1/√64": 1 / 8, "spread 4/√64": 4 / 8, "spread 16/√64": 16 / 8}
first = {}
for unit in ("sigmoid", "tanh"):
    stacks = {words: deep_stack(unit, spread) for words, spread in spreads.items()}
    first[unit] = {words: sizes_of(W, S, dY) for words, (W, S, _, dY) in stacks.items()}
    if unit == "sigmoid":
        for words, (_, _, Y, _) in stacks.items():
            print(f"sigmoid, {words}: {np.mean((Y > 0.2) & (Y < 0.8)):.0%} of the last answers lie between .2 and .8")
lost = first["sigmoid"]["spread 1/√64"]
figures.layer_profiles(first, f"Sigmoid, spread 1/√64: of an error of 1, {lost[0]:.0e} is left at layer 1")

# %% [markdown]
# It is `"c"`, by far. With these weights all units sit between .2 and .8, none is saturated, and still every layer takes three
# quarters of what is left. Four times larger weights lose less. Sixteen times larger ones seem to lose nothing, but look at the
# count: six answers of seven lie outside .2 to .8. The few units that happen to stand in the middle of their step carry nearly
# all of the error. For tanh, whose slope is 1 in the middle, there is a spread at which the gradient nearly holds; above it
# the gradient *explodes*.
#
# What does this do to learning? Every weight takes steps of the same rate times its own gradient. The top learns; the bottom
# stays as random as it began, and hands random features up. A rate that would suit the bottom tears the top apart: a larger
# rate, Hochreiter noted, does not change the *ratio* of the two. (RMSprop and Adam of lab 07 do change it. They divide by the
# gradient's size.)
#
# ## Another unit
#
# Take a unit whose slope is *exactly* 1 wherever it is awake: $y = \max(x, 0)$, the **rectified linear unit**, ReLU. It is
# often said to have been invented in 2010. It is older: Kunihiko Fukushima used it in 1969 in his layered networks for
# pictures, as an "analog threshold element". What came around 2010 is the discovery of how well deep networks *learn* with it
# (Jarrett and others 2009, Nair and Hinton 2010, Glorot, Bordes and Bengio 2011).
#
# Kaiming He and others gave it in 2015 a second, learned slope below zero, **PReLU**: $y = x$ where $x > 0$ and $y = a\,x$
# elsewhere, with one $a$ for each unit. With $a = 0$ it is ReLU. Write the backward rule for both. A warning: you may read
# that ReLU "blocks negative gradients". It does not. What decides is the sign of the unit's **input**; the gradient that
# arrives may have any sign.

# %% role="solution" id="prelu_backward"
def prelu_backward(dY, X, slope):
    """The backward rule of y = x where x > 0, y = slope * x elsewhere.

    dY    : the gradient by the unit's answers, (n_examples, n_units)
    X     : the unit's inputs in the forward pass, (n_examples, n_units)
    slope : one number a unit, (n_units,); 0 for ReLU
    Returns dX, (n_examples, n_units), the gradient by the inputs, and dslope, (n_units,), the gradient by the
    slopes, added up over the examples. Nothing that is passed in changes.

    dY = [[3.0, 3.0]], X = [[2.0, -2.0]], slope = [0.1, 0.1]: dX is [[3, 0.3]], dslope is [0, -6]
    """
    ### BEGIN SOLUTION
    dX = np.where(X > 0, dY, slope * dY)
    dslope = np.where(X > 0, 0, dY * X).sum(axis=0)
    return dX, dslope
    ### END SOLUTION

# %% role="check"
check(prelu_backward)

# %% role="picture"
arriving, inputs = np.array([[1.0, -1.0, 1.0, -1.0]]), np.array([[2.0, 2.0, -2.0, -2.0]])
backward = piece(prelu_backward, ours.prelu_backward, (arriving, inputs, np.full(4, 0.25)))
print(f"{'the input of the unit':<28}" + "".join(f"{z:>8g}" for z in inputs[0]))
print(f"{'the gradient that arrives':<28}" + "".join(f"{g:>8g}" for g in arriving[0]))
for name, slope in (("ReLU", 0.0), ("PReLU, slope 0.25", 0.25)):
    dX, _ = backward(arriving, inputs, np.full(4, slope))
    print(f"{name + ' passes on':<28}" + "".join(f"{g + 0.0:>8g}" for g in dX[0]))

# %% [markdown]
# A negative gradient passes wherever the input was positive. Where the input was negative ReLU passes nothing, of either
# sign, and PReLU passes the slope's share.
#
# ## How large should the first weights be?
#
# Send a signal up through layers of *linear* units. The **variance** $\text{Var}(w)$ of the weights is their spread, squared. A
# sum of $n_\text{in}$ terms with independent weights of variance $\text{Var}(w)$ has $n_\text{in} \text{Var}(w)$ times the mean
# square of its inputs. To keep it: $n_\text{in} \text{Var}(w) = 1$. Walk an error down, and by the same count $n_\text{out}
# \text{Var}(w) = 1$. Both at once is impossible unless the layers are equally wide. Xavier **Glorot** and Yoshua Bengio (2010)
# take the middle:
#
# $$ \text{Var}(w) = \frac{2}{n_\text{in} + n_\text{out}} $$
#
# The start that was usual until then, uniform in $\pm 1/\sqrt{n}$, has variance $1/(3n)$: it loses two thirds of the mean
# square at every layer.
#
# ReLU sets half of its inputs to zero, and with them half of the mean square. **He** and others (2015) make good for it with
# a factor 2; for PReLU, where the negative half counts $a^2$:
#
# $$ \text{Var}(w) = \frac{2}{(1 + a^2)\, n_\text{in}} $$

# %% role="solution" id="start_scale"
def start_scale(n_inputs, n_units, rule, slope=0.0):
    """The standard deviation of a layer's first weights.

    n_inputs, n_units : the layer's inputs and units
    rule  : "glorot" or "he"
    slope : PReLU's slope a below zero, for "he"; 0 for ReLU
    Returns one number.

    start_scale(50, 50, "glorot") is sqrt(2 / 100) = 0.1414; start_scale(50, 50, "he") is sqrt(2 / 50) = 0.2
    """
    ### BEGIN SOLUTION
    if rule == "glorot":
        return np.sqrt(2 / (n_inputs + n_units))
    return np.sqrt(2 / ((1 + slope**2) * n_inputs))
    ### END SOLUTION

# %% role="check"
check(start_scale)

# %% [markdown]
# Do thirty layers obey? The mean square of the sums, layer by layer, with your starts.

# %% role="picture"
scale_of = piece(start_scale, ours.start_scale, (30, 50, "glorot"), (30, 50, "he"), (30, 50, "he", 0.25))
WIDE = 160


def growth(curve, spread, layers=30, width=WIDE, seeds=5):
    """The mean square of each layer's sums, the first layer's being 1; mean over seeds. Returns (layers,)."""
    sizes = np.zeros((seeds, layers))
    for seed in range(seeds):
        rng = np.random.default_rng(seed)
        Y = rng.normal(size=(64, width))
        for k in range(layers):
            Z = Y @ (spread * rng.normal(size=(width, width)))
            sizes[seed, k], Y = np.mean(Z**2), curve(Z)
    return (sizes / sizes[:, :1]).mean(axis=0)

# %% role="picture"
glorot_spread, he_spread = scale_of(WIDE, WIDE, "glorot"), scale_of(WIDE, WIDE, "he")
laws = {
    "linear, ±1/√n": (lambda z: z, 1 / np.sqrt(3 * WIDE), 1 / 3),
    "linear, Glorot": (lambda z: z, glorot_spread, 1.0),
    "ReLU, Glorot": (UNITS["ReLU"][0], glorot_spread, 1 / 2),
    "ReLU, He": (UNITS["ReLU"][0], he_spread, 1.0),
    "PReLU, He": (UNITS["PReLU"][0], scale_of(WIDE, WIDE, "he", 0.25), 1.0),
}
grown = {words: growth(curve, spread) for words, (curve, spread, _) in laws.items()}
ratio = {words: float((sizes[-1] / sizes[0]) ** (1 / (len(sizes) - 1))) for words, sizes in grown.items()}
for words, (_, _, law) in laws.items():
    print(f"{words:<15} mean square a layer: {ratio[words]:.3f} measured, {law:.3f} by the law")
shown = ("ReLU, He", "ReLU, Glorot", "linear, ±1/√n")
figures.signal_growth({words: grown[words] for words in shown}, {words: laws[words][2] for words in shown},
                      f"Without He's factor ReLU loses half at each layer: {grown['ReLU, Glorot'][-1]:.0e} after 30")

# %% [markdown]
# And the gradients, for four kinds of unit under three starts, with your `gradient_sizes` and your `start_scale`. Look for
# the lines that stay level.

# %% role="picture"
starts = {"small: ±1/√n": 1 / np.sqrt(3 * 64), "Glorot": scale_of(64, 64, "glorot"), "He": scale_of(64, 64, "he")}
profiles = {unit: {words: sizes_of(W, S, dY) for words, (W, S, _, dY) in
                   ((words, deep_stack(unit, spread)) for words, spread in starts.items())} for unit in UNITS}
kept = [f"{unit} with {words.split(':')[0]}" for unit, lines in profiles.items() for words, sizes in lines.items()
        if 0.1 < sizes[0] < 10]
figures.layer_profiles(profiles, f"Kept within a factor of ten over 20 layers: {', '.join(kept)}")

# %% [markdown]
# ### *Optional*: thirty layers, trained
#
# He and others show a network of 30 layers that learns from their start, while from Glorot's it "completely stalls" (their
# figure 3). They used ReLU and gradient descent with momentum. Here is ours, on the 8 x 8 digits, and a third run that is not
# in the paper: Glorot's start with Adam.

# %% role="picture"
from labkit.initializers import glorot, he
from labkit.mlp import MLPClassifier

thirty, runs = {}, (("He, momentum", he, "momentum", 0.002), ("Glorot, momentum", glorot, "momentum", 0.002),
                    ("Glorot, Adam", glorot, "adam", 0.001))
for words, start, optimizer, rate in runs:
    model = MLPClassifier((64,) * 29, optimizer=optimizer, learning_rate=rate, max_epochs=20,
                          initializer=start, random_state=0)
    thirty[words] = model.fit(ink, digits.y).loss_per_epoch_
    print(f"{words:<18} loss {thirty[words][0]:.3f} at first, {thirty[words][-1]:.3f} after 20 epochs")
print(f"{'guessing':<18} loss {np.log(10):.3f}")

# %% [markdown]
# From Glorot's start ReLU loses half the mean square a layer: after 29 layers hardly anything of the image is left, and
# hardly anything of the error comes back. Momentum multiplies tiny gradients by a rate and stands still. Adam divides by
# their size and gets going: it repairs the size of the *steps*, where He's start repairs the size of the *signal*.
#
# ## At scale
#
# One network, one pixel. Below, each pixel is a random network of its own: upwards its number of layers, across the size of its
# first weights. (That is their spread times the root of the number of inputs, so that 1 is Glorot's for equally wide layers and
# √2 is He's.) An error is sent down from the top. Pale: it arrives with its size. Orange: it has
# vanished. Blue: it has exploded. Between the two black lines the size changes by less than a factor of ten.

# %% role="picture"
def reaches_the_bottom(activation, depth, scale, width=32, seed=0):
    """log10 of the gradient's size at the input over its size at the top, for one random network."""
    rng = np.random.default_rng(seed)
    network = dense_network((width,) * (depth + 1), activation, random_state=rng, dtype=np.float32,
                            initializer=lambda n, m, rng: scale / np.sqrt(n) * rng.standard_normal((n, m)))
    X, dY = rng.standard_normal((2, 16, width), dtype=np.float32)
    with np.errstate(all="ignore"):
        bottom = network.forward(X)[1](dY)[0].astype(float)
        return np.log10(np.sqrt(np.mean(bottom**2)))

# %% role="swarm"
many = devices.scale(12_960, 2_160, emulated=54, what="networks")
across = max(6, round(np.sqrt(many / 3 * 1.25)))
depths, scales = np.linspace(2, 47, int(many) // 3 // across).round().astype(int), np.geomspace(0.25, 16, across)
maps = {name: np.array([[reaches_the_bottom(name.lower(), depth, scale) for scale in scales] for depth in depths])
        for name in ("sigmoid", "tanh", "ReLU")}
print(many.note)
few, most = (np.mean([np.abs(values[row]) <= 1 for values in maps.values()]) for row in (0, -1))
figures.gradient_map(maps, depths, scales, {"tanh": 1.0, "ReLU": np.sqrt(2)},
                     f"Starts that keep the gradient within a factor of ten: {few:.0%} at {depths[0]} layers, "
                     f"{most:.0%} at {depths[-1]}")

# %% [markdown]
# The strips narrow as the networks grow deeper: with two layers most of these starts will do, with forty-seven hardly any.
# The yellow lines are the laws. He's lies in its strip. Glorot's lies at the lower edge of tanh's, because the law was made for
# linear units, and tanh bends: it loses a little at each layer. For the sigmoid the strip lies beyond 4, Hochreiter's number, and
# it is an awkward place: units so far out are mostly saturated, and the few that are not carry everything.
#
# ## One layer at a time
#
# There was another way out, and it came first. Jürgen Schmidhuber (1992) trained a stack of recurrent networks level by
# level, without labels. Each level learns to predict its next input and passes up only what it could *not* predict, so the
# levels above see a shorter story. In the same spirit Geoffrey Hinton and Ruslan Salakhutdinov (2006) trained deep networks
# of ordinary layers: each layer first learns, alone and without labels, to keep what it sees. Then all are put together and
# **fine-tuned** by backpropagation, which now starts from features and not from noise. Their paper began what many count as
# the third wave.
#
# Their layer was the **restricted Boltzmann machine** (Smolensky 1986, under the name harmonium): visible units and hidden
# units that switch on and off at random, every visible one joined to every hidden one, none to its own kind. Given the
# picture, hidden unit $j$ is on with probability $\sigma(V W + c)_j$; given the hidden units, the picture has probabilities
# $\sigma(H W^\top + b)$. One matrix, used in both directions; $b$ and $c$ are the biases of the visible and of the hidden units.
#
# Hinton's **contrastive divergence** (2002), one step of it, CD-1:
#
# 1. See $V$. Compute the hidden probabilities $H$.
# 2. Draw states: hidden unit on where its uniform random number lies below its probability.
# 3. Send the *states* down: $V_1$, the picture that the machine makes of it.
# 4. Compute the hidden probabilities $H_1$ for that picture.
# 5. Make what was seen more probable and what was made up less: $\Delta W = (V^\top H - V_1^\top H_1) / n$, and for the
#    biases the means of $V - V_1$ and $H - H_1$.

# %% role="solution" id="contrastive_step"
def contrastive_step(V, W, b, c, U):
    """The changes that one step of contrastive divergence asks for, before the learning rate.

    V : what is seen, (n_examples, n_visible), from 0 to 1
    W : the weights, (n_visible, n_hidden)
    b, c : the biases of the visible and of the hidden units, (n_visible,) and (n_hidden,)
    U : uniform random numbers from 0 to 1, (n_examples, n_hidden), one for each hidden state to be drawn
    Returns dW, db, dc, to be ADDED: what was seen counts plus, what the machine made of it minus.

    V = [[1.0]], W = [[0.0]], b = c = [0.0], U = [[0.9]]: H is 0.5, the unit is off, V1 is 0.5, H1 is 0.5,
    so dW is [[1 * 0.5 - 0.5 * 0.5]] = [[0.25]], db is [0.5] and dc is [0]
    """
    ### BEGIN SOLUTION
    H = sigmoid(V @ W + c)
    V1 = sigmoid((U < H) @ W.T + b)
    H1 = sigmoid(V1 @ W + c)
    return (V.T @ H - V1.T @ H1) / len(V), (V - V1).mean(axis=0), (H - H1).mean(axis=0)
    ### END SOLUTION

# %% role="check"
check(contrastive_step)

# %% [markdown]
# Train a machine with it: 48 hidden units, the 8 x 8 digits, no labels. The first picture shows what twelve of its hidden
# units look for (blue: ink wanted, orange with a minus: no ink), the second what it makes of digits it has not seen.

# %% role="picture"
def train_machine(step, X, n_hidden=48, epochs=20, rate=0.2, batch=20, seed=0):
    """W, b, c of a machine trained by `step`, and the squared error of its pictures of X after each epoch."""
    rng = np.random.default_rng(seed)
    W, b, c = 0.01 * rng.normal(size=(X.shape[1], n_hidden)), np.zeros(X.shape[1]), np.zeros(n_hidden)
    errors = []
    for _ in range(epochs):
        for rows in np.array_split(rng.permutation(len(X)), len(X) // batch):
            dW, db, dc = step(X[rows], W, b, c, rng.random((len(rows), n_hidden)))
            W, b, c = W + rate * dW, b + rate * db, c + rate * dc
        errors.append(float(((made_of(X, W, b, c) - X) ** 2).sum(axis=1).mean()))
    return W, b, c, errors


def made_of(X, W, b, c):
    """The machine's picture of X, through the hidden probabilities."""
    return sigmoid(sigmoid(X @ W + c) @ W.T + b)

# %% role="picture"
rng = np.random.default_rng(1)
trial = (ink[:5, :6].astype(float), *(rng.normal(size=size) for size in ((6, 4), 6, 4)), rng.random((5, 4)))
step = piece(contrastive_step, ours.contrastive_step, trial)
W, b, c, errors = train_machine(step, digits.X)
print("squared error an image, after epochs 1, 5, 10, 20:", " ".join(f"{errors[k]:.2f}" for k in (0, 4, 9, 19)))
busiest = W.T[np.argsort(-W.std(axis=0))[:12]]
wanted = int((busiest.max(axis=1) > -busiest.min(axis=1)).sum())
figures.image_rows({"weights": busiest}, "Without a label, hidden units have come to look for spots and strokes", signed=True,
                   alt=f"Twelve images of 8 by 8 weights. In each a few neighbouring pixels stand out: in {wanted} a spot or stroke "
                       f"where ink is wanted, in {12 - wanted} one where there should be none.")

# %% role="picture"
new = digits.X_test[:12]
new_error = float(((made_of(digits.X_test, W, b, c) - digits.X_test) ** 2).sum(axis=1).mean())
figures.image_rows({"new digits": new, "made of them": made_of(new, W, b, c)},
                   f"48 hidden units keep most of a digit: squared error {new_error:.2f} an image on new ones")

# %% [markdown]
# ## The deep autoencoder
#
# An **autoencoder** has to say again what it is told, through a narrow middle: the **code**. Its error is the squared
# difference, summed over an image. Ours goes 64-100-60-40-20-**8** and back again: ten layers of weights, a code of eight
# numbers. The classical tool for such a code is principal component analysis, PCA: the best that *linear* units can do.
#
# One network, three kinds of start, then the same fine-tuning with Adam for all:
#
# - **plain**: random weights, Glorot's or small ones;
# - **RBM**: each layer first trained as a Boltzmann machine on the code of the one below (Hinton and Salakhutdinov 2006);
# - **autoencoder**: each layer first trained as a small autoencoder of its own (Bengio, Lamblin, Popovici and Larochelle 2007).
#
# All hidden units are sigmoid. **Where does the plain network with small weights stand after 30 passes through the digits?**
#
# - `"a"` at about the error of the pretrained ones: it only took longer to get there
# - `"b"` at the error of answering the *same* mean image to every digit
# - `"c"` between PCA and the pretrained ones

# %% role="predict" id="guess_plain_start"
guess_plain_start = ...  # "a", "b" or "c"
### BEGIN SOLUTION
guess_plain_start = "b"
### END SOLUTION

# %% role="check"
check(guess_plain_start=guess_plain_start)

# %% role="picture"
from labkit.activations import Sigmoid
from labkit.initializers import uniform
from labkit.pretraining import RBM, Autoencoder, pretrain, unrolled


def plain_start(X, sizes, initializer, unit=Sigmoid, seed=0):
    """A deep autoencoder with random weights. sizes : from the first hidden layer to the code, which is linear."""
    widths, rng = (X.shape[1], *sizes, *sizes[-2::-1], X.shape[1]), np.random.default_rng(seed)
    layers = [layer for n, m in pairwise(widths) for layer in (Dense(n, m, initializer, rng, X.dtype), unit())]
    del layers[-1], layers[2 * len(sizes) - 1]
    return Network(*layers)

# %% role="picture"
def pretrained_start(X, sizes, kind="rbm", epochs=20, batch=20, seed=0):
    """The same network with each layer trained first, on the codes of the one below it."""
    def machine(size):
        last, calm = size == sizes[-1], 5 * -(-len(X) // batch)
        return RBM(size, "linear" if last else "binary", 0.001 if last else 0.1,
                   momentum=lambda t: 0.5 if t < calm else 0.9, batch_size=batch, max_epochs=epochs, random_state=seed)

    def coder(size):
        return Autoencoder((size,), code_activation="linear" if size == sizes[-1] else "sigmoid",
                           loss="sigmoid_cross_entropy", batch_size=batch, max_epochs=epochs, random_state=seed)

    return unrolled(pretrain(X, sizes, machine if kind == "rbm" else coder))

# %% role="picture"
from labkit.losses import sigmoid_cross_entropy
from labkit.mlp import train_epoch


def fine_tune(network, X, X_test, epochs, batch=20, seed=0):
    """Trains all layers together with Adam; gives the test error before the first pass and after each."""
    rng, optimizer = np.random.default_rng(seed), Adam(0.001)
    yield image_error(network, X_test)
    for _ in range(epochs):
        train_epoch(network, X, X, sigmoid_cross_entropy, optimizer, batch, rng.permutation(len(X)))
        yield image_error(network, X_test)


def image_error(network, X):
    return float(((ops.sigmoid(network.predict(X)) - X) ** 2).sum(axis=1).mean())

# %% role="picture"
def pca_error(X, X_test, size):
    """The squared error an image of the best linear code with `size` numbers, found on X and measured on X_test."""
    mean = X.mean(axis=0, dtype=float)
    values, directions = np.linalg.eigh((X - mean).T @ (X - mean))
    kept, away = directions[:, -size:], X_test - mean
    return float(((away - away @ kept @ kept.T) ** 2).sum(axis=1).mean())

# %% role="picture"
sizes = (100, 60, 40, 20, 8)
networks = {"pretrained: RBMs": pretrained_start(ink, sizes),
            "pretrained: autoencoders": pretrained_start(ink, sizes, "autoencoder"),
            "plain: Glorot": plain_start(ink, sizes, glorot),
            "plain: small, ±0.1": plain_start(ink, sizes, partial(uniform, limit=0.1))}
tuned = {words: list(fine_tune(network, ink, ink_test, 30)) for words, network in networks.items()}
mean_image = float(((ink_test - ink.mean(axis=0)) ** 2).sum(axis=1).mean())
pca = pca_error(ink, ink_test, 8)
low = tuned["pretrained: RBMs"][-1]
figures.code_errors(tuned, {"the mean image for every digit": mean_image, "PCA, 8 numbers": pca},
                    f"After 30 passes: {low:.2f} from a pretrained start, {tuned['plain: Glorot'][-1]:.2f} from a plain "
                    f"one, PCA {pca:.2f}")

# %% role="picture"
some = ink_test[10:20]
rows = {"new digits": some} | {words.replace(": ", ":\n"): ops.sigmoid(networks[words].predict(some))
                               for words in ("pretrained: RBMs", "plain: Glorot")}
figures.image_rows(rows, "The pretrained network writes the digits again; the plain one answers a grey average")

# %% [markdown]
# It is `"b"`. Both plain starts sit on the line of the mean image: nothing about the digit comes through ten sigmoid layers,
# so the best that the last layer can do is to learn the average with its biases. Hinton and Salakhutdinov saw exactly this
# with their deepest autoencoder. The pretrained networks begin below that line before any error has travelled through them.
# Pretraining did not need new units or new data. It put the weights where gradients get through.
#
# ### The real size
#
# The paper's network for MNIST is 784-1000-500-250-**30** and back. It is too large for the seconds of a notebook. What
# follows was recorded beforehand, by the functions that you have just read, and is shown as it came out.

# %% role="picture"
recorded = json.loads((datasets.data_root() / "recorded" / "08_depth.json").read_text(encoding="utf-8"))
code, linear = recorded["autoencoder"], recorded["pca"]
weights = 2 * sum(n * m for n, m in pairwise((784, 1000, 500, 250, 30)))
print(f"{code['network']}, {weights:,} weights: {code['pretraining_epochs']} epochs of CD-1 a layer, then "
      f"{code['passes']} passes of Adam,\nbatches of {code['batch']}, seed {code['seed']}")
for k in (0, 1, 5, 10, 20, code["passes"]):
    print(f"  after {k:2d} passes: {code['test_error'][k]:6.2f} an image, on MNIST's 10,000 test images")
print(f"PCA with {linear['components']} numbers: {linear['test_error']:.2f} (test images), "
      f"{linear['train_error']:.2f} (training images)")
print(f"recorded on {code['machine']}, {code['date']}; {code['minutes']:.0f} minutes")

# %% [markdown]
# ### *Optional*: what became of pretraining
#
# The same ten layers once more, from a plain random start. Nothing is pretrained; the hidden units are ReLU, the first
# weights He's.

# %% role="picture"
plain = list(fine_tune(plain_start(ink, sizes, he, ReLU), ink, ink_test, 30))
print(f"after 30 passes: {plain[-1]:.2f} with ReLU and He's start; sigmoids: {low:.2f} pretrained, "
      f"{tuned['plain: Glorot'][-1]:.2f} plain")

# %% [markdown]
# With units and starts that keep gradients alive, the plain network learns at once. Glorot, Bordes and Bengio reported in
# 2011 that with rectified units and many labels pretraining brought no further gain, and Cireşan and others had shown in 2010
# that with a graphics processor and patience plain backpropagation goes a long way. Pretraining *for the sake of the
# gradient* went out of use. Pretraining for the sake of data did not: where labels are few and examples are many, learning
# first without labels is as useful as ever.
#
# ## The paper said, we got, why

# %% role="table"
steps_up = [10, 20, 40, 80]
edge = [float(np.abs(by_hand(n, 40.0 * n) - hills)[10:-10].max()) for n in steps_up]
steepest = float(np.abs(np.diff(hills) / np.diff(x)).max())
rng = np.random.default_rng(0)
chain = rng.uniform(-4, 4, (20, 10_000))
state, factors = rng.random(10_000), []
for w in chain:
    state = sigmoid(w * state + rng.normal(size=10_000))
    factors.append(np.abs(w) * state * (1 - state))
factors = np.array(factors)
figures.paper_table([
    {"claim": "One hidden layer follows any continuous curve", "kind": "theorem",
     "paper": "sums of sigmoids come as close as wanted to any continuous function on a bounded region (Cybenko 1989)",
     "ours": f"largest miss {', '.join(f'{e:.3f}' for e in edge)} with {', '.join(map(str, steps_up))} bumps",
     "setting": "the curve 'hills', x from 0.05 to 0.95, steepness 40 times the number of bumps",
     "why": "inside a bump the curve moves at most its steepest slope times half the width, and the edges do the rest",
     "ok": all(np.diff(edge) < 0) and all(e <= steepest / n for e, n in zip(edge, steps_up, strict=True))},
    {"claim": "Depth as reuse", "kind": "theorem",
     "paper": "with two units a layer depth gets all 2^k points right; networks with few layers need exponentially many units (Telgarsky 2015)",
     "ours": f"{tall[-1]} layers of 2: {deep[-1]:.0%} wrong of {2 ** tall[-1]}; one layer with as many connections: at least {shallow[-1]:.1%}",
     "setting": f"ReLU; {4 * tall[-1]} connections each; the shallow share by counting kinks",
     "why": "a layer doubles the teeth, a unit adds one kink",
     "ok": deep.max() == 0 and shallow[-1] > 0.45},
    {"claim": "Weights below 4: the error shrinks at every sigmoid", "kind": "theorem",
     "paper": "|w f'(z)| < 1 where |w| < 4, for f' is at most 1/4 (Hochreiter 1991; in English in Hochreiter and Schmidhuber 1997)",
     "ours": f"largest factor {factors.max():.4f} of {factors.size:,}; median product of 20: {np.median(factors.prod(axis=0)):.0e}",
     "setting": "10,000 chains of 20 sigmoid units, weights uniform in ±4, normal biases, seed 0",
     "why": "a factor is largest where the unit is unsaturated, and there it is a quarter of the weight",
     "ok": factors.max() < 1},
    {"claim": "Glorot's start", "kind": "theorem",
     "paper": "linear units, equal widths: variance kept with Var(w) = 2/(n_in + n_out); times 1/3 a layer with ±1/√n (Glorot and Bengio 2010)",
     "ours": f"{ratio['linear, Glorot']:.3f} and {ratio['linear, ±1/√n']:.3f} a layer",
     "setting": f"30 layers of {WIDE} linear units, 5 seeds; the usual start drawn normal with the same variance",
     "why": "a sum of n terms with variance v each has n v; the rest is chance, smaller in wider layers",
     "ok": abs(ratio["linear, Glorot"] - 1) < 0.05 and abs(ratio["linear, ±1/√n"] * 3 - 1) < 0.05},
    {"claim": "He's factor 2", "kind": "theorem",
     "paper": "ReLU: n Var(w) / 2 a layer; PReLU: (1 + a^2) n Var(w) / 2 (He and others 2015, eqs. 9 to 15)",
     "ours": f"without it {ratio['ReLU, Glorot']:.3f}, with it {ratio['ReLU, He']:.3f}, PReLU {ratio['PReLU, He']:.3f}",
     "setting": f"30 layers of {WIDE} units, a = 0.25, 5 seeds",
     "why": "half of the sums are negative, and ReLU loses their half of the mean square",
     "ok": abs(2 * ratio["ReLU, Glorot"] - 1) < 0.06 and abs(ratio["ReLU, He"] - 1) < 0.06 and abs(ratio["PReLU, He"] - 1) < 0.06},
    {"claim": "Thirty layers", "kind": "figure",
     "paper": "from He's start a 30-layer ReLU network learns, from Glorot's it stalls (He and others 2015, figure 3)",
     "ours": f"loss after 20 epochs: {thirty['He, momentum'][-1]:.2f} against {thirty['Glorot, momentum'][-1]:.2f}; with Adam "
             f"{thirty['Glorot, Adam'][-1]:.2f} from Glorot's too",
     "setting": "digits 8 x 8, shuffled halves, 29 hidden layers of 64, momentum 0.9, rate 0.002 (Adam 0.001), seed 0; they: ImageNet, convolutions",
     "why": "half the signal a layer is lost; Adam makes good for the size of the steps",
     "ok": thirty["He, momentum"][-1] < 1.2 and thirty["Glorot, momentum"][-1] > 2.25},
    {"claim": "A deep autoencoder from a plain start", "kind": "figure",
     "paper": "without pretraining the deepest one always answers the average of the data (Hinton and Salakhutdinov 2006, on drawn curves)",
     "ours": f"Glorot {tuned['plain: Glorot'][-1]:.2f}, small {tuned['plain: small, ±0.1'][-1]:.2f}, the mean image {mean_image:.2f}; pretrained "
             f"{low:.2f} and {tuned['pretrained: autoencoders'][-1]:.2f}, PCA {pca:.2f}",
     "setting": "digits 8 x 8, shuffled halves, 64-100-60-40-20-8 and back, 20 epochs a layer, 30 passes of Adam at 0.001, batches of 20, seed 0",
     "why": "ten sigmoid layers let no signal up and no error down; with more patience Adam gets off the line, slowly",
     "ok": abs(tuned["plain: Glorot"][-1] - mean_image) < 0.15 and abs(tuned["plain: small, ±0.1"][-1] - mean_image) < 0.15
           and tuned["pretrained: autoencoders"][-1] < low < pca + 0.1},
    {"claim": "MNIST, PCA with 30 numbers", "kind": "number",
     "paper": "13.87 an image (Hinton and Salakhutdinov 2006, figure 2)",
     "ours": f"{linear['test_error']:.2f}",
     "setting": f"directions from 60,000, error on 10,000, ink from 0 to 1; recorded on {linear['machine']}, {linear['date']}",
     "why": "PCA leaves nothing to chance",
     "ok": abs(linear["test_error"] - 13.87) < 0.01},
    {"claim": "MNIST, autoencoder with 30 numbers", "kind": "number",
     "paper": "3.00 an image (Hinton and Salakhutdinov 2006, figure 2)",
     "ours": f"{code['test_error'][-1]:.2f} after {code['passes']} passes",
     "setting": f"{code['network']}, {code['pretraining_epochs']} epochs of CD-1 a layer (they: 50), Adam (they: conjugate gradients); recorded on "
                f"{code['machine']}, {code['date']}",
     "why": "the same shape and the same start; another optimizer, another number of passes",
     "ok": abs(code["test_error"][-1] - 3.0) < 0.5},
])

# %% [markdown]
# ## Explain it
#
# **A colleague trains a network of twelve sigmoid layers, first weights normal with standard deviation 0.01. The loss does
# not move. He has two ideas. One: "The gradients are too small, so I multiply the learning rate by a million." Two: "I take
# one wide hidden layer; by the universal approximation theorem that is enough." Explain to him (1) what happens to the error
# on its way down, with numbers; why (2) the first idea and (3) the second are no remedy; and name (4) two changes that would
# help, each with something you saw in this lab.** (Eight to twelve sentences.)

# %% [markdown] role="explain" id="explain_depth" points=4
# A model answer. On its way back the error is multiplied at each layer by the weights and by the slopes of the units. A
# sigmoid's slope is at most 1/4. With weights of standard deviation 0.01 and, say, 100 inputs a layer the weights multiply
# its size by about 0.01 times the root of 100, a tenth, so a layer leaves at most about a fortieth, and eleven layers about
# 10 to the minus 18. Forwards it is no better: each layer's answers hardly depend on the input, all lie near .5, and the
# network can only answer the mean. In the lab twenty layers with far better weights left less than 10 to the minus 12, and the
# plain autoencoder sat on the error of the mean image. A larger rate multiplies the steps of all layers by the same number;
# the ratio between top and bottom stays. Long before the bottom moves the top diverges. The theorem says that good weights
# for one wide layer exist; it says neither how many units that takes nor that training finds them. In the lab 40 sigmoid
# units followed the hills with weights written down by hand, and gradient descent from a random start did not get there; and
# for the sawtooth one layer needs exponentially more units than a deep network. What helps: first weights of the right size,
# and units that suit them, say ReLU with He's start, where thirty layers learned; or pretraining layer by layer, after which
# the same sigmoid autoencoder fell below PCA; or Adam, which divides by the size of each gradient and got thirty layers going
# even from Glorot's start.
#
# **Marking scheme** (4 points)
#
# - 1 point: the error is multiplied layer by layer, by weights *and* slopes, hence exponentially small; with at least one
#   number (slope at most 1/4, or a size seen in the lab). Only "the gradient vanishes" is half a point.
# - 1 point: the learning rate: it changes all layers alike, not the ratio; the top breaks first. Half a point for "it
#   diverges" alone.
# - 1 point: the theorem: existence, not finding; *or* the price in units; with a result of the lab (bumps by hand against
#   training, sawtooth).
# - 1 point: two remedies, each with something seen. Accept start scale, ReLU or PReLU, pretraining, a normalising optimizer
#   (RMSprop, Adam). Half a point for each. Weights of 4 and more with sigmoids count only with the remark that the units then
#   saturate.

# %% [markdown]
# ## What you have now
#
# - Bumps from pairs of sigmoids, and a network that follows any curve: what networks *can say*.
# - A count that shows when depth is cheap: when a step is used again.
# - The walk of an error through twenty layers, and its law: a product of weights and slopes.
# - Three remedies: units whose slope is 1, first weights whose size is chosen, and layers trained one at a time.
# - The question for lab 09: now that deep and wide networks do learn, they learn too much. They remember their training
#   examples. How does one stop that?
#
# ## Words of this lab
#
# {glossary}
#
# ## Sources and further reading
#
# - G. Cybenko, *Approximation by superpositions of a sigmoidal function*, Mathematics of Control, Signals and Systems
#   2, 1989. K. Hornik, M. Stinchcombe and H. White, *Multilayer feedforward networks are universal approximators*,
#   Neural Networks 2, 1989. The picture with bumps is explained at length in M. Nielsen, *Neural Networks and Deep Learning*, 2015,
#   chapter 4.
# - Q. V. Le, *A Tutorial on Deep Learning, part 1*, 2015, sections 12 and 15: subroutines; rectified units.
# - M. Telgarsky, *Representation benefits of deep feedforward networks*, arXiv 1509.08101, 2015.
# - S. Hochreiter, *Untersuchungen zu dynamischen neuronalen Netzen*, diploma thesis, Technische Universität München, 1991. In
#   English: S. Hochreiter and J. Schmidhuber, *Long short-term memory*, Neural Computation 9, 1997, section 3; S. Hochreiter,
#   Y. Bengio, P. Frasconi and J. Schmidhuber, *Gradient flow in recurrent nets: the difficulty of learning long-term
#   dependencies*, 2001.
# - Y. Bengio, P. Simard and P. Frasconi, *Learning long-term dependencies with gradient descent is difficult*, IEEE
#   Transactions on Neural Networks 5, 1994.
# - K. Fukushima, *Visual feature extraction by a multilayered network of analog threshold elements*, IEEE Transactions on
#   Systems Science and Cybernetics 5, 1969.
# - K. Jarrett, K. Kavukcuoglu, M. Ranzato and Y. LeCun, *What is the best multi-stage architecture for object recognition?*,
#   ICCV 2009. V. Nair and G. Hinton, *Rectified linear units improve restricted Boltzmann machines*, ICML 2010. X. Glorot, A.
#   Bordes and Y. Bengio, *Deep sparse rectifier neural networks*, AISTATS 2011.
# - X. Glorot and Y. Bengio, *Understanding the difficulty of training deep feedforward neural networks*, AISTATS 2010.
# - K. He, X. Zhang, S. Ren and J. Sun, *Delving deep into rectifiers: surpassing human-level performance on ImageNet
#   classification*, ICCV 2015.
# - J. Schmidhuber, *Learning complex, extended sequences using the principle of history compression*, Neural Computation 4, 1992.
# - P. Smolensky, *Information processing in dynamical systems: foundations of harmony theory*, in Parallel Distributed
#   Processing 1, 1986. G. Hinton, *Training products of experts by minimizing contrastive divergence*, Neural Computation 14,
#   2002; *A practical guide to training restricted Boltzmann machines*, 2010.
# - G. Hinton and R. Salakhutdinov, *Reducing the dimensionality of data with neural networks*, Science 313, 2006. Y. Bengio,
#   P. Lamblin, D. Popovici and H. Larochelle, *Greedy layer-wise training of deep networks*, NIPS 2006 (published 2007). That
#   the paper pretrained for 50 epochs, and that 10 work, is said in the authors' published program.
# - D. Cireşan, U. Meier, L. Gambardella and J. Schmidhuber, *Deep, big, simple neural nets for handwritten digit
#   recognition*, Neural Computation 22, 2010.
