"""The group method of data handling: the first deep networks that learned (Ivakhnenko and Lapa 1965, Ivakhnenko 1968, 1971).

A unit is a polynomial of two inputs, y = a + b u + c v + d u v + e u^2 + f v^2, fitted by least squares on the fitting rows.
Every pair of inputs is tried, the units that do best on the checking rows are kept, and their outputs are the next layer's
inputs. No gradient is used. The algorithm follows Farlow, The GMDH Algorithm of Ivakhnenko (The American Statistician, 1981).
"""

from typing import NamedTuple

import numpy as np

from labkit import _cuda, devices, ops
from labkit.estimator import Regressor, kept_where_refused
from labkit.validation import check_numbers, check_positive, check_rows, check_targets

WORTH_A_GPU = 2**30         # multiply-adds of the sums over all pairs; below, moving the rows takes longer than a CPU takes for them

TERMS = ("", "{u}", "{v}", "{u} {v}", "{u}^2", "{v}^2")


class PolynomialLayer(NamedTuple):
    """One layer of kept units, best first. Inputs are standardised by `mean` and `scale` before the polynomials.

    mean, scale : (n_inputs,); left, right : (n_units,) columns of u and v; weights : (n_units, 6);
    errors : (n_units,) the criterion of each
    """

    mean: np.ndarray
    scale: np.ndarray
    left: np.ndarray
    right: np.ndarray
    weights: np.ndarray
    errors: np.ndarray

    def __call__(self, X):
        """X : (n_examples, n_inputs) to (n_examples, n_units)"""
        return self.units((X - self.mean) / self.scale)

    def units(self, Z):
        """The same for inputs that are standardised already."""
        return ops.gmdh_outputs(Z, self.left, self.right, self.weights)


