// Small corpora and studies for the tests.
#pragma once

#include <filesystem>
#include <string>

#include "study/config/config.h"
#include "study/corpus/corpus.h"

namespace hlwq::study {

// Texts of a simple rule with some noise, vocabulary 12, documents of 8 tokens.
void WriteSmallCorpus(const std::filesystem::path& folder, uint64_t seed = 1);

// Two layers of width 16, windows of 8, arms "ar" (with dropout) and "mdlm".
StudyConfig SmallStudy();

std::string FileText(const std::filesystem::path& path);
// The same without what depends on the clock.
std::string LogText(const std::filesystem::path& path);

}  // namespace hlwq::study
