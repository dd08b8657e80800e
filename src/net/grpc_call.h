// One gRPC call as the server sees it, whatever carries it.
//
//   class Echo final : public GrpcHandler {
//     GrpcReceiverRef OnCall(GrpcCallRef call) override { return std::make_shared<EchoReceiver>(std::move(call)); }
//   };
//   void EchoReceiver::OnMessage(BufferRef message) { call_->Send({.parts = {{message->data(), message->size()}},
//   .release = ...}); } void EchoReceiver::OnEnd() { call_->Finish({}); }
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/block_cache.h"
#include "base/buffer.h"
#include "net/http_exchange.h"

namespace neso::net {

// The numbers of google.rpc.Code that a server sends.
enum class GrpcCode : int {
  kOk = 0,
  kCancelled = 1,
  kUnknown = 2,
  kInvalidArgument = 3,
  kDeadlineExceeded = 4,
  kNotFound = 5,
  kAlreadyExists = 6,
  kPermissionDenied = 7,
  kResourceExhausted = 8,
  kFailedPrecondition = 9,
  kAborted = 10,
  kOutOfRange = 11,
  kUnimplemented = 12,
  kInternal = 13,
  kUnavailable = 14,
  kDataLoss = 15,
  kUnauthenticated = 16,
};

// Fields beside gRPC's own: names in lower case; the values of names that end in "-bin" may be any bytes.
using GrpcMetadata = std::vector<std::pair<std::string, std::string>>;

struct GrpcStatus {
  GrpcCode code = GrpcCode::kOk;
  std::string message;
  GrpcMetadata metadata = {};  // sent with it
};

// A message to send: `head` first, then `parts`, which are sent as they are (no copy) and kept by `release`.
struct GrpcMessage {
  BlockString head;
  std::vector<BodyPart> parts;
  std::shared_ptr<void> release;
};

// Thread-safe: any thread may send and finish; a lost call makes both no-ops.
class GrpcCall {
 public:
  virtual ~GrpcCall() = default;
  // `path` is "/package.Service/Method"; `headers` hold the metadata, "-bin" values as they came (DecodeBase64 reads
  // them).
  virtual const HttpHead& head() const = 0;
  // Sends initial metadata at once; before anything else is sent.
  virtual void SendMetadata(GrpcMetadata metadata) = 0;
  // False when the client is gone, or so slow that the limit on unread bytes would be exceeded (the call then ends with
  // RESOURCE_EXHAUSTED): stop then.
  virtual bool Send(GrpcMessage message) = 0;
  // Ends the call with its status, after everything sent; once. Compression of what is sent follows the server's
  // options.
  virtual void Finish(GrpcStatus status) = 0;
  // Send, then Finish with OK, in one write: the usual end of a unary call.
  virtual void SendAndFinish(GrpcMessage message) = 0;
};
using GrpcCallRef = std::shared_ptr<GrpcCall>;

// What a method does with what comes in. All functions run at the top of a network thread, outside the connection's
// strand and under an InlineHost, one at a time for a call and in order. Only OnCancel may come at any time before
// Finish, even while another function runs or after OnEnd; once, and nothing comes after it. When the call is over the
// receiver is let go.
class GrpcReceiver {
 public:
  virtual ~GrpcReceiver() = default;
  // A whole message, inflated if it was compressed; `message` is exactly its bytes.
  virtual void OnMessage(BufferRef message) = 0;
  // The client has sent its last message.
  virtual void OnEnd() = 0;
  // The client cancelled, went away, or the call's deadline passed (which has then been answered).
  virtual void OnCancel() = 0;
};
using GrpcReceiverRef = std::shared_ptr<GrpcReceiver>;

// gRPC's compression levels.
enum class GrpcCompression { kNone, kLow, kMedium, kHigh };

// Thread-safe.
class GrpcHandler {
 public:
  virtual ~GrpcHandler() = default;
  // A call has begun. Null: an unknown method, answered with UNIMPLEMENTED.
  virtual GrpcReceiverRef OnCall(GrpcCallRef call) = 0;
};

}  // namespace neso::net
