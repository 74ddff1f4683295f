#include "checkpoint/polar/names.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace hlwq::checkpoint {
namespace {

PolarName Name(std::string name, std::optional<uint64_t> slice, bool had_underscores,
               bool had_no_weight) {
  return {std::move(name), slice, had_underscores, had_no_weight};
}

TEST(SplitPolarKey, CutsTheKnownSuffixesAndNothingElse) {
  for (const char* suffix : {"__packed", "__norms", "__meta", "__codes", "__ct_scaled", "__ct",
                             ".codes", ".norms", ".ct_scaled", ".ct"}) {
    const std::string name = "a.b" + std::string(suffix);
    const auto key = SplitPolarKey(name);
    ASSERT_TRUE(key) << suffix;
    EXPECT_EQ(key->prefix, "a.b");
    EXPECT_EQ(key->suffix, suffix);
  }
  EXPECT_FALSE(SplitPolarKey("a.b.weight"));
  EXPECT_FALSE(SplitPolarKey("a_packed"));
  EXPECT_FALSE(SplitPolarKey("__packed"));  // no name before it
  EXPECT_FALSE(SplitPolarKey(""));
}

TEST(UnpublishedSuffix, IsThatOfPartsWhichOnlyHlwqKnows) {
  for (const char* suffix : {"__tcodes", "__tscales", "__trows", "__tmeta"}) {
    EXPECT_EQ(UnpublishedSuffix("a.b" + std::string(suffix)), suffix);
    EXPECT_EQ(UnpublishedSuffix(suffix), "");  // no name before it
    EXPECT_FALSE(SplitPolarKey("a.b" + std::string(suffix))) << "taken for a published part";
  }
  EXPECT_EQ(UnpublishedSuffix("a.b__packed"), "");
  EXPECT_EQ(UnpublishedSuffix("a.b.weight"), "");
}

TEST(RestoreName, DottedNamesStay) {
  EXPECT_EQ(RestoreName("a.b.weight"), Name("a.b.weight", {}, false, false));
  EXPECT_EQ(RestoreName("a.b__c.weight"), Name("a.b__c.weight", {}, false, false));
}

TEST(RestoreName, WeightIsRestoredExceptOnFusedExperts) {
  EXPECT_EQ(RestoreName("lm_head"), Name("lm_head.weight", {}, false, true));
  EXPECT_EQ(RestoreName("a.experts.down_proj"), Name("a.experts.down_proj", {}, false, false));
  EXPECT_EQ(RestoreName("a.experts.0.down_proj"),
            Name("a.experts.0.down_proj.weight", {}, false, true));
  EXPECT_EQ(RestoreName("a.shared_expert.down_proj"),
            Name("a.shared_expert.down_proj.weight", {}, false, true));
}

TEST(RestoreName, PairsOfUnderscoresAreDotsWhereThereIsNoDot) {
  EXPECT_EQ(RestoreName("a__b_c__weight"), Name("a.b_c.weight", {}, true, false));
  EXPECT_EQ(RestoreName("a__b_c"), Name("a.b_c.weight", {}, true, true));
  for (const char* prefix : {"a___b", "a____b", "__a", "a__"}) {
    EXPECT_THROW(RestoreName(prefix), Error) << prefix;
  }
}

TEST(RestoreName, SlicesOfFusedTensors) {
  EXPECT_EQ(RestoreName("a.experts.gate_up_proj_e0"),
            Name("a.experts.gate_up_proj", 0, false, false));
  EXPECT_EQ(RestoreName("a__experts__down_proj_e255"),
            Name("a.experts.down_proj", 255, true, false));
  EXPECT_EQ(RestoreName("a.w_e12"), Name("a.w", 12, false, false));
}

TEST(RestoreName, WhatOnlyLooksLikeASliceIsNone) {
  EXPECT_EQ(RestoreName("a__e1"), Name("a.e1.weight", {}, true, true));
  EXPECT_EQ(RestoreName("a.w_e01"), Name("a.w_e01.weight", {}, false, true));
  EXPECT_EQ(RestoreName("a.w_e"), Name("a.w_e.weight", {}, false, true));
  EXPECT_EQ(RestoreName("a.w_e1234567890"), Name("a.w_e1234567890.weight", {}, false, true));
  EXPECT_EQ(RestoreName("_e1"), Name("_e1.weight", {}, false, true));
}

}  // namespace
}  // namespace hlwq::checkpoint
