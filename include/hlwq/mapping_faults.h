// What a program does about a mapped page that its file no longer has.
#pragma once

namespace hlwq {

// The kernel reports a page that cannot be read (the file was cut shorter, its device fails) by
// SIGBUS at the instruction that reads it, in any thread. A handler that calls AbsorbMappingFault
// lets that thread go on over zeros; who owns the mapping then finds it damaged, drops what it
// computed and ends its request with an error. Without a handler the process ends, as is the
// system's default: hlwq's own program installs one (src/cli/bus_error.cc), and a program that uses hlwq
// as a library has to install its own:
//
//   extern "C" void OnBusError(int, siginfo_t* info, void*) {
//     if (!hlwq::AbsorbMappingFault(info->si_addr)) std::abort();   // or what was there before
//   }
//   struct sigaction action {};
//   action.sa_sigaction = OnBusError;
//   action.sa_flags = SA_SIGINFO;
//   sigaction(SIGBUS, &action, nullptr);

// Puts a page of zeros where `address` lies and marks its mapping as damaged. False when it lies in
// no watched mapping, or the system refuses. For signal handlers: takes no lock, allocates nothing,
// keeps errno. Thread: safe.
bool AbsorbMappingFault(void* address) noexcept;

}  // namespace hlwq
