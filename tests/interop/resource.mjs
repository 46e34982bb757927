// The protected resource (RFC 6750, RFC 9449) beside each provider: /resource/read, /resource/write and /resource/admin.
import { createHash } from 'node:crypto';
import { calculateJwkThumbprint, createLocalJWKSet, EmbeddedJWK, jwtVerify } from 'jose';
import { ALGORITHMS, ofProvider } from './keys.mjs';

const keys = createLocalJWKSet({ keys: ofProvider.map((key) => key.public) });
const NEEDS = { '/resource/read': undefined, '/resource/write': 'write', '/resource/admin': 'admin' };

const RECENT_S = 60;

function challenge(response, status, members = {}, scheme = 'Bearer') {
  const all = scheme === 'DPoP' ? { ...members, algs: ALGORITHMS.join(' ') } : members;
  const text = Object.entries(all).map(([name, value]) => `${name}="${value}"`).join(', ');
  response.writeHead(status, { 'www-authenticate': text ? `${scheme} ${text}` : scheme });
  response.end();
}

// What the token says, or undefined.
async function known({ provider, origin }, token) {
  if (token.split('.').length === 3) {
    try {
      const { payload } = await jwtVerify(token, keys, { issuer: origin, typ: 'at+jwt' });
      return payload;
    } catch {
      return undefined;
    }
  }
  const found = await provider.AccessToken.find(token) ?? await provider.ClientCredentials.find(token);
  if (!found || found.isExpired) return undefined;
  return { sub: found.accountId, client_id: found.clientId, scope: found.scope, aud: found.aud, cnf: { 'x5t#S256': found['x5t#S256'], jkt: found.jkt } };
}

// A token that is bound to a certificate comes over a connection with that certificate (RFC 8705 section 3).
function isBoundElsewhere(claims, socket) {
  const bound = claims.cnf?.['x5t#S256'];
  const certificate = socket.getPeerX509Certificate?.();
  return bound && bound !== (certificate && createHash('sha256').update(certificate.raw).digest('base64url'));
}

const hash = (text) => createHash('sha256').update(text).digest('base64url');

// What is wrong with the proof that comes with a bound token (RFC 9449 section 4.3), if anything.
async function wrongProof({ nonce, proofs }, request, token, jkt) {
  let payload;
  let protectedHeader;
  try {
    ({ payload, protectedHeader } = await jwtVerify(request.headers.dpop ?? '', EmbeddedJWK, { typ: 'dpop+jwt', algorithms: ALGORITHMS }));
  } catch (error) {
    return error.message;
  }
  if (payload.htm !== request.method) return 'htm';
  // The listener that was asked: an issuer may have one more for clients with certificates.
  const asked = new URL(request.url, `${request.socket.encrypted ? 'https' : 'http'}://${request.headers.host}`);
  if (payload.htu !== asked.origin + asked.pathname) return 'htu';
  if (payload.ath !== hash(token)) return 'ath';
  if (await calculateJwkThumbprint(protectedHeader.jwk) !== jkt) return 'key';
  if (!payload.jti || proofs.has(payload.jti)) return 'jti';
  proofs.add(payload.jti);
  if (nonce) return payload.nonce === nonce ? undefined : 'nonce';
  return Math.abs(Date.now() / 1000 - payload.iat) <= RECENT_S ? undefined : 'iat';
}

export async function resource(issuer, request, response) {
  const { pathname } = new URL(request.url, issuer.origin);
  const [, scheme, token] = /^(Bearer|DPoP) ([A-Za-z0-9\-._~+/]+=*)$/.exec(request.headers.authorization ?? '') ?? [];
  if (!token) return challenge(response, 401);
  const claims = await known(issuer, token);
  const jkt = claims?.cnf?.jkt;
  if (!claims || isBoundElsewhere(claims, request.socket) || (scheme === 'DPoP') !== !!jkt) {
    issuer.counters.refusals += 1;
    return challenge(response, 401, { error: 'invalid_token' }, jkt ? 'DPoP' : scheme);
  }
  if (jkt) {
    const wrong = await wrongProof(issuer, request, token, jkt);
    if (issuer.nonce) response.setHeader('dpop-nonce', issuer.nonce);
    if (wrong) {
      issuer.counters[wrong === 'nonce' ? 'nonce_refusals' : 'proof_refusals'] += 1;
      const error = wrong === 'nonce' ? 'use_dpop_nonce' : 'invalid_dpop_proof';
      return challenge(response, 401, { error, error_description: wrong.replaceAll('"', '') }, 'DPoP');
    }
  }
  const scope = NEEDS[pathname];
  if (scope && !(claims.scope ?? '').split(' ').includes(scope)) return challenge(response, 403, { error: 'insufficient_scope', scope }, scheme);
  response.writeHead(200, { 'content-type': 'application/json' });
  const { sub, client_id, aud } = claims;
  return response.end(JSON.stringify({ sub, client_id, scope: claims.scope, aud, bound: !!claims.cnf?.['x5t#S256'], jkt }));
}
