//! Signing by the caller's key: a TPM, a smart card, a key service.

use std::ffi::{c_char, c_void};

use super::client::bearer_client;
use super::error::bearer_error;
use super::hooks::{Hook, bearer_destroy_fn};
use super::reply::{Answer, Kind, Reply, answer, bearer_reply};
use super::status::bearer_status;
use super::support::ask::ask;
use super::support::registration::Registration;
use super::support::text::Lent;
use super::support::{fence, handle, text};
use crate::call::Call;
use crate::error::{Error, Reason, Result};
use crate::hooks::SignHook;

/// Signs bytes with a key that the library never sees, as algorithm says (RFC 7518 section 3.1): ES256, RS256, PS256 or
/// EdDSA. Answer with bearer_reply_signature; algorithm and bytes live until then.
pub type bearer_sign_fn = Option<
    unsafe extern "C-unwind" fn(
        user_data: *mut c_void,
        algorithm: *const c_char,
        bytes: *const c_void,
        len: usize,
        reply: *mut bearer_reply,
    ) -> bearer_status,
>;

type SignFunction = unsafe extern "C-unwind" fn(
    *mut c_void,
    *const c_char,
    *const c_void,
    usize,
    *mut bearer_reply,
) -> bearer_status;

impl SignHook for Hook<SignFunction> {
    fn sign(&self, algorithm: &'static str, bytes: &str, call: &Call) -> Result<Vec<u8>> {
        let named = Lent::new(algorithm);
        let reply = Reply::new(Kind::Sign, Some(Lent::new(bytes)), None).with(named);
        let answer = ask(reply, call, |reply, id| {
            let (user_data, input) = (self.registration.user_data, reply.text().cast());
            // SAFETY: the caller registered this function with this user_data; both texts live until it has answered.
            self.registration
                .run(|| unsafe { (self.function)(user_data, reply.second_text(), input, bytes.len(), id) })
        })?;
        match answer {
            Answer::Signature(signature) => Ok(signature),
            _ => Err(Error::new(Reason::Unanswered, "the hook answered without a signature")),
        }
    }
}

/// Signs client assertions (private_key_jwt, RFC 7523) by a function of your own, in place of client.private_key:
/// client.token_endpoint_auth_signing_alg says with what (default ES256), client.key_id the key's name. fn NULL removes
/// it.
///
/// Does not block. INVALID_HANDLE.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bearer_client_on_sign(
    client: *mut bearer_client,
    r#fn: bearer_sign_fn,
    user_data: *mut c_void,
    destroy: bearer_destroy_fn,
    error: *mut *mut bearer_error,
) -> bearer_status {
    let registration = Registration::new(user_data, destroy);
    fence::call(error, move || {
        let hook = Hook::<SignFunction>::register(r#fn, registration, |hook| hook as _);
        handle::get(client)?.client().hooks.sign.set(hook)
    })
}

/// Answers on_sign with the signature as RFC 7518 has it; that of ES256 may also be the DER that OpenSSL writes.
///
/// INVALID_ARGUMENT for an empty one, for a second answer and for other hooks; INVALID_HANDLE where it is too late.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bearer_reply_signature(
    reply: *mut bearer_reply,
    signature: *const c_void,
    len: usize,
) -> bearer_status {
    answer(reply, &[Kind::Sign], |_| match text::bytes(signature, len, "signature")? {
        [] => Err(Error::new(Reason::Value, "signature: is empty")),
        signature => Ok(Ok(Answer::Signature(signature.to_vec()))),
    })
}
