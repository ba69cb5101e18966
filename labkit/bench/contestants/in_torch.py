"""The works in PyTorch, as its own tutorials write them; `fused` where it has a fused optimizer. It computes where labkit does."""

import os

import numpy as np
import torch
from torch import nn

PLACE = "cuda" if os.environ.get("LABKIT_DEVICE") == "cuda" else "cpu"


def there(array):
    return torch.from_numpy(array).to(PLACE)


def finished(run):
    """`run`, which then ends when a GPU has done it."""
    def to_its_end():
        result = run()
        if PLACE == "cuda":
            torch.cuda.synchronize()
        return result

    return to_its_end


def mlp(inputs, rate, momentum, batch, dropout=0.0, alike=0, fused=False):
    X, y, exam = (there(inputs[name]) for name in ("X", "y", "exam"))
    starts = [inputs[f"W{k}"] for k in range(int(inputs["layers"]))]

    def train(X, y, dropout):
        net = network(starts, dropout)
        optimizer = torch.optim.SGD(net.parameters(), rate, momentum=momentum, fused=fused or None)
        loss = nn.CrossEntropyLoss()
        for a in range(0, len(X), batch):
            optimizer.zero_grad()
            loss(net(X[a:a + batch]), y[a:a + batch]).backward()
            optimizer.step()
        return net

    def probabilities(net):
        net.eval()
        with torch.no_grad():
            return torch.softmax(net(exam), 1).cpu().numpy()

    def outputs(net):
        found = {"probabilities": probabilities(net)}
        if alike:
            found["without_dropout"] = probabilities(train(X[: alike * batch], y[: alike * batch], 0.0))
        return found

    return finished(lambda: train(X, y, dropout)), outputs


def network(starts, dropout):
    layers = []
    for W in starts:
        linear = nn.Linear(*W.shape)
        linear.weight.data = torch.from_numpy(W.T.copy())
        linear.bias.data.zero_()
        layers += [linear, nn.ReLU()] + [nn.Dropout(dropout)] * bool(dropout)
    return nn.Sequential(*layers[: -2 if dropout else -1]).to(PLACE)


def xor(inputs, sweeps, rate, momentum):
    """Batched products and gradients by hand, in place: the fastest of the forms tried."""
    start, goal = inputs["start"], there(inputs["goal"])
    n = start.shape[1]
    corners = torch.tensor([[0., 0, 1], [0, 1, 1], [1, 0, 1], [1, 1, 1]], device=PLACE).expand(n, 4, 3)

    def run():
        W = there(start)
        A, B = W[:6].T.reshape(n, 2, 3).transpose(1, 2).contiguous(), W[6:].T.contiguous()
        a, b = torch.zeros_like(A), torch.zeros_like(B)
        for _ in range(sweeps):
            h = torch.bmm(corners, A).sigmoid_()
            o = torch.baddbmm(B[:, 2:, None], h, B[:, :2, None]).sigmoid_()[..., 0]
            D = (o - goal) * o * (1 - o)
            dh = D[..., None] * B[:, None, :2] * h * (1 - h)
            b.mul_(momentum)
            b[:, :2].sub_(torch.bmm(D[:, None], h)[:, 0], alpha=rate)
            b[:, 2].sub_(D.sum(1), alpha=rate)
            a.mul_(momentum).sub_(torch.bmm(corners.transpose(1, 2), dh), alpha=rate)
            A += a
            B += b
        return A, B

    def outputs(result):
        A, B = result
        return {"weights": torch.cat([A.transpose(1, 2).reshape(n, 6), B], 1).T.cpu().numpy()}

    return finished(run), outputs


def descents(inputs, steps):
    rates, momenta = (there(a.ravel()) for a in np.meshgrid(inputs["rates"], inputs["momenta"]))

    def run():
        x, y = torch.ones_like(rates), torch.ones_like(rates)
        u, v = torch.zeros_like(rates), torch.zeros_like(rates)
        for _ in range(steps):
            y2 = y * y
            y3 = y2 * y
            p, q, r = 1.5 - x + x * y, 2.25 - x + x * y2, 2.625 - x + x * y3
            gx = 2 * (p * (y - 1) + q * (y2 - 1) + r * (y3 - 1))
            gy = 2 * x * (p + 2 * q * y + 3 * r * y2)
            u.mul_(momenta).addcmul_(rates, gx, value=-1)
            v.mul_(momenta).addcmul_(rates, gy, value=-1)
            x.add_(u)
            y.add_(v)
        return (1.5 - x + x * y) ** 2 + (2.25 - x + x * y * y) ** 2 + (2.625 - x + x * y**3) ** 2

    shape = len(inputs["momenta"]), len(inputs["rates"])
    return finished(run), lambda heights: {"heights": heights.cpu().numpy().reshape(shape)}


def update(inputs, name, keywords, form):
    w, g = there(inputs["w"]), there(inputs["g"])
    parameter = nn.Parameter(w)
    parameter.grad = g
    optimizer = getattr(torch.optim, name)([parameter], **keywords, **{form: True})
    return finished(optimizer.step), lambda _: {"w": parameter.detach().cpu().numpy()}


# Kernels: each writes its first argument, as ours does

KERNELS = {
    "add": lambda out, a, b: torch.add(a, b, out=out),
    "multiply": lambda out, a, b: torch.mul(a, b, out=out),
    "sigmoid": lambda out, x: torch.sigmoid(x, out=out),
    "tanh": lambda out, x: torch.tanh(x, out=out),
    "relu": lambda out, x: torch.clamp(x, min=0, out=out),
    "softmax": lambda out, z: torch.softmax(z, 1, out=out),
    "row_argmax": lambda out, x: torch.argmax(x, 1, out=out),
}


def kernel(inputs, name, launches):
    arrays = [there(inputs[f"a{i}"]) for i in range(len(inputs) - 1)]
    return finished(lambda: [KERNELS[name](*arrays) for _ in range(launches)]), lambda _: {"out0": arrays[0].cpu().numpy()}
