"""Which tensors of a call go through shared memory, and what comes of it."""
import math
import threading
import time
from typing import Any, Dict, List, Optional, Sequence, Tuple

import numpy as np

from . import forks
from .clock import left_until
from .errors import NesoError, ServerError
from .network import Network
from .regions import Region, Regions, is_same_machine
from .tensors import DTYPES, Place, Tensor
from .transport import Model, Request, Response, Transport

SMALLEST = 1 << 18  # bytes of a tensor for which it pays: at half of that it costs what the socket costs
_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 600.0  # seconds


class _Lease:
    """Gives a region back when the last array that lies in it is gone."""

    def __init__(self, regions: Regions, region: Region, size: int) -> None:
        self._regions, self._region, self._forks = regions, region, forks.count()
        self.__array_interface__ = {**region.memory[:size].__array_interface__}

    def __del__(self) -> None:
        self._regions.give_back(self._region, is_seen=forks.count() != self._forks)


class Placed:
    """A request of which some tensors lie in shared memory. One of received() and failed() has to be called."""

    def __init__(self, regions: Regions, request: Request, inputs: List[Region], outputs: Dict[str, Region]) -> None:
        self._regions, self._inputs, self._outputs = regions, inputs, outputs
        self.request = request

    def received(self, response: Response) -> Response:
        """Its outputs lie where the server wrote them."""
        for region in self._inputs:
            self._regions.give_back(region)
        outputs = [self._found(tensor) if tensor.name in self._outputs else tensor for tensor in response.outputs]
        for region in self._outputs.values():  # of outputs that did not come
            self._regions.give_back(region)
        return response._replace(outputs=outputs)

    def _found(self, tensor: Tensor) -> Tensor:
        region = self._outputs.pop(tensor.name)
        size = _size(tensor.datatype, tensor.shape)
        return tensor._replace(data=np.asarray(_Lease(self._regions, region, size)) if size else b"")

    def failed(self) -> None:
        """The server may still read and write there."""
        for region in [*self._inputs, *self._outputs.values()]:
            self._regions.discard(region)


