#include "repository/folder_tracker.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace neso {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Versions = std::map<std::string, uint64_t>;

FolderLook Folder(Versions versions, uint64_t config = 1) {
  return {.location = "/models/m",
          .shared_files = config,
          .subfolders = std::move(versions),
          .arrived_whole = false,
          .arrived_subfolders = {}};
}

FolderLook Renamed(FolderLook look) {
  look.arrived_whole = true;
  return look;
}

FolderLook WithRenamed(FolderLook look, const std::string& version) {
  look.arrived_subfolders.insert(version);
  return look;
}

class FolderTrackerTest : public ::testing::Test {
 protected:
  FolderTracker::Changes Look(std::optional<FolderLook> m, PollCare care = PollCare::kUntilStill) {
    return tracker_.Look({{"m", std::move(m)}}, care);
  }
  FolderTracker tracker_;
};

TEST_F(FolderTrackerTest, ALoadedFolderThatStaysTheSameIsLeftAlone) {
  tracker_.Note("m", Folder({{"1", 1}}), true);
  EXPECT_THAT(Look(Folder({{"1", 1}})).to_load, IsEmpty());
  EXPECT_THAT(Look(Folder({{"1", 1}}), PollCare::kAtOnce).to_load, IsEmpty());
}

TEST_F(FolderTrackerTest, ANewFolderIsLoadedWhenTwoLooksHaveSeenTheSame) {
  const FolderTracker::Changes first = Look(Folder({}));
  EXPECT_THAT(first.to_load, IsEmpty());
  EXPECT_THAT(first.unsettled, ElementsAre("m"));
  const FolderTracker::Changes second = Look(Folder({{"1", 1}}));
  EXPECT_THAT(second.to_load, IsEmpty());
  EXPECT_THAT(second.unsettled, IsEmpty()) << "told already";
  EXPECT_THAT(Look(Folder({{"1", 1}})).to_load, ElementsAre("m"));
}

TEST_F(FolderTrackerTest, AChangedFolderIsLoadedWhenTwoLooksHaveSeenTheSame) {
  tracker_.Note("m", Folder({{"1", 1}}), true);
  EXPECT_THAT(Look(Folder({{"1", 2}})).to_load, IsEmpty());
  EXPECT_THAT(Look(Folder({{"1", 3}})).to_load, IsEmpty());
  EXPECT_THAT(Look(Folder({{"1", 3}})).to_load, ElementsAre("m"));
}

TEST_F(FolderTrackerTest, WhoeverSaysThatTheFilesAreCompleteNeedNotWait) {
  EXPECT_THAT(Look(Folder({{"1", 1}}), PollCare::kAtOnce).to_load, ElementsAre("m"));
}

TEST_F(FolderTrackerTest, AFolderThatWasMovedIntoPlaceIsLoadedAtOnce) {
  EXPECT_THAT(Look(Renamed(Folder({{"1", 1}}))).to_load, ElementsAre("m"));
  tracker_.Note("m", Folder({{"1", 1}}), true);
  EXPECT_THAT(Look(Renamed(Folder({{"1", 2}}, 2))).to_load, ElementsAre("m"));
}

TEST_F(FolderTrackerTest, AVersionThatWasMovedIntoPlaceIsLoadedAtOnce) {
  tracker_.Note("m", Folder({{"1", 1}}), true);
  EXPECT_THAT(Look(WithRenamed(Folder({{"1", 1}, {"2", 2}}), "2")).to_load, ElementsAre("m"));
}

TEST_F(FolderTrackerTest, OtherChangesBesideAMovedVersionAreWaitedFor) {
  const FolderLook loaded = Folder({{"1", 1}, {"3", 3}});
  for (const FolderLook& now : {Folder({{"1", 1}, {"2", 2}, {"3", 3}}, 2), Folder({{"1", 7}, {"2", 2}, {"3", 3}}),
                                Folder({{"1", 1}, {"2", 2}})}) {
    FolderTracker tracker;
    tracker.Note("m", loaded, true);
    EXPECT_THAT(tracker.Look({{"m", WithRenamed(now, "2")}}, PollCare::kUntilStill).to_load, IsEmpty());
  }
}

TEST_F(FolderTrackerTest, AVersionThatGoesIsWaitedForAsItMayBeTheBeginningOfTheEnd) {
  tracker_.Note("m", Folder({{"1", 1}, {"2", 2}}), true);
  EXPECT_THAT(Look(Folder({{"1", 1}})).to_load, IsEmpty());
  EXPECT_THAT(Look(Folder({{"1", 1}})).to_load, ElementsAre("m"));
}

