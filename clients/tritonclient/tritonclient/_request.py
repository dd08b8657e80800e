class Request:
    """What a plug-in sees of a request."""

    def __init__(self, headers):
        self.headers = headers
