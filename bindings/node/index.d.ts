/** JSON with the RFCs' own names, as docs/configuration.md lists them. */
export type Json = null | boolean | number | string | Json[] | { [name: string]: Json };
export type JsonObject = { [name: string]: Json | undefined };

/** A token set: RFC 6749 section 5.1 plus expires_at. Whatever else the server sent is kept. */
export interface TokenSet {
  access_token?: string;
  refresh_token?: string;
  token_type?: string;
  expires_in?: number;
  expires_at?: number;
  scope?: string;
  id_token?: string;
  [member: string]: Json | undefined;
}

export interface ClientConfig {
  preset?: string;
  base_url?: string;
  origins?: string[];
  authorization?: string;
  token?: TokenSet;
  issuer?: string;
  server?: JsonObject;
  client?: JsonObject;
  grant?: JsonObject;
  refresh?: JsonObject;
  header?: JsonObject;
  http?: JsonObject;
  quirks?: JsonObject;
}

export type HeaderLines = Headers | Iterable<[string, string]> | Record<string, string>;

export type Awaitable<T> = T | PromiseLike<T>;

export interface HttpRequest {
  method: string;
  url: string;
  headers: [name: string, value: string][];
  body: Buffer | null;
  /** What is left of the deadline, in milliseconds. */
  timeout: number;
}

export interface HttpAnswer {
  status: number;
  headers?: HeaderLines;
  body?: string | Uint8Array | ArrayBuffer | null;
}

export interface LockHooks {
  /** Takes a lock that covers everybody who shares the token. */
  lock?(token: TokenSet | null): Awaitable<void>;
  /** The token set that somebody else stored meanwhile, or null. */
  reload?(token: TokenSet | null): Awaitable<TokenSet | string | null | undefined>;
  /** Lets the lock go; `outcome` is the renewal's status. */
  unlock?(token: TokenSet | null, outcome: number): Awaitable<void>;
}

/**
 * Where the program takes part. All run on the event loop and may return a promise. One that throws a BearerError with
 * a status from 20 to 39 ends the call with that status; anything else ends it with HOOK_FAILED. Either way it is the
 * error's `cause`.
 */
export interface Hooks {
  /** A valid access token; `rejected` is the one that the API has just answered 401 to. */
  onAccessToken?: ((rejected: string | null) => Awaitable<string | TokenSet>) | null;
  /** Renews through a service of your own. */
  onRefresh?: ((token: TokenSet | null) => Awaitable<string | TokenSet>) | null;
  /** Saves every new token set before anything uses it. */
  onToken?: ((token: TokenSet) => Awaitable<void>) | null;
  /** Makes one HTTP exchange in place of the library, without following redirects. */
  onHttp?: ((request: HttpRequest) => Awaitable<HttpAnswer | Response>) | null;
  /** Signs bytes with a key that the library never sees. */
  onSign?: ((algorithm: string, bytes: Buffer) => Awaitable<Uint8Array>) | null;
  onLock?: LockHooks | null;
  onLog?: ((level: number, event: { event: string; [member: string]: Json }) => void) | null;
  /** 1 (errors) to 5 (everything), by default 3: what happens to the token. */
  logLevel?: number;
}

export interface CallOptions {
  /** Ends the call, which is rejected with the signal's reason; other calls are left alone. */
  signal?: AbortSignal;
  /** In milliseconds, in place of http.timeout_s. */
  timeout?: number;
}

export type Query =
  | string
  | URLSearchParams
  | Iterable<[string, string]>
  | Record<string, string | number | boolean | readonly (string | number | boolean)[]>;

export interface RequestOptions extends CallOptions {
  method?: string;
  headers?: HeaderLines;
  body?: string | Uint8Array | ArrayBuffer | URLSearchParams | null;
  /** A body that is sent as JSON. */
  json?: unknown;
  query?: Query;
}

export interface Challenge {
  challenges: { scheme: string; [parameter: string]: Json }[];
  error?: string;
  /** What a person must sign in for again: parameters for loginBegin. */
  login?: { scope?: string; acr_values?: string; max_age?: number };
  resource_metadata?: string;
}

