// Files that are cut shorter, or cannot be read, while they are mapped.
#pragma once

namespace hlwq::cli {

// A read of a mapped page that the file no longer has raises SIGBUS, in any thread. From here on
// reads of mapped files go on over zeros, and who reads them finds out (hlwq/mapping_faults.h). A read
// of anything else ends the program with a line on stderr, with `wants_json` a document on stdout
// as for other errors, and exit status 2.
void HandleBusErrors(bool wants_json) noexcept;

}  // namespace hlwq::cli
