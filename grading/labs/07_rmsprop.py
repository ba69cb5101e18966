# %% [markdown]
# # 07 · A step for every weight
#
# *2011 and 2012. One slope is ten thousand times as steep as another. Why should both weights share one learning rate?*
#
# Lab 06 gave the walker a memory of *where* it was going. This lab gives every weight a memory of *how steep* it has been, and
# with it a learning rate of its own. Three groups found nearly the same rule within two years, one of them in a lecture and
# never in a paper.
#
# **When you have finished you can**
#
# - keep a running mean of squared gradients, and say what its decay forgets;
# - make a step of RMSprop, Adagrad, Adadelta and Adam, and say in one sentence each what the next one changed;
# - say how long a step of RMSprop can be, and where the small number epsilon decides everything;
# - read a race of seven optimizers: who is fast where, and what the choice of rates has to do with it;
# - write the whole update as one kernel for a graphics processor.
#
# **You need** lab 00 (a first kernel), lab 05 (gradient descent, mini-batches) and lab 06 (momentum). **Your time**: about 105
# minutes required; the cells marked *optional* add 15 (run them all the same: the table at the end uses them).
#
# **The computer's time and memory**: {measured}.

# %% role="setup"
import math
import time

import numpy as np

from labkit import check, cuda, datasets, devices, figures, ops, optimizers, surfaces, swarm
from labkit import widgets
from labkit.checks import agreeing
from labkit.widgets import race_courses
from labkit.widgets import step_rules as ours

# %% role="picture"
figures.style.use()
print(devices.report())
figures.course_map("07_rmsprop")

# %% [markdown]
# ## One rate for all
#
# Take a network with three hidden layers of sigmoid units that has not learned anything yet, show it handwritten digits, and
# look at the gradient of every single weight.

# %% role="picture"
from labkit.losses import softmax_cross_entropy
from labkit.network import dense_network

digits = datasets.digits()
network = dense_network((64, 30, 30, 30, 10), "sigmoid", random_state=0)
_, gradients = network.gradient(digits.X, digits.y, softmax_cross_entropy)
figures.slopes_of_weights({f"layer {k + 1}": gradients[2 * k] for k in range(4)})

# %% [markdown]
# With one learning rate for all, the last layer runs while the first one crawls. Choose the rate for the first layer and the
# last one flies off the map. (Why early layers see so little is the question of lab 08.) Momentum does not help here: it makes
# every weight faster, by the same factor.
#
# ## Only the sign
#
# In 1992 Martin Riedmiller and Heinrich Braun, in Karlsruhe, drew a radical conclusion: the *size* of a gradient says nothing
# reliable, so throw it away. **Rprop** uses only the sign. Each weight has a step size of its own; it grows by 1.2 as long as
# the sign stays, and is halved when the sign turns, because then the weight has just jumped over a valley. Here it is
# in its simplest form; nothing to do but read it.

# %% role="picture"
def rprop_step(w, size, g, before):
    """One step of Rprop. size : each weight's step, before : the gradients of the step before."""
    same = np.sign(g) * np.sign(before)
    size = np.clip(size * np.where(same > 0, 1.2, np.where(same < 0, 0.5, 1.0)), 1e-6, 50)
    return w - size * np.sign(g), size


bowl = surfaces.bowl(1000)          # a thousand times as steep along the second weight as along the first
w, size, before, by_sign = np.array([-1.8, 1.5]), np.full(2, 0.01), np.zeros(2), 0
while bowl.value(*w) > 1e-6:
    g = np.array(bowl.gradient(*w))
    w, size = rprop_step(w, size, g, before)
    before, by_sign = g, by_sign + 1
w, by_slope = np.array([-1.8, 1.5]), 0
while bowl.value(*w) > 1e-6:
    w, by_slope = w - 0.0015 * np.array(bowl.gradient(*w)), by_slope + 1
print(f"steps to a height of 0.000001: Rprop {by_sign}, gradient descent {by_slope:,},",
      "whose rate may not pass 0.002 here")

# %% [markdown]
# Where each gradient comes from all the data, Rprop is fast and hard to put off its course. With mini-batches it fails, and
# Geoffrey Hinton's lecture of 2012 says why with one example. Let a weight see a small positive gradient in nine mini-batches
# and a negative one, nine times as large, in the tenth. The ten cancel: the weight should stay where it is. But nine signs out
# of ten say "down".

# %% role="picture"
ten = np.array([0.1] * 9 + [-0.9])
w, size, before, way = np.zeros(1), np.full(1, 0.01), np.zeros(1), []
for g in np.tile(ten, 20):
    (w, size), before = rprop_step(w, size, np.array([g]), before), np.array([g])
    way.append(float(w[0]))
drift = {"rprop": way[-1], "descent": float(-0.01 * np.tile(ten, 20).sum()) + 0.0}
print(f"After {len(way)} mini-batches gradient descent stands at {drift['descent']:.2f},",
      f"Rprop at {drift['rprop']:.2f}, taking steps of {size[0]:.2f}.")

# %% [markdown]
# ## A running mean of squares
#
# What Rprop does is to divide each gradient by its own size: $g / |g|$ is the sign. The trouble is that the divisor is a
# different one in each mini-batch. So divide by something *steadier*: the typical size of this weight's **recent** gradients.
# For each weight keep a running mean of its squared gradients,
#
# $$ s \;\leftarrow\; \rho \, s + (1 - \rho) \, g^2 $$
#
# and divide by $\sqrt s$. The number $\rho$ is the **decay**: with $\rho = 0.9$ the old mean keeps nine tenths of its weight
# and the newest square has one tenth.

# %% role="solution" id="mean_square"
def mean_square(s, g, decay=0.9):
    """The running mean of squared gradients after one more gradient.

    s     : each weight's running mean so far        g : the new gradients; both of one shape, such as (n,)
    decay : the share of the old mean that is kept
    Returns the new means, in the same shape. s itself stays as it was.

    mean_square(np.array([4.0, 0.0]), np.array([3.0, -2.0]), 0.9)
    is [0.9 * 4 + 0.1 * 9, 0.1 * 4] = [4.5, 0.4]
    """
    ### BEGIN SOLUTION
    return decay * s + (1 - decay) * g**2
    ### END SOLUTION

