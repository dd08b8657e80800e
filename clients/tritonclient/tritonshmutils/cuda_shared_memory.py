from tritonclient._deprecated import warn
from tritonclient.utils.cuda_shared_memory import *  # noqa: F401,F403

warn("tritonshmutils.cuda_shared_memory", "tritonclient.utils.cuda_shared_memory")
