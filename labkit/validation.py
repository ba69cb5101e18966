"""What goes into an estimator, checked before any learning. Where scikit-learn's own checks expect a sentence it comes first, then what to do."""

import warnings
from contextlib import suppress

import numpy as np

from labkit.ops import as_array


def check_positive(unit, name, whole=False):
    """The hyperparameter `name` must be above zero, and a whole number where `whole`."""
    value = getattr(unit, name)
    kinds = (int, np.integer) if whole else (int, float, np.integer, np.floating)
    if isinstance(value, bool) or not isinstance(value, kinds) or not 0 < value < np.inf:
        expected = "a whole number, 1 or more" if whole else "a number above 0"
        raise ValueError(f"{name} must be {expected}, got {value!r}.")


def check_fitted(unit, learned="coef_", call="fit(X, y)"):
    """What is called needs what fit learns, the attribute `learned`."""
    if not hasattr(unit, learned):
        from sklearn.exceptions import NotFittedError

        raise NotFittedError(f"This {type(unit).__name__} has learned nothing yet; call {call} first.")


def check_rows(unit, X):
    """X as an array (n_examples, n_inputs) of float32 or float64, contiguous, finite, as wide as what `unit` learned from.

    A float array in C order is not copied, so that a memory map stays on disk.
    """
    X = check_table(unit, X)
    check_finite(X, "X")
    return X


def check_table(unit, X):
    """`check_rows` without reading all numbers, of which some may be NaN or infinity."""
    given, X = X, as_array(X, "X")
    if X.ndim == 0:
        raise ValueError(f"Expected 2D array, got scalar array instead: X is {as_one_line(given)}; "
                         "pass an array or a list of rows, (n_examples, n_inputs).")
    if X.ndim == 1:
        raise ValueError(
            f"Expected 2D array, got 1D array instead: X has shape {X.shape}. Reshape your data: X.reshape(-1, 1) if it is one "
            "column, X.reshape(1, -1) if it is one example."
        )
    if X.ndim != 2:
        raise ValueError(
            f"Found array with dim {X.ndim}, while dim 2 is required: X has shape {X.shape}; "
            "pass (n_examples, n_inputs), for example X.reshape(len(X), -1)."
        )
    for count, kind in zip(X.shape, ("sample", "feature"), strict=True):
        if count == 0:
            raise ValueError(f"Found array with 0 {kind}(s) (shape={X.shape}) while a minimum of 1 is required; give X some data.")
    X = as_floats(X, "X")
    check_names(unit, given)
    width = getattr(unit, "n_features_in_", X.shape[1])
    if X.shape[1] != width:
        raise ValueError(
            f"X has {X.shape[1]} features, but {type(unit).__name__} is expecting {width} features as input; pass the columns of fit."
        )
    return X


def as_one_line(value):
    """What it is, in at most 60 characters."""
    text = " ".join(repr(value).split())
    return text if len(text) <= 60 else f"{text[:57]}..."


def column_names(X):
    """The names of a data frame's columns, (n_features,); None where X has none, or other than text."""
    names = getattr(X, "columns", None)
    names = [] if names is None or callable(names) else list(names)
    return np.array(names, object) if names and all(isinstance(name, str) for name in names) else None


def check_names(unit, X):
    """The columns of X must have the names that they had in fit, in the same order; the first X's names become `feature_names_in_`."""
    names, learned = column_names(X), getattr(unit, "feature_names_in_", None)
    if not hasattr(unit, "n_features_in_"):
        if names is not None:
            unit.feature_names_in_ = names
    elif names is None and learned is not None:
        warnings.warn(f"X does not have valid feature names, but {type(unit).__name__} was fitted with feature names", stacklevel=5)
    elif names is not None and learned is None:
        warnings.warn(f"X has feature names, but {type(unit).__name__} was fitted without feature names", stacklevel=5)
    elif names is not None and list(names) != list(learned):
        lines = ["The feature names should match those that were passed during fit."]
        for words, some in (("unseen at fit time", set(names) - set(learned)), ("seen at fit time, yet now missing", set(learned) - set(names))):
            if some:
                lines += [f"Feature names {words}:", *(f"- {name}" for name in sorted(some)[:5]), *["- ..."] * (len(some) > 5)]
        if len(lines) == 1:
            lines.append("Feature names must be in the same order as they were in fit.")
        raise ValueError("\n".join([*lines, "Pass the columns of fit, X[model.feature_names_in_]."]))


def as_floats(values, what):
    """Numbers as contiguous float32 or float64; whole numbers become float64."""
    if values.dtype.kind in "USO":
        return object_floats(values, what)
    if values.dtype.kind == "c":
        raise ValueError(f"Complex data not supported: {what} holds complex numbers; pass {what}.real if that is what you mean.")
    if values.dtype.kind not in "biuf":
        raise ValueError(f"{what} holds {values.dtype}, but numbers are expected.")
    if values.dtype == np.float16:
        raise TypeError(f"{what} is float16, which keeps only 3 digits; pass {what}.astype(np.float32).")
    kind = np.float32 if values.dtype == np.float32 else np.float64
    return np.ascontiguousarray(values, dtype=kind)


def object_floats(values, what):
    if not any(isinstance(value, (str, bytes)) for value in values.flat):
        try:
            return np.ascontiguousarray(values, dtype=np.float64)
        except (TypeError, ValueError, OverflowError) as error:
            if "NAType" in str(error):                      # pandas' own missing value
                raise ValueError(f"Input {what} contains NaN; fill what is missing or leave the row out.") from None
            kind = TypeError if isinstance(error, TypeError) else ValueError
            raise kind(f"{error}; {what} must hold numbers only, none above 1e308.") from None
    raise ValueError(f"{what} holds text, but numbers are expected; convert it first, for example {what}.astype(float).")


