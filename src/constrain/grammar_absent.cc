// In place of grammar.cc, where xgrammar is not there.
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "constrain/grammar.h"

namespace hlwq::constrain {

class Compiler::Impl {};

bool IsAvailable() noexcept { return false; }

Compiler::Compiler(const text::Tokenizer&, size_t, std::span<const text::TokenId>) {}
Compiler::~Compiler() = default;

std::shared_ptr<const Grammar> Compiler::Compile(const nlohmann::ordered_json&) const {
  throw Error(
      ErrorCode::kUnsupported,
      "this program was built without xgrammar (scripts/xgrammar.sh), which makes answers follow "
      "schemas and grammars");
}

}  // namespace hlwq::constrain
