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

const RefusedCase kNoHttp[] = {
    {"TlsHello", 400, "\x16\x03\x01\x02\x00\x01"s},
    {"ProxyHeaderV2", 400, "\r\n\r\n\0\r\nQUIT\n!\x11"s},
    {"ProxyHeaderV1", 400, "PROXY TCP4 127.0.0.1 127.0.0.1 8168 18992\r\nGET / HTTP/1.1\r\n"},
    {"SshBanner", 400, "SSH-2.0-OpenSSH_9.2\r\n"},
    {"HighBytes", 400, "\xff\xfe\xfd"},
    {"Response", 400, "HTTP/1.1 200 OK\r\nHost: a\r\n\r\n"},
    {"ThreeEmptyLines", 400, "\r\n\r\n\r\nGET / HTTP/1.1\r\n"},
    {"EmptyLineWithoutCr", 400, "\nGET / HTTP/1.1\r\n"},
};

INSTANTIATE_TEST_SUITE_P(NoHttp, Refused, testing::ValuesIn(kNoHttp), name_of);

const RefusedCase kRequestLine[] = {
    {"NoVersion", 400, "GET /healthz\r\n\r\n"},
    {"TwoSpaces", 400, line("GET  / HTTP/1.1")},
    {"Tab", 400, line("GET\t/ HTTP/1.1")},
    {"LeadingSpace", 400, line(" GET / HTTP/1.1")},
    {"TrailingSpace", 400, line("GET / HTTP/1.1 ")},
    {"SpaceInTarget", 400, line("GET /heal thz HTTP/1.1")},
    {"BareCr", 400, line("GET / \rHTTP/1.1")},
    {"TwoCr", 400, "GET / HTTP/1.1\r\r\nHost: a\r\n\r\n"},
    {"BareCrBeforeBadVersion", 400, line("GET /\r HTTP/2.0")},
    {"BareLf", 400, "GET / HTTP/1.1\nHost: a\r\n\r\n"},
    {"LowerCaseMethod", 501, line("get / HTTP/1.1")},
    {"UnknownMethod", 501, line("FOO / HTTP/1.1")},
    {"EndlessMethod", 501, std::string(100'000, 'A')},
    {"MethodNoToken", 400, line("G=\":<>(e),[T];?\" / HTTP/1.1")},
    {"Http2Preface", 505, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"},
    {"Version12", 505, line("GET / HTTP/1.2")},
    {"Version99", 505, line("GET / HTTP/9.9")},
    {"Version1", 400, line("GET / HTTP/1")},
    {"Version1Dot", 400, line("GET / HTTP/1.")},
    {"Version0101", 400, line("GET / HTTP/01.01")},
    {"Version110", 400, line("GET / HTTP/1.10")},
    {"VersionSpace", 400, line("GET / HTTP/ 1.1")},
    {"VersionLowerCase", 400, line("GET / http/1.1")},
    {"VersionLetter", 400, line("GET / HTTP/1.1a")},
    {"VersionHttps", 400, line("GET / HTTPS/1.1")},
    {"VersionHuge", 400, line("GET / HTTP/4294967297.1")},
    {"TargetTooLong", 414, target("/" + std::string(16 * 1024, 'x'))},
    {"TargetEndless", 414, "GET /" + std::string(100'000, 'x')},
};

INSTANTIATE_TEST_SUITE_P(RequestLine, Refused, testing::ValuesIn(kRequestLine), name_of);

const RefusedCase kTarget[] = {
    {"Fragment", 400, target("/a#b")},
    {"Backslash", 400, target("/a\\b")},
    {"HighByte", 400, target("/\xc3\xa9")},
    {"Nul", 400, target("/a\0b"s)},
    {"Control", 400, target("/a\x01")},
    {"Delete", 400, target("/a\x7f")},
    {"BadEscape", 400, target("/%zz")},
    {"CutEscape", 400, target("/%4")},
    {"PercentInQuery", 400, target("/?a=100%")},
    {"EscapedNul", 400, target("/%00")},
    {"EscapedLineEnd", 400, target("/a%0d%0aX:y")},
    {"EscapedDelete", 400, target("/%7F")},
    {"Overlong", 400, target("/%C0%AF")},
    {"Surrogate", 400, target("/%ED%A0%80")},
    {"CutUtf8", 400, target("/%E2%80")},
    {"Star", 400, target("*")},
    {"NoSlash", 400, target("a")},
    {"OtherScheme", 400, target("ftp://a/")},
    {"OtherHost", 400, target("http://b/")},
    {"UserInfo", 400, target("http://u@a/")},
    {"NoHost", 400, target("http:///x")},
    {"BadHostIn10", 400, "GET http://u@a/ HTTP/1.0\r\n\r\n"},
    {"Connect", 400, line("CONNECT a:80 HTTP/1.1")},
};

INSTANTIATE_TEST_SUITE_P(Target, Refused, testing::ValuesIn(kTarget), name_of);

const RefusedCase kHost[] = {

    {"Missing", 400, "GET / HTTP/1.1\r\n\r\n"},
    {"Twice", 400, fields("Host: a\r\n")},
    {"TwiceIn10", 400, "GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n"},
    {"List", 400, host("a, b")},
    {"Empty", 400, host("")},
    {"Space", 400, host("a b")},
    {"Path", 400, host("a/b")},
    {"UserInfo", 400, host("u@a")},
    {"PortTooLarge", 400, host("a:99999")},
    {"PortNegative", 400, host("a:-1")},
    {"PortEmpty", 400, host("a:")},
    {"PortAlone", 400, host(":80")},
    {"TwoPorts", 400, host("a:1:2")},
    {"Nul", 400, host("a\0b"s)},
    {"HighByte", 400, host("\xc3\xa9")},
    {"Ipv6Empty", 400, host("[]")},
    {"Ipv6Colon", 400, host("[:]")},
    {"Ipv6Open", 400, host("[::1")},
    {"Ipv6Letters", 400, host("[::g]")},
    {"Ipv6Tail", 400, host("[::1]x")},
};

INSTANTIATE_TEST_SUITE_P(Host, Refused, testing::ValuesIn(kHost), name_of);

const RefusedCase kFields[] = {

    {"SpaceBeforeColon", 400, fields("X : y\r\n")},
    {"FirstLineIndented", 400, "GET / HTTP/1.1\r\n Host: a\r\n\r\n"},
    {"Folded", 400, fields("X: a\r\n b\r\n")},
    {"FoldedWithTab", 400, fields("X: a\r\n\tb\r\n")},
    {"FoldedLength", 400, post("Content-Length:\r\n 5\r\n", "hello")},
    {"BareLf", 400, fields("X: a\nY: b\r\n")},
    {"BareLfAtOnce", 400, "GET / HTTP/1.1\r\nX: a\n"},
    {"BareLfAtTheEnd", 400, "GET / HTTP/1.1\r\nHost: a\r\n\n"},
    {"BareCr", 400, fields("X: a\rY: b\r\n")},
    {"CrAtTheEnd", 400, fields("\rX: y\r\n")},
    {"TwoCr", 400, fields("X: a\r\r\n")},
    {"Nul", 400, fields("X: a\0b\r\n"s)},
    {"Control01", 400, fields("X: a\x01\r\n")},
    {"VerticalTab", 400, fields("X: a\x0b\r\n")},
    {"Escape", 400, fields("X: \x1b[2J\r\n")},
    {"Delete", 400, fields("X: \x7f\r\n")},
    {"EmptyName", 400, fields(": x\r\n")},
    {"NameWithBrackets", 400, fields("a(b): x\r\n")},
    {"NameWithSpace", 400, fields("a b: x\r\n")},
    {"NameWithHighByte", 400, fields("\xc3\xa9: x\r\n")},
    {"NoColon", 400, fields("abc\r\n")},
    {"BadConnection", 400, fields("Connection: a@b\r\n")},
    {"TwoAuthorizations", 400, fields("Authorization: a\r\nAuthorization: a\r\n")},
    {"TwoContentTypes", 400, fields("Content-Type: a/b\r\ncontent-type: a/b\r\n")},
    {"TwoLastEventIds", 400, fields("Last-Event-ID: 1\r\nLast-Event-ID: 2\r\n")},
    {"TwoOrigins", 400, fields("Origin: a\r\nOrigin: b\r\n")},
    {"TwoKeys", 400, fields("Idempotency-Key: a\r\nIdempotency-Key: b\r\n")},
    {"OtherExpectation", 417, post("Expect: 200-ok\r\nContent-Length: 5\r\n")},
    {"LineTooLong", 431, fields("X: " + std::string(16 * 1024, 'x') + "\r\n")},
    {"NameTooLong", 431, "GET / HTTP/1.1\r\n" + std::string(100'000, 'x')},
    {"TooManyLines", 431, fields(repeated("X: y\r\n", 100))},
    {"HeadTooLong", 431, fields(repeated("X: " + std::string(4000, 'x') + "\r\n", 9))},
};

INSTANTIATE_TEST_SUITE_P(Fields, Refused, testing::ValuesIn(kFields), name_of);

const RefusedCase kLength[] = {

    {"WithCoding", 400, post("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n")},
    {"AfterCoding", 400, post("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", "0\r\n\r\n")},
    {"WithOtherCoding", 400, post("Content-Length: 5\r\nTransfer-Encoding: gzip\r\n", "hello")},
    {"AfterOtherCoding", 400, post("Transfer-Encoding: gzip\r\nContent-Length: 5\r\n", "hello")},
    {"TwoDifferent", 400, post("Content-Length: 5\r\nContent-Length: 6\r\n", "hello")},
    {"TwoEqual", 400, post("Content-Length: 5\r\nContent-Length: 5\r\n", "hello")},
    {"List", 400, length("5, 6")},
    {"ListOfEqual", 400, length("5, 5")},
    {"Empty", 400, length("")},
    {"Plus", 400, length("+5")},
    {"Minus", 400, length("-5")},
    {"MinusZero", 400, length("-0")},
    {"Hex", 400, length("0x5")},
    {"Underscore", 400, length("5_0")},
    {"Space", 400, length("1 0")},
    {"Letter", 400, length("5a")},
    {"ArabicDigit", 400, length("\xd9\xa5")},
    {"LeadingZeros", 400, length("005")},
    {"TwoTo64", 400, length("18446744073709551616")},
    {"ThirtyDigits", 400, length(std::string(30, '9'))},
    {"TooLarge", 413, length("65537")},
    {"Huge", 413, length("1000000000000000")},
    {"TooLargeButExpecting", 413, post("Expect: 100-continue\r\nContent-Length: 65537\r\n")},
};

INSTANTIATE_TEST_SUITE_P(Length, Refused, testing::ValuesIn(kLength), name_of);

const RefusedCase kCoding[] = {

    {"Xchunked", 501, coding("xchunked")},
    {"Chunk", 501, coding("chunk")},
    {"Identity", 501, coding("identity")},
    {"Gzip", 501, coding("gzip")},
    {"GzipThenChunked", 400, coding("gzip, chunked")},
    {"ChunkedThenGzip", 400, coding("chunked, gzip")},
    {"ChunkedTwice", 400, coding("chunked, chunked")},
    {"TwoLines", 400, coding("chunked\r\nTransfer-Encoding: chunked")},
    {"TwoOtherLines", 400, coding("gzip\r\nTransfer-Encoding: chunked")},
    {"LeadingComma", 400, coding(",chunked")},
    {"TrailingComma", 400, coding("chunked,")},
    {"Empty", 400, coding("")},
    {"Parameter", 400, coding("chunked;q=1")},
    {"Quoted", 400, coding("\"chunked\"")},
    {"VerticalTab", 400,
     coding("\x0b"
            "chunked")},
    {"FormFeed", 400,
     coding("\x0c"
            "chunked")},
    {"Nul", 400, coding("chunked\0"s)},
    {"HighSpace", 400,
     coding("\xa0"
            "chunked")},
    {"BareCr", 400, coding("chunked\r")},
    {"In10", 400, "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
};

INSTANTIATE_TEST_SUITE_P(Coding, Refused, testing::ValuesIn(kCoding), name_of);

const RefusedCase kChunks[] = {

    {"SpaceBefore", 400, chunks(" 5\r\nhello\r\n")},
    {"SpaceAfter", 400, chunks("5 \r\nhello\r\n")},
    {"Plus", 400, chunks("+5\r\nhello\r\n")},
    {"Minus", 400, chunks("-5\r\nhello\r\n")},
    {"Hex", 400, chunks("0x5\r\nhello\r\n")},
    {"Underscore", 400, chunks("5_0\r\nhello\r\n")},
    {"EmptySize", 400, chunks("\r\nhello\r\n")},
    {"EmptyExtension", 400, chunks("5;\r\nhello\r\n")},
    {"NoSize", 400, chunks(";a\r\nhello\r\n")},
    {"SeventeenDigits", 400, chunks("00000000000000005\r\nhello\r\n")},
    {"Overflow", 400, chunks("FFFFFFFFFFFFFFFF0\r\nhello\r\n")},
    {"SizeBareLf", 400, chunks("5\nhello\r\n")},
    {"SizeBareCr", 400, chunks("5\rhello\r\n")},
    {"SizeTwoCr", 400, chunks("5\r\r\nhello\r\n")},
    {"ExtensionLf", 400, chunks("5;a=\"\n\"\r\nhello\r\n")},
    {"ExtensionCr", 400, chunks("5;a=\"\r\"\r\nhello\r\n")},
    {"ExtensionNul", 400, chunks("5;a=\"\0\"\r\nhello\r\n"s)},
    {"ExtensionOpenQuote", 400, chunks("5;a=\"b\r\nhello\r\n")},
    {"ExtensionTooLong", 400, chunks("5;" + std::string(64 * 1024, 'a'))},
    {"ManyExtensions", 400, chunks(repeated("1;" + std::string(1024, 'a') + "\r\nx\r\n", 9))},
    {"DataTooLong", 400, chunks("5\r\nhelloX\r\n0\r\n\r\n")},
    {"DataTooShort", 400, chunks("5\r\nhell\r\n0\r\n\r\n")},
    {"DataEndsWithLf", 400, chunks("5\r\nhello\n0\r\n\r\n")},
    {"DataEndsWithCr", 400, chunks("5\r\nhello\rX")},
    {"TrailerLength", 400, chunks("0\r\nContent-Length: 5\r\n\r\n")},
    {"TrailerCoding", 400, chunks("0\r\nTransfer-Encoding: chunked\r\n\r\n")},
    {"TrailerBareLf", 400, chunks("0\r\n\nX: y\r\n\r\n")},
    {"TrailerFolded", 400, chunks("0\r\nX: a\r\n b\r\n\r\n")},
    {"TrailerNoColon", 400, chunks("0\r\nabc\r\n\r\n")},
    {"TrailerControl", 400, chunks("0\r\nX: \x01\r\n\r\n")},
    {"TrailersTooLong", 400,
     chunks("0\r\n" + repeated("X: " + std::string(1000, 'x') + "\r\n", 9))},
    {"TooLarge", 413, chunks("10001\r\n")},
    {"Huge", 413, chunks("FFFFFFFFFFFFFFFF\r\n")},
    {"TooLargeTogether", 413,
     chunks("fffe\r\n" + std::string(0xfffe, 'x') + "\r\n2\r\nxx\r\n1\r\n")},
};

INSTANTIATE_TEST_SUITE_P(Chunks, Refused, testing::ValuesIn(kChunks), name_of);

}  // namespace
}  // namespace ringcast::net
