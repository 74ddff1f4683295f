#include "base/error.h"

#include <array>

namespace hlwq {
namespace {

struct CodeRow {
  ErrorCode code;
  std::string_view name;
  int exit_code;
};

// The one table from codes to what the outside sees.
constexpr std::array kCodes = {
    CodeRow{ErrorCode::kInvalidArgument, "invalid_argument", 2},
    CodeRow{ErrorCode::kInvalidData, "invalid_data", 2},
    CodeRow{ErrorCode::kUnsupported, "unsupported", 2},
    CodeRow{ErrorCode::kNotFound, "not_found", 2},
    CodeRow{ErrorCode::kAlreadyExists, "already_exists", 2},
    CodeRow{ErrorCode::kIo, "io", 2},
    CodeRow{ErrorCode::kSourceChanged, "source_changed", 2},
    CodeRow{ErrorCode::kNonFinite, "non_finite", 2},
    CodeRow{ErrorCode::kCancelled, "cancelled", 2},
};

const CodeRow& Row(ErrorCode code) noexcept {
  for (const CodeRow& row : kCodes) {
    if (row.code == code) return row;
  }
  return kCodes[0];
}

}  // namespace

Error::Error(ErrorCode code, std::string message) : code_(code), line_(std::move(message)) {
  for (size_t nul = line_.find('\0'); nul != line_.npos; nul = line_.find('\0', nul)) {
    line_.replace(nul, 1, "\\0");
  }
}

std::string_view ErrorCodeName(ErrorCode code) noexcept { return Row(code).name; }
int ExitCode(ErrorCode code) noexcept { return Row(code).exit_code; }

}  // namespace hlwq
