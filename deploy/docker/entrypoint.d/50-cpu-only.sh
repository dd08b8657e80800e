# Without a GPU the server need not look for one.
[ -e /dev/nvidiactl ] || export TRITON_SERVER_CPU_ONLY=1
