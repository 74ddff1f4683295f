#include "cli/prompt_cache.h"

#include <fmt/format.h>

#include "base/error.h"
#include "cli/output.h"
#include "kernels/vector_target.h"

namespace hlwq::cli {
namespace {

namespace fs = std::filesystem;

// Room for several moments of any model; only what is noted takes memory.
constexpr uint64_t kSnapshotBytes = 1u << 30;

// Whether a new file there would be one of the model's folder.
bool IsInFolder(const fs::path& path, const fs::path& folder) {
  std::error_code failure;
  const fs::path parent = path.has_parent_path() ? path.parent_path() : fs::path(".");
  return fs::is_directory(folder, failure) && fs::equivalent(parent, folder, failure);
}

}  // namespace

PromptCache::PromptCache(const Arguments& arguments) : arguments_(arguments) {
  if (const auto path = arguments.FindText(flag::kPromptCache)) path_ = *path;
  is_read_only_ = arguments.Switch(flag::kPromptCacheRo);
  // A conversation is not told to the next run, so that nobody asks for its answers again.
  saves_all_ = arguments.verb().name == "generate" && arguments.Switch(flag::kPromptCacheAll);
  if (!path_ && (is_read_only_ || saves_all_)) {
    const FlagId& flag = is_read_only_ ? flag::kPromptCacheRo : flag::kPromptCacheAll;
    throw Error(ErrorCode::kInvalidArgument,
                fmt::format("--{}: want --{} with it", flag.name, flag::kPromptCache.name));
  }
  const std::string& model = arguments.Operand("DIR");
  if (path_ && !is_read_only_ && IsInFolder(*path_, model)) {
    throw Error(ErrorCode::kInvalidArgument,
                fmt::format("--{} {}: want a file outside of the model's folder {}",
                            flag::kPromptCache.name, path_->string(), model));
  }
}

uint64_t PromptCache::snapshot_bytes() const noexcept {
  return is_on() && !is_read_only_ ? kSnapshotBytes : 0;
}

void PromptCache::Load(chat::Session& session, std::span<const runtime::TokenId> prompt) {
  if (!path_) return;
  session.NoteSeveral(!is_read_only_);
  has_failed_ = true;
  Take(session, prompt);
  has_failed_ = false;
}

void PromptCache::Take(chat::Session& session, std::span<const runtime::TokenId> prompt) {
  File file;
  try {
    file = File::OpenForRead(*path_);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kNotFound || is_read_only_) throw;
    return;
  }
  if (file.SizeBytes() == 0 && !is_read_only_) return;  // as mktemp leaves it
  loaded_ = session.Load(std::move(file), prompt,
                         saves_all_ ? runtime::LoadRule::kAll : runtime::LoadRule::kExact);
  has_news_ = loaded_.common_tokens < prompt.size();
  if (loaded_.target.empty()) return;
  PrintNote(arguments_,
            fmt::format("{} was made with {} instructions, these are {}: the last bits may "
                        "differ from a run without it",
                        path_->string(), loaded_.target, kernels::VectorTargetName()));
}

std::optional<std::string> PromptCache::Source() const {
  if (!path_) return std::nullopt;
  return "from " + path_->string();
}

void PromptCache::SavePrompt(chat::Session& session) {
  session.NoteSeveral(false);
  if (path_ && has_news_ && !is_read_only_) Save(session);
}

void PromptCache::SaveAll(const chat::Session& session) {
  if (path_ && saves_all_) Save(session);
}

void PromptCache::Save(const chat::Session& session) {
  if (failure_) return;
  try {
    session.Save(*path_);
  } catch (const Error& error) {
    if (error.code() == ErrorCode::kAlreadyExists) {
      return PrintNote(arguments_, std::string(error.what()) + ", and this run leaves it to that");
    }
    failure_ = error;
  }
}

void PromptCache::Finish() const {
  if (failure_) throw *failure_;
}

}  // namespace hlwq::cli
