//! Instants, as AWS's tools spell them, and lengths of time, as people do.

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};

/// Reads an instant in any spelling that a tool of AWS writes.
///
/// `…Z`, an offset (`+00:00`, `+0900`), `…UTC` (older botocore), fractions of 1–9 digits, a leap second. A time
/// without a zone is refused: it could be any of 26 hours.
pub(crate) fn parse(raw: &str) -> Result<DateTime<Utc>, String> {
    let raw = raw.trim();
    // chrono reads `…UTC` itself, and leap seconds as the second before
    raw.parse::<DateTime<Utc>>()
        .map_err(|_| format!("`{}` is not a time with a zone", super::text::field(raw)))
}

/// Whole seconds, UTC, `Z`: the one spelling that every AWS SDK reads.
pub(crate) fn format(instant: DateTime<Utc>) -> String {
    instant.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// Reads a length of time: `900`, `15m`, `12h`, `1h30m`; a bare number is seconds.
pub(crate) fn length(raw: &str) -> Result<TimeDelta, String> {
    let bad = || {
        format!(
            "`{}` is not a length of time: one looks like `15m`, `1h30m` or `900`",
            super::text::field(raw)
        )
    };
    let mut seconds: i64 = 0;
    let mut digits = String::new();
    let mut last_unit = i64::MAX;
    for c in raw.trim().chars() {
        let unit = match c {
            '0'..='9' => {
                digits.push(c);
                continue;
            }
            'd' => 86_400,
            'h' => 3_600,
            'm' => 60,
            's' => 1,
            _ => return Err(bad()),
        };
        let count: i64 = std::mem::take(&mut digits).parse().map_err(|_| bad())?;
        if unit >= last_unit {
            return Err(bad());
        }
        last_unit = unit;
        seconds = count.checked_mul(unit).and_then(|more| seconds.checked_add(more)).ok_or_else(bad)?;
    }
    if !digits.is_empty() {
        if last_unit != i64::MAX {
            return Err(bad());
        }
        seconds = digits.parse().map_err(|_| bad())?;
    } else if last_unit == i64::MAX {
        return Err(bad());
    }
    TimeDelta::try_seconds(seconds).filter(|t| t.num_days() <= 366).ok_or_else(bad)
}

/// A length for people: `41m`, `3h 5m`, `50s`, `2d 4h`.
pub(crate) fn words(length: TimeDelta) -> String {
    let seconds = length.num_seconds().max(0);
    // to the nearest minute: what lasts 14 min 59 s lasts 15 minutes to a person
    let seconds = if seconds < 60 { seconds } else { (seconds + 30) / 60 * 60 };
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3_600 => format!("{}m", seconds / 60),
        3_600..86_400 if seconds % 3_600 < 60 => format!("{}h", seconds / 3_600),
        3_600..86_400 => format!("{}h {}m", seconds / 3_600, seconds % 3_600 / 60),
        _ => format!("{}d {}h", seconds / 86_400, seconds % 86_400 / 3_600),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_is_the_same_instant() {
        for raw in [
            "2030-01-02T03:04:05Z",
            "2030-01-02T03:04:05UTC",
            "2030-01-02T03:04:05+00:00",
            "2030-01-02T08:34:05+05:30",
            "2030-01-02T12:04:05+09:00",
            "2030-01-02T03:04:05.1Z",
            "2030-01-02T03:04:05.123456Z",
            "2030-01-02T03:04:05.123456789Z",
            "2030-01-02t03:04:05z",
            "2030-01-02 03:04:05Z",
            "2030-01-02T03:04:05+0000",
        ] {
            assert_eq!(format(parse(raw).unwrap_or_else(|e| panic!("{e}"))), "2030-01-02T03:04:05Z", "{raw}");
        }
        assert!(parse("2016-12-31T23:59:60Z").is_ok(), "a leap second");
        for bad in ["2030-01-02T03:04:05", "", "soon", "1893553445", "2030-13-02T03:04:05Z"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn lengths_are_read_as_people_write_them() {
        for (raw, seconds) in
            [("900", 900), ("15m", 900), ("12h", 43_200), ("1h30m", 5_400), ("90s", 90), ("1d", 86_400)]
        {
            assert_eq!(length(raw).unwrap().num_seconds(), seconds, "{raw}");
        }
        for bad in ["", "m", "1h30", "30m1h", "-5", "1.5h", "1w", "99999999999999999999", "9999999d"] {
            assert!(length(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn lengths_are_told_in_at_most_two_units() {
        for (seconds, told) in [
            (-5, "0s"),
            (50, "50s"),
            (2_460, "41m"),
            (899, "15m"),
            (3_595, "1h"),
            (3_600, "1h"),
            (11_100, "3h 5m"),
            (187_200, "2d 4h"),
        ] {
            assert_eq!(words(TimeDelta::seconds(seconds)), told);
        }
    }
}
