"""A port before a server's that counts the bytes that clients send.

    with ByteCounter(server.grpc) as counter:
        ...ask counter.address...
    counter.sent
"""
import asyncio
import threading


class ByteCounter:
    def __init__(self, address):
        self._host, _, self._port = address.rpartition(":")
        self.sent = 0

    def __enter__(self):
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        server = asyncio.run_coroutine_threadsafe(asyncio.start_server(self._serve, "127.0.0.1", 0), self._loop).result()
        self.address = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
        return self

    def __exit__(self, *unused):
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _serve(self, from_client, to_client):
        from_server, to_server = await asyncio.open_connection(self._host, int(self._port))
        await asyncio.gather(self._pass(from_client, to_server, counts=True), self._pass(from_server, to_client, counts=False))

    async def _pass(self, reader, writer, counts):
        while data := await reader.read(1 << 16):
            if counts:
                self.sent += len(data)
            writer.write(data)
            await writer.drain()
        writer.close()
