#include "worker_reply.h"

#include <cstring>
#include <optional>
#include <vector>

#include "message.h"
#include "protocol.h"

namespace neso::python {

using backend::Status;

namespace {

constexpr uint32_t ErrorFlag(TRITONSERVER_Error_Code code) { return 1 + static_cast<uint32_t>(code); }

}  // namespace

bool ReplyWith(const WorkerMemory& memory, uint64_t call, uint32_t flags, std::span<const std::byte> body) {
  NesoSlot slot{.kind = static_cast<uint32_t>(Kind::kReply), .flags = flags, .id = call, .offset = 0, .length = 0};
  if (memory.channel->PushSmallReply(slot, body)) return true;
  if (!body.empty()) {
    const std::optional<uint64_t> block = memory.slab->Allocate(body.size());
    if (block) {
      std::memcpy(memory.segment->At(*block), body.data(), body.size());
      slot.offset = *block;
      slot.length = body.size();
    } else {
      slot.flags = (flags & kMore) | ErrorFlag(TRITONSERVER_ERROR_UNAVAILABLE);
    }
  }
  memory.channel->PushReply(slot);
  return slot.length == body.size();
}

void ReplyWithText(const WorkerMemory& memory, uint64_t call, uint32_t flags, std::string_view text) {
  ReplyWith(memory, call, flags, std::as_bytes(std::span(text)));
}

void ReplyWithStatus(const WorkerMemory& memory, uint64_t call, const Status& status) {
  ReplyWithText(memory, call, status.ok() ? 0 : ErrorFlag(status.code()), status.message());
}

void ReplyWithErrorResponse(const WorkerMemory& memory, uint64_t call, uint32_t flags, TRITONSERVER_Error_Code code,
                            std::string_view text) {
  std::vector<std::byte> body(sizeof(ResponseRecord) + text.size());
  MessageWriter writer(body.data());
  writer.Put(ResponseRecord{.kind = ResponseKind::kError,
                            .error_code = static_cast<uint8_t>(code),
                            .tensor_count = 0,
                            .error_length = static_cast<uint32_t>(text.size()),
                            .parameters_length = 0});
  writer.PutText(text);
  ReplyWith(memory, call, flags, body);
}

}  // namespace neso::python