def check_finite(values, what):
    with np.errstate(over="ignore", invalid="ignore"):
        # One reading and no second array of this size, for a memory map's sake; as a product, which BLAS reads on every core.
        if np.isfinite(values @ np.ones(values.shape[-1], values.dtype)).all():
            return
    for start in range(0, len(values), 10_000):
        rows = values[start : start + 10_000]
        for word, found in (("NaN", np.isnan(rows)), ("infinity", np.isinf(rows))):
            if found.any():
                row = start + np.argwhere(found)[0, 0]
                raise ValueError(f"Input {what} contains {word}: the first is in row {row}; fill it or leave the row out.")


def as_type(values, dtype, what):
    """Finite numbers in the type that a model computes in. Raises ValueError where one is beyond float32."""
    with np.errstate(over="ignore"):
        cast = values.astype(dtype, copy=False)
    if cast.dtype.itemsize < values.dtype.itemsize and not np.isfinite(cast).all():
        raise ValueError(f"{what} holds {values[~np.isfinite(cast)][0]:.3g}, but this model computes in float32, as X was when it began, and that "
                         f"ends at 3.4e38; measure {what} in a larger unit, or begin anew with X.astype(np.float64).")
    return cast


def check_targets(unit, X, y):
    """y as a one-dimensional array with an entry for each row of X."""
    if y is None:
        raise ValueError(f"{type(unit).__name__} requires y to be passed, but the target y is None; call fit(X, y).")
    y = as_array(y, "y")
    if y.ndim == 2 and y.shape[1] == 1:
        from sklearn.exceptions import DataConversionWarning

        said = "A column-vector y was passed when a 1d array was expected; pass y.ravel()."
        warnings.warn(said, DataConversionWarning, stacklevel=5)
        y = y.ravel()
    if y.ndim != 1:
        raise ValueError(f"y should be a 1d array, got an array of shape {y.shape} instead; pass one answer a row of X.")
    if len(y) != len(X):
        raise ValueError(
            f"Found input variables with inconsistent numbers of samples: [{len(X)}, {len(y)}]; y needs one entry for each row of X."
        )
    return y


def check_numbers(y):
    """y as finite numbers, for a unit that predicts a number."""
    y = as_floats(y, "y")
    check_finite(y, "y")
    return y


def check_labels(unit, y):
    """y as labels of classes: numbers must be whole."""
    numbers = y
    if y.dtype.kind == "O" and not any(isinstance(label, (str, bytes)) for label in y):
        with suppress(TypeError, ValueError, OverflowError):
            numbers = y.astype(np.float64)                  # None becomes NaN
    if numbers.dtype.kind == "f":
        check_finite(numbers, "y")
        if (numbers != np.floor(numbers)).any():
            raise ValueError(
                f"Unknown label type: continuous. {type(unit).__name__} tells classes apart and needs labels such as 0 and 1; "
                "to predict numbers use AdalineRegressor."
            )
    return y


def same_kind(y, answers):
    """Text never equals a number: refuse to compare them, rather than to find that every answer is wrong."""
    text = [labels.dtype.kind in "UT" or labels.dtype.kind == "O" and all(isinstance(label, str) for label in labels) for labels in (y, answers)]
    if text[0] != text[1]:
        raise ValueError(f"y holds {y.tolist()[0]!r} but the answers are such as {answers.tolist()[0]!r}: one is text, the other not; "
                         "give both one kind of label.")


def distinct(labels, what="y"):
    """The sorted labels, each once. NaN is no label, and text beside numbers has no order."""
    labels = as_array(labels, what).ravel()
    if labels.dtype.kind == "f":
        check_finite(labels, what)
    try:
        some = np.unique(labels[:1000])
        return some if codes_of_few(some, labels) is not None else np.unique(labels)
    except TypeError:
        raise ValueError("Unknown label type: y mixes text and numbers, or lacks a label; use one kind of label for all classes.") from None


def check_classes(unit, labels, what="y"):
    """The sorted classes, of which there must be two or more."""
    classes = distinct(labels, what)
    if len(classes) == 0:
        raise ValueError(f"classes is empty, but {type(unit).__name__} needs at least two; name all that there are.")
    if len(classes) < 2:
        raise ValueError(
            f"{type(unit).__name__} needs examples of at least two classes, but {what} holds one class only: {classes.tolist()[0]!r}; "
            "add another."
        )
    return classes


def codes_of_few(classes, labels):
    """For each label, a number, its place among a few classes; None where one is missing. Many labels are neither sorted nor hashed."""
    if len(classes) > 10 or labels.dtype.kind not in "biuf":
        return None
    codes, known = np.zeros(labels.shape, np.int8), np.zeros(labels.shape, bool)
    for code, label in enumerate(classes):
        own = labels == label
        known |= own
        codes += own * np.int8(code)
    return codes.astype(np.intp) if known.all() else None


def class_codes(unit, y):
    """For each label its place in `classes_`."""
    if (codes := codes_of_few(unit.classes_, y)) is not None:
        return codes
    try:
        codes = np.minimum(np.searchsorted(unit.classes_, y), len(unit.classes_) - 1)
    except TypeError:
        raise ValueError(f"y holds {y.tolist()[0]!r}, which is of another kind than the classes {unit.classes_.tolist()}; "
                         "use one kind of label.") from None
    strange = unit.classes_[codes] != y
    if strange.any():
        raise ValueError(
            f"y holds {y[strange].tolist()[0]!r}, which is none of the classes {unit.classes_.tolist()}; "
            "name all classes in the first partial_fit, or call fit to start again."
        )
    return codes
