//! Settings that tests change while the server runs.

use crate::asked;
use crate::dpop;
use crate::keys;
use crate::members::Members;
use crate::options::Options;
use crate::presented::PASSWORD;
use crate::step_up::StepUp;
use serde_json::{Map, Value, json};

/// How tokens are issued and requests answered.
#[derive(Clone)]
pub struct Config {
    /// Whether a renewal spends the refresh token and gives a new one.
    pub rotate: bool,
    /// Lifetime of access tokens.
    pub access_ttl_s: u64,
    /// For how long a spent refresh token is answered with the same new set again.
    pub grace_s: u64,
    /// Members added to every token answer; null removes one.
    pub token_members: Map<String, Value>,
    /// The same for introspection answers.
    pub introspection_members: Map<String, Value>,
    /// The same for userinfo answers.
    pub userinfo_members: Map<String, Value>,
    /// The same for the answers to registrations.
    pub registration_members: Map<String, Value>,
    /// The assertion that is good, of either kind.
    pub assertion: String,
    /// The password of the person.
    pub password: String,
    /// The initial access token that registrations need, if they do.
    pub registration_token: Option<String>,
    /// Whether clients get a new token to manage themselves with each time.
    pub registration_rotates: bool,
    /// The kind of token that cannot be revoked.
    pub unrevocable: Option<String>,
    /// Whether a revocation needs a client that authenticates itself.
    pub revocation_authenticates: bool,
    /// What the API's 401 says in `WWW-Authenticate`, if it is sent.
    pub www_authenticate: Option<String>,
    /// What the API asks of tokens beyond being good.
    pub step_up: Option<StepUp>,
    /// Whether the API's challenges say where its metadata is (RFC 9728, section 5.1).
    pub resource_metadata: bool,
    /// The whole `Authorization` value that `/fixed` asks for.
    pub fixed_authorization: String,
    /// Whether the API refuses every token.
    pub reject_all: bool,
    /// How often a waiting device may ask.
    pub device_interval_s: u64,
    /// The path of the issuer, which begins with a slash, or nothing.
    pub issuer_path: String,
    /// How the server signs.
    pub jwt: keys::Settings,
    /// Members added to every ID token; null removes one.
    pub id_token_members: Map<String, Value>,
    /// Whether renewals have an ID token.
    pub id_token_on_refresh: bool,
    /// Members added to every signed authorization response; null removes one.
    pub jarm_members: Map<String, Value>,
    /// Whether authorization requests have to be signed.
    pub require_signed: bool,
    /// Whether authorization requests have to be pushed.
    pub require_pushed: bool,
    /// What tokens can be asked for.
    pub asked: asked::Settings,
    /// How proofs of possession are treated.
    pub dpop: dpop::Settings,
    /// Whether answers say what time it is here.
    pub date_header: bool,
    /// Whether connections stay open after an answer.
    pub keep_alive: bool,
}

impl Config {
    /// The settings that a server starts with, and goes back to on a reset.
    pub fn new(options: &Options) -> Self {
        Self {
            rotate: options.rotate,
            access_ttl_s: options.access_ttl_s.min(u64::from(u32::MAX)),
            grace_s: 0,
            token_members: Map::new(),
            introspection_members: Map::new(),
            userinfo_members: Map::new(),
            registration_members: Map::new(),
            assertion: "test-assertion".to_string(),
            password: PASSWORD.to_string(),
            registration_token: None,
            registration_rotates: false,
            unrevocable: None,
            revocation_authenticates: false,
            www_authenticate: None,
            step_up: None,
            resource_metadata: false,
            fixed_authorization: "secret".to_string(),
            reject_all: false,
            device_interval_s: 1,
            issuer_path: String::new(),
            jwt: keys::Settings::default(),
            id_token_members: Map::new(),
            id_token_on_refresh: true,
            jarm_members: Map::new(),
            require_signed: false,
            require_pushed: false,
            asked: asked::Settings::default(),
            dpop: dpop::Settings::default(),
            date_header: false,
            keep_alive: true,
        }
    }