export class BearerResponse {
  private constructor();
  readonly status: number;
  readonly ok: boolean;
  readonly url: string;
  readonly headers: Headers;
  /** What the API asks for in WWW-Authenticate, of a 401 and a 403. */
  readonly challenge: Challenge | null;
  readonly bodyUsed: boolean;
  /** The body as a stream; one that is not read to its end is to be cancelled. */
  readonly body: ReadableStream<Uint8Array>;
  json<T = any>(): Promise<T>;
  text(): Promise<string>;
  arrayBuffer(): Promise<ArrayBuffer>;
  bytes(): Promise<Uint8Array>;
}

export interface Login {
  authorization_url: string;
  state: string;
  code_verifier: string;
  redirect_uri?: string;
  issuer?: string;
  expires_at: number;
  [member: string]: Json | undefined;
}

export interface DeviceLogin {
  device_code?: string;
  user_code?: string;
  verification_uri?: string;
  verification_uri_complete?: string;
  auth_req_id?: string;
  expires_in?: number;
  expires_at: number;
  interval?: number;
  [member: string]: Json | undefined;
}

/** One API, one token, one set of hooks. Any number of calls may be under way at once. */
export class Client {
  constructor(config: ClientConfig | string, hooks?: Hooks);
  /** Sets hooks; null removes one, and what is not named stays. */
  setHooks(hooks: Hooks): void;
  /** A second handle with a deadline (from now, over all its calls) and a cancel of its own. */
  scope(options?: CallOptions): Client;
  /** Ends every call on this handle, running or still to come. There is no way back. */
  cancel(): void;
  /** Frees the client; calls that are under way end on their own. */
  close(): Promise<void>;

  request(path: string, options?: RequestOptions): Promise<BearerResponse>;

  /** The token set that the client holds, to be stored. Setting it does not call onToken. */
  get token(): TokenSet | null;
  set token(token: TokenSet);
  refresh(options?: CallOptions): Promise<TokenSet>;
  /** An access token that is valid for `minValid` more seconds. */
  accessToken(options?: CallOptions & { minValid?: number }): Promise<{ accessToken: string; expiresAt: number | null }>;
  /** The headers that a request by another HTTP stack needs. */
  authorization(method: string, url: string | URL, options?: CallOptions): Promise<Record<string, string>>;
  /** Learns from that request's answer, and says whether to send again. */
  feedback(
    method: string,
    url: string | URL,
    sentHeaders: Record<string, string>,
    status: number,
    answerHeaders?: HeaderLines,
    options?: CallOptions,
  ): Promise<boolean>;

  loginBegin(params?: JsonObject | null, options?: CallOptions): Promise<Login>;
  loginFinish(login: Login, callbackUrl: string | URL, options?: CallOptions): Promise<TokenSet>;
  /** A whole login in a browser on this machine; without `openUrl` the system opens it. */
  loginLoopback(
    params?: JsonObject | null,
    options?: CallOptions & { openUrl?: (url: string) => void },
  ): Promise<TokenSet>;
  deviceBegin(params?: JsonObject | null, options?: CallOptions): Promise<DeviceLogin>;
  /** One step of a login on another device; null until the person is done. */
  devicePoll(device: DeviceLogin, options?: CallOptions): Promise<TokenSet | null>;
  deviceWait(device: DeviceLogin, options?: CallOptions): Promise<TokenSet>;
  cibaBegin(params?: JsonObject | null, options?: CallOptions): Promise<DeviceLogin>;
  grant(grant: { grant_type: string } & JsonObject, options?: CallOptions): Promise<TokenSet>;

  discover(options?: CallOptions): Promise<JsonObject>;
  discoverResource(options?: CallOptions): Promise<JsonObject>;
  revoke(tokenTypeHint?: 'access_token' | 'refresh_token' | null, options?: CallOptions): Promise<void>;
  introspect(token?: string | null, options?: CallOptions): Promise<{ active: boolean } & JsonObject>;
  userinfo(options?: CallOptions): Promise<{ sub: string } & JsonObject>;
  /** The claims of the ID token that the client holds. */
  readonly idToken: { iss: string; sub: string } & JsonObject;
  register(metadata: JsonObject, options?: CallOptions): Promise<JsonObject>;
  registrationRead(registration: JsonObject, options?: CallOptions): Promise<JsonObject>;
  registrationUpdate(registration: JsonObject, metadata: JsonObject, options?: CallOptions): Promise<JsonObject>;
  registrationDelete(registration: JsonObject, options?: CallOptions): Promise<void>;
  logoutUrl(params?: JsonObject | null, options?: CallOptions): Promise<string>;

