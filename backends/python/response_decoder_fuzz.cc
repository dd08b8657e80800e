// Messages of workers: whatever they are, what is read lies in the message or in the segment.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "response_decoder.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const std::unique_ptr<neso::python::Segment> segment = std::move(*neso::python::Segment::Create());
  neso::python::MessageReader reader(std::as_bytes(std::span(data, size)));
  neso::python::WorkerResponse response;
  while (neso::python::ReadResponse(reader, *segment, response)) {
    for (const neso::python::TensorRecord& tensor : response.tensors) {
      volatile auto ends = tensor.byte_size == 0 ? std::byte{} : tensor.data[0] | tensor.data[tensor.byte_size - 1];
      (void)ends;
    }
  }
  return 0;
}