# %% role="check"
check(mean_square)

# %% [markdown]
# Here is your mean at work on a stream of gradients that suddenly become a hundred times smaller, as on a plateau. The longer
# the memory, the smoother the root, and the longer it takes to notice.

# %% role="picture"
two, other, slope = np.array([4.0, 0.2]), np.array([0.3, 1.0]), np.array([2.0, -1.0])       # for trying out
mean, whose = agreeing(mean_square, ours.mean_square, (two, slope, 0.7))
print(whose)
stream = np.random.default_rng(0).normal(size=160) * np.where(np.arange(160) < 60, 1.0, 0.01)
roots = {decay: [] for decay in (0.5, 0.9, 0.99)}
for decay, values in roots.items():
    s = np.zeros(1)
    for g in stream:
        s = mean(s, np.array([g]), decay)
        values.append(float(np.sqrt(s[0])))
figures.running_roots(stream, roots, 60)

# %% [markdown]
# ## RMSprop
#
# The step is the gradient over the **r**oot of the **m**ean **s**quare, which is where the name comes from:
#
# $$ w \;\leftarrow\; w - \eta \, \frac{g}{\sqrt{s} + \epsilon} $$
#
# The learning rate $\eta$ is now a length: about how far a weight moves in a step, whatever the slope. The tiny $\epsilon$ (in
# lab 06 this letter was the learning rate) keeps us from dividing by zero; more about it below. The mean $s$ is updated *first*,
# so $g$ is already part of it.

# %% role="solution" id="rmsprop_step"
def rmsprop_step(w, s, g, learning_rate=0.01, epsilon=1e-8):
    """The weights after a step of RMSprop.

    w : the weights      g : their gradients      all three of one shape, such as (n,)
    s : the running means of the squared gradients, g already in them
    Returns new weights. Nothing that is passed in changes.

    rmsprop_step(np.array([1.0]), np.array([4.0]), np.array([2.0]), 0.1) is 1 - 0.1 * 2 / 2 = [0.9]
    """
    ### BEGIN SOLUTION
    return w - learning_rate * g / (np.sqrt(s) + epsilon)
    ### END SOLUTION

# %% role="check"
check(rmsprop_step)

# %% [markdown]
# Two worked numbers, from the text that this course grew out of. On a plateau the gradient is 0.00001 and the root of its mean
# square 0.00005. Before a cliff the gradient is 100, and the root 25. How far do both weights move, with a rate of 1?

# %% role="picture"
step_rule, whose = agreeing(rmsprop_step, ours.rmsprop, (other, two, slope, 0.5, 0.1))
print(whose)
worked = {}
for g, root in ((0.00001, 0.00005), (100.0, 25.0)):
    moved = step_rule(np.zeros(1), np.array([root**2]), np.array([g]), 1.0, 0.0)
    worked[g] = abs(float(moved[0]))
    print(f"gradient {g:>9.5f}, root {root:>8.5f}: the weight moves by {worked[g]:.3g}")

# %% [markdown]
# The gradients differ by a factor of ten million, the steps by twenty. So a plateau is crossed at a good pace, and a
# cliff does not throw the weight off the map. That is why RMSprop became popular for recurrent networks, which use the same
# weights step after step: their gradients vanish or explode on the way.
#
# Now the very first step. The mean starts at $s = 0$. **One weight meets a gradient of 0.001, another one of 1000. The rate is
# 0.01, the decay 0.9. How far do they move in the first step?**
#
# - `"a"` both by 0.01: the gradient is divided by its own size
# - `"b"` both by about 0.032, more than the rate
# - `"c"` the second a little farther than the first

# %% role="predict" id="guess_two_slopes"
guess_two_slopes = ...  # "a", "b" or "c"
### BEGIN SOLUTION
guess_two_slopes = "b"
### END SOLUTION

# %% role="check"
check(guess_two_slopes=guess_two_slopes)

# %% role="picture"
first = {}
for decay in (0.5, 0.9, 0.99, 0.999):
    g = np.array([0.001, 1000.0])
    first[decay] = np.abs(step_rule(np.zeros(2), mean(np.zeros(2), g, decay), g, 0.01, 0.0))
    bound = 0.01 / math.sqrt(1 - decay)
    print(f"decay {decay:<5}: first steps {first[decay][0]:.5f} and {first[decay][1]:.5f};",
          f"0.01 / sqrt(1 - decay) = {bound:.5f}")

# %% [markdown]
# It is `"b"`. After one gradient the mean is $s = (1-\rho)\,g^2$, not $g^2$: it started from zero, so it is too small. The root
# is $\sqrt{1-\rho}\,|g|$, and the first step is $\eta / \sqrt{1 - \rho}$ whatever the gradient. The same reasoning gives a
# **speed limit**: since the newest square always has the share $1-\rho$, no step is ever longer than $\eta / \sqrt{1-\rho}$.
#
# Look back at the worked numbers. A step of 4 rates needs $1 / \sqrt{1-\rho} \ge 4$, so a decay of at least $15/16 = 0.9375$.
# With the lecture's 0.9 the cliff would have pushed the root above 31, and the step would have been 3.2 at most.
#
# ## Epsilon, in or out
#
# Hinton's slide has no $\epsilon$. PyTorch adds it *outside* the root, as you did: $\sqrt{s} + \epsilon$. TensorFlow's Keras
# adds it *inside*: $\sqrt{s + \epsilon}$. It looks like a detail. But $\sqrt{10^{-8}} = 10^{-4}$.

# %% role="picture"
slopes = np.logspace(-11, 0, 200)
epsilon = 1e-8
curves = {"outside: g / (√s + ε)": slopes / (slopes + epsilon),
          "inside: g / √(s + ε)": slopes / np.sqrt(slopes**2 + epsilon)}