class GMDHRegressor(Regressor):
    """A network of quadratic units that grows layer by layer until the checking rows say that it is deep enough.

    keep : units of a layer that are kept
    max_layers : a cap; the checking rows choose among so many units that alone they often choose too many layers
    min_gain : stop when the best unit's criterion falls by less than this, and answer from the layer before
    check_size : share of the rows, drawn at random, that only judge, where fit gets no checking rows of its own
    singular : where the six terms of a pair are not independent on the fitting rows, "skip" the pair, or take the shortest
        ("least_norm") of the coefficients that fit. On the four corners of XOR x^2 = x and z^2 = z: all pairs are of this kind.

    The criterion is the sum of squared errors over that of y, both on the checking rows, y measured from its mean on the
    fitting rows: 0 is perfect, 1 no better than that mean. The checking rows select, so they are no test: keep a third set.

    A large layer's pairs are tried on the GPU where there is one, also in float64: to 1e-8 of the CPU's, relative to the larger of 1
    and the value, in the first layers, and to fewer digits in deep ones, whose inputs are nearly alike. Those kept are fitted once
    more from the rows on the CPU, so that the model is the same.

    layers_ : the PolynomialLayers; criteria_ : the best criterion of each, and last that of the layer that was not worth it
    finished_ : whether growing has ended
    """

    def __init__(self, keep=10, max_layers=10, min_gain=5e-4, check_size=1 / 3, singular="skip", random_state=None):
        self.keep = keep
        self.max_layers = max_layers
        self.min_gain = min_gain
        self.check_size = check_size
        self.singular = singular
        self.random_state = random_state

    def fit(self, X, y, X_check=None, y_check=None):
        """X : (n_examples, n_inputs), y : (n_examples,); X_check, y_check : checking rows, or None to draw them from X and y"""
        with kept_where_refused(self):
            self._forget()
            rows = self._rows(X, y, X_check, y_check)
            try:
                while not self.finished_:
                    rows = self._grow(*rows)
            finally:
                devices.free()
        return self

    def partial_fit(self, X, y, X_check=None, y_check=None):
        """One layer more, if it is worth it (`finished_` says when none is). Pass the same rows each time, and a seed as
        `random_state` where checking rows are to be drawn from them."""
        with kept_where_refused(self):
            if not getattr(self, "layers_", None):
                self._forget()
            self._check_settings()                          # they may have changed since, and what ended the growing with them
            X, y, X_check, y_check = self._rows(X, y, X_check, y_check)
            for layer in self.layers_:
                X, X_check = layer(X), layer(X_check)
            del self.criteria_[len(self.layers_):]
            self.finished_ = bool(self.layers_) and self._is_full()
            if not self.finished_:
                try:
                    self._grow(X, y, X_check, y_check)
                finally:
                    devices.free()
        return self

    def _grow(self, X, y, X_check, y_check):
        """Add the best layer on these inputs, or finish; returns the rows as the next layer sees them."""
        mean, scale, Z, Z_check = standardised(X, X_check)
        layer = self._best_pairs(mean, scale, Z, y, Z_check, y_check)
        if layer is None and not self.layers_:
            raise ValueError(f"No pair of inputs can be fitted on {len(X)} rows: the six terms 1, u, v, uv, u^2, v^2 are not independent "
                             "there; pass more rows, or singular='least_norm'.")
        if layer is not None:
            self.criteria_.append(float(layer.errors[0]))
        if layer is None or len(self.criteria_) > 1 and self.criteria_[-2] - self.criteria_[-1] < self.min_gain:
            self.finished_ = True
            return X, y, X_check, y_check
        self.layers_.append(layer)
        self.finished_ = self._is_full()
        return layer.units(Z), y, layer.units(Z_check), y_check

    def _is_full(self):
        """Whether there may be no layer more, or can be none: a single unit makes no pair."""
        return len(self.layers_) >= self.max_layers or len(self.layers_[-1].left) == 1

    def predict(self, X):
        """The best unit of the last layer. X : (n_examples, n_inputs); returns (n_examples,)."""
        return self.predict_layers(X)[-1][:, 0]

    def predict_layers(self, X):
        """What every unit of every layer makes of X, in y's units: a list of (n_examples, n_units)."""
        self._check_fitted()
        X, outputs = check_rows(self, X).astype(np.float64, copy=False), []
        for layer in self.layers_:
            X = layer(X)
            outputs.append(self.y_mean_ + self.y_scale_ * X)
        return outputs

    def __sklearn_is_fitted__(self):
        """For scikit-learn's check_is_fitted: an interrupted fit may have no layer yet."""
        return bool(getattr(self, "layers_", None))

    def _check_fitted(self):
        if not self.__sklearn_is_fitted__():
            from sklearn.exceptions import NotFittedError

            raise NotFittedError("This GMDHRegressor has learned nothing yet; call fit(X, y) first.")

    def _place(self, layer, unit):
        """The layer's and the unit's number from 0, where -1 is the last."""
        self._check_fitted()
        try:
            layer = range(len(self.layers_))[layer]
            return layer, range(len(self.layers_[layer].left))[unit]
        except (IndexError, TypeError):
            units = ", ".join(str(len(own.left)) for own in self.layers_)
            raise ValueError(f"there is no unit {unit!r} in layer {layer!r}; both count from 0, and the layers have {units} units.") from None

    def used_units(self):
        """For each layer the units that the answer is made of, a list of sorted columns."""
        self._check_fitted()
        used = [[0]]
        for layer in reversed(self.layers_[1:]):
            used.append(sorted({int(side[k]) for k in used[-1] for side in (layer.left, layer.right)}))
        return used[::-1]

    def coefficients(self, layer=-1, unit=0):
        """The six coefficients of a unit, of 1, u, v, uv, u^2, v^2, in the units of its inputs and of y. Returns (6,)."""
        layer, unit = self._place(layer, unit)
        own = self.layers_[layer]
        i, j = own.left[unit], own.right[unit]
        # Standardised u is p + q times the input as it comes; after the first layer that input is a unit's answer, in y's units.
        before, scale_before = (0.0, 1.0) if layer == 0 else (self.y_mean_, self.y_scale_)
        (p, q), (r, s) = ((-(own.mean[k] + before / scale_before) / own.scale[k], 1 / (own.scale[k] * scale_before)) for k in (i, j))
        a, b, c, d, e, f = own.weights[unit]
        plain = np.array([
            a + b * p + c * r + d * p * r + e * p * p + f * r * r,
            q * (b + d * r + 2 * e * p),
            s * (c + d * p + 2 * f * r),
            d * q * s,
            e * q * q,
            f * s * s,
        ])
        return self.y_scale_ * plain + self.y_mean_ * (np.arange(6) == 0)

    def polynomial(self, layer=-1, unit=0, names=None, digits=3):
        """A unit as text: "z2_1 = 0.5 + 1.2 z1_1 - 3 z1_1 z1_4 ...", where z2_1 is the best unit of layer 2.

        names : of the inputs, default x1, x2, ...; digits : significant ones of each coefficient
        """
        layer, unit = self._place(layer, unit)
        names = names if names is None else ops.as_array(names, "names").ravel()
        if not ops.is_count(digits):
            raise ValueError(f"digits is {digits!r} but has to be a whole number, 1 or more.")
        if names is not None and len(names) != self.n_features_in_:
            raise ValueError(f"names has {len(names)} entries, but X had {self.n_features_in_} columns; pass a name for each, in their order.")
        name = (lambda k: names[k] if names is not None else f"x{k + 1}") if layer == 0 else (lambda k: f"z{layer}_{k + 1}")
        u, v = name(self.layers_[layer].left[unit]), name(self.layers_[layer].right[unit])
        return f"z{layer + 1}_{unit + 1} = {write_sum(self.coefficients(layer, unit), u, v, digits)}"

    def polynomials(self, names=None, digits=3):
        """The units that the answer is made of, a line each, the answer last."""
        return "\n".join(self.polynomial(k, unit, names, digits) for k, units in enumerate(self.used_units()) for unit in units)

    def _forget(self):
        for name in [name for name in vars(self) if name.endswith("_")]:
            delattr(self, name)
        self._check_settings()

    def _check_settings(self):
        for name in ("keep", "max_layers"):
            check_positive(self, name, whole=True)
        for name in ("min_gain", "check_size"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, (int, float, np.integer, np.floating)) or value != value:
                raise ValueError(f"{name} must be a number, got {value!r}.")
        if self.singular not in ("skip", "least_norm"):
            raise ValueError(f"singular is {self.singular!r} but has to be 'skip' or 'least_norm'.")
        if not 0 < self.check_size < 1:
            raise ValueError(f"check_size is {self.check_size!r} but has to be a share of the rows, between 0 and 1.")

    def _rows(self, X, y, X_check, y_check):
        """Fitting rows and checking rows, in float64, y standardised."""
        X, y = self._table(X, y)
        if X.shape[1] < 2:
            raise ValueError(f"GMDH joins inputs in pairs, but X has n_features={X.shape[1]}; pass two columns or more.")
        self.n_features_in_ = X.shape[1]
        if (X_check is None) != (y_check is None):
            lacking, given = ("X_check", "y_check") if X_check is None else ("y_check", "X_check")
            raise ValueError(f"{given} was passed without {lacking}; checking rows need both, or neither to draw them from X and y.")
        if X_check is None:
            check = self._drawn(len(X))
            X, y, X_check, y_check = X[~check], y[~check], X[check], y[check]
        else:
            X_check, y_check = self._table(X_check, y_check)
        if not hasattr(self, "layers_"):
            self.layers_, self.criteria_, self.finished_ = [], [], False
            unit = power_of_two(y)
            self.y_mean_, self.y_scale_ = unit * (y / unit).mean(), unit * (y / unit).std() or 1.0
        return X, (y - self.y_mean_) / self.y_scale_, X_check, (y_check - self.y_mean_) / self.y_scale_

    def _drawn(self, n):
        """Which of n rows check: (n,) of True and False."""
        n_check = round(self.check_size * n)
        if not 0 < n_check < n:
            raise ValueError(f"X has n_samples={n}, which cannot be split into fitting and checking rows; pass more rows.")
        check = np.zeros(n, bool)
        check[ops.generator(self.random_state).permutation(n)[:n_check]] = True
        return check

    def _table(self, X, y):
        X = check_rows(self, X).astype(np.float64, copy=False)
        return X, check_numbers(check_targets(self, X, y)).astype(np.float64, copy=False)

    def _best_pairs(self, mean, scale, X, y, X_check, y_check):
        """The next layer, or None where no pair can be fitted. X and X_check are standardised, by that mean and scale."""
        weights, errors = ops.gmdh_pairs(*where_it_is_fast(X, y, X_check, y_check), self.singular == "least_norm")
        kept = np.argsort(errors, kind="stable")[:self.keep]
        kept = kept[np.isfinite(errors[kept])]
        if len(kept) == 0:
            return None
        left, right = (side[kept] for side in np.triu_indices(X.shape[1], 1))
        weights = ops.gmdh_refit(X, y, left, right)
        errors = ((ops.gmdh_outputs(X_check, left, right, weights) - y_check[:, None]) ** 2).sum(axis=0) / ((y_check**2).sum() or 1.0)
        best = np.argsort(errors, kind="stable")
        return PolynomialLayer(mean, scale, left[best], right[best], weights[best], errors[best])


