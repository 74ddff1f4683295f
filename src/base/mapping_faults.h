// What a program does about a mapped page that its file no longer has.
#pragma once

#include <cstddef>
#include <optional>

namespace hlwq {

// The kernel reports a page that cannot be read (the file was cut shorter, its device fails) by
// SIGBUS at the instruction that reads it, in any thread. A handler that calls AbsorbMappingFault
// lets that thread go on over zeros; who owns the mapping then finds it damaged, drops what it
// computed and ends its request with an error. Without a handler the process ends, as is the
// system's default: hlwq's own program installs one (cli/bus_error.h), and a program that uses hlwq
// as a library has to install its own:
//
//   extern "C" void OnBusError(int, siginfo_t* info, void*) {
//     if (!hlwq::AbsorbMappingFault(info->si_addr)) std::abort();   // or what was there before
//   }
//   struct sigaction action {};
//   action.sa_sigaction = OnBusError;
//   action.sa_flags = SA_SIGINFO;
//   sigaction(SIGBUS, &action, nullptr);

// Mappings beyond so many at a time are not watched.
inline constexpr size_t kMaxWatchedMappings = 4096;

// Puts a page of zeros where `address` lies and marks its mapping as damaged. False when it lies in
// no watched mapping, or the system refuses. For signal handlers: takes no lock, allocates nothing,
// keeps errno. Thread: safe.
bool AbsorbMappingFault(void* address) noexcept;

// The place of one mapping in the table of those that are watched. Moves.
class WatchedMapping {
 public:
  WatchedMapping() = default;
  // [begin, begin + bytes) is mapped, and stays so until this is gone. Cost: looks for a free place.
  WatchedMapping(const void* begin, size_t bytes) noexcept;
  WatchedMapping(WatchedMapping&& other) noexcept;
  WatchedMapping& operator=(WatchedMapping&& other) noexcept;
  ~WatchedMapping();

  // Whether a page of it could not be read since it is watched. Thread: safe.
  bool is_damaged() const noexcept;

 private:
  std::optional<size_t> place_;
};

}  // namespace hlwq
