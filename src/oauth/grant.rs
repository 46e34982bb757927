//! Grants that need no person: RFC 6749 section 4.4, and any extension grant (section 4.5).

use crate::config::ClientRegistration;
use crate::oauth::token_request::Parameters;
use crate::secret::Secret;

/// What is sent. The client's registered scope is asked for unless the grant names its own.
pub fn parameters(grant: &[(String, Secret)], client: &ClientRegistration) -> Parameters {
    let mut parameters = grant.to_vec();
    add_scope(&mut parameters, client);
    parameters
}

/// Asks for the client's registered scope where no other is named.
pub fn add_scope(parameters: &mut Parameters, client: &ClientRegistration) {
    if let Some(scope) = &client.scope
        && !parameters.iter().any(|(name, _)| name == "scope")
    {
        parameters.push(("scope".to_owned(), Secret::from(scope.as_str())));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oauth::form;

    #[test]
    fn rfc_6749_section_4_4_2_example() {
        let mut client = ClientRegistration::default();
        let grant = [("grant_type".to_owned(), Secret::from("client_credentials"))];
        let sent = |client: &ClientRegistration| {
            let parameters = parameters(&grant, client);
            form::body(parameters.iter().map(|(name, value)| (name.as_str(), value.expose())))
        };
        assert_eq!(sent(&client).expose(), b"grant_type=client_credentials");
        client.scope = Some("a b".into());
        assert_eq!(sent(&client).expose(), b"grant_type=client_credentials&scope=a+b");
    }
}
