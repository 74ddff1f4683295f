// Tokens to the tree.
#pragma once

#include <string_view>

#include "text/jinja/ast.h"

namespace hlwq::text::jinja {

// Throws Error{kInvalidData} on a syntax error and on nesting too deep to walk, Error{kUnsupported}
// on a statement, filter or test that is not supported: "line 3, column 7: ...".
ast::Body Parse(std::string_view source);

}  // namespace hlwq::text::jinja
