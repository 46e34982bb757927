/** The statuses of include/bearer.h; docs/errors.md says what to do about each. */
export const Status = Object.freeze({
  OK: 0,
  PENDING: 1,
  INVALID_ARGUMENT: 10,
  INVALID_HANDLE: 11,
  WOULD_DEADLOCK: 12,
  UNSUPPORTED: 13,
  LOGIN_REQUIRED: 20,
  ACCESS_DENIED: 21,
  EXPIRED: 22,
  UNAVAILABLE: 30,
  TIMEOUT: 31,
  CANCELLED: 32,
  UNCERTAIN: 33,
  TLS: 40,
  PROTOCOL: 41,
  REJECTED: 42,
  TOO_LARGE: 43,
  UNSAFE: 44,
  HOOK_FAILED: 50,
  OUT_OF_MEMORY: 60,
  INTERNAL: 61,
});

/** Why a call failed. Branch on `status`, and on `reason` where that is not enough; never on the message. */
export class BearerError extends Error {
  constructor(status, json, options) {
    super(json.message ?? nameOf(status), options);
    this.name = 'BearerError';
    this.status = status;
    this.reason = json.reason;
    this.json = json;
  }

  /** "LOGIN_REQUIRED" for 20. */
  get code() {
    return nameOf(this.status);
  }

  /** Whether a person must sign in. */
  get needsLogin() {
    return this.status >= 20 && this.status < 30;
  }

  /** Whether to try again later. */
  get isTransient() {
    return this.status >= 30 && this.status < 40;
  }
}

function nameOf(status) {
  return Object.keys(Status).find((name) => Status[name] === status) ?? 'UNKNOWN';
}

/** A failure that this package finds itself, in the form of the library's own. */
export function failure(name, reason, message, options) {
  return new BearerError(Status[name], { status: name.toLowerCase(), reason, message }, options);
}
