// The options that Metaspace has as a pre-tokenizer and as a decoder.
#pragma once

#include <cstdint>
#include <string>

#include "text/tokenizer/json_fields.h"

namespace hlwq::text {

enum class PrependScheme : uint8_t {
  kAlways,
  kFirst,  // only where the text begins, not after added tokens
  kNever,
};

struct MetaspaceOptions {
  std::string replacement;  // one character, for a space
  PrependScheme scheme = PrependScheme::kAlways;
  bool splits = true;

  static MetaspaceOptions FromJson(const JsonFields& fields);
};

}  // namespace hlwq::text
