// The end of a program whose model file was cut shorter under it.
#pragma once

namespace hlwq::cli {

// A read of a mapped page that the file no longer has raises SIGBUS, in any thread and with no way
// to go on. From here on it ends the program with a line on stderr, with `wants_json` a document on
// stdout as for other errors, and exit status 2.
void ReportBusErrors(bool wants_json) noexcept;

}  // namespace hlwq::cli