g, root = 0.00001, 0.00005          # the plateau of the worked numbers
plateau = {"outside, 1e-8 (PyTorch's default)": g / (root + 1e-8),
           "inside,  1e-8": g / math.sqrt(root**2 + 1e-8),
           "inside,  1e-7 (Keras' default)": g / math.sqrt(root**2 + 1e-7)}
for words, value in plateau.items():
    print(f"gradient 0.00001, root 0.00005, epsilon {words:34}: a step of {value:.3f}")
figures.epsilon_curves(slopes, curves, epsilon)

# %% [markdown]
# The same method, the same name, the same rate: on this plateau one library takes steps more than six times as long as the
# other. In the digits network above, half the weights of the first layer have gradients below 0.0001, so they would feel it.
# When a result cannot be repeated in another library, look here first.
#
# ## Adagrad: never forget
#
# A year before Hinton's lecture John Duchi, Elad Hazan and Yoram Singer published a rule that looks almost the same, and came
# to it from quite another side: proofs about learning from a stream of examples in which most inputs are zero. A word such as
# "the" is in every sentence, "oxbow" in one of a million. Rare inputs deserve large steps when they do occur. **Adagrad**
# divides by the root of the *sum* of all squares so far:
#
# $$ s \leftarrow s + g^2, \qquad w \leftarrow w - \eta \, \frac{g}{\sqrt s + \epsilon} $$

# %% role="solution" id="adagrad_step"
def adagrad_step(w, s, g, learning_rate=0.1, epsilon=1e-10):
    """A step of Adagrad.

    w, g : the weights and their gradients, of one shape
    s    : each weight's sum of squared gradients before this one
    Returns (w, s): the new weights and the new sums. Nothing that is passed in changes.

    adagrad_step(np.array([1.0]), np.array([9.0]), np.array([4.0]), 0.5)
    is ([1 - 0.5 * 4 / 5], [25.0]) = ([0.6], [25.0])
    """
    ### BEGIN SOLUTION
    s = s + g**2
    return w - learning_rate * g / (np.sqrt(s) + epsilon), s
    ### END SOLUTION

# %% role="check"
check(adagrad_step)

# %% role="picture"
adagrad, whose = agreeing(adagrad_step, ours.adagrad, (other, two, slope, 0.5, 0.1))
print(whose)
rng = np.random.default_rng(0)
common, rare = np.ones(2_000), (rng.random(2_000) < 0.01).astype(float)       # when each input is there
w, s = np.zeros(2), np.zeros(2)
gone = np.zeros(2)
for present in np.column_stack([common, rare]):
    new, s = adagrad(w, s, present, 0.1)
    gone, w = np.where(present > 0, np.abs(new - w), gone), new
met = np.array([common.sum(), rare.sum()])
for words, n, step in zip(("in every example", "in one of a hundred"), met, gone, strict=True):
    print(f"an input {words:20}: met {n:5.0f} times, its latest step was {step:.4f}")

# %% [markdown]
# The rare weight still takes long steps when its input turns up. But nothing is ever forgotten, so every step makes all later
# ones shorter.
#
# **Let the gradient be the same at every step, and the rate 0.1. How far has the weight gone after 10,000 steps, compared with
# 100?**
#
# - `"a"` about 100 times as far: each step is as long as the first
# - `"b"` about 10 times as far
# - `"c"` hardly farther: the steps die out, and it comes to rest

# %% role="predict" id="guess_adagrad_walk"
guess_adagrad_walk = ...  # "a", "b" or "c"
### BEGIN SOLUTION
guess_adagrad_walk = "b"
### END SOLUTION

# %% role="check"
check(guess_adagrad_walk=guess_adagrad_walk)

# %% role="picture"
steps = np.arange(1, 10_001)
ways = {"adagrad": [], "rmsprop": []}
(w, s), (v, r), g = (np.zeros(1), np.zeros(1)), (np.zeros(1), np.zeros(1)), np.array([-3.0])
for _ in steps:
    w, s = adagrad(w, s, g, 0.1)
    r = mean(r, g, 0.9)
    v = step_rule(v, r, g, 0.1)
    ways["adagrad"].append(float(w[0]))
    ways["rmsprop"].append(float(v[0]))
walked = {name: np.array(values) for name, values in ways.items()}
ratio = walked["adagrad"][-1] / walked["adagrad"][99]
figures.distance_gone(steps, walked, f"A hundred times the steps take Adagrad {ratio:.1f} times as far",
                      guide=("2 · rate · √steps", 0.2 * np.sqrt(steps)))

# %% [markdown]
# It is `"b"`. After $t$ equal gradients the sum is $t\,g^2$, so step $t$ has the length $\eta / \sqrt t$, again whatever the
# gradient. The steps die out, but slowly enough to get anywhere in the end: the distance grows like $2\,\eta\sqrt t$. For the
# proofs of its authors this is just right. In a network, where the slopes met early in training say little about those met
# later, it is often too early to slow down. RMSprop forgets, and so never slows.
#
# ## Adadelta: mind the units
#
# Matthew Zeiler, then an intern at Google, wanted to be rid of two things: of Adagrad's slowing down, and of the learning rate.
# For the first he took a running mean, as Hinton did in the same year. For the second he looked at the *units*. Say the weight
# is measured in metres and the error in francs. The gradient is in francs a metre. A gradient over its own root is a plain
# number, without a unit, and still it is added to metres: the learning rate has to supply them. So he put in its place what has
# the right unit, the typical size of the *last steps*:
#
# $$ w \leftarrow w - \frac{\sqrt{d + \epsilon}}{\sqrt{s + \epsilon}} \; g, \qquad
# d \leftarrow \rho\, d + (1-\rho)\,(\text{step})^2 $$
#
# Here $s$ is your running mean of squared gradients with the new one in it, and $d$ the running mean of the squared *steps*
# before this one.