TEST_F(FolderTrackerTest, AFolderThatCouldNotBeLoadedIsTriedAgainAtLongerAndLongerPauses) {
  tracker_.Note("m", Folder({{"1", 1}}), true);
  tracker_.Note("m", Folder({{"1", 2}}), false);
  std::vector<int> tries;
  for (int look = 1; look <= 64; ++look) {
    const FolderTracker::Changes changes = Look(Folder({{"1", 2}}));
    EXPECT_EQ(changes.to_load, changes.retries);
    if (changes.to_load.empty()) continue;
    tries.push_back(look);
    tracker_.Note("m", Folder({{"1", 2}}), false);
  }
  EXPECT_THAT(tries, ElementsAre(1, 3, 7, 15, 31, 47, 63));
}

TEST_F(FolderTrackerTest, AFolderThatCouldNotBeLoadedAndChangesIsOneThatChanges) {
  tracker_.Note("m", Folder({{"1", 1}}), false);
  tracker_.Note("m", Folder({{"1", 1}}), false);
  EXPECT_THAT(Look(Folder({{"1", 2}})).unsettled, ElementsAre("m"));
  const FolderTracker::Changes changes = Look(Folder({{"1", 2}}));
  EXPECT_THAT(changes.to_load, ElementsAre("m"));
  EXPECT_THAT(changes.retries, IsEmpty());
}

TEST_F(FolderTrackerTest, WhatCouldNotBeLoadedIsTriedAgainWhenAnotherFolderChangesOrSomebodyAsks) {
  for (int i = 0; i < 5; ++i) tracker_.Note("m", Folder({{"1", 1}}), false);
  EXPECT_THAT(Look(Folder({{"1", 1}})).to_load, IsEmpty());
  EXPECT_THAT(Look(Folder({{"1", 1}}), PollCare::kAtOnce).to_load, ElementsAre("m"));
  const FolderTracker::Looks both = {{"m", Folder({{"1", 1}})}, {"n", Renamed(Folder({{"1", 1}}))}};
  EXPECT_THAT(tracker_.Look(both, PollCare::kUntilStill).to_load, ElementsAre("m", "n"));
}

TEST_F(FolderTrackerTest, AChangeThatIsTakenBackIsNone) {
  tracker_.Note("m", Folder({{"1", 1}}), true);
  Look(Folder({{"1", 2}}));
  EXPECT_THAT(Look(Folder({{"1", 1}})).to_load, IsEmpty());
  EXPECT_THAT(Look(Folder({{"1", 1}})).to_load, IsEmpty());
}

TEST_F(FolderTrackerTest, WhatIsPutBackAfterAFailureIsLoadedOnceMore) {
  tracker_.Note("m", Folder({{"1", 1}}), true);
  tracker_.Note("m", Folder({{"1", 1}, {"2", 1}}), false);
  EXPECT_THAT(Look(Folder({{"1", 1}})).to_load, ElementsAre("m"));
  tracker_.Note("m", Folder({{"1", 1}}), true);
  EXPECT_THAT(Look(Folder({{"1", 1}})).to_load, IsEmpty());
}

TEST_F(FolderTrackerTest, AFolderInAnotherRepositoryIsAnotherFolder) {
  tracker_.Note("m", Folder({{"1", 1}}), true);
  FolderLook moved = Folder({{"1", 1}});
  moved.location = "/more/m";
  EXPECT_THAT(Look(moved).to_load, IsEmpty());
  EXPECT_THAT(Look(moved).to_load, ElementsAre("m"));
}

TEST_F(FolderTrackerTest, WhatCannotBeReadIsNeitherChangedNorGone) {
  tracker_.Note("m", Folder({{"1", 1}}), true);
  const FolderTracker::Changes changes = Look(std::nullopt);
  EXPECT_THAT(changes.to_load, IsEmpty());
  EXPECT_THAT(changes.gone, IsEmpty());
  EXPECT_THAT(Look(Folder({{"1", 1}})).to_load, IsEmpty());
}

TEST_F(FolderTrackerTest, WhatTwoLooksDoNotFindIsGoneOnce) {
  tracker_.Note("m", Folder({{"1", 1}}), false);
  EXPECT_THAT(tracker_.Look({}, PollCare::kUntilStill).gone, IsEmpty());
  EXPECT_THAT(tracker_.Look({}, PollCare::kUntilStill).gone, ElementsAre("m"));
  EXPECT_THAT(tracker_.Look({}, PollCare::kUntilStill).gone, IsEmpty());
  EXPECT_THAT(Look(Folder({{"1", 1}})).to_load, IsEmpty()) << "it is a new one";
  EXPECT_THAT(tracker_.Look({}, PollCare::kAtOnce).gone, ElementsAre("m"));
}

TEST_F(FolderTrackerTest, AFolderThatIsExchangedForAnotherWasNeverGone) {
  tracker_.Note("m", Folder({{"1", 1}}), true);
  tracker_.Look({}, PollCare::kUntilStill);
  EXPECT_THAT(Look(Renamed(Folder({{"1", 2}}))).to_load, ElementsAre("m"));
  EXPECT_THAT(tracker_.Look({}, PollCare::kUntilStill).gone, IsEmpty());
}

}  // namespace
}  // namespace neso
