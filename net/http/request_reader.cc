#include "net/http/request_reader.h"

#include <algorithm>
#include <boost/beast/http/basic_parser.hpp>
#include <limits>
#include <utility>

#include "net/http/ascii.h"
#include "net/http/chunk_scan.h"
#include "net/http/field_rules.h"
#include "net/http/target.h"

namespace ringcast::net {

namespace http = boost::beast::http;
using boost::beast::error_code;

namespace {

// More than this many empty lines before a request are no slip of an old client any more.
constexpr int kEmptyLinesMax = 2;

constexpr Refusal kUnknownMethod{.status = 501, .reason = "unknown method"};
constexpr Refusal kRepeatedField{.status = 400,
                                 .reason = "a header that may appear once appears twice"};
constexpr Refusal kTwoFramings{
    .status = 400, .reason = "Content-Length and Transfer-Encoding contradict each other"};
constexpr Refusal kBodyTooLarge{.status = 413, .reason = "the request body is too large"};
constexpr Refusal kBadChunks{.status = 400, .reason = "the chunked body is malformed"};

std::string_view to_std(boost::beast::string_view text) noexcept {
  return {text.data(), text.size()};
}

Method to_method(http::verb verb) noexcept {
  switch (verb) {
    case http::verb::unknown:
    case http::verb::trace:  // which sends back what it gets, cookies included
      return Method::kUnknown;
    case http::verb::get:
      return Method::kGet;
    case http::verb::head:
      return Method::kHead;
    case http::verb::post:
      return Method::kPost;
    case http::verb::options:
      return Method::kOptions;
    default:
      return Method::kOther;
  }
}

// What Beast's verdicts are to whoever sent the request. The rest can only come from the request
// line.
constexpr struct {
  http::error error;
  Refusal refusal;
} kVerdicts[] = {
    {http::error::body_limit, kBodyTooLarge},
    {http::error::bad_field, {.status = 400, .reason = "a header name is malformed"}},
    {http::error::bad_value, {.status = 400, .reason = "a header value is malformed"}},
    {http::error::bad_line_ending, {.status = 400, .reason = "a CR stands without its LF"}},
    {http::error::bad_content_length, {.status = 400, .reason = "Content-Length is ambiguous"}},
    {http::error::bad_transfer_encoding,
     {.status = 400, .reason = "Transfer-Encoding is ambiguous"}},
    {http::error::bad_chunk, kBadChunks},
    {http::error::bad_chunk_extension, kBadChunks},
};

Refusal to_refusal(error_code error) noexcept {
  for (const auto& verdict : kVerdicts) {
    if (error == verdict.error) return verdict.refusal;
  }
  return {.status = 400, .reason = "the request line is malformed"};
}

}  // namespace

// Beast's parser, given only whole pieces: a complete head, then framing and data of a chunked body
// one by one. The scans have found where a piece ends, so that whatever Beast would still wait for
// inside one is malformed.
class RequestReader::Parser final : public http::basic_parser<true> {
 public:
  Parser(const RequestLimits& limits, Request& request) : request_(&request) {
    // Until the path is known, which says how long the body may be.
    body_limit(std::numeric_limits<uint64_t>::max());
    // HeadScan has applied our own limit to the head.
    header_limit(static_cast<uint32_t>(limits.head_bytes_max));
  }
  Parser(Parser&&) = default;

  // Fills the request, but for path and query, with views of `head`.
  [[nodiscard]] Refusal read_head(std::string_view head) {
    if (const Refusal refusal = read(head)) {
      // A proxy's own lines come last. As long as they have not been read, these are the word of whoever is behind it.
      request_->x_forwarded_for = request_->forwarded = {};
      return refusal;
    }
    request_->keep_alive = request_->version == 11 && keep_alive();
    return check_head();
  }

  [[nodiscard]] Refusal read_chunk_framing(std::string_view framing) { return read(framing); }
  [[nodiscard]] Refusal read_chunk_data(std::string_view data) { return read(data); }

  // After the framing that precedes them: how many bytes of data follow.
  [[nodiscard]] size_t chunk_bytes() const noexcept { return chunk_bytes_; }

