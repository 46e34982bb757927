//! `WWW-Authenticate` of bearer tokens (RFC 6750, section 3).

/// A challenge with these parameters.
pub fn challenge<'a>(parameters: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let quoted = |text: &str| text.replace('\\', "\\\\").replace('"', "\\\"");
    let parameters = parameters.into_iter().map(|(name, value)| format!("{name}=\"{}\"", quoted(value)));
    let parameters: Vec<_> = parameters.collect();
    format!("Bearer {}", parameters.join(", ")).trim_end().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_quoted() {
        assert_eq!(challenge([]), "Bearer");
        assert_eq!(challenge([("a", "b c"), ("d", "e\"\\")]), r#"Bearer a="b c", d="e\"\\""#);
    }
}
