#pragma once

#include <filesystem>
#include <mutex>

#include "base/error.h"
#include "chat/text_model.h"
#include "hlwq/model.h"

namespace hlwq {

struct Model::Impl {
  chat::TextModel model;
  // Guards the engine and what its sessions hold. Recursive: between the passes of an answer its
  // callback may make, fork and drop sessions.
  std::recursive_mutex mutex;
  bool is_running = false;  // a session is, with its callbacks

  // The time in which a session runs.
  class Turn {
   public:
    // Throws Error{kInvalidArgument} inside the callback of a session that runs.
    explicit Turn(Impl& model) : lock_(model.mutex), model_(model) {
      if (model.is_running) {
        throw Error(ErrorCode::kInvalidArgument,
                    "a callback of a session must not run a session of the same model");
      }
      model.is_running = true;
    }
    ~Turn() { model_.is_running = false; }

   private:
    std::lock_guard<std::recursive_mutex> lock_;
    Impl& model_;
  };

  Impl(const std::filesystem::path& path, const chat::TextModelOptions& options)
      : model(path, options) {}
};

}  // namespace hlwq
