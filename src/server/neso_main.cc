// bin/neso, which is also bin/tritonserver: everything is in libtritonserver.so, so that a process has one core, also
// when a plug-in names that library as its own dependency.
extern "C" int NesoMain(int argc, char** argv);

int main(int argc, char** argv) { return NesoMain(argc, argv); }
