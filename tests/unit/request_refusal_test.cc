// Every request here could be read in two ways, breaks a limit, or is no HTTP at all. It is refused
// however it is split, with the status it deserves, and nothing after it is ever taken for a
// request.
#include <gtest/gtest.h>

#include <string>

#include "tests/support/request_splits.h"

namespace ringcast::net {
namespace {

using namespace std::literals;

struct RefusedCase {
  const char* name;
  int status;
  std::string bytes;
};

void PrintTo(const RefusedCase& refused, std::ostream* out) {
  *out << refused.name;
}

class Refused : public testing::TestWithParam<RefusedCase> {};

TEST_P(Refused, HoweverItIsSplit) {
  EXPECT_EQ(read_every_way(GetParam().bytes), (Reading{{}, GetParam().status}));
}

TEST_P(Refused, TogetherWithWhatFollows) {
  const std::string probe = "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n";
  EXPECT_EQ(read_every_way(GetParam().bytes + probe), (Reading{{}, GetParam().status}));
}

std::string line(std::string_view request_line) {
  return std::string{request_line} + "\r\nHost: a\r\n\r\n";
}

std::string target(std::string_view target) {
  return line("GET " + std::string{target} + " HTTP/1.1");
}

std::string fields(const std::string& lines) {
  return "GET / HTTP/1.1\r\nHost: a\r\n" + lines + "\r\n";
}

std::string host(const std::string& value) {
  return "GET / HTTP/1.1\r\nHost: " + value + "\r\n\r\n";
}

std::string post(const std::string& lines, const std::string& body = "") {
  return "POST /p HTTP/1.1\r\nHost: a\r\n" + lines + "\r\n" + body;
}

std::string length(const std::string& value) {
  return post("Content-Length: " + value + "\r\n", "hello");
}

std::string coding(const std::string& value) {
  return post("Transfer-Encoding: " + value + "\r\n", "5\r\nhello\r\n0\r\n\r\n");
}

std::string chunks(const std::string& body) {
  return post("Transfer-Encoding: chunked\r\n", body);
}

std::string repeated(std::string_view text, int count) {
  std::string all;
  for (int i = 0; i < count; ++i) all += text;
  return all;
}

std::string name_of(const testing::TestParamInfo<RefusedCase>& info) {
  return info.param.name;
}

INSTANTIATE_TEST_SUITE_P(
    NoHttp, Refused,
    testing::Values(RefusedCase{"TlsHello", 400, "\x16\x03\x01\x02\x00\x01"s},
                    RefusedCase{"ProxyHeaderV2", 400, "\r\n\r\n\0\r\nQUIT\n!\x11"s},
                    RefusedCase{"ProxyHeaderV1", 400,
                                "PROXY TCP4 127.0.0.1 127.0.0.1 8168 18992\r\nGET / HTTP/1.1\r\n"},
                    RefusedCase{"SshBanner", 400, "SSH-2.0-OpenSSH_9.2\r\n"},
                    RefusedCase{"HighBytes", 400, "\xff\xfe\xfd"},
                    RefusedCase{"Response", 400, "HTTP/1.1 200 OK\r\nHost: a\r\n\r\n"},
                    RefusedCase{"ThreeEmptyLines", 400, "\r\n\r\n\r\nGET / HTTP/1.1\r\n"},
                    RefusedCase{"EmptyLineWithoutCr", 400, "\nGET / HTTP/1.1\r\n"}),
    name_of);

INSTANTIATE_TEST_SUITE_P(
    RequestLine, Refused,
    testing::Values(RefusedCase{"NoVersion", 400, "GET /healthz\r\n\r\n"},
                    RefusedCase{"TwoSpaces", 400, line("GET  / HTTP/1.1")},
                    RefusedCase{"Tab", 400, line("GET\t/ HTTP/1.1")},
                    RefusedCase{"LeadingSpace", 400, line(" GET / HTTP/1.1")},
                    RefusedCase{"TrailingSpace", 400, line("GET / HTTP/1.1 ")},
                    RefusedCase{"SpaceInTarget", 400, line("GET /heal thz HTTP/1.1")},
                    RefusedCase{"BareCr", 400, line("GET / \rHTTP/1.1")},
                    RefusedCase{"TwoCr", 400, "GET / HTTP/1.1\r\r\nHost: a\r\n\r\n"},
                    RefusedCase{"BareLf", 400, "GET / HTTP/1.1\nHost: a\r\n\r\n"},
                    RefusedCase{"LowerCaseMethod", 501, line("get / HTTP/1.1")},
                    RefusedCase{"UnknownMethod", 501, line("FOO / HTTP/1.1")},
                    RefusedCase{"EndlessMethod", 501, std::string(100'000, 'A')},
                    RefusedCase{"MethodNoToken", 400, line("G=\":<>(e),[T];?\" / HTTP/1.1")},
                    RefusedCase{"Http2Preface", 505, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"},
                    RefusedCase{"Version12", 505, line("GET / HTTP/1.2")},
                    RefusedCase{"Version99", 505, line("GET / HTTP/9.9")},
                    RefusedCase{"Version1", 400, line("GET / HTTP/1")},
                    RefusedCase{"Version1Dot", 400, line("GET / HTTP/1.")},
                    RefusedCase{"Version0101", 400, line("GET / HTTP/01.01")},
                    RefusedCase{"Version110", 400, line("GET / HTTP/1.10")},
                    RefusedCase{"VersionSpace", 400, line("GET / HTTP/ 1.1")},
                    RefusedCase{"VersionLowerCase", 400, line("GET / http/1.1")},
                    RefusedCase{"VersionLetter", 400, line("GET / HTTP/1.1a")},
                    RefusedCase{"VersionHttps", 400, line("GET / HTTPS/1.1")},
                    RefusedCase{"VersionHuge", 400, line("GET / HTTP/4294967297.1")},
                    RefusedCase{"TargetTooLong", 414, target("/" + std::string(16 * 1024, 'x'))},
                    RefusedCase{"TargetEndless", 414, "GET /" + std::string(100'000, 'x')}),
    name_of);

INSTANTIATE_TEST_SUITE_P(
    Target, Refused,
    testing::Values(RefusedCase{"Fragment", 400, target("/a#b")},
                    RefusedCase{"Backslash", 400, target("/a\\b")},
                    RefusedCase{"HighByte", 400, target("/\xc3\xa9")},
                    RefusedCase{"Nul", 400, target("/a\0b"s)},
                    RefusedCase{"Control", 400, target("/a\x01")},
                    RefusedCase{"Delete", 400, target("/a\x7f")},
                    RefusedCase{"BadEscape", 400, target("/%zz")},
                    RefusedCase{"CutEscape", 400, target("/%4")},
                    RefusedCase{"PercentInQuery", 400, target("/?a=100%")},
                    RefusedCase{"EscapedNul", 400, target("/%00")},
                    RefusedCase{"EscapedLineEnd", 400, target("/a%0d%0aX:y")},
                    RefusedCase{"EscapedDelete", 400, target("/%7F")},
                    RefusedCase{"Overlong", 400, target("/%C0%AF")},
                    RefusedCase{"Surrogate", 400, target("/%ED%A0%80")},
                    RefusedCase{"CutUtf8", 400, target("/%E2%80")},
                    RefusedCase{"Star", 400, target("*")}, RefusedCase{"NoSlash", 400, target("a")},
                    RefusedCase{"OtherScheme", 400, target("ftp://a/")},
                    RefusedCase{"OtherHost", 400, target("http://b/")},
                    RefusedCase{"UserInfo", 400, target("http://u@a/")},
                    RefusedCase{"NoHost", 400, target("http:///x")},
                    RefusedCase{"BadHostIn10", 400, "GET http://u@a/ HTTP/1.0\r\n\r\n"},
                    RefusedCase{"Connect", 400, line("CONNECT a:80 HTTP/1.1")}),
    name_of);

INSTANTIATE_TEST_SUITE_P(
    Host, Refused,
    testing::Values(
        RefusedCase{"Missing", 400, "GET / HTTP/1.1\r\n\r\n"},
        RefusedCase{"Twice", 400, fields("Host: a\r\n")},
        RefusedCase{"TwiceIn10", 400, "GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n"},
        RefusedCase{"List", 400, host("a, b")}, RefusedCase{"Empty", 400, host("")},
        RefusedCase{"Space", 400, host("a b")}, RefusedCase{"Path", 400, host("a/b")},
        RefusedCase{"UserInfo", 400, host("u@a")},
        RefusedCase{"PortTooLarge", 400, host("a:99999")},
        RefusedCase{"PortNegative", 400, host("a:-1")}, RefusedCase{"PortEmpty", 400, host("a:")},
        RefusedCase{"PortAlone", 400, host(":80")}, RefusedCase{"TwoPorts", 400, host("a:1:2")},
        RefusedCase{"Nul", 400, host("a\0b"s)}, RefusedCase{"HighByte", 400, host("\xc3\xa9")},
        RefusedCase{"Ipv6Open", 400, host("[::1")}, RefusedCase{"Ipv6Letters", 400, host("[::g]")},
        RefusedCase{"Ipv6Tail", 400, host("[::1]x")}),
    name_of);

INSTANTIATE_TEST_SUITE_P(
    Fields, Refused,
    testing::Values(
        RefusedCase{"SpaceBeforeColon", 400, fields("X : y\r\n")},
        RefusedCase{"FirstLineIndented", 400, "GET / HTTP/1.1\r\n Host: a\r\n\r\n"},
        RefusedCase{"Folded", 400, fields("X: a\r\n b\r\n")},
        RefusedCase{"FoldedWithTab", 400, fields("X: a\r\n\tb\r\n")},
        RefusedCase{"FoldedLength", 400, post("Content-Length:\r\n 5\r\n", "hello")},
        RefusedCase{"BareLf", 400, fields("X: a\nY: b\r\n")},
        RefusedCase{"BareLfAtTheEnd", 400, "GET / HTTP/1.1\r\nHost: a\r\n\n"},
        RefusedCase{"BareCr", 400, fields("X: a\rY: b\r\n")},
        RefusedCase{"CrAtTheEnd", 400, fields("\rX: y\r\n")},
        RefusedCase{"TwoCr", 400, fields("X: a\r\r\n")},
        RefusedCase{"Nul", 400, fields("X: a\0b\r\n"s)},
        RefusedCase{"Control01", 400, fields("X: a\x01\r\n")},
        RefusedCase{"VerticalTab", 400, fields("X: a\x0b\r\n")},
        RefusedCase{"Escape", 400, fields("X: \x1b[2J\r\n")},
        RefusedCase{"Delete", 400, fields("X: \x7f\r\n")},
        RefusedCase{"EmptyName", 400, fields(": x\r\n")},
        RefusedCase{"NameWithBrackets", 400, fields("a(b): x\r\n")},
        RefusedCase{"NameWithSpace", 400, fields("a b: x\r\n")},
        RefusedCase{"NameWithHighByte", 400, fields("\xc3\xa9: x\r\n")},
        RefusedCase{"NoColon", 400, fields("abc\r\n")},
        RefusedCase{"BadConnection", 400, fields("Connection: a@b\r\n")},
        RefusedCase{"TwoAuthorizations", 400, fields("Authorization: a\r\nAuthorization: a\r\n")},
        RefusedCase{"TwoContentTypes", 400, fields("Content-Type: a/b\r\ncontent-type: a/b\r\n")},
        RefusedCase{"TwoLastEventIds", 400, fields("Last-Event-ID: 1\r\nLast-Event-ID: 2\r\n")},
        RefusedCase{"TwoOrigins", 400, fields("Origin: a\r\nOrigin: b\r\n")},
        RefusedCase{"TwoKeys", 400, fields("Idempotency-Key: a\r\nIdempotency-Key: b\r\n")},
        RefusedCase{"OtherExpectation", 417, post("Expect: 200-ok\r\nContent-Length: 5\r\n")},
        RefusedCase{"LineTooLong", 431, fields("X: " + std::string(16 * 1024, 'x') + "\r\n")},
        RefusedCase{"NameTooLong", 431, "GET / HTTP/1.1\r\n" + std::string(100'000, 'x')},
        RefusedCase{"TooManyLines", 431, fields(repeated("X: y\r\n", 100))},
        RefusedCase{"HeadTooLong", 431,
                    fields(repeated("X: " + std::string(4000, 'x') + "\r\n", 9))}),
    name_of);

INSTANTIATE_TEST_SUITE_P(
    Length, Refused,
    testing::Values(
        RefusedCase{"WithCoding", 400,
                    post("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n")},
        RefusedCase{"AfterCoding", 400,
                    post("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", "0\r\n\r\n")},
        RefusedCase{"TwoDifferent", 400,
                    post("Content-Length: 5\r\nContent-Length: 6\r\n", "hello")},
        RefusedCase{"TwoEqual", 400, post("Content-Length: 5\r\nContent-Length: 5\r\n", "hello")},
        RefusedCase{"List", 400, length("5, 6")}, RefusedCase{"ListOfEqual", 400, length("5, 5")},
        RefusedCase{"Empty", 400, length("")}, RefusedCase{"Plus", 400, length("+5")},
        RefusedCase{"Minus", 400, length("-5")}, RefusedCase{"MinusZero", 400, length("-0")},
        RefusedCase{"Hex", 400, length("0x5")}, RefusedCase{"Underscore", 400, length("5_0")},
        RefusedCase{"Space", 400, length("1 0")}, RefusedCase{"Letter", 400, length("5a")},
        RefusedCase{"ArabicDigit", 400, length("\xd9\xa5")},
        RefusedCase{"LeadingZeros", 400, length("005")},
        RefusedCase{"TwoTo64", 400, length("18446744073709551616")},
        RefusedCase{"ThirtyDigits", 400, length(std::string(30, '9'))},
        RefusedCase{"TooLarge", 413, length("65537")},
        RefusedCase{"Huge", 413, length("1000000000000000")},
        RefusedCase{"TooLargeButExpecting", 413,
                    post("Expect: 100-continue\r\nContent-Length: 65537\r\n")}),
    name_of);

INSTANTIATE_TEST_SUITE_P(
    Coding, Refused,
    testing::Values(
        RefusedCase{"Xchunked", 501, coding("xchunked")},
        RefusedCase{"Chunk", 501, coding("chunk")},
        RefusedCase{"Identity", 501, coding("identity")}, RefusedCase{"Gzip", 501, coding("gzip")},
        RefusedCase{"GzipThenChunked", 400, coding("gzip, chunked")},
        RefusedCase{"ChunkedThenGzip", 400, coding("chunked, gzip")},
        RefusedCase{"ChunkedTwice", 400, coding("chunked, chunked")},
        RefusedCase{"TwoLines", 400, coding("chunked\r\nTransfer-Encoding: chunked")},
        RefusedCase{"TwoOtherLines", 400, coding("gzip\r\nTransfer-Encoding: chunked")},
        RefusedCase{"LeadingComma", 400, coding(",chunked")},
        RefusedCase{"TrailingComma", 400, coding("chunked,")},
        RefusedCase{"Empty", 400, coding("")}, RefusedCase{"Parameter", 400, coding("chunked;q=1")},
        RefusedCase{"Quoted", 400, coding("\"chunked\"")},
        RefusedCase{"VerticalTab", 400,
                    coding("\x0b"
                           "chunked")},
        RefusedCase{"FormFeed", 400,
                    coding("\x0c"
                           "chunked")},
        RefusedCase{"Nul", 400, coding("chunked\0"s)},
        RefusedCase{"HighSpace", 400,
                    coding("\xa0"
                           "chunked")},
        RefusedCase{"BareCr", 400, coding("chunked\r")},
        RefusedCase{"In10", 400, "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"}),
    name_of);

INSTANTIATE_TEST_SUITE_P(
    Chunks, Refused,
    testing::Values(
        RefusedCase{"SpaceBefore", 400, chunks(" 5\r\nhello\r\n")},
        RefusedCase{"SpaceAfter", 400, chunks("5 \r\nhello\r\n")},
        RefusedCase{"Plus", 400, chunks("+5\r\nhello\r\n")},
        RefusedCase{"Minus", 400, chunks("-5\r\nhello\r\n")},
        RefusedCase{"Hex", 400, chunks("0x5\r\nhello\r\n")},
        RefusedCase{"Underscore", 400, chunks("5_0\r\nhello\r\n")},
        RefusedCase{"EmptySize", 400, chunks("\r\nhello\r\n")},
        RefusedCase{"EmptyExtension", 400, chunks("5;\r\nhello\r\n")},
        RefusedCase{"NoSize", 400, chunks(";a\r\nhello\r\n")},
        RefusedCase{"SeventeenDigits", 400, chunks("00000000000000005\r\nhello\r\n")},
        RefusedCase{"Overflow", 400, chunks("FFFFFFFFFFFFFFFF0\r\nhello\r\n")},
        RefusedCase{"SizeBareLf", 400, chunks("5\nhello\r\n")},
        RefusedCase{"SizeBareCr", 400, chunks("5\rhello\r\n")},
        RefusedCase{"SizeTwoCr", 400, chunks("5\r\r\nhello\r\n")},
        RefusedCase{"ExtensionLf", 400, chunks("5;a=\"\n\"\r\nhello\r\n")},
        RefusedCase{"ExtensionCr", 400, chunks("5;a=\"\r\"\r\nhello\r\n")},
        RefusedCase{"ExtensionNul", 400, chunks("5;a=\"\0\"\r\nhello\r\n"s)},
        RefusedCase{"ExtensionOpenQuote", 400, chunks("5;a=\"b\r\nhello\r\n")},
        RefusedCase{"ExtensionTooLong", 400, chunks("5;" + std::string(64 * 1024, 'a'))},
        RefusedCase{"ManyExtensions", 400,
                    chunks(repeated("1;" + std::string(1024, 'a') + "\r\nx\r\n", 9))},
        RefusedCase{"DataTooLong", 400, chunks("5\r\nhelloX\r\n0\r\n\r\n")},
        RefusedCase{"DataTooShort", 400, chunks("5\r\nhell\r\n0\r\n\r\n")},
        RefusedCase{"DataEndsWithLf", 400, chunks("5\r\nhello\n0\r\n\r\n")},
        RefusedCase{"DataEndsWithCr", 400, chunks("5\r\nhello\rX")},
        RefusedCase{"TrailerLength", 400, chunks("0\r\nContent-Length: 5\r\n\r\n")},
        RefusedCase{"TrailerCoding", 400, chunks("0\r\nTransfer-Encoding: chunked\r\n\r\n")},
        RefusedCase{"TrailerBareLf", 400, chunks("0\r\n\nX: y\r\n\r\n")},
        RefusedCase{"TrailerFolded", 400, chunks("0\r\nX: a\r\n b\r\n\r\n")},
        RefusedCase{"TrailerNoColon", 400, chunks("0\r\nabc\r\n\r\n")},
        RefusedCase{"TrailerControl", 400, chunks("0\r\nX: \x01\r\n\r\n")},
        RefusedCase{"TrailersTooLong", 400,
                    chunks("0\r\n" + repeated("X: " + std::string(1000, 'x') + "\r\n", 9))},
        RefusedCase{"TooLarge", 413, chunks("10001\r\n")},
        RefusedCase{"Huge", 413, chunks("FFFFFFFFFFFFFFFF\r\n")},
        RefusedCase{"TooLargeTogether", 413,
                    chunks("fffe\r\n" + std::string(0xfffe, 'x') + "\r\n2\r\nxx\r\n1\r\n")}),
    name_of);

}  // namespace
}  // namespace ringcast::net
