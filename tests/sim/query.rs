//! Queries and what stands in them, read strictly.

use super::http::Ask;

/// The values of these parameters, if the query is these in their order, percent-encoded as they should be.
pub(super) fn ordered<const N: usize>(query: &str, names: &[&str; N]) -> Result<[String; N], String> {
    let pairs: Vec<_> = query.split('&').map(|pair| pair.split_once('=').unwrap_or((pair, ""))).collect();
    if !pairs.iter().map(|&(name, _)| name).eq(names.iter().copied()) {
        return Err(format!("the parameters are not {}", names.join(", ")));
    }
    let mut values = Vec::new();
    for (name, encoded) in pairs {
        let value = decode(encoded).filter(|value| encode(value) == encoded);
        values.push(value.ok_or_else(|| format!("{name} is percent-encoded in another way"))?);
    }
    values.try_into().map_err(|_| "there are fewer parameters".to_owned())
}

/// The base URL, as this request names it.
pub(super) fn base(ask: &Ask) -> String {
    format!("http://{}", ask.one("host").unwrap_or_default())
}

/// Whether a browser is sent back to the callback of a client on this computer, on a port.
pub(super) fn is_callback(uri: &str) -> bool {
    let port = uri.strip_prefix("http://127.0.0.1:").and_then(|rest| rest.strip_suffix("/oauth/callback"));
    port.is_some_and(|port| port.parse::<u16>().is_ok_and(|n| n > 0 && n.to_string() == port))
}

pub(super) fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~".contains(&byte)
}

/// Whether this is a random UUID (RFC 9562, version 4) in lower case.
pub(super) fn is_uuid4(text: &str) -> bool {
    let fits = |(at, byte): (usize, u8)| match at {
        8 | 13 | 18 | 23 => byte == b'-',
        14 => byte == b'4',
        19 => b"89ab".contains(&byte),
        _ => byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte),
    };
    text.len() == 36 && text.bytes().enumerate().all(fits)
}

fn encode(text: &str) -> String {
    let one =
        |byte: u8| if is_unreserved(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    text.bytes().map(one).collect()
}

fn decode(text: &str) -> Option<String> {
    let (mut bytes, mut rest) = (Vec::new(), text.as_bytes());
    while let [first, after @ ..] = rest {
        if *first == b'%' {
            let digits = std::str::from_utf8(after.get(..2)?).ok()?;
            bytes.push(u8::from_str_radix(digits, 16).ok()?);
            rest = &after[2..];
        } else {
            bytes.push(*first);
            rest = after;
        }
    }
    String::from_utf8(bytes).ok()
}
