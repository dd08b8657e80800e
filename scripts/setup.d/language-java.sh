# The Java client of docs/other-languages.md, compiled by Maven, which brings the stock generators.
# inputs: examples/languages/java/pom.xml examples/languages/java/src/main/java/example/Ask.java src/frontend/grpc/grpc_service.proto src/config/model_config.proto
. scripts/setup.d/protocol_files.sh

Make_language-java() {
  local result=$1 build=$2
  ProtocolFiles "$build/proto"
  cp -r examples/languages/java "$build/module"
  Quietly env NESO_PROTO="$build/proto" mvn --batch-mode --no-transfer-progress -f "$build/module/pom.xml" \
    -Dmaven.repo.local="$build/repository" package
  mkdir "$result/bin" "$result/lib"
  cp "$build"/module/target/*.jar "$build"/module/target/dependency/*.jar "$result/lib/"
  cat >"$result/bin/ask" <<-'PROGRAM'
	#!/bin/sh
	exec java -cp "$(dirname "$(readlink -f "$0")")/../lib/*" example.Ask "$@"
	PROGRAM
  chmod +x "$result/bin/ask"
}
