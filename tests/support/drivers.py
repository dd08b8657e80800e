"""The four stock clients under one face, so that one table of calls serves all of them."""
import asyncio
import inspect

import tritonclient.grpc
import tritonclient.grpc.aio
import tritonclient.http
import tritonclient.http.aio

MODULES = {
    "http": tritonclient.http,
    "http.aio": tritonclient.http.aio,
    "grpc": tritonclient.grpc,
    "grpc.aio": tritonclient.grpc.aio,
}


def public_methods(kind):
    members = inspect.getmembers(MODULES[kind].InferenceServerClient, inspect.isfunction)
    return {name for name, _ in members if not name.startswith("_")}


class Driver:
    """`driver.get_log_settings()` calls the client's method, waits for it where it is a coroutine, and gives JSON where
    the client can."""

    def __init__(self, kind, url, **options):
        self.kind = kind
        self.is_grpc = kind.startswith("grpc")
        self.is_aio = kind.endswith("aio")
        self.module = tritonclient.grpc if self.is_grpc else tritonclient.http
        self.loop = asyncio.new_event_loop() if self.is_aio else None
        self.options = options
        self.client = self.run(self._connect, url)

    def _connect(self, url):
        return MODULES[self.kind].InferenceServerClient(url, **self.options)

    def run(self, function, *args, **kwargs):
        """Within the loop, which the asynchronous clients want even to be made."""
        if not self.is_aio:
            return function(*args, **kwargs)

        async def inside():
            result = function(*args, **kwargs)
            return await result if inspect.isawaitable(result) else result

        return self.loop.run_until_complete(inside())

    def __getattr__(self, name):
        method = getattr(self.client, name)

        def call(*args, **kwargs):
            if "as_json" in inspect.signature(method).parameters:
                kwargs.setdefault("as_json", True)
            return self.run(method, *args, **kwargs)

        return call

    def done(self):
        self.run(self.client.close)
        if self.loop is not None:
            self.loop.run_until_complete(asyncio.sleep(0))
            self.loop.close()

    # --- tensors ----------------------------------------------------------------------------------------------------
    def input(self, array, name="INPUT0"):
        tensor = self.module.InferInput(name, array.shape, "FP32")
        tensor.set_data_from_numpy(array)
        return tensor

    def shared_input(self, region, shape, byte_size, offset=0, name="INPUT0"):
        tensor = self.module.InferInput(name, shape, "FP32")
        tensor.set_shared_memory(region, byte_size, offset)
        return tensor

    def shared_output(self, region, byte_size, offset=0, name="OUTPUT0"):
        tensor = self.module.InferRequestedOutput(name)
        tensor.set_shared_memory(region, byte_size, offset)
        return tensor

    def compression(self, algorithm):
        if self.is_grpc:
            return {"compression_algorithm": algorithm}
        return {"request_compression_algorithm": algorithm, "response_compression_algorithm": algorithm}
