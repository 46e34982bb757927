//! `WWW-Authenticate` of bearer tokens (RFC 6750, section 3) and of bound ones (RFC 9449, 7.1).

/// A challenge to bearers with these parameters.
pub fn challenge<'a>(parameters: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    challenge_of("Bearer", parameters)
}

/// The same of any scheme.
pub fn challenge_of<'a>(scheme: &str, parameters: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let quoted = |text: &str| text.replace('\\', "\\\\").replace('"', "\\\"");
    let parameters = parameters.into_iter().map(|(name, value)| format!("{name}=\"{}\"", quoted(value)));
    let parameters: Vec<_> = parameters.collect();
    format!("{scheme} {}", parameters.join(", ")).trim_end().to_string()
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
