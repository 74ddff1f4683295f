#include "text/tokenizer/metaspace.h"

#include "base/utf8.h"

namespace hlwq::text {

MetaspaceOptions MetaspaceOptions::FromJson(const JsonFields& fields) {
  MetaspaceOptions options;
  options.replacement = fields.OptionalString("replacement").value_or("\xE2\x96\x81");  // U+2581
  if (options.replacement.empty() ||
      CharacterSize(options.replacement[0]) != options.replacement.size()) {
    fields.Fail("replacement", "want one character");
  }
  // Older files have a flag where newer ones have the scheme.
  const bool adds_prefix = fields.Flag("add_prefix_space", true);
  const std::string scheme =
      fields.OptionalString("prepend_scheme").value_or(adds_prefix ? "always" : "never");
  if (scheme == "always") {
    options.scheme = PrependScheme::kAlways;
  } else if (scheme == "first") {
    options.scheme = PrependScheme::kFirst;
  } else if (scheme == "never") {
    options.scheme = PrependScheme::kNever;
  } else {
    fields.Fail("prepend_scheme", "want 'always', 'first' or 'never'");
  }
  if (!adds_prefix && options.scheme != PrependScheme::kNever) {
    fields.Fail("prepend_scheme", "contradicts 'add_prefix_space'");
  }
  options.splits = fields.Flag("split", true);
  return options;
}

}  // namespace hlwq::text
