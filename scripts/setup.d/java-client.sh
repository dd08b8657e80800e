# The client library for Java, compiled by Maven, for its tests.
# inputs: clients/java/pom.xml clients/java/src/main/java/triton/client/*.java clients/java/src/main/java/triton/client/*/*.java

Make_java-client() {
  local result=$1 build=$2
  cp -r clients/java "$build/module"
  Quietly mvn --batch-mode --no-transfer-progress -f "$build/module/pom.xml" -Dmaven.repo.local="$build/repository" package
  mkdir "$result/lib"
  cp "$build"/module/target/*.jar "$build"/module/target/dependency/*.jar "$result/lib/"
}
