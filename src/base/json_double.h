// Doubles as clients of Triton have always seen them: byte for byte what RapidJSON's writer prints, in half its time.
//
//   char text[kMaxJsonDouble];
//   out.append(text, WriteJsonDouble(0.1F, text));   // 0.10000000149011612
//
// The digits are those of Grisu2 (F. Loitsch, "Printing Floating-Point Numbers Quickly and Accurately with Integers",
// PLDI 2010), which read back the same but are not the shortest in one of a thousand cases, so that no printer of
// shortest digits can stand in. RapidJSON finds how many there are by making one after the other; here the number is
// known beforehand, and they are made at once.
#pragma once

namespace neso {

// Room that WriteJsonDouble needs: more than what it leaves there, since it writes whole words.
inline constexpr int kMaxJsonDouble = 64;

// Writes `value` and returns the end of it, which is 24 characters long at most. Always with a fraction or an exponent
// ("1.0"); NaN, Infinity and -Infinity as these words, which clients understand although JSON does not know them.
char* WriteJsonDouble(double value, char* out);

}  // namespace neso
