// The issuers, each an oidc-provider of its own with a protected resource beside it, in one process on loopback. Given a
// work folder with the certificates of pki.sh, it prints one line of JSON when it is ready, and ends with its stdin.
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import * as http from 'node:http';
import * as https from 'node:https';
import { join } from 'node:path';
import { clients } from './clients.mjs';
import * as person from './person.mjs';
import { provider, resetSettings, settings } from './provider.mjs';
import { resource } from './resource.mjs';

// Stdout has the one line that is waited for.
console.info = console.error;
console.warn = console.error;

const work = process.argv[2];
const registered = await clients(work);
const file = (name) => join(work, name);

const nonce = () => randomBytes(16).toString('base64url');

async function listen({ certificate, asksForCertificate = false }) {
  const ca = certificate && readFileSync(file('ca.pem'));
  const tls = certificate && {
    ca,
    cert: readFileSync(file(`${certificate}.pem`)),
    key: readFileSync(file(`${certificate}.key`)),
    requestCert: asksForCertificate,
    // The provider judges what is presented.
    rejectUnauthorized: false,
  };
  const server = tls ? https.createServer(tls) : http.createServer();
  await new Promise((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  return { server, ca, origin: `http${tls ? 's' : ''}://127.0.0.1:${server.address().port}` };
}

// What the tests ask for beside OAuth; what cannot be done is thrown, and answered with 500.
async function control(issuer, { pathname, search, searchParams }) {
  const approves = searchParams.get('approves') === 'true';
  switch (pathname) {
    case '/test/sign-in': return person.signIn(issuer, search);
    case '/test/device': return person.device(issuer, searchParams.get('user_code'), approves);
    case '/test/backchannel': return person.backchannel(issuer, searchParams.get('auth_req_id'), approves);
    case '/test/reset': return resetSettings();
    case '/test/settings':
      for (const [name, value] of searchParams) settings[name] = Number(value);
      return settings;
    case '/test/sign-out': return person.signOut(issuer, search);
    case '/test/roll-nonce': // the resource's
      if (!issuer.nonce) throw new Error('it has none');
      issuer.nonce = nonce();
      return { nonce: issuer.nonce };
    case '/test/counters': return issuer.counters;
    case '/test/forget': { // an access token, as if it had been revoked
      const token = searchParams.get('access_token');
      const { AccessToken, ClientCredentials } = issuer.provider;
      const found = await AccessToken.find(token) ?? await ClientCredentials.find(token);
      await found.destroy();
      return { done: true };
    }
    default: throw new Error(`there is no ${pathname}`);
  }
}

async function serve(issuer, listener, options = {}) {
  Object.assign(issuer, { origin: listener.origin, ca: listener.ca, counters: { token_requests: 0, pushed: 0, refusals: 0, proof_refusals: 0, nonce_refusals: 0 } });
  issuer.nonce = options.requiresNonce ? nonce() : undefined;
  issuer.proofs = new Set();
  const methods = options.methods ?? [...METHODS, ...(options.asksForCertificate ? CERTIFICATE_METHODS : [])];
  const known = registered.filter((client) => methods.includes(client.token_endpoint_auth_method));
  issuer.provider = provider(issuer.origin, known, { ...options, methods });
  issuer.handle = async (request, response) => {
    // Node's own is the machine's clock.
    response.setHeader('date', new Date().toUTCString());
    try {
      const url = new URL(request.url, issuer.origin);
      if (url.pathname.startsWith('/resource/')) return await resource(issuer, request, response);
      if (url.pathname.startsWith('/interaction/')) return await person.interaction(issuer.provider, request, response);
      if (url.pathname.startsWith('/test/')) return response.end(JSON.stringify(await control(issuer, url)));
      if (options.methods && url.pathname === '/.well-known/oauth-authorization-server') return response.writeHead(404).end();
      if (url.pathname === '/token') issuer.counters.token_requests += 1;
      if (url.pathname === '/request') issuer.counters.pushed += 1;
      return issuer.provider.callback()(request, response);
    } catch (error) {
      console.error(error.stack);
      response.writeHead(500);
      return response.end();
    }
  };
  listener.server.on('request', issuer.handle);
  return issuer;
}

const METHODS = ['none', 'client_secret_basic', 'client_secret_post', 'client_secret_jwt', 'private_key_jwt'];
const CERTIFICATE_METHODS = ['tls_client_auth', 'self_signed_tls_client_auth'];
const ENDPOINTS = { token_endpoint: '/token', pushed_authorization_request_endpoint: '/request', revocation_endpoint: '/token/revocation', introspection_endpoint: '/token/introspection', device_authorization_endpoint: '/device/auth', userinfo_endpoint: '/me' };

const plain = await serve({}, await listen({}));
const tls = await serve({}, await listen({ certificate: 'server' }));
const mtls = await serve({}, await listen({ certificate: 'server', asksForCertificate: true }), { asksForCertificate: true });
// Its ordinary endpoints ask for no certificate; those of the aliases, on a listener of their own, do.
const beside = await listen({ certificate: 'server', asksForCertificate: true });
const aliases = Object.fromEntries(Object.entries(ENDPOINTS).map(([name, path]) => [name, beside.origin + path]));
const alias = await serve({}, await listen({ certificate: 'server' }), { asksForCertificate: true, aliases });
beside.server.on('request', alias.handle);
// Its metadata are where OpenID Connect Discovery has them and nowhere else, and it knows one way to authenticate.
const openid = await serve({}, await listen({ certificate: 'server' }), { methods: ['client_secret_basic'] });
// Proofs of possession need a nonce, each side's own.
const nonces = await serve({}, await listen({}), { requiresNonce: true });
// Whoever verifies names never gets an answer of it.
const wrongName = await serve({}, await listen({ certificate: 'wrong_name' }));

const issuer = (kind, { origin }, resources = origin) => ({ kind, issuer: origin, resource: `${resources}/resource/`, work });
process.stdout.write(`${JSON.stringify([
  issuer('plain', plain), issuer('tls', tls), issuer('mtls', mtls), issuer('alias', alias, beside.origin),
  issuer('openid', openid), issuer('nonce', nonces), issuer('wrong_name', wrongName),
])}\n`);
process.stdin.resume().on('end', () => process.exit());