  // After read_head().
  [[nodiscard]] std::string_view raw_target() const noexcept { return raw_target_; }
  [[nodiscard]] bool wants_continue() const noexcept {
    return !expect_.empty() && request_->version == 11;
  }

 private:
  Refusal read(std::string_view piece) {
    error_code error;
    const size_t read_bytes = put(boost::asio::const_buffer{piece.data(), piece.size()}, error);
    if (refusal_) return refusal_;
    if (error) return to_refusal(error);
    // The scans and Beast agree on where a piece ends. Should they ever not, nothing is smuggled.
    if (read_bytes != piece.size()) return kBadChunks;
    return {};
  }

  // What can only be judged when all header lines are known.
  [[nodiscard]] Refusal check_head() const noexcept {
    if (has(FieldName::kHost)) {
      if (const Refusal refusal = check_host(request_->host)) return refusal;
    } else if (request_->version == 11) {
      return {.status = 400, .reason = "an HTTP/1.1 request must have a Host"};
    }
    if (has(FieldName::kTransferEncoding)) {
      const Refusal refusal = check_transfer_encoding(transfer_encoding_, request_->version);
      if (refusal) return refusal;
    }
    if (wants_continue() && !equals_ignoring_case(expect_, "100-continue")) {
      return {.status = 417, .reason = "the only expectation met here is 100-continue"};
    }
    return {};
  }

  [[nodiscard]] bool has(FieldName name) const noexcept { return (seen_ & bit(name)) != 0; }
  static constexpr uint32_t bit(FieldName name) noexcept {
    return uint32_t{1} << static_cast<unsigned>(name);
  }

  void refuse(Refusal refusal, error_code& error) noexcept {
    refusal_ = refusal;
    error = http::error::bad_value;
  }

  void on_request_impl(http::verb verb, boost::beast::string_view, boost::beast::string_view target,
                       int version, error_code& error) override {
    request_->method = to_method(verb);
    request_->version = version;
    raw_target_ = to_std(target);
    if (request_->method == Method::kUnknown) refuse(kUnknownMethod, error);
  }

  void on_field_impl(http::field, boost::beast::string_view raw_name,
                     boost::beast::string_view raw_value, error_code& error) override {
    if (is_header_done()) return;  // trailers come after the decisions they could have influenced
    const FieldName name = field_name(to_std(raw_name));
    if (is_single(name) && has(name)) {
      return refuse(kRepeatedField, error);
    }
    seen_ |= bit(name);
    if (has(FieldName::kContentLength) && has(FieldName::kTransferEncoding)) {
      return refuse(kTwoFramings, error);
    }
    take_field(name, to_std(raw_value), error);
  }

  void take_field(FieldName name, std::string_view value, error_code& error) noexcept {
    if (const auto member = request_member(name)) request_->*member = value;
    if (name == FieldName::kOrigin) request_->has_origin = true;
    if (name == FieldName::kAuthorization) request_->has_authorization = true;
    if (name == FieldName::kCookie) take_cookie(value);
    if (name == FieldName::kXForwardedFor) request_->x_forwarded_for.add(value);
    if (name == FieldName::kForwarded) request_->forwarded.add(value);
    if (name == FieldName::kExpect) expect_ = value;
    if (name == FieldName::kTransferEncoding) transfer_encoding_ = value;
    if (name == FieldName::kContentLength) {
      if (const Refusal refusal = check_content_length(value)) refuse(refusal, error);
    }
  }

  void take_cookie(std::string_view line) noexcept {
    if (request_->cookie_lines < kCookieLinesMax) request_->cookies[request_->cookie_lines] = line;
    ++request_->cookie_lines;
  }

  void on_response_impl(int, boost::beast::string_view, int, error_code&) override {}
  void on_chunk_header_impl(uint64_t size, boost::beast::string_view, error_code&) override {
    chunk_bytes_ = static_cast<size_t>(size);
  }
  // The reader knows what it handed over; Beast's views of it add nothing.
  size_t on_chunk_body_impl(uint64_t, boost::beast::string_view data, error_code&) override {
    return data.size();
  }
  size_t on_body_impl(boost::beast::string_view data, error_code&) override { return data.size(); }
  void on_header_impl(error_code&) override {}
  void on_body_init_impl(const boost::optional<uint64_t>&, error_code&) override {}
  void on_finish_impl(error_code&) override {}

