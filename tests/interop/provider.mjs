// One oidc-provider with everything on that the rows need.
import { randomBytes } from 'node:crypto';
import Provider, { interactionPolicy } from 'oidc-provider';
import { ALGORITHMS, ofProvider } from './keys.mjs';

// The resources that a token can be asked for (RFC 8707), and what kind of token each takes.
export const RESOURCES = { 'https://api.example/jwt': 'jwt', 'https://api.example/opaque': 'opaque' };
const SCOPES = ['read', 'write', 'admin'];
const DEFAULTS = { access_ttl: 3600, device_ttl: 600, clock_skew: 0 };

// Set by /test/settings, reset by /test/reset.
export const settings = { ...DEFAULTS };
export const resetSettings = () => Object.assign(settings, DEFAULTS);

// The server's clock, by clock_skew (seconds) ahead of the machine's.
const Machine = Date;
globalThis.Date = class extends Machine {
  constructor(...given) { super(...(given.length ? given : [Date.now()])); }

  static now() { return Machine.now() + settings.clock_skew * 1000; }
};

// In memory, and for good: what has expired must still be known, or it could not be said that it has.
function store() {
  const models = new Map();
  return class {
    constructor(model) {
      if (!models.has(model)) models.set(model, new Map());
      this.entries = models.get(model);
    }

    async upsert(id, payload) { this.entries.set(id, payload); }

    async find(id) { return this.entries.get(id); }

    async findByUserCode(code) { return this.entries.values().find((payload) => payload.userCode === code); }

    async findByUid(uid) { return this.entries.values().find((payload) => payload.uid === uid); }

    async destroy(id) { this.entries.delete(id); }

    async consume(id) { this.entries.get(id).consumed = Math.floor(Date.now() / 1000); }

    async revokeByGrantId(grantId) {
      for (const entries of models.values()) {
        for (const [id, payload] of entries) if (payload.grantId === grantId) entries.delete(id);
      }
    }
  };
}

function resourceServer(ctx, resource) {
  const accessTokenFormat = RESOURCES[resource];
  if (!accessTokenFormat) {
    const error = new Error('invalid_target');
    throw Object.assign(error, { error: 'invalid_target', error_description: 'no such resource', status: 400, statusCode: 400, expose: true });
  }
  return { scope: SCOPES.join(' '), audience: resource, accessTokenTTL: settings.access_ttl, accessTokenFormat, jwt: { sign: { alg: 'ES256' } } };
}

const mtls = {
  enabled: true,
  certificateBoundAccessTokens: true,
  tlsClientAuth: true,
  selfSignedTlsClientAuth: true,
  getCertificate: (ctx) => ctx.socket.getPeerX509Certificate?.(),
  certificateAuthorized: (ctx) => ctx.socket.authorized,
  certificateSubjectMatches: (ctx, property, expected) => property === 'tls_client_auth_subject_dn'
    && ctx.socket.getPeerX509Certificate().subject === expected,
};

// The backchannel login (CIBA): who is meant is asked, and /test/backchannel answers for them.
const ciba = {
  enabled: true,
  deliveryModes: ['poll'],
  processLoginHint: (ctx, hint) => hint,
  validateBindingMessage: () => {},
  validateRequestContext: () => {},
  verifyUserCode: () => {},
  triggerAuthenticationDevice: () => {},
};

// The end of a session: a page to agree on, and one that says it is done.
const logout = {
  enabled: true,
  logoutSource: (ctx, form) => { ctx.body = form; },
  postLogoutSuccessSource: (ctx) => { ctx.body = 'signed out'; },
};

// Where nonces are not required, there are none: the time decides (RFC 9449 section 8).
const dpop = (requiresNonce) => ({
  enabled: true,
  nonceSecret: requiresNonce ? randomBytes(32) : undefined,
  requireNonce: () => requiresNonce,
});

// methods: how clients may authenticate. aliases: metadata's mtls_endpoint_aliases (RFC 8705 section 5). requiresNonce: of
// proofs of possession.
export function provider(issuer, clients, { methods, aliases, requiresNonce = false }) {
  const made = new Provider(issuer, {
    adapter: store(),
    clients,
    jwks: { keys: ofProvider.map((key) => key.private) },
    cookies: { keys: ['interop'] },
    scopes: ['openid', 'offline_access', ...SCOPES],
    claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'] },
    clientAuthMethods: methods,
    enabledJWA: { idTokenSigningAlgValues: [...ALGORITHMS, 'HS256'], dPoPSigningAlgValues: ALGORITHMS },
    discovery: aliases ? { mtls_endpoint_aliases: aliases } : {},
    findAccount: (ctx, sub) => ({ accountId: sub, claims: () => ({ sub, email: `${sub}@example.com`, email_verified: true, name: 'Alice' }) }),
    interactions: { policy: interactionPolicy.base(), url: (ctx, { uid }) => `/interaction/${uid}` },
    issueRefreshToken: (ctx, client) => client.grantTypeAllowed('refresh_token'),
    rotateRefreshToken: true,
    expiresWithSession: () => false,
    pkce: { required: (ctx, client) => client.clientAuthMethod === 'none' },
    ttl: {
      AccessToken: () => settings.access_ttl,
      ClientCredentials: () => settings.access_ttl,
      DeviceCode: () => settings.device_ttl,
      BackchannelAuthenticationRequest: 600,
      AuthorizationCode: 60,
      IdToken: 3600,
      RefreshToken: 86400,
      Interaction: 600,
      Session: 86400,
      Grant: 86400,
    },
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      deviceFlow: { enabled: true },
      ciba,
      introspection: { enabled: true, allowedPolicy: () => true },
      revocation: { enabled: true },
      registration: { enabled: true },
      registrationManagement: { enabled: true },
      pushedAuthorizationRequests: { enabled: true },
      requestObjects: { enabled: true },
      jwtResponseModes: { enabled: true },
      rpInitiatedLogout: logout,
      dPoP: dpop(requiresNonce),
      resourceIndicators: { enabled: true, useGrantedResource: () => true, getResourceServerInfo: resourceServer },
      mTLS: methods.includes('tls_client_auth') ? mtls : { enabled: false },
    },
    renderError: (ctx, out) => {
      ctx.type = 'json';
      ctx.body = out;
    },
  });
  made.on('server_error', (ctx, error) => console.error(error.stack));
  return made;
}
