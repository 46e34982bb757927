// The protected resource (RFC 6750) beside each provider: /resource/read, /resource/write and /resource/admin.
import { createHash } from 'node:crypto';
import { createLocalJWKSet, jwtVerify } from 'jose';
import { ofProvider } from './keys.mjs';

const keys = createLocalJWKSet({ keys: ofProvider.map((key) => key.public) });
const NEEDS = { '/resource/read': undefined, '/resource/write': 'write', '/resource/admin': 'admin' };

function challenge(response, status, members = {}) {
  const text = Object.entries(members).map(([name, value]) => `${name}="${value}"`).join(', ');
  response.writeHead(status, { 'www-authenticate': text ? `Bearer ${text}` : 'Bearer' });
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
  return { sub: found.accountId, client_id: found.clientId, scope: found.scope, aud: found.aud, cnf: { 'x5t#S256': found['x5t#S256'] } };
}

// A token that is bound to a certificate comes over a connection with that certificate (RFC 8705 section 3).
function isBoundElsewhere(claims, socket) {
  const bound = claims.cnf?.['x5t#S256'];
  const certificate = socket.getPeerX509Certificate?.();
  return bound && bound !== (certificate && createHash('sha256').update(certificate.raw).digest('base64url'));
}

export async function resource(issuer, request, response) {
  const { pathname } = new URL(request.url, issuer.origin);
  const [, token] = /^Bearer ([A-Za-z0-9\-._~+/]+=*)$/.exec(request.headers.authorization ?? '') ?? [];
  if (!token) return challenge(response, 401);
  const claims = await known(issuer, token);
  if (!claims || isBoundElsewhere(claims, request.socket)) {
    issuer.counters.refusals += 1;
    return challenge(response, 401, { error: 'invalid_token' });
  }
  const scope = NEEDS[pathname];
  if (scope && !(claims.scope ?? '').split(' ').includes(scope)) return challenge(response, 403, { error: 'insufficient_scope', scope });
  response.writeHead(200, { 'content-type': 'application/json' });
  const { sub, client_id, aud } = claims;
  return response.end(JSON.stringify({ sub, client_id, scope: claims.scope, aud, bound: !!claims.cnf?.['x5t#S256'] }));
}
