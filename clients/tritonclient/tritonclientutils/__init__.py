from tritonclient._deprecated import warn
from tritonclient.utils import *  # noqa: F401,F403

warn("tritonclientutils", "tritonclient.utils")
