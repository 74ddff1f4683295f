#include "runtime/prompt_lookup.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hlwq::runtime {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(PromptLookup, GoesOnAsAfterTheSameTokensBefore) {
  PromptLookup lookup;
  lookup.Add(std::vector<TokenId>{1, 2, 3, 4, 5, 6, 7, 8, 9});
  EXPECT_THAT(lookup.Draft(15), IsEmpty());
  lookup.Add(std::vector<TokenId>{2, 3});
  EXPECT_THAT(lookup.Draft(15), IsEmpty());
  lookup.Add(std::vector<TokenId>{4});
  EXPECT_THAT(lookup.Draft(15), ElementsAre(5, 6, 7));
  EXPECT_THAT(lookup.Draft(2), ElementsAre(5, 6));
  EXPECT_THAT(lookup.Draft(0), IsEmpty());
}

// Not the last place, but the one with the most in common.
TEST(PromptLookup, TakesThePlaceWithTheMostInCommon) {
  PromptLookup lookup;
  lookup.Add(
      std::vector<TokenId>{9, 8, 1, 2, 3, 10, 11, 12, 7, 1, 2, 3, 20, 21, 22, 9, 8, 1, 2, 3});
  EXPECT_THAT(lookup.Draft(3), ElementsAre(10, 11, 12));
}

TEST(PromptLookup, WhatRepeatsItselfGoesOnRepeatingItself) {
  PromptLookup lookup;
  lookup.Add(std::vector<TokenId>{5, 6, 5, 6, 5, 6});
  lookup.Learn(7, 7, true);
  EXPECT_THAT(lookup.Draft(5), ElementsAre(5, 6, 5, 6, 5));
}

TEST(PromptLookup, DraftsGrowWhereTheyPayAndWaitWhereTheyDoNot) {
  PromptLookup lookup;
  const std::vector<TokenId> again(100, 4);
  lookup.Add(again);
  EXPECT_EQ(lookup.Draft(15).size(), 3u);
  lookup.Learn(3, 3, true);
  EXPECT_EQ(lookup.Draft(15).size(), 7u);
  lookup.Learn(7, 7, true);
  EXPECT_EQ(lookup.Draft(15).size(), 15u);
  lookup.Learn(15, 4, true);
  EXPECT_EQ(lookup.Draft(15).size(), 5u);
  lookup.Learn(5, 0, false);
  EXPECT_EQ(lookup.Draft(15).size(), 2u);
  // Right, and yet too slow.
  lookup.Learn(2, 2, false);
  size_t waits = 0;
  while (lookup.Draft(15).empty()) {
    lookup.Add(std::vector<TokenId>{4});
    ++waits;
  }
  EXPECT_EQ(waits, 8u);
  lookup.Learn(2, 0, false);
  for (waits = 0; lookup.Draft(15).empty(); ++waits) lookup.Add(std::vector<TokenId>{4});
  EXPECT_EQ(waits, 16u);
}

}  // namespace
}  // namespace hlwq::runtime
