# Bare Debians as tar files, on which packages are tested: 12, on which they are built, and 13, which calls libraries as
# Ubuntu 24.04 does (...t64). A minute or two each, and root.
Make_debian() {
  local result=$1 build=$2 release
  [ "$(id -u)" -eq 0 ] || fail "debootstrap makes a root folder as root only"
  mkdir "$build/root"
  for release in bookworm trixie; do
    # In memory, half a gigabyte: on a busy disk dpkg waits ten times longer.
    Quietly unshare --mount bash -ec '
      mount -t tmpfs tmpfs "$2"
      debootstrap --variant=minbase --include=ca-certificates "$1" "$2"
      rm -rf "$2"/var/cache/apt/archives/*.deb
      tar -C "$2" --numeric-owner -cf "$3" .' - "$release" "$build/root" "$result/$release.tar"
  done
}
