#include "repository/storage/object_files.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <string>

#include "base/test_folder.h"

namespace neso {
namespace {

constexpr char kId[] = "id";

// One of the servers that have the cache folder together. The object is "model".
class CachingServer {
 public:
  CachingServer(const TestFolder& folder, const std::string& name)
      : files_(*ObjectFiles::Open(folder.Path("cache"), folder.Path(name))), target_(folder.Path(name + "/model")) {}

  std::unique_ptr<PartialFile> Begin() const { return *files_->OpenPart(kId, 5); }
  Status Keep(PartialFile& part) const { return files_->Keep(kId, part, target_); }
  bool Finds() const {
    files_->LookAgain();
    return files_->Link(kId, 5, target_);
  }

 private:
  const std::unique_ptr<ObjectFiles> files_;
  const std::string target_;
};

TEST(ObjectFilesTest, ServersThatBringTheSameObjectAtTheSameTimeKeepOutOfEachOthersWay) {
  const TestFolder folder;
  const CachingServer one(folder, "one");
  const CachingServer two(folder, "two");
  const std::unique_ptr<PartialFile> first = one.Begin();
  ASSERT_TRUE(first->Write(0, "mo").ok());
  const std::unique_ptr<PartialFile> second = two.Begin();
  EXPECT_FALSE(second->is_resumed());
  ASSERT_TRUE(second->Write(0, "model").ok());
  EXPECT_TRUE(two.Keep(*second).ok());
  EXPECT_EQ(folder.Read("two/model"), "model");
  EXPECT_EQ(std::filesystem::file_size(first->path()), 5U) << "its file has been taken away";
  ASSERT_TRUE(first->Write(2, "del").ok());
  EXPECT_TRUE(one.Keep(*first).ok());
  EXPECT_EQ(folder.Read("one/model"), "model");
  EXPECT_TRUE(std::filesystem::is_empty(folder.Path("cache/parts")));
  EXPECT_TRUE(std::filesystem::is_empty(folder.Path("two/parts")));
}

TEST(ObjectFilesTest, AServerFindsWhatAnotherOneHasKeptSinceItStarted) {
  const TestFolder folder;
  const CachingServer one(folder, "one");
  const CachingServer two(folder, "two");
  EXPECT_FALSE(two.Finds());
  const std::unique_ptr<PartialFile> part = one.Begin();
  ASSERT_TRUE(part->Write(0, "model").ok());
  ASSERT_TRUE(one.Keep(*part).ok());
  EXPECT_TRUE(two.Finds());
  EXPECT_EQ(folder.Read("two/model"), "model");
}

TEST(ObjectFilesTest, APartThatIsLeftIsTakenUpByOneServerOnly) {
  const TestFolder folder;
  const CachingServer one(folder, "one");
  const CachingServer two(folder, "two");
  one.Begin()->MarkDone(0);
  const std::unique_ptr<PartialFile> first = two.Begin();
  const std::unique_ptr<PartialFile> second = one.Begin();
  EXPECT_TRUE(first->is_resumed() && first->IsDone(0));
  EXPECT_FALSE(second->is_resumed() || second->IsDone(0));
}

TEST(ObjectFilesTest, AFileOfAnOwnNameGoesWithItsDownloadAndOneThatIsRemovedTakesNoOtherWithIt) {
  const TestFolder folder;
  const CachingServer one(folder, "one");
  const CachingServer two(folder, "two");
  const std::unique_ptr<PartialFile> removed = one.Begin();
  { const std::unique_ptr<PartialFile> own = two.Begin(); }
  EXPECT_TRUE(std::filesystem::is_empty(folder.Path("two/parts")));
  removed->Remove();
  const std::unique_ptr<PartialFile> next = two.Begin();
  next->MarkDone(0);
  removed->Remove();
  EXPECT_TRUE(folder.Has("cache/parts/id") && folder.Has("cache/parts/id.done"));
}

}  // namespace
}  // namespace neso
