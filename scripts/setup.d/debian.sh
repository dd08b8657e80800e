# A bare Debian 12 as a tar file, on which packages are tested; some minutes, and root.
Make_debian() {
  local result=$1 build=$2
  [ "$(id -u)" -eq 0 ] || fail "debootstrap makes a root folder as root only"
  Quietly debootstrap --variant=minbase --include=ca-certificates bookworm "$build/root"
  rm -rf "$build"/root/var/cache/apt/archives/*.deb
  tar -C "$build/root" --numeric-owner -cf "$result/root.tar" .
}
