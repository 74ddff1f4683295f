// What xgrammar does with its messages, as its build here asks for (XGRAMMAR_LOG_CUSTOMIZE).
#include <string>

#include "base/error.h"

namespace xgrammar {

// As its header support/logging.h, which it does not install, declares them.
[[noreturn]] void LogFatalImpl(const std::string& file, int line, const std::string& message);
void LogMessageImpl(const std::string& file, int line, int level, const std::string& message);

void LogFatalImpl(const std::string&, int, const std::string& message) {
  throw hlwq::Error(hlwq::ErrorCode::kInvalidArgument, message);
}

// Warnings are about schemas of clients, for whom they would be of no use in the server's output.
void LogMessageImpl(const std::string&, int, int, const std::string&) {}

}  // namespace xgrammar
