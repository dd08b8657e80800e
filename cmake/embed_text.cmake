# cmake -DINPUT=<text file> -DOUTPUT=<C++ source> -DNAME=<name> -P embed_text.cmake
#
# Makes a source that defines neso::<NAME>, a std::string_view of the file's text. It needs a declaration elsewhere.
# Bytes, not a string literal, whose length compilers limit.
file(READ ${INPUT} bytes HEX)
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${bytes}")
string(REGEX REPLACE "(................................................................................)" "\\1\n" bytes "${bytes}")
file(WRITE ${OUTPUT} "#include <string_view>
namespace neso {
namespace {
constexpr char kBytes[] = {
${bytes}};
}
extern const std::string_view ${NAME};
const std::string_view ${NAME}(kBytes, sizeof(kBytes));
}  // namespace neso
")
