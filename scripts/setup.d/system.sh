# System packages, by component; the newest Clang that Debian 12 and Ubuntu 24.04 both are used to is picked by name.
declare -A packages=(
  [base]="g++ make cmake ninja-build ccache mold pkg-config dpkg-dev ca-certificates unzip python3 python3-venv
    python3-six libgtest-dev libgmock-dev libbenchmark-dev libfmt-dev rapidjson-dev libnghttp2-dev libssl-dev
    zlib1g-dev libxxhash-dev libcurl4-openssl-dev libexpat1-dev libcli11-dev libstb-dev"
  [run]="curl"
  [embeddings]="curl"
  [redis]="libhiredis-dev"
  [test]="curl openssl python3-dev strace libhiredis-dev redis-server"
  [cpp-client]="libgrpc++-dev libprotobuf-dev protobuf-compiler protobuf-compiler-grpc"
  [package]="apt-utils"
  [test-package]="debootstrap gnupg systemd"
  [image]="debootstrap buildah"
  [pytorch]="libmimalloc-dev"
  [bench]="curl wrk nghttp2-client nghttp2-server libsimdjson-dev"
)
case $codename in
  noble) clang_version=18 ;;
  *) clang_version=16 ;;
esac
# A compiler of Rust 1.75 or later: Debian 12 has one beside its old one.
case $codename in
  bookworm) packages[languages]="cargo-web maven default-jdk-headless" ;;
  *) packages[languages]="cargo maven default-jdk-headless" ;;
esac
packages[test]+=" ${packages[cpp-client]}"
packages[lint]="clang-$clang_version clang-tidy-$clang_version clang-format-$clang_version libclang-rt-$clang_version-dev"

# Installs what is missing with one apt-get call, as root or through sudo.
InstallSystemPackages() {
  local component missing=() package
  for component in "$@"; do
    for package in ${packages[$component]:-}; do
      [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing+=("$package")
    done
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  local rights=()
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || fail "run as root, or install: ${missing[*]}"
    rights=(sudo)
  fi
  Doing "system packages"
  say "system packages: installing ${missing[*]}"
  Quietly "${rights[@]}" apt-get -q update
  Quietly "${rights[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q install -y --no-install-recommends "${missing[@]}"
  say "system packages: installed in $((SECONDS - started)) s"
}
