// JSON from outside: strict, with limits, and with errors in hlwq's form.
#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

namespace hlwq {

class File;

inline constexpr uint64_t kMaxConfigBytes = 64u << 20;

// Parses a document; NaN, Infinity and -Infinity are numbers, as Python writes them. Throws
// Error{kInvalidData} on a syntax error, invalid UTF-8, a key that occurs twice in one object, or nesting
// deeper than 64.
nlohmann::json ParseJson(std::string_view text);
// The same with the keys of objects in the order of the text, for what is written out again.
nlohmann::ordered_json ParseOrderedJson(std::string_view text);
// The same of text that need not be JSON: `discarded` where it is not, as nlohmann says it.
nlohmann::ordered_json TryParseOrderedJson(std::string_view text);

// nlohmann takes a zero byte for the end of the text, and what follows for nothing. Throws Error{kInvalidData}.
void RefuseZeroBytes(std::string_view text);

// The text of a document, indented by two blanks, with a newline at its end; numbers that are not finite
// as Python writes them.
std::string DumpJson(const nlohmann::json& document);

// ParseJson of a file of at most `max_bytes`; errors name the path.
nlohmann::json ReadJsonFile(const std::filesystem::path& path,
                            uint64_t max_bytes = kMaxConfigBytes);
nlohmann::json ReadJsonFile(const File& file, uint64_t max_bytes = kMaxConfigBytes);

// The number in a value. nlohmann's own get<> turns fractions into integers, and those out of range
// into undefined behaviour. Throws Error{kInvalidData} ("want a number, got ...").
uint64_t UnsignedValue(const nlohmann::json& value);
int64_t IntegerValue(const nlohmann::json& value);

}  // namespace hlwq
