# The C interface for Java: the published bindings, and those that scripts/java_bindings makes, for their tests.
# inputs: scripts/java_bindings clients/java-bindings/pom.xml clients/java-bindings/src/main/java/org/bytedeco/tritonserver/presets/tritonserver.java tests/java_bindings/published.xml include/triton/core/tritonserver.h include/triton/core/tritonbackend.h include/triton/core/tritonrepoagent.h

Make_java-bindings() {
  local result=$1 build=$2
  Quietly mvn --batch-mode --no-transfer-progress -f tests/java_bindings/published.xml -Dmaven.repo.local="$build/repository" \
    dependency:copy -DoutputDirectory="$result/published"

  # The server is not built yet. A library of its name is linked in its place; linkers drop one that has no function that is called.
  mkdir -p "$build/tree/lib"
  cp -r include "$build/tree/"
  echo 'void TRITONSERVER_ServerNew(void) {}' >"$build/stand_in.c"
  Quietly g++ -shared -Wl,-soname,libtritonserver.so -o "$build/tree/lib/libtritonserver.so" -x c "$build/stand_in.c"
  Quietly scripts/java_bindings --triton-home "$build/tree" --jar-install-path "$result/made" -- -Dmaven.repo.local="$build/repository"
}