    /// The settings with those in `members` changed.
    pub fn changed(&self, mut members: Members) -> Result<Self, String> {
        let mut new = self.clone();
        if let Some(rotate) = members.flag("rotate")? {
            new.rotate = rotate;
        }
        if let Some(ttl) = members.count("access_ttl_s", u32::MAX)? {
            new.access_ttl_s = ttl;
        }
        if let Some(interval) = members.count("device_interval_s", u32::MAX)? {
            new.device_interval_s = interval;
        }
        if let Some(grace) = members.count("grace_s", u32::MAX)? {
            new.grace_s = grace;
        }
        for (name, setting) in [
            ("token_members", &mut new.token_members),
            ("introspection_members", &mut new.introspection_members),
            ("id_token_members", &mut new.id_token_members),
            ("jarm_members", &mut new.jarm_members),
            ("userinfo_members", &mut new.userinfo_members),
            ("registration_members", &mut new.registration_members),
        ] {
            if let Some(added) = members.object(name)? {
                *setting = added;
            }
        }
        if let Some(text) = members.text_or_null("www_authenticate")? {
            let text = text.map(|text| header_value("www_authenticate", text));
            new.www_authenticate = text.transpose()?;
        }
        if let Some(step_up) = members.take("step_up") {
            new.step_up = StepUp::read(step_up)?;
        }
        if let Some(says) = members.flag("resource_metadata")? {
            new.resource_metadata = says;
        }
        if let Some(token) = members.text_or_null("registration_token")? {
            new.registration_token = token;
        }
        if let Some(rotates) = members.flag("registration_rotates")? {
            new.registration_rotates = rotates;
        }
        if let Some(kind) = members.text_or_null("unrevocable")? {
            new.unrevocable = kind;
        }
        if let Some(authenticates) = members.flag("revocation_authenticates")? {
            new.revocation_authenticates = authenticates;
        }
        if let Some(text) = members.text("fixed_authorization")? {
            new.fixed_authorization = header_value("fixed_authorization", text)?;
        }
        if let Some(text) = members.text("assertion")? {
            new.assertion = text;
        }
        if let Some(text) = members.text("password")? {
            new.password = text;
        }
        if let Some(reject) = members.flag("reject_all")? {
            new.reject_all = reject;
        }
        if let Some(path) = members.text("issuer_path")? {
            let good = path.is_empty() || path.starts_with('/') && !path.ends_with('/');
            if !good {
                return Err("issuer_path does not begin with a slash, or ends with one".to_string());
            }
            new.issuer_path = path;
        }
        new.jwt.change(&mut members)?;
        if let Some(has) = members.flag("id_token_on_refresh")? {
            new.id_token_on_refresh = has;
        }
        new.asked.change(&mut members)?;
        if let Some(requires) = members.flag("require_signed_request_object")? {
            new.require_signed = requires;
        }
        if let Some(requires) = members.flag("require_pushed_authorization_requests")? {
            new.require_pushed = requires;
        }
        new.dpop.change(&mut members)?;
        if let Some(says) = members.flag("date_header")? {
            new.date_header = says;
        }
        if let Some(keep) = members.flag("keep_alive")? {
            new.keep_alive = keep;
        }
        members.finish()?;
        Ok(new)
    }

    /// All settings, as the control interface shows them.
    pub fn to_json(&self) -> Value {
        let mut all = json!({
            "rotate": self.rotate,
            "access_ttl_s": self.access_ttl_s,
            "grace_s": self.grace_s,
            "token_members": self.token_members,
            "introspection_members": self.introspection_members,
            "jarm_members": self.jarm_members,
            "require_signed_request_object": self.require_signed,
            "id_token_members": self.id_token_members,
            "id_token_on_refresh": self.id_token_on_refresh,
            "userinfo_members": self.userinfo_members,
            "registration_members": self.registration_members,
            "assertion": self.assertion,
            "password": self.password,
            "registration_token": self.registration_token,
            "registration_rotates": self.registration_rotates,
            "unrevocable": self.unrevocable,
            "revocation_authenticates": self.revocation_authenticates,
            "www_authenticate": self.www_authenticate,
            "step_up": self.step_up.as_ref().map(StepUp::to_json),
            "resource_metadata": self.resource_metadata,
            "fixed_authorization": self.fixed_authorization,
            "reject_all": self.reject_all,
            "keep_alive": self.keep_alive,
            "device_interval_s": self.device_interval_s,
            "issuer_path": self.issuer_path,
            "date_header": self.date_header,
            "require_pushed_authorization_requests": self.require_pushed,
        });
        self.jwt.show(&mut all);
        self.asked.show(&mut all);
        self.dpop.show(&mut all);
        all
    }
}

/// Refuses what would break the header block; hostile headers go through a fault's
/// `raw_base64`, on purpose and not by accident.
pub fn header_value(name: &str, text: String) -> Result<String, String> {
    if text.contains(['\r', '\n', '\0']) {
        return Err(format!("{name} has a line break or NUL"));
    }
    Ok(text)
}