# %% role="solution" id="adadelta_step"
def adadelta_step(w, s, d, g, epsilon=1e-6):
    """The weights after a step of Adadelta.

    w, g : the weights and their gradients, of one shape
    s    : the running means of the squared gradients, g already in them
    d    : the running means of the squared steps before this one
    Returns new weights. Nothing that is passed in changes.

    adadelta_step(np.array([1.0]), np.array([4.0]), np.array([0.01]), np.array([2.0]), 0.0)
    is 1 - 0.1 / 2 * 2 = [0.9]
    """
    ### BEGIN SOLUTION
    return w - np.sqrt(d + epsilon) / np.sqrt(s + epsilon) * g
    ### END SOLUTION

# %% role="check"
check(adadelta_step)

# %% [markdown]
# How does it begin, when there is no last step and $d$ is 0? With $\epsilon$ alone. The number that was put in "to be safe" now
# sets the first speed, and the method has to work its way up from there.

# %% role="picture"
adadelta, whose = agreeing(adadelta_step, ours.adadelta, (np.ones(2), two, other, slope, 0.1))
print(whose)
for epsilon in (1e-8, 1e-6, 1e-4, 1e-2):
    w, s, d, g = np.zeros(1), np.zeros(1), np.zeros(1), np.array([1.0])
    strides = []
    for _ in range(1000):
        s = mean(s, g, 0.95)
        new = np.asarray(adadelta(w, s, d, g, epsilon))
        d = mean(d, new - w, 0.95)
        strides, w = [*strides, abs(float((new - w)[0]))], new
    print(f"epsilon {epsilon:<6g}: first step {strides[0]:.5f}, step 100 {strides[99]:.5f},",
          f"step 1000 {strides[-1]:.5f}")

# %% [markdown]
# ## The race
#
# Before 2015 four short animations by Alec Radford went round the web: six optimizers run down four surfaces, from one start
# each. They have taught many people what these rules *do*. Here is a race in their manner, on functions, starts and rates of
# our own, with a seventh guest: Adam, which you will build below.
#
# - **A saddle.** The start is a thousandth beside the ridge: straight ahead it goes down only to the pass.
# - **A long valley**, Rosenbrock's function of 1960, curved like a banana, with walls a hundred times as steep as its floor.
# - **Beale's function** of 1958: plateaus between steep walls.
# - **Noisy moons**: the error of a single sigmoid unit on 200 points, with the slope taken from ten points at a time, the same
#   ten for everybody.
#
# The rates are chosen by hand. Gradient descent, momentum and Nesterov get a rate *for each course*: the lowest is 0.0015, the
# highest 0.5. The other four keep *one rate each* for all four courses.
#
# Before you press Play, go through the rules you have written. Who will leave the saddle first? Who will be thrown by Beale's
# walls? Who will hardly have moved when the others arrive?

# %% [markdown]
# ![](still:race_film)

# %% role="picture"
film = widgets.race_film(rmsprop_step, adagrad_step, mean_square)
print(film.source, film.standings(), sep="\n\n")
film

# %% [markdown]
# The film plays in the page itself: you can stop it, wind it back and play it again even where no kernel runs. Where scripts
# do not run either, a strip of pictures stands in its place. Four things to see:
#
# - **The saddle.** Gradient descent, momentum and Nesterov walk straight to the pass, because the slope sideways is a
#   thousandth of the slope ahead. The methods that divide each slope by its own size turn off at once.
# - **The valley.** Momentum and Nesterov win. One rate for each weight is of little use where the valley runs *diagonally*:
#   then no weight is the steep one. But notice who chose their rate.
# - **Beale.** The first slope is steep, and momentum is thrown far past the valley before it comes back. RMSprop's steps have a
#   speed limit.
# - **Adadelta** sets out with steps of less than 0.005, as you saw, and is still warming up when the race ends.
#
# Now let them run from a start of your own, and change all rates together: at eight times the rates, who is thrown off the map,
# and who merely overshoots?

# %% [markdown]
# ![](still:race)

# %% role="picture"
widgets.race(rmsprop_step, adagrad_step, mean_square)

# %% [markdown]
# ## At scale: every start
#
# A race from one start is an anecdote. Below, every pixel is a start, and each of the seven maps is a race of its own. First
# Beale's function, with the rates of the film and 300 steps: how low does each run get?

# %% role="swarm"
side = devices.scale(700, 160, emulated=8, what="starts along each side of a map")


def from_every_start(surface, rate, steps=300):
    """What became of each start of a grid over the surface: {racer: Descents}."""
    starts = np.meshgrid(*(np.linspace(*limits, side) for limits in surface.bounds))
    rates = {racer: race_courses.RATES.get(racer, rate) for racer in race_courses.RACERS}
    memory = {racer: 0.95 if racer == "adadelta" else 0.9 for racer in rates}
    return {racer: swarm.descents(surface, rates[racer], memory[racer], starts, racer, steps) for racer in rates}


beale = from_every_start(surfaces.beale(), rate=0.005)
low = {racer: np.where(runs.diverged, np.nan, runs.value) for racer, runs in beale.items()}
print(side.note, f"{7 * side * side:,} runs of 300 steps.", sep="\n")
figures.height_maps(low, surfaces.beale())

# %% [markdown]
# Bright is low. Where a run was lost the map is white, and the share stands above each map: there the walls are so steep
# that a step of gradient descent or momentum leaves the map for good. **The four methods with a rate for every weight lose
# nobody**, because their steps have a length that the slope cannot change. But look at the colours inside. RMSprop comes near
# the bottom from the most starts, and nowhere quite to it: its steps never become shorter, so it goes on trembling around the
# minimum. Momentum, where it survives, goes all the way down.
#
# Then Himmelblau's function, which has four minima, all equally good. Which one is it? ("borders" is the share of starts whose
# neighbour ends elsewhere.)

# %% role="swarm"
hills = surfaces.himmelblau()
ends = {racer: runs.basins(hills.minima) for racer, runs in from_every_start(hills, rate=0.01).items()}
figures.arrival_maps(ends, hills)

