//! Faults: what tests put in the way of chosen requests.

use crate::config::header_value;
use crate::encoding::base64_decode;
use crate::members::Members;
use crate::response::{Body, Response};
use crate::stream::End;
use serde_json::Value;
use std::time::Duration;

/// What happens to a request.
#[derive(Clone)]
pub enum Effect {
    /// The real answer, later.
    Delay(Duration),
    /// Another answer in place of the real one.
    Canned {
        /// The answer.
        response: Response,
        /// Whether the request takes effect nevertheless.
        process: bool,
    },
    /// The first bytes of the real answer, then the end of the connection.
    Cut {
        /// How many bytes.
        at: u64,
        /// How the connection ends.
        end: End,
    },
    /// The real answer, byte by byte.
    Drip(Duration),
    /// No answer at all, for as long as the client stays.
    Silent,
    /// The real answer under another content type.
    ContentType(String),
    /// These bytes and no others.
    Raw {
        /// The bytes.
        bytes: Vec<u8>,
        /// Whether the connection stays open.
        keep: bool,
        /// Whether the request takes effect nevertheless.
        process: bool,
    },
}

struct Fault {
    path: String,
    /// How many requests it still changes; negative for no limit.
    times: i64,
    /// How many requests it still lets pass.
    after: u64,
    effect: Effect,
}

/// The faults that wait, in order.
#[derive(Default)]
pub struct Faults {
    next: u64,
    waiting: Vec<Fault>,
}

impl Faults {
    /// Reads one from a control request and queues it.
    pub fn add(&mut self, mut members: Members) -> Result<u64, String> {
        let path = members.required_text("path")?;
        let times = members.integer("times", -1, i64::from(u32::MAX))?.unwrap_or(1);
        if times == 0 {
            return Err("times is 0".to_string());
        }
        let after = members.count("after", u32::MAX)?.unwrap_or(0);
        let effect = effect(&mut members)?;
        members.finish()?;
        self.waiting.push(Fault { path, times, after, effect });
        self.next += 1;
        Ok(self.next)
    }

    /// Forgets them all.
    pub fn clear(&mut self) {
        self.waiting.clear();
    }

    /// The effect on a request for `target`, which counts as one match. Of several
    /// faults for it the first decides, until it is used up.
    pub fn take(&mut self, target: &str) -> Option<Effect> {
        let matching = |fault: &Fault| target.starts_with(&fault.path);
        let index = self.waiting.iter().position(matching)?;
        let fault = &mut self.waiting[index];
        if fault.after > 0 {
            fault.after -= 1;
            return None;
        }
        let effect = fault.effect.clone();
        if fault.times > 0 {
            fault.times -= 1;
        }
        if fault.times == 0 {
            self.waiting.remove(index);
        }
        Some(effect)
    }
}

fn effect(members: &mut Members) -> Result<Effect, String> {
    const KINDS: [&str; 8] = [
        "delay_ms",
        "status",
        "truncate_at",
        "reset_at",
        "drip_ms",
        "silent",
        "close_before_answer",
        "raw_base64",
    ];
    let mut given = KINDS.into_iter().filter(|kind| members.has(kind));
    let kind = given.next();
    if let Some(second) = given.next() {
        return Err(format!("{second} beside {}: one kind only", kind.unwrap_or_default()));
    }
    let milliseconds = |members: &mut Members, name| {
        let count = members.count(name, u32::MAX)?.unwrap_or(0);
        Ok::<_, String>(Duration::from_millis(count))
    };
    match kind {
        Some(name @ "delay_ms") => Ok(Effect::Delay(milliseconds(members, name)?)),
        Some(name @ "drip_ms") => Ok(Effect::Drip(milliseconds(members, name)?)),
        Some("status") => canned(members),
        Some("raw_base64") => raw(members),
        Some(name @ "silent") => set(members, name).map(|()| Effect::Silent),
        Some(name @ "close_before_answer") => {
            set(members, name)?;
            let end = fin(members)?;
            Ok(Effect::Cut { at: 0, end })
        }
        Some(name @ "truncate_at") => {
            let at = members.count(name, u32::MAX)?.unwrap_or(0);
            let end = fin(members)?;
            Ok(Effect::Cut { at, end })
        }
        Some(name) => {
            let at = members.count(name, u32::MAX)?.unwrap_or(0);
            let end = End::Reset;
            Ok(Effect::Cut { at, end })
        }
        None => match members.text("content_type")? {
            Some(text) => Ok(Effect::ContentType(header_value("content_type", text)?)),
            None => Err(format!("one of {} or content_type is needed", KINDS.join(", "))),
        },
    }
}

/// A kind that is a flag can only be set.
fn set(members: &mut Members, name: &str) -> Result<(), String> {
    match members.flag(name)? {
        Some(true) => Ok(()),
        _ => Err(format!("{name} can only be true")),
    }
}

fn fin(members: &mut Members) -> Result<End, String> {
    let abrupt = members.flag("no_close_notify")?.unwrap_or(false);
    Ok(if abrupt { End::Abrupt } else { End::Close })
}

fn raw(members: &mut Members) -> Result<Effect, String> {
    let text = members.required_text("raw_base64")?;
    Ok(Effect::Raw {
        bytes: base64_decode(&text).ok_or("raw_base64 is not base64")?,
        keep: members.flag("keep")?.unwrap_or(false),
        process: members.flag("process")?.unwrap_or(false),
    })
}

fn canned(members: &mut Members) -> Result<Effect, String> {
    let status = members.integer("status", 200, 599)?.unwrap_or_default();
    let mut response = Response::empty(u16::try_from(status).unwrap_or_default());
    let content_type = members.text("content_type")?;
    let content_type = content_type.as_deref().unwrap_or("text/plain; charset=utf-8");
    let content_type = header_value("content_type", content_type.to_string())?;
    for (name, value) in headers(members)? {
        response = response.header(&name, &value);
    }
    if response.headers.iter().all(|(name, _)| !name.eq_ignore_ascii_case("content-type")) {
        response = response.content_type(&content_type);
    }
    response.body = Body::Bytes(members.text("body")?.unwrap_or_default().into_bytes());
    let process = members.flag("process")?.unwrap_or(false);
    Ok(Effect::Canned { response, process })
}

fn headers(members: &mut Members) -> Result<Vec<(String, String)>, String> {
    let wrong = || "headers is not a list of [name, value] pairs of strings".to_string();
    let list = match members.take("headers") {
        None => return Ok(Vec::new()),
        Some(Value::Array(list)) => list,
        Some(_) => return Err(wrong()),
    };
    let mut headers = Vec::new();
    for pair in list {
        let [name, value] = pair.as_array().map(Vec::as_slice).unwrap_or_default() else {
            return Err(wrong());
        };
        let name = name.as_str().ok_or_else(wrong)?.to_string();
        let value = value.as_str().ok_or_else(wrong)?.to_string();
        if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_graphic() && byte != b':') {
            return Err(format!("{name:?} is not a header name"));
        }
        if ["content-length", "transfer-encoding"].contains(&name.to_ascii_lowercase().as_str()) {
            return Err(format!("{name} is set by the server; use raw_base64"));
        }
        headers.push((name, header_value("headers", value)?));
    }
    Ok(headers)
}
