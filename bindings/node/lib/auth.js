import { Client } from './client.js';
import { failure } from './error.js';

/** Requests with a fixed value of the authorization header. */
export class Auth {
  constructor(host, accessToken) {
    this.client = new Client({ base_url: host, authorization: accessToken });
  }

  /** Makes a request: fetch's options, without the method. */
  async request(method, path, options = {}) {
    return this.client.request(path, { ...options, method });
  }

  async close() {
    await this.client.close();
  }
}

/** Requests with the access token that a subclass supplies: it implements getAccessToken. */
export class AbstractAuth {
  constructor(host) {
    if (new.target === AbstractAuth) throw new TypeError('AbstractAuth is abstract: extend it');
    const onAccessToken = (rejected) => this.getAccessToken(rejected);
    this.client = new Client({ base_url: host }, { onAccessToken });
  }

  /** Returns a valid access token; `rejected` is the one that the API has just answered 401 to, or null. */
  async getAccessToken() {
    throw failure('INVALID_ARGUMENT', 'hook', `${this.constructor.name} does not implement getAccessToken`);
  }

  async request(method, path, options = {}) {
    return this.client.request(path, { ...options, method });
  }

  async close() {
    await this.client.close();
  }
}

/** Requests with a token set that is kept valid. A subclass may renew by a refreshTokens of its own. */
export class OAuth2Auth {
  constructor(host, { token, clientId, clientSecret, tokenUpdater, ...config } = {}) {
    const client = { client_id: clientId, client_secret: clientSecret, ...config.client };
    const hooks = {};
    if (tokenUpdater) hooks.onToken = tokenUpdater;
    if (this.refreshTokens !== OAuth2Auth.prototype.refreshTokens) {
      hooks.onRefresh = (held) => this.refreshTokens(held);
    }
    this.client = new Client({ ...config, base_url: host, token, client }, hooks);
  }

  /** The token set, to be stored. */
  get token() {
    return this.client.token;
  }

  /** Renews now, and gives the new token set, which tokenUpdater has heard of before. */
  async refreshTokens() {
    return this.client.refresh();
  }

  async request(method, path, options = {}) {
    return this.client.request(path, { ...options, method });
  }

  async close() {
    await this.client.close();
  }
}
