// Text that needs no HTML escapes, as markupsafe.Markup has it: what `safe` and `escape` give.
//
// Nothing is escaped on output (transformers renders without autoescape). But what is joined to
// such text by `+`, `%` or a method is escaped, and the result is of the same kind; `~`, `join`,
// `replace`, `title` and blocks give plain text.
#pragma once

#include <string>
#include <string_view>

#include "text/jinja/value.h"

namespace hlwq::text::jinja {

class Heap;

// & < > " ' as entities.
std::string EscapeHtml(std::string_view text);

// markupsafe.escape: the value as text, escaped unless it is markup.
Value Escaped(Heap& heap, const Value& value);

// `made` of `source` by what keeps markup: a string, or the strings of a new list or tuple, are
// markup when `source` is. Other values are as they were.
Value LikeMarkup(const Value& source, const Value& made);

}  // namespace hlwq::text::jinja
