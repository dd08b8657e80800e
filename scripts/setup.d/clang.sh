# Clang's tools under one name, whichever version the distribution has; the presets and scripts use these.
# inputs: scripts/setup.d/system.sh
Make_clang() {
  local result=$1 tool
  mkdir "$result/bin"
  for tool in clang clang++ clang-tidy clang-format; do
    ln -s "/usr/bin/$tool-$clang_version" "$result/bin/$tool"
  done
}
