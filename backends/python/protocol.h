// What the server and a worker say to each other over the rings (ring.h). worker/neso_python_worker/wire.py is the
// other end, and is installed beside the library: there is one version of this.
//
// Numbers are little-endian and packed. A message's body lies in the segment; the tensors it names lie anywhere in the
// segment, at offsets from its beginning.
//
// A tensor:   u8 datatype, u8 rank, u16 name length, i64 dims[rank], name, u64 offset, u64 byte size; with the offset
//   kInline its bytes follow
// A request of EXECUTE: RequestRecord, then the texts whose lengths it has, in its order. The first, the layout, says
//   what is the same for most requests of a model, so that a worker reads it once: u16 inputs, u16 outputs, the inputs
//   as tensors without offset, and for each requested output u16 length and name. The inputs' bytes follow each other
//   from `data`, each on the next multiple of kTensorAlignment.
// A response: ResponseRecord, tensors, error text, parameters as JSON
// A call of another model (Call::kInfer): CallRecord, the texts whose lengths it has, in its order, for each wanted
// output
//   u16 length and name, tensors
#pragma once

#include <cstdint>

namespace neso::python {

inline constexpr uint64_t kTensorAlignment = 64;
inline constexpr uint64_t kInline = ~uint64_t{0};
// Added to a tensor's offset: it lies in a block of the worker's own, which has a word of 32 bits kTensorAlignment
// before it. The worker leaves the block alone until the server, when it reads it no longer, writes 0 there.
inline constexpr uint64_t kOwnBlock = uint64_t{1} << 63;
// Tensors with fewer bytes than that travel in the message: a block of their own costs more than the copy.
inline constexpr uint64_t kSmallTensor = 4096;

enum class Kind : uint32_t {
  // On the ring `work`.
  kInitialize = 1,    // JSON: the arguments of `initialize` and where the model lies -> kDone or kFailed
  kAutoComplete = 2,  // the same -> kDone with the completed configuration as JSON, or kFailed
  kExecute = 3,       // u32 count, u32 0, requests -> kExecuted or kFailed; `id` counts batches
  kFinalize = 4,      // -> kDone; then the worker ends
  // On the ring `replies`.
  // To the call `id`; flags: 0, or 1 + error code; kMore if others follow. Bodies: see Call. One in the control area is
  // free when the worker takes the next reply; others it releases.
  kReply = 10,
  // On the ring `answers`.
  kDone = 20,      // flags of kInitialize: kHasIsReady
  kExecuted = 21,  // u32 count, responses; flags: kBlockReleased
  kFailed = 22,    // the error's text; flags: kBlockReleased
  kSend = 23,      // a response for the request `id` from its sender; flags: kFinal, kNoResponse
  kClose = 24,     // the sender of the request `id` is gone
  kRelease = 25,   // the block at `offset` is no longer used
  kLog = 26,       // u32 line, u32 length of file name, file name, text; flags: TRITONSERVER_LogLevel
  kCall = 27,      // flags: Call; `id` is the worker's
  kPull = 29,      // the ring `replies` has room again
  kIsReady = 28,   // answers the question `id`; flags: IsReadyAnswer
};

enum class Call : uint32_t {
  kIsCancelled = 1,  // the request at `offset` -> flags 0, or kYes
  kInfer = 2,        // see CallRecord -> responses
  kCancelInfer = 3,  // the call at `offset`; no reply
  kLoadModel = 4,    // u32 length, JSON, files: see LoadModel
  kUnloadModel = 5,  // JSON
  kModelReady = 6,   // JSON -> kYes
  kMetric = 7,       // JSON -> JSON
};

// Flags.
inline constexpr uint32_t kHasIsReady = 1;
inline constexpr uint32_t kBlockReleased = 1;
inline constexpr uint32_t kFinal = 1;
inline constexpr uint32_t kNoResponse = 2;
inline constexpr uint32_t kYes = 0x100;
inline constexpr uint32_t kMore = 0x200;

enum class IsReadyAnswer : uint32_t { kYes = 0, kNo = 1, kNotBool = 2, kRaised = 3 };

struct RequestRecord {
  uint64_t id;
  uint64_t correlation_id;
  uint64_t timeout_us;
  uint64_t data;
  uint32_t flags;
  uint32_t layout_length;
  uint32_t request_id_length;
  uint32_t correlation_text_length;  // kNumber if the sequence's id is a number
  uint32_t texts_length;             // of all of them; what the others leave are the parameters
  uint32_t trace_context_length;     // kNotTraced if the request is not traced; the text stands before the parameters
};
static_assert(sizeof(RequestRecord) == 56);
inline constexpr uint32_t kNumber = 0xffffffff;
inline constexpr uint32_t kNotTraced = 0xffffffff;

// A model's call of another one.
struct CallRecord {
  uint64_t trace;  // the request of the worker that it belongs to; 0: none
  uint64_t correlation_id;
  uint64_t timeout_us;
  int64_t version;
  uint32_t flags;
  uint32_t is_decoupled;  // whether the caller takes any number of responses
  uint32_t output_count;
  uint32_t input_count;
  uint32_t model_length;
  uint32_t request_id_length;
  uint32_t correlation_text_length;  // kNumber if the sequence's id is a number
  uint32_t parameters_length;        // JSON
};
static_assert(sizeof(CallRecord) == 64);

enum class ResponseKind : uint8_t {
  kResponse = 0,
  kError = 1,
  kLater = 2,        // the model has taken a sender
  kNone = 3,         // nobody will answer it
  kRescheduled = 4,  // the request goes back to the scheduler
};
struct ResponseRecord {
  ResponseKind kind;
  uint8_t error_code;
  uint16_t tensor_count;
  uint32_t error_length;
  uint32_t parameters_length;
};
static_assert(sizeof(ResponseRecord) == 12);

}  // namespace neso::python
