// JSON from any bytes: what is accepted is printed and read again as the same document.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/json.h"

using hlwq::DumpJson, hlwq::Error, hlwq::ErrorCode, hlwq::ParseJson;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  try {
    const nlohmann::json document =
        ParseJson(std::string_view(reinterpret_cast<const char*>(data), size));
    // DumpJson throws on text that is not UTF-8: the parser must have refused it. NaN is not equal to itself, its
    // text is.
    const std::string text = DumpJson(document);
    if (DumpJson(ParseJson(text)) != text) std::abort();
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kInvalidData) std::abort();
  }
  return 0;
}