  Request* request_;
  Refusal refusal_;
  uint32_t seen_ = 0;
  std::string_view raw_target_;
  std::string_view expect_;
  std::string_view transfer_encoding_;
  size_t chunk_bytes_ = 0;
};

struct RequestReader::ChunkedBody {
  Parser parser;
  ChunkScan scan;
  size_t data_bytes_left = 0;  // of the current chunk
};

RequestReader::RequestReader(const RequestLimits& limits) : limits_(limits) {}
RequestReader::~RequestReader() = default;

std::string_view RequestReader::unread() const noexcept {
  return {buffer_.data() + unread_begin_, buffer_.size() - unread_begin_};
}

size_t RequestReader::body_bytes_received() const noexcept {
  return stage_ == Stage::kSizedBody ? unread().size() : body_bytes_;
}

bool RequestReader::expects_continue() const noexcept {
  return wants_continue_ && in_body();
}

size_t RequestReader::buffered_bytes() const noexcept {
  const size_t parsed_bytes = in_body() ? head_scan_.head_bytes() + body_bytes_ : 0;
  return parsed_bytes + unread().size();
}

void RequestReader::feed(std::string_view bytes) {
  if (stage_ == Stage::kRefused) return;
  if (stage_ == Stage::kDone) start_next();
  wants_continue_ = false;  // whoever waited for it does not any more
  const size_t used_end = body_begin_ + body_bytes_;
  const auto begin = buffer_.begin();
  buffer_.erase(begin + static_cast<ptrdiff_t>(used_end),
                begin + static_cast<ptrdiff_t>(unread_begin_));
  unread_begin_ = used_end;
  buffer_.insert(buffer_.end(), bytes.begin(), bytes.end());
}

RequestReader::Outcome RequestReader::next() {
  if (stage_ == Stage::kDone) start_next();
  switch (stage_) {
    case Stage::kHead:
      return read_head();
    case Stage::kSizedBody:
      return read_sized_body();
    case Stage::kChunkedBody:
      return read_chunked_body();
    case Stage::kDone:
    case Stage::kRefused:
      break;
  }
  return Outcome::kRefused;
}

void RequestReader::start_next() noexcept {
  stage_ = Stage::kHead;
  request_ = {};
  wants_continue_ = false;
  empty_line_count_ = 0;
  head_ = {};
  body_begin_ = body_bytes_ = 0;
  head_scan_ = {};
  chunked_body_.reset();
}

RequestReader::Outcome RequestReader::read_head() {
  while (unread().starts_with("\r\n")) {
    unread_begin_ += 2;
    if (++empty_line_count_ > kEmptyLinesMax) {
      return refuse({.status = 400, .reason = "there are empty lines before the request"});
    }
  }
  if (unread().empty() || unread() == "\r") return Outcome::kNeedMore;
  switch (head_scan_.advance(unread(), limits_)) {
    case ScanOutcome::kNeedMore:
      return Outcome::kNeedMore;
    case ScanOutcome::kRefused:
      return refuse(head_scan_.refusal());
    case ScanOutcome::kComplete:
      break;
  }
  return parse_head();
}

RequestReader::Outcome RequestReader::parse_head() {
  Parser parser{limits_, request_};
  const std::string_view head = unread().substr(0, head_scan_.head_bytes());
  refused_body_ = announces_body(head);
  if (const Refusal refusal = parser.read_head(head)) return refuse(refusal);
  if (const Refusal refusal = settle_target(parser.raw_target())) return refuse(refusal);
  // Of the path as it is served, however it was written.
  size_t body_bytes_max =
      request_.path == limits_.batch_path ? limits_.batch_bytes_max : limits_.body_bytes_max;
  if (request_.method != Method::kPost) {
    body_bytes_max = std::min(body_bytes_max, kUselessBodyBytesMax);
  }
  if (parser.content_length().value_or(0) > body_bytes_max) return refuse(kBodyTooLarge);
  parser.body_limit(body_bytes_max);

  refused_body_ = false;
  unread_begin_ += head_scan_.head_bytes();
  body_begin_ = unread_begin_;
  wants_continue_ = parser.wants_continue();
  if (parser.chunked()) {
    body_bytes_max_ = body_bytes_max;
    stage_ = Stage::kChunkedBody;
    chunked_body_ =
        std::make_unique<ChunkedBody>(ChunkedBody{.parser = std::move(parser), .scan = {}});
    return read_chunked_body();
  }
  stage_ = Stage::kSizedBody;
  body_bytes_max_ = static_cast<size_t>(parser.content_length().value_or(0));
  return read_sized_body();
}

Refusal RequestReader::settle_target(std::string_view raw_target) noexcept {
  Target target;
  if (const Refusal refusal = split_target(raw_target, request_.method, target)) return refusal;
  if (!target.authority.empty()) {
    if (request_.host.empty()) {
      if (const Refusal refusal = check_host(target.authority)) return refusal;
    } else if (!equals_ignoring_case(target.authority, request_.host)) {
      return {.status = 400, .reason = "the request target and Host name different hosts"};
    }
  }
  // Nobody needs the encoded path any more: the decoded one, never longer, takes its place.
  size_t path_bytes = target.path.size();
  char* const path = buffer_.data() + (target.path.data() - buffer_.data());
  if (const Refusal refusal = decode_path(path, path_bytes)) return refusal;
  request_.path = {path, path_bytes};
  request_.query = target.query;
  return {};
}

RequestReader::Outcome RequestReader::read_sized_body() {
  if (unread().size() < body_bytes_max_) return wait_for_body();
  body_bytes_ = body_bytes_max_;
  unread_begin_ += body_bytes_max_;
  return finish();
}

RequestReader::Outcome RequestReader::read_chunked_body() {
  auto& [parser, scan, data_bytes_left] = *chunked_body_;
  while (true) {
    if (data_bytes_left > 0) {
      const std::string_view data = unread().substr(0, data_bytes_left);
      if (data.empty()) return wait_for_body();
      if (const Refusal refusal = parser.read_chunk_data(data)) return refuse(refusal);
      // Closes up to the data before it. They may overlap, and copying upwards is right then.
      std::copy(data.begin(), data.end(), buffer_.data() + body_begin_ + body_bytes_);
      body_bytes_ += data.size();
      unread_begin_ += data.size();
      data_bytes_left -= data.size();
      continue;
    }
    switch (scan.advance(unread())) {
      case ScanOutcome::kNeedMore:
        return wait_for_body();
      case ScanOutcome::kRefused:
        return refuse(scan.refusal());
      case ScanOutcome::kComplete:
        break;
    }
    const std::string_view framing = unread().substr(0, scan.framing_bytes());
    if (const Refusal refusal = parser.read_chunk_framing(framing)) return refuse(refusal);
    unread_begin_ += framing.size();
    if (parser.is_done()) return finish();
    data_bytes_left = parser.chunk_bytes();
  }
}

RequestReader::Outcome RequestReader::wait_for_body() {
  if (head_.empty()) {
    wants_continue_ = wants_continue_ && body_begin_ == buffer_.size();
    std::vector<char> body(buffer_.begin() + static_cast<ptrdiff_t>(body_begin_), buffer_.end());
    head_ = std::exchange(buffer_, std::move(body));
    unread_begin_ -= body_begin_;
    body_begin_ = 0;
  }
  return Outcome::kNeedMore;
}

RequestReader::Outcome RequestReader::finish() noexcept {
  stage_ = Stage::kDone;
  request_.body = {buffer_.data() + body_begin_, body_bytes_};
  return Outcome::kRequest;
}

RequestReader::Outcome RequestReader::refuse(Refusal refusal) noexcept {
  refused_body_ = refused_body_ || in_body();
  stage_ = Stage::kRefused;
  refusal_ = refusal;
  request_.keep_alive = false;
  return Outcome::kRefused;
}

}  // namespace ringcast::net
