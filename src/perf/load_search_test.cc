#include "perf/load_search.h"

#include <gtest/gtest.h>

#include <vector>

namespace neso::perf {
namespace {

Options With(SearchKind kind, Range range, LoadKind load = LoadKind::kConcurrency) {
  Options options;
  options.search = kind;
  options.range = range;
  options.load = load;
  return options;
}

// The loads that are measured when those up to `limit` are good.
std::vector<double> LoadsUpTo(double limit, const Options& options) {
  LoadSearch search(options);
  std::vector<double> loads;
  while (const std::optional<double> load = search.Next()) {
    loads.push_back(*load);
    search.Judge(*load <= limit ? Verdict::kGood : Verdict::kTooMuch);
  }
  return loads;
}

TEST(LoadSearchTest, ARangeIsMeasuredUntilALoadIsTooMuch) {
  EXPECT_EQ(LoadsUpTo(100, With(SearchKind::kLinear, {1, 7, 3})), (std::vector<double>{1, 4, 7}));
  EXPECT_EQ(LoadsUpTo(100, With(SearchKind::kLinear, {5, 5, 1})), (std::vector<double>{5}));
  EXPECT_EQ(LoadsUpTo(3, With(SearchKind::kLinear, {1, 7, 3})), (std::vector<double>{1, 4}));
  EXPECT_EQ(LoadsUpTo(3, With(SearchKind::kLinear, {1, 0, 1})), (std::vector<double>{1, 2, 3, 4}));
  EXPECT_EQ(LoadsUpTo(100, With(SearchKind::kLinear, {1, 6, 3})), (std::vector<double>{1, 4}));
}

TEST(LoadSearchTest, TheEndOfARangeOfFractionsIsMeasured) {
  const auto loads = LoadsUpTo(100, With(SearchKind::kLinear, {0.1, 0.3, 0.1}, LoadKind::kRequestRate));
  EXPECT_EQ(loads, (std::vector<double>{0.1, 0.2, 0.3}));
  EXPECT_EQ(LoadsUpTo(100, With(SearchKind::kLinear, {1, 2, 0.1}, LoadKind::kRequestRate)).size(), 11u);
}

TEST(LoadSearchTest, ALoadThatIsNotStableEndsOnlyARangeWithoutAnEnd) {
  LoadSearch open(With(SearchKind::kLinear, {1, 0, 1})), closed(With(SearchKind::kLinear, {1, 2, 1}));
  open.Next();
  open.Judge(Verdict::kUnstable);
  EXPECT_EQ(open.Next(), std::nullopt);
  closed.Next();
  closed.Judge(Verdict::kUnstable);
  EXPECT_EQ(closed.Next(), 2);
}

TEST(LoadSearchTest, ALoadThatIsNotStableIsNoLimit) {
  for (const SearchKind kind : {SearchKind::kBinary, SearchKind::kLimit}) {
    LoadSearch search(With(kind, {1, 16, 1}));
    search.Next();
    search.Judge(Verdict::kGood);
    const std::optional<double> second = search.Next();
    search.Judge(Verdict::kUnstable);
    EXPECT_EQ(search.Next(), std::nullopt);
    EXPECT_EQ(search.unknown(), second);
    EXPECT_EQ(search.good(), 1);
    EXPECT_EQ(search.bad(), 0);
  }
}

TEST(LoadSearchTest, ABinarySearchHalvesARange) {
  EXPECT_EQ(LoadsUpTo(5, With(SearchKind::kBinary, {1, 16, 1})), (std::vector<double>{1, 16, 8, 4, 6, 5}));
  EXPECT_EQ(LoadsUpTo(20, With(SearchKind::kBinary, {1, 16, 1})), (std::vector<double>{1, 16}));
  EXPECT_EQ(LoadsUpTo(0, With(SearchKind::kBinary, {1, 16, 1})), (std::vector<double>{1}));
  EXPECT_EQ(LoadsUpTo(130, With(SearchKind::kBinary, {100, 200, 30}, LoadKind::kRequestRate)),
            (std::vector<double>{100, 200, 150, 125}));
}

TEST(LoadSearchTest, ALimitIsFoundByDoublingAndHalving) {
  LoadSearch search(With(SearchKind::kLimit, {1, 1, 1}));
  std::vector<double> loads;
  while (const std::optional<double> load = search.Next()) {
    loads.push_back(*load);
    search.Judge(*load <= 5 ? Verdict::kGood : Verdict::kTooMuch);
  }
  EXPECT_EQ(loads, (std::vector<double>{1, 2, 4, 8, 6, 5}));
  EXPECT_EQ(search.good(), 5);
  EXPECT_EQ(search.bad(), 6);
}

TEST(LoadSearchTest, TheFirstLoadMayBeTooMuchAlready) {
  LoadSearch search(With(SearchKind::kLimit, {8, 8, 1}));
  EXPECT_EQ(search.Next(), 8);
  search.Judge(Verdict::kTooMuch);
  EXPECT_EQ(search.Next(), 4);  // lower ones may do
}

}  // namespace
}  // namespace neso::perf