# %% [markdown]
# Gradient descent divides the land along the watersheds. Momentum rolls through valleys and over passes, and its borders are
# frayed: move such a start by a pixel, and it ends elsewhere. The borders of the adaptive methods run *diagonally*. At first
# they take steps of equal length along both weights, whatever the slopes, so they set out at 45 degrees. They do not go
# downhill by the steepest way, and they do not mean to. Adadelta's map is mostly white: 300 steps are too few for its start.
#
# ## On a real network
#
# Two weights are a picture, not a proof. So the same methods on a network that reads digits, each with several values of its
# one setting; for Adadelta that is $\epsilon$.

# %% role="picture"
from labkit.mlp import MLPClassifier

ink, ink_exam = digits.X.astype(np.float32), digits.X_test.astype(np.float32)


def exam_error(optimizer):
    """The error of 64-50-10 tanh units after six epochs of batches of 32; NaN where training diverged."""
    try:
        model = MLPClassifier((50,), "tanh", optimizer, batch_size=32, max_epochs=6, random_state=0)
        model.fit(ink, digits.y)
    except FloatingPointError:
        return math.nan
    return 1 - model.score(ink_exam, digits.y_test)

# %% role="picture"
rates = 10.0 ** np.arange(-4, 1)
errors = {name: (rates, [exam_error(optimizers.OPTIMIZERS[name](rate)) for rate in rates])
          for name in ("gradient_descent", "momentum", "adagrad", "rmsprop", "adam")}
epsilons = 10.0 ** np.arange(-6, -1)
errors["adadelta"] = epsilons, [exam_error(optimizers.Adadelta(1.0, 0.95, epsilon)) for epsilon in epsilons]
figures.setting_curves(errors, len(digits.y_test))

# %% [markdown]
# With its best rate each method does well; six epochs and one random start do not tell their best values apart. What differs is
# how *wide* the good range is. Adadelta, the loser of the race, hardly cares about its setting over four powers of ten. To need
# no tuning was Zeiler's aim, and on this network he reached it. (At $\epsilon = 10^{-8}$, outside the picture, its start is so
# slow that six epochs are too few.)
#
# ## One pass over memory
#
# A step is hardly any arithmetic: for each weight it reads $w$, $s$ and $g$, computes for an instant, and writes $s$ and $w$.
# Large networks have hundreds of millions of weights, so the time goes into *moving numbers*. NumPy writes `decay * s`, `g**2`,
# `np.sqrt(s)` and so on as whole new arrays, one after the other. A **fused** kernel does all of it while the numbers are at
# hand, in one pass.
#
# Write it. Thread $i$ looks after weight $i$: first its mean, then its step, in place, with $\epsilon$ outside the root. (As in
# lab 00, `cuda.grid(1)` tells a thread its number, and a thread without a weight must leave the arrays alone.)

# %% role="solution" id="rmsprop_kernel"
@cuda.jit
def rmsprop_kernel(w, s, g, learning_rate, decay, epsilon):
    """RMSprop, fused: thread number i changes s[i] and then w[i], in place.

        s[i] becomes decay * s[i] + (1 - decay) * g[i]**2
        w[i] becomes w[i] - learning_rate * g[i] / (sqrt(s[i]) + epsilon), with the new s[i]

    w, s, g : float32 arrays of the same length, (n,)      the other three : numbers
    math.sqrt takes a root. There may be more threads than weights; those have nothing to do.

    From w 1, s 4, g 2 with learning rate 0.1, decay 0.9 and epsilon 0, s[i] stays 4 and w[i] becomes 0.9
    """
    ### BEGIN SOLUTION
    i = cuda.grid(1)
    if i < w.size:
        s[i] = decay * s[i] + (1 - decay) * g[i] * g[i]
        w[i] -= learning_rate * g[i] / (math.sqrt(s[i]) + epsilon)
    ### END SOLUTION

# %% role="check"
check(rmsprop_kernel)

# %% [markdown]
# The emulator watched which thread touched what. Each thread has a column of memory to itself, so no two of them can get in
# each other's way.

# %% role="picture"
from labkit.widgets import kernel_rules

weights, means, slopes = (np.ones(10, np.float32) for _ in range(3))
kernel_rules.watched(rmsprop_kernel, kernel_rules.rmsprop, 3, 4, weights, means, slopes, 0.01, 0.9, 1e-8).picture()

# %% [markdown]
# What fusing is worth, on this computer's processor: labkit's fused loop against the two formulas in NumPy, on the same
# weights. (labkit's loop also shares the work among the cores.)

# %% role="picture"
many = 4_000_000
uphill, plain_w, plain_s = np.random.default_rng(0).normal(size=(3, many)).astype(np.float32)
fused_w, fused_s = plain_w.copy(), np.square(plain_s)
plain_s = fused_s.copy()
_ = ops.update("rmsprop", plain_w[:100_000], plain_s[:100_000], uphill[:100_000], 0.0, 1.0, 1e-8)   # the first call compiles it

# %% role="picture"
seconds = {"NumPy": [], "fused": []}
for _ in range(3):
    start = time.perf_counter()
    plain_s = ours.mean_square(plain_s, uphill, 0.9)
    plain_w = ours.rmsprop(plain_w, plain_s, uphill, 0.01, 1e-8)
    middle = time.perf_counter()
    ops.update("rmsprop", fused_w, fused_s, uphill, 0.01, 0.9, 1e-8)
    seconds["NumPy"].append(middle - start)
    seconds["fused"].append(time.perf_counter() - middle)
best = {name: min(values) for name, values in seconds.items()}
print(f"{many:,} weights: NumPy {1e3 * best['NumPy']:.0f} ms, fused {1e3 * best['fused']:.0f} ms:",
      f"{best['NumPy'] / best['fused']:.1f} times as fast. Largest difference: {np.abs(plain_w - fused_w).max():.0e}")

