//! ID tokens (OpenID Connect Core, section 2).

use crate::encoding::base64url;
use crate::grants::GrantId;
use crate::published::merge;
use crate::shared::State;
use ring::digest::{SHA256, SHA512, digest};
use serde_json::{Value, json};

/// How long they are good.
const TTL_S: i64 = 600;

impl State {
    /// The ID token beside an access token, for whom `openid` was granted.
    pub fn id_token(&self, grant: GrantId, scope: &str, access_token: &str) -> Option<String> {
        let issuer = self.asked.issuer.as_ref()?;
        if !scope.split_ascii_whitespace().any(|one| one == "openid") {
            return None;
        }
        if self.asked.is_renewal && !self.config.id_token_on_refresh {
            return None;
        }
        let granted = self.grants.granted(grant);
        let now_s = self.clock.now_s();
        let mut claims = json!({
            "iss": issuer,
            "sub": granted.sub,
            "aud": granted.client_id,
            "iat": now_s,
            "exp": now_s + TTL_S,
        });
        let alg = self.config.jwt.alg();
        if alg != "none" {
            claims["at_hash"] = at_hash(alg, access_token).into();
        }
        if let Some(auth_ms) = granted.auth_ms {
            claims["auth_time"] = auth_ms.div_euclid(1000).into();
        }
        if let Some(acr) = &granted.acr {
            claims["acr"] = acr.clone().into();
        }
        // Section 12.2: that of a renewal should have none.
        if let Some(nonce) = granted.nonce.as_ref().filter(|_| !self.asked.is_renewal) {
            claims["nonce"] = nonce.clone().into();
        }
        merge(&mut claims, &self.config.id_token_members);
        Some(self.signed("JWT", &claims, &granted.client_id))
    }

    /// What the server signs for a client.
    pub fn signed(&self, typ: &str, claims: &Value, client: &str) -> String {
        let secret = self.clients.find(client).and_then(|client| client.secret.as_deref());
        self.keys.sign(&self.config.jwt, typ, claims, secret)
    }
}

/// The half of a hash of the algorithm's (section 3.1.3.6); Ed25519's is SHA-512.
fn at_hash(alg: &str, token: &str) -> String {
    let hash = digest(if alg == "EdDSA" { &SHA512 } else { &SHA256 }, token.as_bytes());
    base64url(&hash.as_ref()[..hash.as_ref().len() / 2])
}

#[cfg(test)]
mod tests {
    use super::*;

    // OpenID Connect Core, appendix A.3.
    #[test]
    fn the_hash_of_the_standard() {
        assert_eq!(at_hash("RS256", "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y"), "77QmUPtjPfzWtF2AnpK9RQ");
    }
}
