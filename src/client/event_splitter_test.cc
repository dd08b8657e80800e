#include "client/event_splitter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace neso::client {
namespace {

using ::testing::ElementsAre;
using Events = std::vector<std::string>;

// What comes of `text` in pieces of `size` bytes, the last event ended by the answer's end.
Events Split(std::string_view text, size_t size) {
  EventSplitter splitter;
  Events events;
  const auto take = [&events](std::string_view event) { events.emplace_back(event); };
  for (size_t at = 0; at < text.size(); at += size) splitter.Add(text.substr(at, size), take);
  splitter.End(take);
  return events;
}

TEST(EventSplitterTest, EventsEndWithAnEmptyLineHoweverTheyAreCut) {
  for (const size_t size : {1, 2, 3, 7, 100}) {
    EXPECT_THAT(Split("data: a\n\ndata: b\ndata: c\n\n", size), ElementsAre("data: a\n\n", "data: b\ndata: c\n\n"))
        << size;
    EXPECT_THAT(Split("id: 1\r\ndata:a\r\n\r\nevent: x\r\ndata: b\r\n\r\n", size),
                ElementsAre("id: 1\r\ndata:a\r\n\r\n", "event: x\r\ndata: b\r\n\r\n"))
        << size;
  }
}

TEST(EventSplitterTest, WhatHasNoDataIsNone) {
  for (const size_t size : {1, 5, 100}) {
    EXPECT_THAT(Split(": awake\n\n\n\nevent: ping\n\ndata: a\n\n: awake\n", size), ElementsAre("data: a\n\n")) << size;
  }
}

TEST(EventSplitterTest, TheEndOfTheAnswerEndsTheLast) {
  for (const size_t size : {1, 4, 100}) {
    EXPECT_THAT(Split("data: a\n\ndata: b\n", size), ElementsAre("data: a\n\n", "data: b\n")) << size;
    EXPECT_THAT(Split("data: a", size), ElementsAre("data: a")) << size;
  }
  EXPECT_THAT(Split("", 1), ElementsAre());
}

TEST(EventSplitterTest, TellsWhatIsNotWhole) {
  EventSplitter splitter;
  splitter.Add("data: a\n\ndata", [](std::string_view) {});
  EXPECT_EQ(splitter.pending(), 4u);
}

TEST(EventSplitterTest, DataIsWithoutBlanksAndTheRestOfTheEvent) {
  Events data;
  ForEachData("id: 1\r\ndata: {\"a\": 1} \r\ndata:b\n: data: c\ndata:\n\n",
              [&data](std::string_view one) { data.emplace_back(one); });
  EXPECT_THAT(data, ElementsAre(R"({"a": 1})", "b", ""));
}

}  // namespace
}  // namespace neso::client