# %% [markdown]
# ## Epilogue: Adam
#
# In December 2014 Diederik Kingma and Jimmy Ba joined the two memories: a running mean of the gradient, $m$ with decay
# $\beta_1$, for the direction, which is momentum, and a running mean of its square, $s$ with decay $\beta_2$, for the size,
# which is RMSprop. And they mended what you found in the very first step. Both means start at zero, so after $t$ steps with a
# constant gradient each holds only the share $1 - \beta^t$ of what it should, with its own $\beta$. Divide by that share:
#
# $$ \hat m = \frac{m}{1 - \beta_1^t}, \qquad \hat s = \frac{s}{1 - \beta_2^t}, \qquad
# w \leftarrow w - \eta \, \frac{\hat m}{\sqrt{\hat s} + \epsilon} $$

# %% role="solution" id="adam_step"
def adam_step(w, m, s, t, learning_rate=0.001, beta_1=0.9, beta_2=0.999, epsilon=1e-8):
    """The weights after step number t of Adam.

    w : the weights       t : the number of this step, 1 for the first
    m : the running means of the gradients, with decay beta_1, this step's gradient already in them
    s : the running means of their squares, with decay beta_2, likewise
    Returns new weights. Nothing that is passed in changes.

    After a first gradient of 2, m is 0.2 and s is 0.004, and
    adam_step(np.array([0.5]), np.array([0.2]), np.array([0.004]), 1, 0.1) is 0.5 - 0.1 * 2 / 2 = [0.4]
    """
    ### BEGIN SOLUTION
    mean, square = m / (1 - beta_1**t), s / (1 - beta_2**t)
    return w - learning_rate * mean / (np.sqrt(square) + epsilon)
    ### END SOLUTION

# %% role="check"
check(adam_step)

# %% role="picture"
adam, whose = agreeing(adam_step, ours.adam, (other, slope, two, 3, 0.1))
print(whose)
lengths = {"corrected": [], "as they are": []}
w, v, m, s, g = np.zeros(1), np.zeros(1), np.zeros(1), np.zeros(1), np.array([-3.0])
for t in range(1, 3001):
    m, s = 0.9 * m + 0.1 * g, mean(s, g, 0.999)
    new, raw = adam(w, m, s, t, 0.1), v - 0.1 * m / (np.sqrt(s) + 1e-8)
    lengths["corrected"].append(float(np.ravel(new - w)[0]))
    lengths["as they are"].append(float((raw - v)[0]))
    w, v = np.asarray(new), raw
for words, values in lengths.items():
    print(f"{words:11}: " + ", ".join(f"step {t} {values[t - 1]:.3f}" for t in (1, 2, 10, 100, 1000, 3000)))

# %% [markdown]
# With the correction every step is as long as the rate, from the first on. Without it the steps would grow to several times the
# rate before they come back. Adam became the habit of a whole field. It is not the end of the story: Reddi, Kale and Kumar
# found in 2018 a small problem on which it does not converge, and a gap in the proof; and Wilson and others showed in 2017 that
# descent with momentum often does better on *new* examples. Which of the seven to take is still a matter of trying.
#
# ### Optional: Hinton's ten mini-batches again
#
# Does RMSprop hold still where Rprop ran away? It depends on its memory. The mean has to remember at least one round of ten.

# %% role="picture"
held = {}
for decay in (0.5, 0.9, 0.99, 0.999):
    w, s, way = np.zeros(1), np.zeros(1), []
    for g in np.tile(ten, 100):
        s = mean(s, np.array([g]), decay)
        w = np.asarray(step_rule(w, s, np.array([g]), 0.01))
        way.append(float(w[0]))
    held[decay] = (way[-1] - way[499]) / 500 / 0.01
    print(f"decay {decay:<5}: the first step is {abs(way[0]) / 0.01:4.1f} rates long;",
          f"later it drifts by {abs(held[decay]):.3f} rates a step")

# %% [markdown]
# A long memory averages better and starts worse. That is the choice that Adam's correction takes away.
#
# ## The paper said, we got, why

# %% role="table"
def scaled_walk(optimizer, by):
    """Where it is on Beale's function after 200 steps, each weight's gradient multiplied by a number of its own."""
    w = np.array([1.0, 1.5])
    for _ in range(200):
        optimizer.step([w], [by * np.array(surfaces.beale().gradient(*w))])
    return w


tiny, stretch = 1e-30, np.array([2.0**-10, 2.0**13])
makers = {"RMSprop": lambda: optimizers.RMSprop(0.02, 0.9, tiny), "Adagrad": lambda: optimizers.Adagrad(0.5, tiny),
          "Adam": lambda: optimizers.Adam(0.1, epsilon=tiny)}
shifts = {name: float(np.abs(scaled_walk(make(), 1.0) - scaled_walk(make(), stretch)).max()) for name, make in makers.items()}
saddle, wall = film.ways["saddle"], film.ways["beale"]
left = {racer: int(np.argmax(np.abs(way[:, 1]) > 0.5)) or 201 for racer, way in saddle.items()}
scaling, plain_ones = ("adagrad", "adadelta", "rmsprop", "adam"), ("gradient_descent", "momentum", "nesterov")
deepest = {racer: float(np.nanmin(way[:, 1])) for racer, way in wall.items()}
spread = {name: float(np.nanmax(np.nan_to_num(values, nan=1.0)) - np.nanmin(values)) for name, (_, values) in errors.items()}
noise = np.random.default_rng(1).standard_t(2, size=(20_000, 1))
s, longest = np.ones(1), 0.0
for g in noise:
    s = ours.mean_square(s, g, 0.9)
    longest = max(longest, abs(float(ours.rmsprop(np.zeros(1), s, g, 1.0, 0.0)[0])))
