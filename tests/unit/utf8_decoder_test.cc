#include "tests/support/utf8_decoder.h"

#include <gtest/gtest.h>

#include <string>

namespace ringcast {
namespace {

using namespace std::string_literals;

constexpr std::string_view kBom = "\xEF\xBB\xBF";

std::string decoded(std::string_view bytes) {
  Utf8Decoder decoder;
  const std::string whole = decoder.decode(bytes);
  Utf8Decoder slow;
  std::string piecemeal;
  for (const char byte : bytes) piecemeal += slow.decode({&byte, 1});
  EXPECT_EQ(piecemeal, whole) << testing::PrintToString(bytes);
  return whole;
}

// "R" stands for U+FFFD in what is expected.
std::string with_replacements(std::string_view text) {
  std::string out;
  for (const char c : text) out += c == 'R' ? "\uFFFD" : std::string(1, c);
  return out;
}

TEST(Utf8Decoder, ValidTextStaysAsItIs) {
  for (const std::string& text :
       {""s, "plain"s, "a\0b"s, "\x7f"s, "\u0080\u07FF"s, "\u0800\uD7FF\uE000\uFFFF"s,
        "\U00010000\U0010FFFF"s, "\u2028\u0085"s, "\uFFFD"s}) {
    EXPECT_EQ(decoded(text), text);
  }
}

// As many replacements as the Encoding Standard makes: one for each longest piece that could have
// been the beginning of a character.
TEST(Utf8Decoder, WrongBytesAreReplacedPieceByPiece) {
  struct {
    std::string bytes, expected;
  } const cases[] = {
      {"\xFFx", "Rx"},                 // never begins anything
      {"\x80\xBFx", "RRx"},            // continuations of nothing
      {"\xC0\xAFx", "RRx"},            // longer than needed
      {"\xC1\xBFx", "RRx"},            // likewise
      {"\xE0\x80\xAFx", "RRRx"},       // likewise
      {"\xE0\x9F\xBFx", "RRRx"},       // likewise
      {"\xF0\x8F\xBF\xBFx", "RRRRx"},  // likewise
      {"\xED\xA0\x80x", "RRRx"},       // half a surrogate pair
      {"\xED\xBF\xBFx", "RRRx"},       // the other half
      {"\xF4\x90\x80\x80x", "RRRRx"},  // beyond U+10FFFF
      {"\xF5\x80\x80\x80x", "RRRRx"},  // never begins anything
      {"\xF8\x88\x80\x80\x80x", "RRRRRx"},
      {"\xC2x", "Rx"},                  // cut short
      {"\xE2\x80x", "Rx"},              // likewise
      {"\xF0\x9F\x98x", "Rx"},          // likewise
      {"\xC2\xC2\xA9x", "R\xC2\xA9x"},  // cut short by the beginning of another
      {"\xF0\x9F\xE2\x80\xA6x", "R\xE2\x80\xA6x"},
      {"\xF1\x80\xC0x", "RRx"},
      {"\xE2\x80\nx", "R\nx"},  // a line end is never swallowed
  };
  for (const auto& test : cases) {
    EXPECT_EQ(decoded(test.bytes), with_replacements(test.expected))
        << testing::PrintToString(test.bytes);
  }
}

TEST(Utf8Decoder, UnfinishedCharacterIsKeptBack) {
  Utf8Decoder decoder;
  EXPECT_EQ(decoder.decode("a\xF0\x9F"), "a");
  EXPECT_EQ(decoder.decode("\x98"), "");
  EXPECT_EQ(decoder.decode("\x80z"), "\U0001F600z");
}

TEST(Utf8Decoder, OnlyTheFirstByteOrderMarkIsDropped) {
  const std::string bom(kBom);
  EXPECT_EQ(decoded(bom), "");
  EXPECT_EQ(decoded(bom + "a"), "a");
  EXPECT_EQ(decoded(bom + bom + "a"), bom + "a");
  EXPECT_EQ(decoded("a" + bom), "a" + bom);
  EXPECT_EQ(decoded("\n" + bom), "\n" + bom);
  EXPECT_EQ(decoded("\xFF" + bom), "\uFFFD" + bom);
  EXPECT_EQ(decoded("\xEF\xBB" + bom), "\uFFFD" + bom) << "the mark is not the first character";
}

// Whether a character can begin with these two bytes, by the standard's table.
bool may_begin(unsigned first, unsigned second) {
  if (first < 0xC2 || first > 0xF4 || second < 0x80 || second > 0xBF) return false;
  if (first == 0xE0) return second >= 0xA0;
  if (first == 0xED) return second <= 0x9F;
  if (first == 0xF0) return second >= 0x90;
  if (first == 0xF4) return second <= 0x8F;
  return true;
}

TEST(Utf8Decoder, EveryPairOfBytesBeforeALineEndIsDecodedByTheTable) {
  for (unsigned first = 0; first < 256; ++first) {
    for (unsigned second = 0; second < 256; ++second) {
      const std::string pair{static_cast<char>(first), static_cast<char>(second)};
      std::string expected;
      if (may_begin(first, second)) {
        expected = first < 0xE0 ? pair : "\uFFFD";  // the line end cuts a longer one short
      } else {
        for (const char byte : pair) {
          expected += static_cast<unsigned char>(byte) < 0x80 ? std::string(1, byte) : "\uFFFD";
        }
      }
      ASSERT_EQ(decoded(pair + "\n"), expected + "\n") << first << ' ' << second;
    }
  }
}

}  // namespace
}  // namespace ringcast
