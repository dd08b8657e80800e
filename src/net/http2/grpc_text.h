// The texts in the head and trailers of a gRPC call. Source: "gRPC over HTTP2".
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "net/compression.h"
#include "net/grpc_call.h"

namespace neso::net {

// "application/grpc", "application/grpc+proto", with or without parameters.
bool IsGrpcContentType(std::string_view type);

// "250m" is 250 milliseconds; units are H, M, S, m, u and n, and there are at most 8 digits. Null when it is malformed.
std::optional<Nanoseconds> ParseGrpcTimeout(std::string_view text);

// The same for what is sent: rounded up, in a unit for which 8 digits are enough.
std::string GrpcTimeoutText(Nanoseconds timeout);

// Of grpc-status. Null: not a number that a server sends.
std::optional<GrpcCode> ParseGrpcCode(std::string_view text);
// "NOT_FOUND", as people know it.
std::string_view GrpcCodeName(GrpcCode code);

// For grpc-status: the number in decimal; that of UNKNOWN if it is none of gRPC's.
std::string_view GrpcCodeText(GrpcCode code);

// For grpc-message: what is not printable ASCII, and '%', as %XX. A text that would take more than kMaxGrpcMessageBytes
// is cut between two characters of its UTF-8 and ends with "...".
std::string EncodeGrpcMessage(std::string_view text);
// A client takes 8 KB of metadata without being told otherwise; a longer text would cost it the status, too.
inline constexpr size_t kMaxGrpcMessageBytes = 6 * 1024;

// The encoding of answers at `level` for a client with this grpc-accept-encoding, as gRPC chooses it: the lowest level
// takes gzip, higher ones deflate, if both are accepted.
ContentEncoding ChooseGrpcEncoding(GrpcCompression level, std::string_view accept_encoding);

}  // namespace neso::net
