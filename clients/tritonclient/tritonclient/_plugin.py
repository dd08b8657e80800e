"""What changes requests before they are sent."""
from abc import ABC, abstractmethod


class InferenceServerClientPlugin(ABC):
    """Called with each request, whose `headers` it may change."""

    @abstractmethod
    def __call__(self, request): ...