class Sharing:
    """Of one client. Thread-safe. Where it cannot be had it says so by None, and does not try again for a while: a second at first,
    then longer each time."""

    def __init__(self, host: str, port: int, network: Network) -> None:
        self._host, self._port, self._network = host, port, network
        self._regions: Optional[Regions] = None
        self._making = threading.Lock()
        self._resume_at, self._pause = 0.0, _FIRST_PAUSE / 4
        self._rooms: Dict[Any, Tuple[Tuple[str, int], ...]] = {}  # of the outputs that are large, by what the request is like
        self._batches: Dict[Tuple[str, str], bool] = {}  # whether a model does
        forks.watch(self)

    def abandon(self) -> None:
        self._making = threading.Lock()

    async def close(self, transport: Transport) -> None:
        self._resume_at = math.inf
        if self._regions is not None:
            await self._regions.close(transport)

    def may_pay(self, request: Request) -> bool:
        """False in the usual case: no tensor is large."""
        for tensor in request.inputs:
            if len(tensor.data) >= SMALLEST:
                return True
        return self._rooms.get(_likeness(request)) != ()

    async def place(self, transport: Transport, request: Request, model: Model,
                    end: Optional[float]) -> Optional[Placed]:
        """end: of the call's time."""
        rooms = self._rooms.get(_likeness(request))
        if rooms is None:
            rooms = await self._work_out_rooms(transport, request, model, left_until(end))
        if not self.may_pay(request) or time.monotonic() < self._resume_at:
            return None
        regions = await self._local_regions()
        if regions is None:
            return None
        inputs: List[Region] = []
        outputs: Dict[str, Region] = {}
        try:
            tensors = []
            for tensor in request.inputs:
                is_large = len(tensor.data) >= SMALLEST
                tensors.append(await self._put(regions, transport, tensor, inputs, end) if is_large else tensor)
            for name, size in rooms:
                region = await regions.take(transport, size, end)
                if region is not None:
                    outputs[name] = region
        except BaseException as error:
            for region in [*inputs, *outputs.values()]:
                regions.give_back(region)
            if not isinstance(error, (OSError, NesoError)):
                raise
            self._stop_for_a_while()
            return None
        if not (inputs or outputs):
            return None
        wanted: Sequence[str] = request.outputs
        if outputs and not wanted:
            wanted = [spec.name for spec in model.outputs]
        sizes = dict(rooms)
        places = {name: Place(region.name, sizes[name]) for name, region in outputs.items()}
        return Placed(regions, request._replace(inputs=tensors, outputs=wanted, places=places), inputs, outputs)

    def has_lost(self, error: ServerError, request: Request) -> bool:
        """Whether the server could not use the memory: it has started anew, or another one answered behind the same address. Then the
        request can be sent without. `request`: as it was sent."""
        if "shared memory size specified" in error.message:  # the model makes larger outputs than it says
            self._rooms[_likeness(request)] = ()
            return True
        places = [*(tensor.place for tensor in request.inputs), *request.places.values()]
        if not any(place is not None and place.region in error.message for place in places):
            return False
        self._stop_for_a_while()
        if self._regions is not None:
            self._regions.forget()
        return True

    def _stop_for_a_while(self) -> None:
        now = time.monotonic()
        self._pause = _FIRST_PAUSE if now - self._resume_at > _LONGEST_PAUSE else min(4 * self._pause, _LONGEST_PAUSE)
        self._resume_at = now + self._pause

    def forget(self) -> None:
        """What models are like."""
        self._rooms.clear()
        self._batches.clear()

    async def _local_regions(self) -> Optional[Regions]:
        if self._regions is None:
            if not await self._network.ask(is_same_machine, self._host, self._port):
                self._resume_at = math.inf
                return None
            with self._making:  # two threads would make two, and close one
                if self._regions is None:
                    self._regions = Regions(self._host, self._port)
        return self._regions

    @staticmethod
    async def _put(regions: Regions, transport: Transport, tensor: Tensor, taken: List[Region],
                   end: Optional[float]) -> Tensor:
        size = len(tensor.data)
        region = await regions.take(transport, size, end)
        if region is None:
            return tensor
        taken.append(region)
        np.copyto(region.memory[:size], np.frombuffer(tensor.data, np.uint8))
        return tensor._replace(data=memoryview(b""), place=Place(region.name, size))

    async def _work_out_rooms(self, transport: Transport, request: Request, model: Model,
                              timeout: Optional[float]) -> Tuple[Tuple[str, int], ...]:
        try:
            rooms = await self._certain_rooms(transport, request, model, timeout)
        except NesoError:
            rooms = ()
        if len(self._rooms) >= 256:
            self._rooms.clear()
        self._rooms[_likeness(request)] = rooms
        return rooms

    async def _certain_rooms(self, transport: Transport, request: Request, model: Model,
                             timeout: Optional[float]) -> Tuple[Tuple[str, int], ...]:
        """Of outputs whose size is certain before the model runs: those of fixed shape, but for the batch."""
        batch = request.inputs[0].shape[0] if request.inputs and request.inputs[0].shape else 1
        rooms = []
        for spec in model.outputs:
            dims = (batch, *spec.shape[1:]) if spec.shape[:1] == (-1,) else spec.shape
            if (request.outputs and spec.name not in request.outputs) or -1 in dims or _size(spec.datatype, dims) < SMALLEST:
                continue
            rooms.append((spec, _size(spec.datatype, dims)))
        if any(-1 in spec.shape for spec, _ in rooms) and not await self._does_batch(transport, request, timeout):
            rooms = [(spec, size) for spec, size in rooms if -1 not in spec.shape]
        return tuple((spec.name, size) for spec, size in rooms)

    async def _does_batch(self, transport: Transport, request: Request, timeout: Optional[float]) -> bool:
        name = request.model, request.version
        if name not in self._batches:
            self._batches[name] = await transport.max_batch_size(*name, timeout) > 0
        return self._batches[name]


def _likeness(request: Request) -> Any:
    batch = request.inputs[0].shape[:1] if request.inputs else ()
    return request.model, request.version, batch, tuple(request.outputs)


def _size(datatype: str, shape: Sequence[int]) -> int:
    """0 where the elements have no fixed size."""
    item = 2 if datatype == "BF16" else DTYPES[datatype].itemsize if datatype in DTYPES else 0
    return item * math.prod(shape)
