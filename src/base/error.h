// hlwq::Error for the boxes: contexts, exit codes, and contracts. Broken contracts inside the program
// are HLWQ_DASSERT.
#pragma once

#include <string_view>
#include <utility>

#include "hlwq/error.h"

namespace hlwq {

// Process exit code of an operation that ended with `code`. 0 is success, 1 a negative result of a
// check (below a bar, verification failed), 2 every error.
int ExitCode(ErrorCode code) noexcept;

// Runs `body`; an Error that leaves it gains `context`.
template <typename Body>
decltype(auto) WithContext(std::string_view context, Body&& body) {
  try {
    return std::forward<Body>(body)();
  } catch (Error& error) {
    error.AddContext(context);
    throw;
  }
}

}  // namespace hlwq

// Restates a contract inside kernels; checked in builds without NDEBUG only.
#ifdef NDEBUG
#define HLWQ_DASSERT(condition) ((void)0)
#else
#include <cassert>
#define HLWQ_DASSERT(condition) assert(condition)
#endif
