// Key pairs for tests, made with `openssl genpkey` and used nowhere else.
#pragma once

#include <string_view>

namespace ringcast {

inline constexpr std::string_view kRsaPrivatePem =
    R"(-----BEGIN PRIVATE KEY-----
MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQCaAQbXnQleG1wc
Age8J4HCF8MSGjBSY/2wWVVcOBMnZ50uVYjkToDL/wT1iS1mm8EyqERgZWyebD8R
r5qiW6+RTWtSlPj+SjSo0VwJmRYCEoeMdJDJWY6KydTXY0piGIQyzal+LNsRuLxO
CWi+IuWZpLcxPlwZEXJK0dZ3ixhzvvIvCUfTMpTbDYkatMnnjLN6Q02DOIsnDnrD
zDa+/r4JMa6n+3nI207WKdMmMJKvlZB+NSz2ohoPvB2B8UZB1XhJuz/LJSh7ATZV
oGAjTyYfDkYFCX3i9xwrJnY+sJ5mztXeMHxyj4lH6tOCtcmkubwkKoZkv+wwSot5
Hc6Al8yJAgMBAAECggEAEOG/LmRTZi6lXZge4TIq/Bv2+S1oAeYeZYYbcHsgpWOL
NEyxz4YoAgS79k8B7DMzfeI6cZ84pZKr5LxNXRIkKC9WjhRQya5YgK+HkXFHu3Us
yPmvs/TGZoIqu+wxV5jEqB2JoJBZ+OK5eKv5IIuqg9nNr58cgS57iwZe5laX+PsI
R+e8EMNUH/eNsew8GOkx88GJFjJUPCOUMVeDF5Wt3bKzY+IXhNfKfD+Q/wCE5xms
MtNrxkotoYBcBF1GuL3wpC52vlmFIsuOurb0XOEjK46phZIqrLZtHdyPBx8azf3t
hVLaShKp7Aa0y85PY3+hp8rcRpXsa6LoHtcxDp3eIQKBgQDUTljoKNE8Xt0DUA9Z
Wt164wseJB4WalbI7SYy7Vennt9TBIwuBtRW0UHbGGCtjwiCAVyNK0GNMduHxXzB
pOozkTCEe724EaEj9DuwVfZyo5UO55+/VQCRvW1RA8Pho9jSuN+fceSL7rH37G/c
HYCbuQndtcKJqyE/78SxenBG6QKBgQC5svO23eXJzxTehXp8h+GZZsVXhLfZlBQ6
qJRjJUxvpKFPpiTB3XafAPQO23uY1IptRSHm9i4L0fr0GKOa/rhTIEcsC502JcL0
o3YZow7EdsV0xXzxQLoZFYJYFkZYsEfJpmn1hF+R+MBil0WGRHCLqqGoDrNNIO7h
r3lyMkkUoQKBgGE/0jHmIJIK0ipmTeGcYb+cqMcRvEaAR2iaWNkTJwe9Gocomh2r
OzDZgdUegYp+7mK+xOpVWh2XLPwwVklNhYpBg3vsQqdCTBHwGjdX6R/yFqFRMDew
dCZOIvjtRJjjOLqtvKGIxivjFtp+D29AhFzQkdhhHc95+C0VY3/4md2hAoGALYDP
PYEUPKZUq84zXG6Ddm57bt2jm1owtsr2SXErULQbnwPMQAD/fyjhpP5dQ+7Y2Lu2
+fxa/iR/BO9Ar8s46Y2gQwe5hzorkny3hMKy7KtZ6So3WnqM33ao0OLsa/EONjhk
AHhmXsOAiOgebi85ENBH+oFXqE+omX7BGJ1/0OECgYEAu6r1n5z6PI0YHYnMzR01
C+5NfHHEN16Tj7KnyI9AtIN8M0CQkKLIF/rNAfhUgVju9bOg9HMa5f3OcoNErJsk
7SxX49KBjwBT+EVw/RoK3EcwYnaqVhehdn90ughNRS0ztx8912sWaMRSSROqzRKB
R023GltjvVTdj0fOOxsYNx8=
-----END PRIVATE KEY-----
)";
inline constexpr std::string_view kRsaPublicPem =
    R"(-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAmgEG150JXhtcHAIHvCeB
whfDEhowUmP9sFlVXDgTJ2edLlWI5E6Ay/8E9YktZpvBMqhEYGVsnmw/Ea+aoluv
kU1rUpT4/ko0qNFcCZkWAhKHjHSQyVmOisnU12NKYhiEMs2pfizbEbi8TgloviLl
maS3MT5cGRFyStHWd4sYc77yLwlH0zKU2w2JGrTJ54yzekNNgziLJw56w8w2vv6+
CTGup/t5yNtO1inTJjCSr5WQfjUs9qIaD7wdgfFGQdV4Sbs/yyUoewE2VaBgI08m
Hw5GBQl94vccKyZ2PrCeZs7V3jB8co+JR+rTgrXJpLm8JCqGZL/sMEqLeR3OgJfM
iQIDAQAB
-----END PUBLIC KEY-----
)";

inline constexpr std::string_view kP256PrivatePem =
    R"(-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgfTeyNXm2s7J1hoPF
+lEvP/ppPoBTX9+IW/e+C0tztUuhRANCAAS5Yu2rQ9ZiCUN6vpyTPwOQIFT/Sx6s
uTmHw5RXmVnBkmaar7t/ZoAFG7FnlmoqikVhGeHmG9q3agFM6K8C+Vro
-----END PRIVATE KEY-----
)";
inline constexpr std::string_view kP256PublicPem =
    R"(-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEuWLtq0PWYglDer6ckz8DkCBU/0se
rLk5h8OUV5lZwZJmmq+7f2aABRuxZ5ZqKopFYRnh5hvat2oBTOivAvla6A==
-----END PUBLIC KEY-----
)";

inline constexpr std::string_view kEd25519PrivatePem =
    R"(-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIMe9v/F8B5oGVfwE81e9Yz2fr7SkMRa7NHE3qYViYe0M
-----END PRIVATE KEY-----
)";
inline constexpr std::string_view kEd25519PublicPem =
    R"(-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEA7LzDZYNS0X2AgqcgtORatThTt9cfwfBRJS7WDEdyvG8=
-----END PUBLIC KEY-----
)";

// Of kinds that are refused.
inline constexpr std::string_view kP384PublicPem =
    R"(-----BEGIN PUBLIC KEY-----
MHYwEAYHKoZIzj0CAQYFK4EEACIDYgAE0fZxZrtHImdXGJe0Ab/t4jpZcL6LH2qK
pvBR2MuYxhZBchJr0bFrIeSYLrMAdgIbWTmCO8eYtVaxJ026nIqrqy/pLGzLYZc3
9oEGaIR7VsvjKEmDMjX/EaLfhHVNSEhR
-----END PUBLIC KEY-----
)";
inline constexpr std::string_view kRsa1024PublicPem =
    R"(-----BEGIN PUBLIC KEY-----
MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQCvhfnLNlhw+XlDfYDo6N0Y075F
KuDvNh3sbgqHBvTF572RaPntBWIYfekeD3Os9ZbYE3qSGYS5kN+LpogJXFnZwjld
QPzo+4R8Xkv3KtRkecLN9ttHR7sG803osN5168KSQfwN80ZuiXMwBISY6DM5JPex
04bbLCC4A0UUZlUiuwIDAQAB
-----END PUBLIC KEY-----
)";

}  // namespace ringcast
