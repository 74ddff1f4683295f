// journal.jsonl of a killed run, from any bytes: whole lines up to the first bad one, nothing else.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/error.h"
#include "convert/journal.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace hlwq;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  try {
    const auto content = convert::ParseJournal(text);
    if (!content) return 0;
    const bool ends_with_a_line = content->valid_bytes > 0 && content->valid_bytes <= size &&
                                  text[content->valid_bytes - 1] == '\n';
    if (!ends_with_a_line) std::abort();
    // What is kept is all that counts: the next run cuts the journal there and reads the same.
    const auto again = convert::ParseJournal(text.substr(0, content->valid_bytes));
    if (!again || again->entries.size() != content->entries.size() ||
        again->valid_bytes != content->valid_bytes ||
        again->header.plan_xxh3 != content->header.plan_xxh3) {
      std::abort();
    }
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kUnsupported) std::abort();
  }
  return 0;
}
