#include "cli/interrupts.h"

namespace hlwq::cli {
namespace {

// A signal handler can reach nothing else.
volatile std::sig_atomic_t g_was_interrupted = 0;

extern "C" void NoteInterrupt(int) { g_was_interrupted = 1; }

}  // namespace

Interrupts::Interrupts() noexcept {
  g_was_interrupted = 0;
  struct sigaction action {};
  action.sa_handler = NoteInterrupt;
  sigemptyset(&action.sa_mask);  // no SA_RESTART: a read is to return
  sigaction(SIGINT, &action, &previous_);
}

Interrupts::~Interrupts() { sigaction(SIGINT, &previous_, nullptr); }

bool Interrupts::was_interrupted() const noexcept { return g_was_interrupted != 0; }

bool Interrupts::Clear() noexcept {
  const bool was_interrupted = g_was_interrupted != 0;
  g_was_interrupted = 0;
  return was_interrupted;
}

}  // namespace hlwq::cli
