// The three streams that every program has.
#pragma once

namespace hlwq::cli {

// Gives standard input, output and error a place where the caller closed them: /dev/null. Else the
// first files that are opened would get their numbers: a model would be read as a prompt, or written
// to. To be called before anything is opened.
void OpenStandardStreams() noexcept;

}  // namespace hlwq::cli
