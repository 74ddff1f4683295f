// Forms that answers may be asked to have, in xgrammar's language of structural tags: JSON objects that nest.
#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

namespace hlwq::constrain {

using Format = nlohmann::ordered_json;

// JSON that the schema accepts, in the order of its properties. `true` accepts all JSON.
Format AsJson(const nlohmann::ordered_json& schema);
// A grammar whose rules have llama.cpp's form (GBNF), beginning at "root".
Format AsGrammar(const std::string& rules);
Format AsRegex(const std::string& pattern);
Format AsText(const std::string& text);  // exactly that
Format AnyText();
// One of them.
Format OneOf(std::vector<Format> formats);
Format InSequence(std::vector<Format> formats);

// How a model thinks before it answers.
struct ThinkingForm {
  bool is_open = false;               // the prompt has opened it
  bool may_open = false;              // the model may
  std::optional<size_t> most_tokens;  // of it
};

// What the model thinks, and then what must have the form.
Format AfterThinking(const Format& format, const ThinkingForm& thinking);

}  // namespace hlwq::constrain
