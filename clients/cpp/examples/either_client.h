// The client that an example is built with, which is the same program over both protocols: that of gRPC where EXAMPLE_GRPC is
// defined, else that of HTTP.
#pragma once

#ifdef EXAMPLE_GRPC
#include "grpc_client.h"
using Client = triton::client::InferenceServerGrpcClient;
inline constexpr char kDefaultUrl[] = "localhost:8001";
#else
#include "http_client.h"
using Client = triton::client::InferenceServerHttpClient;
inline constexpr char kDefaultUrl[] = "localhost:8000";
#endif
