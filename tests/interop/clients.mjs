// The clients that are registered, at each issuer those whose way to authenticate it knows.
import { join } from 'node:path';
import { ALGORITHMS as ID_TOKENS, ofCertificate, ofClients } from './keys.mjs';

// Anything that answers to this address on any port is the client's own (RFC 8252 section 7.3).
const REDIRECTS = ['http://127.0.0.1/callback', 'http://[::1]/callback'];
const DEVICE = 'urn:ietf:params:oauth:grant-type:device_code';
const CIBA = 'urn:openid:params:grant-type:ciba';

const person = { grant_types: ['authorization_code', 'refresh_token'], response_types: ['code'], redirect_uris: REDIRECTS, post_logout_redirect_uris: ['http://127.0.0.1/goodbye', 'https://app.example/goodbye'], application_type: 'native' };
const machine = { grant_types: ['client_credentials'], response_types: [], redirect_uris: [] };
const nobodyThere = { ...machine, grant_types: [DEVICE, 'refresh_token'], application_type: 'native' };

export async function clients(work) {
  const bound = { tls_client_certificate_bound_access_tokens: true, ...machine };
  const keys = await ofClients(work);
  const signing = keys.map((key) => ({
    client_id: `service-${key.alg}`,
    token_endpoint_auth_method: 'private_key_jwt',
    token_endpoint_auth_signing_alg: key.alg,
    jwks: { keys: [key] },
    ...machine,
  }));
  const identified = ID_TOKENS.map((alg) => ({
    client_id: `app-${alg}`, token_endpoint_auth_method: 'none', id_token_signed_response_alg: alg, ...person,
  }));
  return [
    { client_id: 'app', token_endpoint_auth_method: 'none', ...person },
    { client_id: 'web-basic', client_secret: 'web-basic-secret', token_endpoint_auth_method: 'client_secret_basic', ...person },
    // Characters that must be form-encoded before they go into Basic (RFC 6749 section 2.3.1).
    { client_id: 'web:odd id', client_secret: 'p@ss:w%rd+/=& ~', token_endpoint_auth_method: 'client_secret_basic', ...person },
    { client_id: 'web-post', client_secret: 'web-post-secret', token_endpoint_auth_method: 'client_secret_post', ...person },
    { client_id: 'web-pushing', client_secret: 'web-pushing-secret', token_endpoint_auth_method: 'client_secret_basic', require_pushed_authorization_requests: true, ...person },
    // Its requests are signed (RFC 9101), and the answers to them (JARM) and its ID tokens as it likes.
    ...keys.filter((key) => key.alg !== 'Ed25519').map((key) => ({
      client_id: `web-${key.alg}`,
      token_endpoint_auth_method: 'private_key_jwt',
      token_endpoint_auth_signing_alg: key.alg,
      request_object_signing_alg: key.alg,
      require_signed_request_object: true,
      authorization_signed_response_alg: key.alg,
      id_token_signed_response_alg: key.alg,
      jwks: { keys: [key] },
      ...person,
    })),
    { client_id: 'app-bound', token_endpoint_auth_method: 'none', dpop_bound_access_tokens: true, ...person },
    { client_id: 'service-bound', client_secret: 'service-bound-secret', token_endpoint_auth_method: 'client_secret_basic', dpop_bound_access_tokens: true, ...machine },
    { client_id: 'tv', token_endpoint_auth_method: 'none', ...nobodyThere },
    { client_id: 'till', client_secret: 'till-secret', token_endpoint_auth_method: 'client_secret_basic', ...machine, grant_types: [CIBA, 'refresh_token'], backchannel_token_delivery_mode: 'poll' },
    { client_id: 'service-basic', client_secret: 'service-basic-secret', token_endpoint_auth_method: 'client_secret_basic', ...machine },
    { client_id: 'service-post', client_secret: 'service-post-secret', token_endpoint_auth_method: 'client_secret_post', ...machine },
    { client_id: 'service-HS256', client_secret: 'a secret of at least 32 bytes, for HS256', token_endpoint_auth_method: 'client_secret_jwt', token_endpoint_auth_signing_alg: 'HS256', ...machine },
    ...signing,
    ...identified,
    { client_id: 'web-HS256', client_secret: 'a secret of at least 32 bytes, for HS256', token_endpoint_auth_method: 'client_secret_basic', id_token_signed_response_alg: 'HS256', ...person },
    { client_id: 'service-certificate', token_endpoint_auth_method: 'tls_client_auth', tls_client_auth_subject_dn: 'CN=interop-client', ...bound },
    { client_id: 'service-self-signed', token_endpoint_auth_method: 'self_signed_tls_client_auth', jwks: { keys: [ofCertificate(join(work, 'self.pem'))] }, ...bound },
  ];
}