def power_of_two(X):
    """For each column the power of two below its largest number. Measured in it no square overflows or vanishes, and no digit changes."""
    return np.ldexp(1.0, np.frexp(np.abs(X).max(axis=0))[1] - 1)


def root_mean_squares(Z):
    with np.errstate(over="ignore"):
        return np.sqrt(np.einsum("ij,ij->j", Z, Z) / len(Z))


def standardised(X, X_check):
    """The columns' means and scales on the fitting rows, and both tables measured from those in these."""
    mean = X.mean(axis=0)
    Z, Z_check = X - mean, X_check - mean
    scale = root_mean_squares(Z)
    far = ~((scale > 1e-140) & (scale < 1e140))             # whose squares vanish or overflow
    if far.any():
        unit = power_of_two(Z[:, far])
        scale[far] = unit * root_mean_squares(Z[:, far] / unit)
    scale[scale <= 1e-12 * np.abs(mean)] = 1.0              # a constant column
    Z /= scale
    Z_check /= scale
    return mean, scale, Z, Z_check


def where_it_is_fast(X, y, X_check, y_check):
    """The rows on the GPU, where there is one and the layer has enough to do for it; else as they are."""
    if devices.current().name != "cuda" or 4 * (len(X) + len(X_check)) * X.shape[1] ** 2 < WORTH_A_GPU:
        return X, y, X_check, y_check
    cuda = _cuda.real()
    return tuple(cuda.to_device(np.ascontiguousarray(rows)) for rows in (X, y, X_check, y_check))


def write_sum(weights, u, v, digits):
    """The polynomial as text, without the terms that are nothing beside the largest."""
    text = ""
    for w, term in zip(weights, TERMS, strict=True):
        if abs(w) > 1e-9 * np.abs(weights).max():
            number = f"{abs(w):.{digits}g}"
            factor = term.format(u=u, v=v)
            text += f" {'-' if w < 0 else '+'} {factor if factor and number == '1' else f'{number} {factor}'.strip()}"
    return text.removeprefix(" + ").replace(" - ", "-", 1) if text.startswith(" -") else text.removeprefix(" + ") or "0"
