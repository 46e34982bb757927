//! A vendor's partial configuration under the caller's, and the quirks of both.

use super::reader::{Reader, refused};
use crate::error::{Error, Reason, Result};
use crate::json::{Kind, Object, Raw};
use crate::quirks::{Quirks, presets};
use crate::quote::quote;

/// Members that a fixed authorization excludes.
const OF_SESSIONS: [&str; 3] = ["client", "token", "grant"];

/// The configuration with the members of its preset, where it names one: its own count more.
pub(super) fn apply(own: Object) -> Result<Object> {
    let name = own.get("preset").and_then(Raw::as_str);
    let Some(text) = name.as_deref().and_then(|name| presets::text(name)) else { return Ok(own) };
    let preset = read(text)?;
    let has = |member: &str| own.get(member).is_some_and(|value| value.kind() != Kind::Null);
    let mut all = own.clone();
    for (member, value) in preset.iter().filter(|(member, _)| !member.starts_with('$')) {
        // What a named issuer says of itself counts more than what its vendor once documented.
        let is_moot =
            member == "server" && has("issuer") || OF_SESSIONS.contains(&member) && has("authorization");
        if !is_moot {
            lay_under(&mut all, member, value)?;
        }
    }
    for path in preset.get("$needs").and_then(Raw::as_array).unwrap_or_default() {
        let path = path.as_str().unwrap_or_default();
        if all.find(&path).is_none() {
            let name = quote(&name.unwrap_or_default());
            return Err(Error::new(Reason::Conflict, format!("preset: {name} needs {}", *path)));
        }
    }
    Ok(all)
}

/// Puts a member where there is none, and the members of an object beside those that are there.
fn lay_under(object: &mut Object, member: &str, value: &Raw) -> Result<()> {
    let own = object.get(member).filter(|own| own.kind() != Kind::Null);
    let value = match own.map(|own| (own.as_object(), value.as_object())) {
        None => value.clone(),
        Some((Some(own), Some(theirs))) => {
            let (mut own, theirs) = (own.map_err(torn)?, theirs.map_err(torn)?);
            theirs.iter().try_for_each(|(name, value)| lay_under(&mut own, name, value))?;
            Raw::from_object(&own)
        }
        Some(_) => return Ok(()),
    };
    object.set(member, value);
    Ok(())
}

fn read(text: &str) -> Result<Object> {
    Object::parse(text).map_err(torn)
}

fn torn(malformed: crate::json::Malformed) -> Error {
    Error::new(Reason::Torn, malformed.0)
}

