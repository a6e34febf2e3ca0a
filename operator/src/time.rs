//! Times as the API writes them.

use jiff::Timestamp;

/// RFC 3339 in whole seconds, as the API server writes times of its own.
pub fn seconds(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// RFC 3339 in thousandths of a second, where a second is too long.
pub fn milliseconds(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_reads_back_to_its_second() {
        let at: Timestamp = "2026-01-02T03:04:05.678912Z".parse().unwrap();
        assert_eq!(seconds(at), "2026-01-02T03:04:05Z");
        assert_eq!(milliseconds(at), "2026-01-02T03:04:05.678Z");
        assert!(milliseconds(at).parse::<Timestamp>().is_ok());
    }
}
