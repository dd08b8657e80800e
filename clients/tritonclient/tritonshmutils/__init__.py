from tritonclient._deprecated import warn

warn("tritonshmutils", "tritonclient.utils")
