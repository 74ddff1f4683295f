#include "cli/bus_error.h"

#include <unistd.h>

#include <atomic>
#include <csignal>
#include <string_view>

#include "base/mapping_faults.h"

namespace hlwq::cli {
namespace {

constexpr std::string_view kLine =
    "hlwq: error: a file was cut shorter, or could not be read, while the model was in use\n";
constexpr std::string_view kDocument =
    "{\n  \"error\": {\n    \"code\": \"source_changed\",\n    \"message\": \"a file was cut "
    "shorter, or could not be read, while the model was in use\"\n  }\n}\n";
constexpr int kErrorExit = 2;

volatile std::sig_atomic_t g_wants_json = 0;
std::atomic_flag g_is_reporting = ATOMIC_FLAG_INIT;

// Only calls that are safe in a signal handler.
void Write(int descriptor, std::string_view text) noexcept {
  while (!text.empty()) {
    const ssize_t bytes = write(descriptor, text.data(), text.size());
    if (bytes <= 0) return;
    text.remove_prefix(static_cast<size_t>(bytes));
  }
}

[[noreturn]] void EndProgram() noexcept {
  // Several threads read the same file: the first to come here reports and ends them all.
  if (g_is_reporting.test_and_set()) {
    while (true) pause();
  }
  Write(STDERR_FILENO, kLine);
  if (g_wants_json != 0) Write(STDOUT_FILENO, kDocument);
  _exit(kErrorExit);
}

extern "C" void OnBusError(int, siginfo_t* info, void*) {
  if (!AbsorbMappingFault(info->si_addr)) EndProgram();
}

}  // namespace

void HandleBusErrors(bool wants_json) noexcept {
  g_wants_json = wants_json ? 1 : 0;
  struct sigaction action {};
  action.sa_sigaction = OnBusError;
  action.sa_flags = SA_SIGINFO;
  sigemptyset(&action.sa_mask);
  sigaction(SIGBUS, &action, nullptr);
}

}  // namespace hlwq::cli
