"""scikit-learn's own checks of an estimator, less those that cannot run here."""

import warnings

from sklearn.utils.estimator_checks import estimator_checks_generator

# check: why it is left out. scikit-learn skips each of these by itself, and a skip counts as a failure in the full run.
LEFT_OUT = {
    "check_array_api_input": "needs SCIPY_ARRAY_API=1, which SciPy reads before anything is imported; labkit's arrays are NumPy's",
    "check_classifier_data_not_an_array": "needs pandas, which the course does not install",
    "check_regressor_data_not_an_array": "needs pandas, which the course does not install",
    "check_estimators_data_not_an_array": "needs pandas, which the course does not install",
    "check_dataframe_column_names_consistency": "needs pandas",
    "check_set_output_transform_pandas": "needs pandas", "check_global_output_transform_pandas": "needs pandas",
    "check_set_output_transform_polars": "needs polars", "check_global_set_output_transform_polars": "needs polars",
    "check_transformer_get_feature_names_out_pandas": "needs pandas",
}


def checks(*estimators):
    """(estimator, check) pairs."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")             # that ours do not inherit from BaseEstimator: scikit-learn loads on demand
        return [(estimator, check) for one in estimators for estimator, check in estimator_checks_generator(one)
                if check.func.__name__ not in LEFT_OUT]
