/** The HTTP status of every problem a person or a client can meet. The codes are stable. */
export const problemStatus = {
  'bad-request': 400,
  'sign-in-required': 401,
  /** Signed in, but not by a second factor, or too long ago. */
  'step-up-required': 401,
  forbidden: 403,
  'cross-origin': 403,
  'not-found': 404,
  'method-not-allowed': 405,
  'too-large': 413,
  'unsupported-type': 415,
  /** The address the browser used is not one this server is known by. */
  'unknown-host': 421,
  /** Plain http, where sessions would travel in the clear. */
  'https-required': 421,
  'too-many-requests': 429,
  'headers-too-large': 431,
  internal: 500,
  'app-unreachable': 502,
  /** Neither the store nor the directory of users can tell who someone is. */
  unavailable: 503,
  'app-timeout': 504,
} as const

/** What went wrong, for programs. */
export type ProblemCode = keyof typeof problemStatus
