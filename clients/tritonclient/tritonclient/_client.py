from ._request import Request
from .utils import raise_error


class InferenceServerClientBase:
    """Keeps the plug-in."""

    def __init__(self):
        self._plugin = None

    def plugin(self):
        return self._plugin

    def register_plugin(self, plugin):
        if self._plugin is not None:
            raise_error("A plugin is already registered. Please unregister the previous plugin first before registering a new plugin.")
        self._plugin = plugin

    def unregister_plugin(self):
        if self._plugin is None:
            raise_error("No plugin has been registered.")
        self._plugin = None

    def _call_plugin(self, request: Request) -> None:
        if self._plugin is not None:
            self._plugin(request)