  /** What the client has done since it was made. */
  readonly stats: Record<string, number>;
}

export type AuthRequestOptions = Omit<RequestOptions, 'method'>;

/** Requests with a fixed value of the authorization header. */
export class Auth {
  constructor(host: string, accessToken: string);
  readonly client: Client;
  request(method: string, path: string, options?: AuthRequestOptions): Promise<BearerResponse>;
  close(): Promise<void>;
}

/** Requests with the access token that a subclass supplies. */
export abstract class AbstractAuth {
  constructor(host: string);
  readonly client: Client;
  /** Returns a valid access token; `rejected` is the one that the API has just answered 401 to. */
  abstract getAccessToken(rejected: string | null): Promise<string>;
  request(method: string, path: string, options?: AuthRequestOptions): Promise<BearerResponse>;
  close(): Promise<void>;
}

export interface OAuth2Options extends Omit<ClientConfig, 'base_url'> {
  clientId?: string;
  clientSecret?: string;
  /** Told of every new token set before anything uses it. */
  tokenUpdater?: (token: TokenSet) => Awaitable<void>;
}

/** Requests with a token set that is kept valid. A subclass may renew by a refreshTokens of its own. */
export class OAuth2Auth {
  constructor(host: string, options?: OAuth2Options);
  readonly client: Client;
  readonly token: TokenSet | null;
  /** Renews now; overridden, it is how the token is renewed whenever it must be. */
  refreshTokens(held?: TokenSet | null): Promise<TokenSet | string>;
  request(method: string, path: string, options?: AuthRequestOptions): Promise<BearerResponse>;
  close(): Promise<void>;
}

export const Status: {
  readonly OK: 0;
  readonly PENDING: 1;
  readonly INVALID_ARGUMENT: 10;
  readonly INVALID_HANDLE: 11;
  readonly WOULD_DEADLOCK: 12;
  readonly UNSUPPORTED: 13;
  readonly LOGIN_REQUIRED: 20;
  readonly ACCESS_DENIED: 21;
  readonly EXPIRED: 22;
  readonly UNAVAILABLE: 30;
  readonly TIMEOUT: 31;
  readonly CANCELLED: 32;
  readonly UNCERTAIN: 33;
  readonly TLS: 40;
  readonly PROTOCOL: 41;
  readonly REJECTED: 42;
  readonly TOO_LARGE: 43;
  readonly UNSAFE: 44;
  readonly HOOK_FAILED: 50;
  readonly OUT_OF_MEMORY: 60;
  readonly INTERNAL: 61;
};

export interface ErrorJson {
  status?: string;
  /** A stable sub-code: docs/errors.md lists them. */
  reason?: string;
  message?: string;
  oauth_error?: string;
  oauth_error_description?: string;
  url?: string;
  http_status?: number;
  /** In seconds. */
  retry_after?: number;
}

/** Why a call failed. Branch on `status`, and on `reason` where that is not enough; never on the message. */
export class BearerError extends Error {
  /** A hook makes one to end its call with a status from 20 to 39. */
  constructor(status: number, json: ErrorJson, options?: ErrorOptions);
  readonly status: number;
  readonly reason: string | undefined;
  readonly json: ErrorJson;
  /** The status by name, "LOGIN_REQUIRED" for 20. */
  readonly code: keyof typeof Status | 'UNKNOWN';
  /** Whether a person must sign in. */
  readonly needsLogin: boolean;
  /** Whether to try again later. */
  readonly isTransient: boolean;
}

/** Encodes a text for one segment of a path or one part of a query. */
export function percentEncode(text: string): string;
/** Draws a QR code for a terminal, of verification_uri_complete for example. */
export function qrText(text: string): string;
/** The version of the library that runs. */
export function version(): string;
/** How it was built, for bug reports. */
export function buildInfo(): JsonObject;
/** The JSON Schema of the configuration. */
export function configSchema(): JsonObject;
