// The server as a process. bin/neso is nothing but a call of this.
#pragma once

// Serves what the command line says until SIGINT or SIGTERM. Returns the exit code: 0 after a clean stop, 1 otherwise.
extern "C" __attribute__((visibility("default"))) int NesoMain(int argc, char** argv);
