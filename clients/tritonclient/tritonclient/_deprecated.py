"""The names that packages had before tritonclient."""
import warnings


def warn(old, new):
    warnings.warn(f"The package `{old}` is deprecated and will be removed in a future version. Please use instead `{new}`",
                  DeprecationWarning, stacklevel=3)
