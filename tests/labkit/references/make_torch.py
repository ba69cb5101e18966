"""Writes torch.json: what PyTorch says of each layer, loss and optimizer, in float64, for test_* to compare with.

Usage: python make_torch.py    (in an environment with torch==2.13.0; labkit's own environment has no PyTorch)
"""

import json
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

torch.set_default_dtype(torch.float64)


def tensor(array):
    return torch.tensor(array, requires_grad=True)


def layer(function, X, dY, *params):
    """Output and gradients of a layer for the output gradient dY."""
    inputs = [tensor(a) for a in (X, *params)]
    Y = function(*inputs)
    Y.backward(torch.tensor(dY))
    return {"Y": Y.tolist(), "gradients": [a.grad.tolist() for a in inputs]}


def layers(rng):
    X, dY, W, b, dY3 = (rng.normal(size=s) for s in ((5, 4), (5, 4), (4, 3), (3,), (5, 3)))
    slopes = rng.uniform(0.1, 0.5, 4)
    simple = {"sigmoid": torch.sigmoid, "tanh": torch.tanh, "relu": F.relu, "softmax": lambda x: F.softmax(x, dim=1)}
    return {
        "X": X.tolist(), "dY": dY.tolist(), "W": W.tolist(), "b": b.tolist(), "dY3": dY3.tolist(), "slopes": slopes.tolist(),
        **{name: layer(function, X, dY) for name, function in simple.items()},
        "prelu": layer(F.prelu, X, dY, slopes),
        "dense": layer(lambda x, W, b: x @ W + b, X, dY3, W, b),
    }


def loss(function, Y, T, reduction):
    Y = tensor(Y)
    value = function(Y, torch.tensor(T), reduction)
    value.backward()
    return {"value": value.item(), "gradient": Y.grad.tolist()}


def losses(rng):
    Z, T, labels = rng.normal(size=(6, 3)) * 3, rng.dirichlet(np.ones(3), 6), rng.integers(0, 3, 6)
    P, yes = rng.dirichlet(np.ones(3), 6), rng.integers(0, 2, (6, 3)).astype(float)
    divide = {"mean": 6.0, "sum": 1.0}
    functions = {
        "squared_error": (Z, T, lambda y, t, r: 0.5 * F.mse_loss(y, t, reduction="sum") / divide[r]),
        "softmax_cross_entropy": (Z, labels, lambda z, t, r: F.cross_entropy(z, t, reduction=r)),
        "softmax_cross_entropy_soft": (Z, T, lambda z, t, r: F.cross_entropy(z, t, reduction=r)),
        "cross_entropy": (P, labels, lambda p, t, r: F.nll_loss(p.log(), t, reduction=r)),
        "binary_cross_entropy": (P, yes, lambda p, t, r: F.binary_cross_entropy(p, t, reduction="sum") / divide[r]),
        "sigmoid_cross_entropy": (Z, yes, lambda z, t, r: F.binary_cross_entropy_with_logits(z, t, reduction="sum") / divide[r]),
    }
    return {name: {"Y": Y.tolist(), "T": T.tolist(), **{r: loss(f, Y, T, r) for r in divide}} for name, (Y, T, f) in functions.items()}


def path(start, make, steps=25):
    """The points an optimizer visits on the sum of w^2 / 2 scale + w^4 / 40, whose gradient is scale w + w^3 / 10."""
    scale = torch.tensor([0.5, 2.0, 10.0])
    w = nn.Parameter(torch.tensor(start))
    optimizer = make([w])
    points = []
    for _ in range(steps):
        optimizer.zero_grad()
        (scale * w**2 / 2 + w**4 / 40).sum().backward()
        optimizer.step()
        points.append(w.tolist())
    return points


def optimizers():
    o = torch.optim
    makers = {
        "gradient_descent": lambda p: o.SGD(p, lr=0.05),
        "momentum": lambda p: o.SGD(p, lr=0.05, momentum=0.9),
        "nesterov_shifted": lambda p: o.SGD(p, lr=0.05, momentum=0.9, nesterov=True),
        "adagrad": lambda p: o.Adagrad(p, lr=0.3, eps=1e-10),
        "adadelta": lambda p: o.Adadelta(p, lr=1.0, rho=0.9, eps=1e-6),
        "rmsprop": lambda p: o.RMSprop(p, lr=0.05, alpha=0.9, eps=1e-3),
        "adam": lambda p: o.Adam(p, lr=0.1, betas=(0.8, 0.95), eps=1e-6),
        "adam_weight_decay": lambda p: o.AdamW(p, lr=0.1, betas=(0.8, 0.95), eps=1e-6, weight_decay=0.2),
        "momentum_l2": lambda p: o.SGD(p, lr=0.05, momentum=0.9, weight_decay=0.2),
    }
    start = [3.0, -2.0, 1.0]
    return {"start": start, "scale": [0.5, 2.0, 10.0], **{name: path(start, make) for name, make in makers.items()}}


def training(rng):
    """A 4-5-3 network with tanh, trained for ten steps by momentum: losses on the way and the parameters at the end."""
    X, labels = rng.normal(size=(12, 4)), rng.integers(0, 3, 12)
    net = nn.Sequential(nn.Linear(4, 5), nn.Tanh(), nn.Linear(5, 3))
    start = [rng.normal(size=s) * 0.5 for s in ((4, 5), (5,), (5, 3), (3,))]
    for p, value in zip(net.parameters(), start, strict=True):
        p.data = torch.tensor(value.T.copy())
    optimizer = torch.optim.SGD(net.parameters(), lr=0.3, momentum=0.9)
    values = []
    for _ in range(10):
        optimizer.zero_grad()
        value = F.cross_entropy(net(torch.tensor(X)), torch.tensor(labels))
        value.backward()
        optimizer.step()
        values.append(value.item())
    end = [p.detach().numpy().T.tolist() for p in net.parameters()]
    return {"X": X.tolist(), "labels": labels.tolist(), "start": [p.tolist() for p in start], "losses": values, "end": end}


def shrinking(rng):
    W = rng.normal(size=(4, 3))
    return {"W": W.tolist(), "soft_threshold": F.softshrink(torch.tensor(W), 0.4).tolist(),
            "max_norm": torch.renorm(torch.tensor(W), 2, 1, 1.5).tolist()}


if __name__ == "__main__":
    rng = np.random.default_rng(0)
    values = {"torch": torch.__version__.split("+")[0], "layers": layers(rng), "losses": losses(rng), "optimizers": optimizers(),
              "training": training(rng), "shrinking": shrinking(rng)}
    Path(__file__).with_name("torch.json").write_text(json.dumps(values) + "\n")
