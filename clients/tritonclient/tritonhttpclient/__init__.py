from tritonclient._deprecated import warn
from tritonclient.http import *  # noqa: F401,F403

warn("tritonhttpclient", "tritonclient.http")