figures.paper_table([
    {"claim": "The worked numbers", "kind": "number",
     "paper": "0.00001 / 0.00005 = 0.2 on a plateau, 100 / 25 = 4 before a cliff (Dettmers 2015)",
     "ours": f"{worked[0.00001]:.3g} and {worked[100.0]:.3g}",
     "setting": "rate 1, no epsilon",
     "why": "the second needs a decay of 0.9375 or more; with the lecture's 0.9 no step exceeds 3.16 rates",
     "ok": abs(worked[0.00001] - 0.2) < 1e-9 and abs(worked[100.0] - 4) < 1e-9},
    {"claim": "RMSprop's first step", "kind": "theorem",
     "paper": "rate / sqrt(1 - decay), whatever the gradient (from s = 0 in the lecture's formula)",
     "ours": ", ".join(f"{decay:g}: {values.max():.4f}" for decay, values in first.items()),
     "setting": "gradients 0.001 and 1000, rate 0.01, four decays",
     "why": "after one gradient the mean holds only the share 1 - decay of its square",
     "ok": all(np.allclose(values, 0.01 / math.sqrt(1 - decay), rtol=1e-9) for decay, values in first.items())},
    {"claim": "RMSprop's longest step", "kind": "theorem",
     "paper": "never longer than rate / sqrt(1 - decay): s is at least (1 - decay) times the newest square",
     "ours": f"longest of {len(noise):,} steps: {longest:.4f} rates; the limit is {1 / math.sqrt(0.1):.4f}",
     "setting": "heavy-tailed random gradients (Student's t, 2 degrees of freedom), seed 1, decay 0.9, s = 1 at first",
     "why": "only a gradient that dwarfs all before it comes near the limit",
     "ok": 0.9 / math.sqrt(0.1) < longest <= 1 / math.sqrt(0.1) + 1e-9},
    {"claim": "Adagrad slows like 1 / sqrt(t)", "kind": "theorem",
     "paper": "the rate is divided by the root of the sum of all squares (Duchi, Hazan and Singer 2011)",
     "ours": f"step 100: {np.diff(walked['adagrad'])[98]:.5f}, step 10,000: {np.diff(walked['adagrad'])[-1]:.5f}",
     "setting": "constant gradient -3, rate 0.1",
     "why": "the sum of t equal squares is t times one of them",
     "ok": np.allclose(np.diff(walked["adagrad"]), 0.1 / np.sqrt(steps[1:]), rtol=1e-6)},
    {"claim": "Adam's first step", "kind": "theorem",
     "paper": "with the bias corrected, exactly the learning rate against the gradient's sign (Kingma and Ba 2015, algorithm 1 at t = 1)",
     "ours": f"{lengths['corrected'][0]:.6f}; without the correction {lengths['as they are'][0]:.4f}",
     "setting": "gradient -3, rate 0.1",
     "why": "corrected, the means after one step are g and g squared; as they are, a tenth and a thousandth of these",
     "ok": abs(lengths["corrected"][0] - 0.1) < 1e-6 and abs(lengths["as they are"][0] - 0.1) > 0.1},
    {"claim": "Rescaling each weight's gradient changes nothing", "kind": "theorem",
     "paper": "'invariant to diagonal rescaling of the gradients' (Kingma and Ba 2015, abstract)",
     "ours": ", ".join(f"{name} {shift:.1g}" for name, shift in shifts.items()) + " apart",
     "setting": "Beale's function, 200 steps, gradients times 1/1024 and 8192; epsilon 1e-30",
     "why": "what each gradient is divided by grows with it. With a usual epsilon this no longer holds exactly",
     "ok": max(shifts.values()) < 1e-6},
    {"claim": "Nine mini-batches against one", "kind": "figure",
     "paper": "Rprop would not average them out: nine steps up, one down, so the weight grows a lot (Hinton's lecture 6e, 2012)",
     "ours": f"after 200 mini-batches descent {drift['descent']:.2f}, Rprop {drift['rprop']:.2f} (we step against the slope); "
             f"RMSprop's drift a step, decay 0.99: {abs(held[0.99]):.3f} rates",
     "setting": "gradients 0.1 nine times, then -0.9; Rprop's first step 0.01",
     "why": "Rprop divides each gradient by its own size, RMSprop all ten by nearly the same number",
     "ok": abs(drift["descent"]) < 1e-9 and drift["rprop"] < -1 and abs(held[0.99]) < 0.1},
    {"claim": "Scaled methods leave a saddle first", "kind": "figure",
     "paper": "methods that scale by the gradient 'quickly break symmetry', the others struggle (Radford's caption of a long valley, "
              "in Yuret 2015)",
     "ours": f"sideways 0.5 after {', '.join(f'{race_courses.WORDS[r]} {left[r]}' for r in scaling)} steps; "
             f"{', '.join(f'{race_courses.WORDS[r]} {left[r]}' if left[r] < 201 else f'{race_courses.WORDS[r]} not in 200' for r in plain_ones)}",
     "setting": "our saddle, where the start (-1.5, 0.001) lies all but on the line of symmetry; the rates printed above",
     "why": "a slope over its own size is as large sideways as ahead",
     "ok": max(left[r] for r in scaling) < min(left[r] for r in plain_ones)},
    {"claim": "Momentum is thrown by Beale's walls", "kind": "figure",
     "paper": "with the large first gradient, methods with a velocity 'shoot off and bounce around' (Radford, in Yuret 2015)",
     "ours": f"lowest second weight: momentum {deepest['momentum']:.2f}, Nesterov {deepest['nesterov']:.2f}; RMSprop {deepest['rmsprop']:.2f}",
     "setting": "start (1, 1.5), the minimum at second weight 0.5, rate 0.005, momentum 0.9",
     "why": "a velocity gathered on the wall is carried across the valley; RMSprop has none",
     "ok": deepest["momentum"] < -1 and deepest["rmsprop"] > 0},
    {"claim": "Adadelta needs no tuning", "kind": "figure",
     "paper": "'requires no manual tuning of a learning rate' and 'appears robust to ... selection of hyperparameters' (Zeiler 2012, abstract)",
     "ours": f"error varies by {spread['adadelta']:.1%}; the others by {min(v for k, v in spread.items() if k != 'adadelta'):.0%} or more",
     "setting": "digits 8x8, ordered halves, 64-50-10 tanh, 6 epochs, epsilon 1e-6 to 1e-2, the others' rates 1e-4 to 1, one random start",
     "why": "its steps find their own size; epsilon sets only how fast they begin. Zeiler's own table is on MNIST",
     "ok": spread["adadelta"] < 0.05 and min(v for k, v in spread.items() if k != "adadelta") > 0.3},
])

