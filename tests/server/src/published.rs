//! What a test makes of the documents in which the server describes itself.

use crate::members::Members;
use crate::metadata::{self, Document};
use crate::response::Response;
use crate::shared::{Shared, State};
use serde_json::{Map, Value};

/// The longest document that can be asked for.
const MAX_BYTES: u32 = 64 * 1024 * 1024;

/// How one document differs from what it would be.
#[derive(Clone, Default)]
struct Alteration {
    absent: bool,
    html: bool,
    relative: bool,
    bytes: usize,
    whole: Option<Value>,
    members: Map<String, Value>,
}

/// The alterations of all documents.
#[derive(Default)]
pub struct Published([Alteration; Document::ALL.len()]);

impl Published {
    /// `POST /control/metadata`: in place of what was altered before.
    pub fn alter(&mut self, mut members: Members) -> Result<(), String> {
        let documents = match members.text("document")? {
            None => vec![Document::Oauth, Document::Openid],
            Some(name) => {
                let named = Document::ALL.into_iter().find(|document| document.name() == name);
                vec![named.ok_or_else(|| format!("there is no document {name:?}"))?]
            }
        };
        let alteration = Alteration {
            absent: members.flag("absent")?.unwrap_or(false),
            html: members.flag("html")?.unwrap_or(false),
            relative: members.flag("relative")?.unwrap_or(false),
            bytes: members.count("bytes", MAX_BYTES)?.unwrap_or(0).try_into().unwrap_or_default(),
            whole: members.take("whole"),
            members: members.object("members")?.unwrap_or_default(),
        };
        members.finish()?;
        for document in documents {
            self.0[document as usize] = alteration.clone();
        }
        Ok(())
    }
}

/// `GET` of a document.
pub fn answer(shared: &Shared, state: &State, which: Document, base: &str, resource: &str) -> Response {
    let alteration = &state.published.0[which as usize];
    if alteration.absent {
        return Response::text(404, "404: Not Found");
    }
    if alteration.html {
        let page = "<!doctype html><title>Sign in</title><p>Sign in to go on.";
        return Response::text(200, page).content_type("text/html; charset=utf-8");
    }
    if let Some(whole) = &alteration.whole {
        return Response::json(200, whole);
    }
    let mut document = metadata::document(shared, &state.config, which, base, &state.issuer(base), resource);
    if alteration.relative {
        make_relative(&mut document, base);
    }
    merge(&mut document, &alteration.members);
    pad(&mut document, alteration.bytes);
    Response::json(200, &document)
}

/// Merges members into an object; null removes one.
pub fn merge(object: &mut Value, members: &Map<String, Value>) {
    for (name, value) in members {
        match (value, object.as_object_mut()) {
            (Value::Null, Some(object)) => {
                object.remove(name);
            }
            (value, _) => object[name.as_str()] = value.clone(),
        }
    }
}

/// Endpoints as paths, like Home Assistant's.
fn make_relative(document: &mut Value, base: &str) {
    for (name, value) in document.as_object_mut().into_iter().flatten() {
        let path = value.as_str().and_then(|url| url.strip_prefix(base));
        if let Some(path) = path.filter(|_| name.ends_with("_endpoint")) {
            *value = Value::String(path.to_string());
        }
    }
}

/// Makes a document that many bytes long.
fn pad(document: &mut Value, bytes: usize) {
    if bytes == 0 {
        return;
    }
    document["padding"] = Value::String(String::new());
    let missing = bytes.saturating_sub(document.to_string().len());
    document["padding"] = Value::String("x".repeat(missing));
}
