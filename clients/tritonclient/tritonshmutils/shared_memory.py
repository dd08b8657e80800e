from tritonclient._deprecated import warn
from tritonclient.utils.shared_memory import *  # noqa: F401,F403

warn("tritonshmutils.shared_memory", "tritonclient.utils.shared_memory")