# %% [markdown]
# ## Explain it
#
# **A network that sorts film reviews has a weight for each word. "Film" is in every review, "oxbow" in one of ten thousand, and
# both gradients are about equally large whenever the word is there (and 0 otherwise). Training goes on for 100,000 reviews, one
# at a time. For the two weights compare gradient descent, Adagrad and RMSprop with decay 0.9: how long is each weight's step
# the first time its word occurs, and how long near the end? What goes wrong with Adagrad if the reviews change their subject
# after 90,000, and what goes wrong with RMSprop if they do not? Say what you would choose.** (Eight to twelve sentences.)

# %% [markdown] role="explain" id="explain_memories" points=4
# A model answer. With gradient descent every step is rate times gradient, so both weights take the same step each time their
# word occurs, at the start and at the end; "oxbow" learns ten thousand times less only because it occurs so rarely. Adagrad's
# first step has the length of the rate for both. Near the end "film" has summed a hundred thousand squares and its step is the
# rate over $\sqrt{100\,000} \approx 316$; "oxbow" has occurred about ten times, so its step is still about a third of the rate.
# That is what Adagrad is for: the rare word still learns when it turns up. RMSprop's first step is $1/\sqrt{1-0.9} \approx 3.2$
# rates for both. Near the end "film" takes steps of about one rate. "Oxbow" takes 3.2 rates at every occurrence, because
# between two of them its mean is multiplied by 0.9 ten thousand times and has forgotten everything: each occurrence is like a
# first step. If the subject changes after 90,000 reviews, Adagrad's weight for "film" can hardly follow: its steps are three
# hundred times shorter than at the start, however wrong it is now, because the sum never forgets. If nothing changes, RMSprop
# never comes to rest: its steps stay about as long as the rate, so the weights go on trembling around their best values, as in
# the map of Beale's function, where it came near the bottom from many starts and never to it. One can lower the rate over time.
# I would take Adagrad for a fixed task with many rare words, and RMSprop (or Adam) with a falling rate where the task moves.
#
# **Marking scheme** (4 points)
#
# - 1 point: Adagrad's steps, first and late, for both words: about one rate at first; late about 1/300 of it for "film" and a
#   third for "oxbow" (any reasoning with the root of the number of occurrences counts; exact numbers are not needed).
# - 1 point: RMSprop's steps: 3.2 rates at first; "film" about one rate later; "oxbow" as long as a first step each time,
#   because the mean has forgotten. "Like film" for oxbow costs half the point.
# - 1 point: both failures: Adagrad cannot follow a change because its sum only grows; RMSprop never comes to rest because its
#   steps do not shrink. One of the two is half a point.
# - 1 point: a choice with a reason that follows from the above, and gradient descent described rightly (equal steps whenever
#   the word occurs). Any method may be chosen.

# %% [markdown]
# ## What you have now
#
# - A memory of how steep each weight has been, and with it a step of about the same length for all.
# - Four rules that differ in what they remember: Adagrad everything, RMSprop the recent past, Adadelta its own steps as well,
#   Adam the direction as well.
# - Two numbers to ask about in each paper and each library: $1/\sqrt{1-\rho}$, the speed limit, and $\epsilon$, which decides
#   where a plateau begins.
# - The update as a single kernel.
# - A question for lab 08: why are the gradients of the first layers so small in the first place? A better step makes the best
#   of them. It would be better still if they were not so small.
#
# ## Words of this lab
#
# {glossary}
#
# ## Sources and further reading
#
# - M. Riedmiller and H. Braun, *Rprop: a fast adaptive learning algorithm*, Proceedings of ISCIS VII, 1992; *A direct adaptive
#   method for faster backpropagation learning: the RPROP algorithm*, IEEE International Conference on Neural Networks, 1993.
# - G. Hinton with N. Srivastava and K. Swersky, *Neural Networks for Machine Learning*, lecture 6e, Coursera and University of
#   Toronto, 2012; cited as T. Tieleman and G. Hinton, *Lecture 6.5: rmsprop: divide the gradient by a running average of its
#   recent magnitude*, 2012.
# - J. Duchi, E. Hazan and Y. Singer, *Adaptive subgradient methods for online learning and stochastic optimization*, Journal of
#   Machine Learning Research 12, 2011, pages 2121 to 2159.
# - M. D. Zeiler, *ADADELTA: an adaptive learning rate method*, arXiv:1212.5701, 2012.
# - A. Radford, animations of optimization algorithms, shown with his captions in D. Yuret's blog, *Alec Radford's animations
#   for optimization algorithms*, 2015.
# - D. P. Kingma and J. Ba, *Adam: a method for stochastic optimization*, ICLR 2015, arXiv:1412.6980.
# - A. C. Wilson, R. Roelofs, M. Stern, N. Srebro and B. Recht, *The marginal value of adaptive gradient methods in machine
#   learning*, NIPS 2017.
# - S. J. Reddi, S. Kale and S. Kumar, *On the convergence of Adam and beyond*, ICLR 2018.
# - T. Dettmers, *Deep learning in a nutshell: history and training*, NVIDIA developer blog, 2015: the worked numbers.
# - Documentation of `torch.optim.RMSprop` (epsilon outside the root, 1e-8 by default) and source of `keras.optimizers.RMSprop`
#   (inside, 1e-7).
# - H. H. Rosenbrock, *An automatic method for finding the greatest or least value of a function*, The Computer Journal 3, 1960;
#   E. M. L. Beale, *On an iterative method for finding a local minimum of a function of more than one variable*, Princeton,
#   1958; D. M. Himmelblau, *Applied Nonlinear Programming*, 1972.