/// The member `quirks`.
pub(super) fn quirks(reader: &Reader) -> Result<Option<Quirks>> {
    let Some(members) = reader.object("quirks") else { return Ok(None) };
    Quirks::new(members).map(Some).map_err(|unfit| refused(&format!("quirks.{}", unfit.0), unfit.1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{AuthMethod, Config};
    use crate::metadata::Endpoint;
    use crate::quirks::Answered;

    fn config(text: &str) -> Config {
        Config::parse(text).unwrap()
    }

    fn token_endpoint(config: &Config) -> Option<String> {
        config.server.endpoint(Endpoint::Token).map(ToString::to_string)
    }

    fn problem(text: &str) -> String {
        Config::parse(text).unwrap_err().message.to_string()
    }

    #[test]
    fn every_preset_is_a_configuration() {
        for name in presets::NAMES {
            let mut preset = read(presets::text(name).unwrap()).unwrap();
            preset.remove("$needs");
            let reader = Reader::new(&preset.to_text()).unwrap_or_else(|error| panic!("{name}: {error}"));
            quirks(&reader).unwrap_or_else(|error| panic!("{name}: {error}"));
        }
    }

    #[test]
    fn own_members_count_more() {
        let own = config(
            r#"{"preset":"withings","server":{"token_endpoint":"https://own/t","authorization_endpoint":null},
                "client":{"client_id":"c","token_endpoint_auth_method":"none"},
                "quirks":{"token_path":"elsewhere","error":{"codes":{"401":"invalid_client"}}}}"#,
        );
        assert_eq!(token_endpoint(&own).unwrap(), "https://own/t");
        assert!(own.server.endpoint(Endpoint::Authorization).is_some(), "null is as if it were absent");
        assert_eq!(own.client.auth_method, Some(AuthMethod::None));
        let refused = |body: &str| {
            let answered = own.quirks.as_ref().unwrap().answer(Object::parse(body).unwrap()).unwrap();
            let Answered::Refused(members) = answered else { panic!("{body}") };
            members.get("error").unwrap().as_str().unwrap().to_string()
        };
        assert_eq!(refused(r#"{"status":401}"#), "invalid_client");
        assert_eq!(refused(r#"{"status":601}"#), "temporarily_unavailable");
    }

    #[test]
    fn an_issuer_counts_more_than_a_presets_server() {
        let own = config(r#"{"preset":"google","issuer":"https://own.example"}"#);
        assert_eq!(token_endpoint(&own), None, "it is discovered");
        assert!(own.quirks.is_some());
    }

    #[test]
    fn a_fixed_authorization_goes_with_a_preset() {
        let fixed = r#"{"preset":"home-assistant","base_url":"http://ha:8123","authorization":"Bearer x"}"#;
        assert_eq!(config(fixed).client.auth_method, None);
    }

    #[test]
    fn what_a_preset_needs_is_said() {
        assert_eq!(
            problem(r#"{"preset":"home-assistant-account-link","base_url":"https://api"}"#),
            r#"preset: "home-assistant-account-link" needs refresh.endpoint"#
        );
        assert_eq!(problem(r#"{"preset":"tuya"}"#), r#"preset: "tuya" needs base_url"#);
        assert!(problem(r#"{"preset":"acme"}"#).starts_with("preset: must be one of home-assistant, "));
    }

    #[test]
    fn quirks_that_do_not_fit_are_named() {
        for (quirks, wanted) in [
            (r#""github""#, "quirks: is a string, not an object"),
            (r#"{"tokenpath":"x"}"#, r#"quirks.tokenpath: unknown member; did you mean "token_path"?"#),
            (r#"{"token_path":"a..b"}"#, "quirks.token_path: is not a path: names with dots between them"),
            (r#"{"members":{"access_token":1}}"#, "quirks.members.access_token: is a number, not a string"),
            (
                r#"{"members":{"acces_token":"x"}}"#,
                "quirks.members.acces_token: is nothing that the library reads in an answer",
            ),
            (r#"{"success":{"member":"ok"}}"#, "quirks.success: needs both member and value"),
            (
                r#"{"success":{"member":"ok","value":[]}}"#,
                "quirks.success.value: is an array, not a string, number or boolean",
            ),
            (r#"{"token_types":["a",1]}"#, "quirks.token_types: must list strings"),
            (r#"{"expires_in_unit":"h"}"#, "quirks.expires_in_unit: must be one of s, ms"),
            (
                r#"{"error":{"codes":{"gone":"invalid_grnat"}}}"#,
                "quirks.error.codes.gone: is nothing that the library reads in an answer",
            ),
            (r#"{"error":{"codes":{"a":"x","a":"y"}}}"#, r#"quirks.error.codes: has the member "a" twice"#),
            (r#"{"scope_separator":""}"#, "quirks.scope_separator: is empty"),
            (
                r#"{"authorization_parameters":{"state":"x"}}"#,
                "quirks.authorization_parameters.state: is set by the library",
            ),
            (
                r#"{"token_parameters":{"client_secret":"x"}}"#,
                "quirks.token_parameters.client_secret: is set by the library",
            ),
        ] {
            assert_eq!(problem(&format!(r#"{{"quirks":{quirks}}}"#)), wanted, "{quirks}");
        }
        assert!(config(r#"{"quirks":{"members":{"scope":null},"success":null}}"#).quirks.is_some());
    }
}
