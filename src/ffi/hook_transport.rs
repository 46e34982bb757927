//! `on_http` as what carries requests.

use std::ffi::c_void;
use std::sync::Arc;

use super::hook_request::{HookRequest, LentBody};
use super::hooks::Hook;
use super::reply::{Answer, Kind, Reply, bearer_reply};
use super::request::bearer_request;
use super::status::bearer_status;
use super::support::ask::{ask, ask_for_good, then};
use super::support::handle;
use crate::call::Call;
use crate::error::{Error, Reason, Result};
use crate::http::{Body, Failed, InMemory, Incoming, Outgoing, Transport, Whole};
use crate::parked::Unfinished;
use crate::secret::SecretBytes;

pub(super) type HttpFunction =
    unsafe extern "C-unwind" fn(*mut c_void, *const bearer_request, *mut bearer_reply) -> bearer_status;

impl Hook<HttpFunction> {
    /// What the hook is asked to do; the handle ends with the reply.
    fn question(
        &self,
        request: &Outgoing<'_>,
        body: &LentBody<'_>,
        call: &Call,
    ) -> Result<(Reply, *mut bearer_request)> {
        let asked =
            HookRequest::new(request.method, request.url, request.headers, body.lend(), call.deadline);
        let id = handle::insert::<bearer_request>(Arc::new(asked).into())?;
        Ok((Reply::new(Kind::Http, None, Some(id)), id))
    }

    fn invoke(&self, request: *mut bearer_request, reply: *mut bearer_reply) -> Result<bearer_status> {
        // SAFETY: the caller registered this function with this user_data; both handles are checked ones.
        self.registration.run(|| unsafe { (self.function)(self.registration.user_data, request, reply) })
    }
}

impl Transport for Hook<HttpFunction> {
    fn exchange(&self, mut request: Outgoing<'_>, call: &Call) -> Result<Incoming, Failed> {
        let body = LentBody::new(std::mem::replace(&mut request.body, Body::Empty));
        let (reply, id) = self.question(&request, &body, call).map_err(Failed::before_sending)?;
        let answer = ask(reply, call, |_, reply| self.invoke(id, reply));
        // Whatever thread still reads the body finds its end from here on.
        drop(body);
        // How far the hook came is unknown to us, so the request may have been sent.
        answer.and_then(incoming).map_err(|error| Failed { error, sent: true })
    }

    fn whole(&self, request: Outgoing<'_>, limit: u64, call: &Call) -> Result<Whole, Unfinished<Whole>> {
        let bytes = if let Body::Bytes(bytes) = request.body { bytes } else { &[] };
        let body = LentBody::owned(SecretBytes::new(bytes.to_vec()));
        let (reply, id) = self.question(&request, &body, call)?;
        let answer = ask_for_good(reply, call, |_, reply| self.invoke(id, reply));
        then(
            answer,
            |answer, (_, limit)| incoming(answer)?.whole(*limit).map_err(|end| end.error),
            (body, limit),
        )
    }
}

fn incoming(answer: Answer) -> Result<Incoming> {
    match answer {
        Answer::Http { status, headers, body } => {
            Ok(Incoming { status, headers, body: Box::new(InMemory::new(body)) })
        }
        _ => Err(Error::new(Reason::Unanswered, "on_http answered without a status")),
    }
}
