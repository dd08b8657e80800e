// bin/neso, which is bin/tritonserver, too: all it does lives in libtritonserver.so, so that there is one core in the
// process, also when a plug-in names that library as its dependency.
#include "server/neso.h"

int main(int argc, char** argv) { return NesoMain(argc, argv); }
