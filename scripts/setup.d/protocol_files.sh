# ProtocolFiles <folder>: the public protocol files, side by side as in <tree>/share/neso/proto.
ProtocolFiles() {
  mkdir -p "$1"
  cp src/frontend/grpc/grpc_service.proto src/config/model_config.proto "$1/"
}
