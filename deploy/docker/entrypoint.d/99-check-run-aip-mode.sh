# Vertex AI gives arguments without a command.
[ -z "${AIP_MODE:-}" ] || set -- /opt/tritonserver/bin/tritonserver "$@"
