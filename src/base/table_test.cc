#include "base/table.h"

#include <gtest/gtest.h>

namespace neso {
namespace {

TEST(TableTest, PadsCellsToTheWidestOfTheirColumn) {
  EXPECT_EQ(DrawTable({{"Model", "Version", "Status"}, {"digits", "1", "READY"}, {"id", "10", "READY"}}, 500),
            "+--------+---------+--------+\n"
            "| Model  | Version | Status |\n"
            "+--------+---------+--------+\n"
            "| digits | 1       | READY  |\n"
            "| id     | 10      | READY  |\n"
            "+--------+---------+--------+\n");
}

TEST(TableTest, HeadingAloneHasBothDividersBelow) {
  EXPECT_EQ(DrawTable({{"Repository Agent", "Path"}}, 500),
            "+------------------+------+\n"
            "| Repository Agent | Path |\n"
            "+------------------+------+\n"
            "+------------------+------+\n");
}

TEST(TableTest, SplitsLongCellsOverLines) {
  EXPECT_EQ(DrawTable({{"A", "B"}, {"x", "0123456789abc"}}, 16),
            "+---+----------+\n"
            "| A | B        |\n"
            "+---+----------+\n"
            "| x | 01234567 |\n"
            "|   | 89abc    |\n"
            "+---+----------+\n");
}

TEST(TableTest, ColumnsAreThoseOfTheTerminal) {
  EXPECT_EQ(DrawTable({{"A"}, {"näme"}, {"模型"}, {"abcd"}}, 500),
            "+------+\n"
            "| A    |\n"
            "+------+\n"
            "| näme |\n"
            "| 模型 |\n"
            "| abcd |\n"
            "+------+\n");
  EXPECT_EQ(DrawTable({{"A"}, {"nämeä"}}, 8),
            "+------+\n"
            "| A    |\n"
            "+------+\n"
            "| näme |\n"
            "| ä    |\n"
            "+------+\n");
  EXPECT_EQ(DrawTable({{"A"}, {"模"}}, 5), "+---+\n| A |\n+---+\n| 模 |\n+---+\n");
}

TEST(TableTest, LineEndsInsideACellBreakIt) {
  EXPECT_EQ(DrawTable({{"A"}, {"one\nthree"}}, 500),
            "+-------+\n"
            "| A     |\n"
            "+-------+\n"
            "| one   |\n"
            "| three |\n"
            "+-------+\n");
}

TEST(TableTest, OnATerminalATableThatFitsIsOne) {
  EXPECT_EQ(DrawForTerminal({{"A", "B"}, {"x", "y"}}, 9), DrawTable({{"A", "B"}, {"x", "y"}}, 500));
}

TEST(TableTest, OnATerminalATableThatDoesNotFitBecomesLines) {
  EXPECT_EQ(DrawForTerminal({{"A", "B"}, {"x", "y"}, {"z", ""}}, 8), "x: y\nz: \n");
  EXPECT_EQ(DrawForTerminal({{"Model", "Version", "Status"}, {"digits", "1", "READY"}, {"iris", "-", "gone"}}, 20),
            "Model digits\n  Version: 1\n  Status: READY\nModel iris\n  Version: -\n  Status: gone\n");
  EXPECT_EQ(DrawForTerminal({{"Repository Agent", "Path"}}, 10), "");
}

TEST(TableTest, ATerminalNarrowerThanTheFrameStillGetsATable) {
  EXPECT_EQ(DrawTable({{"AB"}}, 0), "+---+\n| A |\n| B |\n+---+\n+---+\n");
}

}  // namespace
}  // namespace neso
