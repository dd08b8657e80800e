# RE2, static, position-independent and hidden, from the distribution's source package; why is as for protobuf. The
# source package leaves out generated tables, which its own scripts make from the distribution's Unicode data.
Make_re2() {
  local result=$1 build=$2 table
  FetchSource re2 "$build"
  FetchPackage unicode-data "$codename" "$build"
  local tables=$build/source/re2
  sed -i "s|^_UNICODE_DIR = .*|_UNICODE_DIR = '$build/unicode-data/usr/share/unicode'|" "$tables/unicode.py"
  perl "$tables/make_perl_groups.pl" >"$tables/perl_groups.cc"
  for table in casefold groups; do
    "$system_python" "$tables/make_unicode_$table.py" >"$tables/unicode_$table.cc"
  done
  CMakeInstall "$build/source" "$build/cmake" "$result" -DRE2_BUILD_TESTING=OFF
  cp "$build/source/LICENSE" "$result/"
  dpkg-parsechangelog -l "$build/source/debian/changelog" -S Version >"$result/version"  # for scripts/sbom
  rm -rf "$result"/lib/{cmake,pkgconfig}
}
