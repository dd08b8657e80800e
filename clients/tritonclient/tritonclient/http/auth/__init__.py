from tritonclient._auth import BasicAuth  # noqa: F401
