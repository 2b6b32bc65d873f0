//! Label and field selectors: parse, compile, match.
