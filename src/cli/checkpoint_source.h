// What a verb was given as a checkpoint: a path of this machine, or a repository of the Hub as
// hf:ORG/NAME[/FILE][@REVISION] (hub/reference.h).
#pragma once

#include <filesystem>
#include <string>

#include "checkpoint/checkpoint.h"
#include "cli/arguments.h"

namespace hlwq::cli {

// For verbs that read: opens a path; a repository from the cache of the Hub where it is whole there,
// without asking the network, else where it is, by ranges as they are read, with a note.
// Checkpoint::root of a repository is "hf:ORG/NAME" either way, so that what is written does not
// depend on where it was read. Throws as checkpoint::OpenCheckpoint and hub::RemoteFolder.
checkpoint::Checkpoint OpenSource(const Arguments& arguments, const std::string& operand);

// For verbs that need it on this machine, as running a model does: a path as it is; of a repository
// where it lies in the cache. Throws Error{kNotFound} that says `hlwq download` when it is not there.
std::filesystem::path LocalSource(const std::string& operand);

}  // namespace hlwq::cli
