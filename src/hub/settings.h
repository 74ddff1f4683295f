// Where the Hub is and who asks, as its own tools take it from the environment.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>

namespace hlwq::hub {

struct Settings {
  std::string endpoint = "https://huggingface.co";  // without '/' at its end
  std::string token = {};       // empty: none. A secret: it is part of no message
  std::filesystem::path cache;  // holds models--ORG--NAME
  bool is_offline = false;      // what is not in the cache is not asked for
};

// The value of a variable of the environment; empty values count as absent.
using Environment = std::function<std::optional<std::string>(const char* name)>;

// HF_ENDPOINT; HF_TOKEN, else the content of HF_TOKEN_PATH, else of HF_HOME/token; HF_HUB_CACHE, else
// HF_HOME/hub, where HF_HOME is XDG_CACHE_HOME/huggingface or ~/.cache/huggingface by default;
// HF_HUB_OFFLINE (1, ON, YES, TRUE). Throws Error{kInvalidArgument} for an endpoint that is no http
// or https URL and for a token that is not one word.
Settings SettingsFrom(const Environment& environment);
// The same of this process. Thread: nobody changes the environment meanwhile.
Settings SettingsFromEnvironment();

}  // namespace hlwq::hub
