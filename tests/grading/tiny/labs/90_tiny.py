# %% [markdown]
# # A tiny lab
#
# Measured: {measured}

# %% role="setup"
import numpy as np

from labkit import check

# %% role="predict" id="guess"
guess = ...  # "a" or "b"
### BEGIN SOLUTION
guess = "a"
### END SOLUTION

# %% role="check"
check(guess=guess)

# %% role="solution" id="fires"
def fires(x, w, b):
    """1 when the weighted sum of x plus b is above 0, else 0."""
    ### BEGIN SOLUTION
    return int(np.dot(x, w) + b > 0)
    ### END SOLUTION

# %% role="check"
check(fires)

# %% role="picture"
print("a picture")

# %% [markdown]
# Why a bias?

# %% [markdown] role="explain" id="explain_bias" points=4
# CANARY-ANSWER: without it every line goes through the origin.
