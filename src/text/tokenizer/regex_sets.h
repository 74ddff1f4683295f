// Sets of characters in PCRE2's syntax, as Oniguruma means them.
#pragma once

#include <array>
#include <string_view>

namespace hlwq::text {

// Contents of classes, without the brackets. White_Space is written out: PCRE2's \s has U+180E too.
inline constexpr std::string_view kSpace =
    R"(\t-\r \x{85}\x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000})";
inline constexpr std::string_view kNotSpace =
    R"(\x{0}-\x{8}\x{e}-\x{1f}!-\x{84}\x{86}-\x{9f}\x{a1}-\x{167f}\x{1681}-\x{1fff})"
    R"(\x{200b}-\x{2027}\x{202a}-\x{202e}\x{2030}-\x{205e}\x{2060}-\x{2fff}\x{3001}-\x{10ffff})";
// Oniguruma counts the raised digits and fractions of Latin-1 among the word characters.
inline constexpr std::string_view kWord =
    R"(\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\x{b2}\x{b3}\x{b9}\x{bc}-\x{be})";
inline constexpr std::string_view kHex = "0-9A-Fa-f";

// What PCRE2 knows under a name that is no script; every other name is taken for a script.
inline constexpr auto kProperties = std::to_array<std::string_view>(
    {"Any",        "C",           "Cc",         "Cf",
     "Cn",         "Co",          "Cs",         "L",
     "Ll",         "Lm",          "Lo",         "Lt",
     "Lu",         "M",           "Mc",         "Me",
     "Mn",         "N",           "Nd",         "Nl",
     "No",         "P",           "Pc",         "Pd",
     "Pe",         "Pf",          "Pi",         "Po",
     "Ps",         "S",           "Sc",         "Sk",
     "Sm",         "So",          "Z",          "Zl",
     "Zp",         "Zs",          "Alphabetic", "Uppercase",
     "Lowercase",  "White_Space", "Emoji",      "Extended_Pictographic",
     "Ideographic"});

// Names that PCRE2 does not know, or knows for another set.
struct Renamed {
  std::string_view name;
  std::string_view content;
};
inline constexpr auto kRenamed = std::to_array<Renamed>({
    {"Letter", R"(\p{L})"},
    {"Mark", R"(\p{M})"},
    {"Number", R"(\p{N})"},
    {"Punctuation", R"(\p{P})"},
    {"Symbol", R"(\p{S})"},
    {"Separator", R"(\p{Z})"},
    {"Alpha", R"(\p{Alphabetic})"},
    {"Alnum", R"(\p{Alphabetic}\p{Nd})"},
    {"Digit", R"(\p{Nd})"},
    {"Upper", R"(\p{Uppercase})"},
    {"Lower", R"(\p{Lowercase})"},
    {"Space", kSpace},
    {"Word", kWord},
});

}  // namespace hlwq::text
