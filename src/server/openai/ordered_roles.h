// Conversations for chat templates that are strict about who speaks when.
#pragma once

#include <nlohmann/json.hpp>
#include <vector>

namespace hlwq::server {

// Other ways to put messages whose order of roles a template may refuse, the nearest first; only those that differ.
// Agents give instructions at any place and several at the start, people write twice in a row; templates want one
// system message at the beginning (Qwen3.5), user and assistant in turns (Mistral), or no system message (Gemma).
//   1. System messages at the start are one; later ones are the user's, at their place, so that what came before them
//      stays as it was. Messages of the user in a row are one.
//   2. So are those, and the system's is the beginning of the user's first.
// Texts are joined by an empty line. `messages`: objects with "role" and a text as "content".
std::vector<nlohmann::ordered_json> InOtherRoles(const nlohmann::ordered_json& messages);

}  // namespace hlwq::server
